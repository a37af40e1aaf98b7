"""Integrate and publish: stored entries go into the tree, the tree into checkpoints. Owner: the writer thread.

Crash order: entries are committed (and receipted) first. `integrate` adds committed entries to the tree, in a
transaction of its own; `publish` signs what is integrated. A start after a crash integrates what was left over, by this
same code, so a checkpoint can never speak of entries that the store does not hold.
"""

from __future__ import annotations

import logging

from voltseal import crash
from voltseal.log.merkle import leaf_hash
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import BatchPolicy, PublishedCheckpoint, Sequencer
from voltseal.log.tree import Tree
from voltseal.store.sqlite import SqliteStore

_logger = logging.getLogger(__name__)
_CHUNK = 4096
_ENOUGH = 256  # a level-0 tile: integrating less often writes each tile once instead of growing it


class LogWriter:
    """The tree and its checkpoints."""

    def __init__(self, store: SqliteStore, signer: Ed25519Signer, policy: BatchPolicy) -> None:
        """Open the tree at its committed size and integrate what a crash left over.

        Raises `LogContradictionError` if the store does not hold what was published, `TreeStorageError` if it is
        damaged.
        """
        self._store = store
        self._tree = Tree.open(store, store.tree_size())
        self._sequencer = Sequencer.open(self._tree, signer, signer.verifier, store, policy)
        left_over = self.integrate()
        if left_over:
            _logger.info("integrated entries=%d left by the last run", left_over)

    @property
    def latest(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint."""
        return self._sequencer.latest

    def waiting(self) -> int:
        """How many stored entries are not integrated yet."""
        return self._store.next_leaf - self._tree.tree_size

    def integrate(self) -> int:
        """Add all stored entries to the tree; returns how many were added."""
        added = 0
        while self.waiting():
            first = self._tree.tree_size
            entries = self._store.entries(first, first + _CHUNK)
            staged = self._tree.stage([leaf_hash(entry.raw) for entry in entries])
            with self._store.transaction():
                self._store.commit_tiles(staged)
            crash.at("after-integrate")
            self._tree.apply(staged)
            added += staged.new_size - staged.old_size
        return added

    def step(self, now_ms: int, *, tick: bool, force: bool = False) -> PublishedCheckpoint | None:
        """Integrate and publish what is due. `tick`: a regular call, which also takes small numbers of entries."""
        if not (tick or force or self.waiting() >= _ENOUGH):
            return None
        self.integrate()
        published = self._sequencer.step(now_ms, force=force)
        if published is not None:
            crash.at("after-checkpoint")
        return published

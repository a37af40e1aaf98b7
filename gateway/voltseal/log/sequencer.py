"""Cutting checkpoints: when a batch ends, and the one step that signs. No asyncio, no clock.

A *batch* is the step from one published checkpoint to the next. It ends when enough entries wait, or when entries wait
and the last checkpoint is old enough; so a lone entry after a quiet time is published at once, and a busy log at its
pace. The decision needs only persisted state, so a restart decides as if nothing had happened.

Crash order: entries and tiles are committed before `step` sees them (`Tree.apply` comes after the commit). `step`
checks, signs, records durably, and only then hands out. A crash before the record loses a signature nobody has seen; a
crash after it leaves a checkpoint that the next start finds, checks, and continues from.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voltseal.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from voltseal.log.errors import LogContradictionError, ProofError
from voltseal.log.merkle import verify_consistency
from voltseal.log.note import NoteSigner, NoteVerifier
from voltseal.log.tree import Tree

_logger = logging.getLogger(__name__)


class CutReason(StrEnum):
    """Why a batch ended."""

    SIZE = "size"
    TIME = "time"
    REQUESTED = "requested"


@dataclass(frozen=True, slots=True)
class BatchPolicy:
    """A batch ends at `max_entries` waiting entries, or `max_interval_ms` after the last checkpoint if any wait."""

    max_entries: int = 1000
    max_interval_ms: int = 10_000

    def __post_init__(self) -> None:
        if self.max_entries < 1 or self.max_interval_ms < 0:
            raise ValueError("a batch needs max_entries >= 1 and max_interval_ms >= 0")


@dataclass(frozen=True, slots=True)
class PublishedCheckpoint:
    """A checkpoint that may have been seen by others, so it binds the log for ever.

    `number` counts from 0 without gaps; `raw` is the signed note; `cut_ms` is the gateway's own clock, POSIX
    milliseconds, and proves nothing.
    """

    number: int
    checkpoint: Checkpoint
    raw: bytes
    cut_ms: int
    reason: CutReason


class CheckpointStore(Protocol):
    """Where published checkpoints are kept. One writer."""

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """The one with the highest number, or None before the first."""
        ...

    def record_checkpoint(self, published: PublishedCheckpoint) -> None:
        """Keep it for ever; it is durable (fsynced) when this returns. Refuses a number that is not the next one."""
        ...


def cut_reason(
    policy: BatchPolicy, latest: PublishedCheckpoint | None, tree_size: int, now_ms: int
) -> CutReason | None:
    """Whether the batch since `latest` ends now, and why. Pure.

    A clock that was set back counts as time passed: waiting for it to catch up could withhold entries for years.
    """
    published_size = latest.checkpoint.tree_size if latest else 0
    waiting = tree_size - published_size
    if waiting <= 0:
        return None
    if waiting >= policy.max_entries:
        return CutReason.SIZE
    if latest is None or not latest.cut_ms <= now_ms < latest.cut_ms + policy.max_interval_ms:
        return CutReason.TIME
    return None


class Sequencer:
    """Publishes the checkpoints of one log. Owns the memory of the latest one; the store owns the truth."""

    def __init__(
        self,
        tree: Tree,
        signer: NoteSigner,
        store: CheckpointStore,
        policy: BatchPolicy,
        latest: PublishedCheckpoint | None,
    ) -> None:
        """Use `Sequencer.open`."""
        self._tree = tree
        self._signer = signer
        self._store = store
        self._policy = policy
        self._latest = latest

    @classmethod
    def open(
        cls, tree: Tree, signer: NoteSigner, log_key: NoteVerifier, store: CheckpointStore, policy: BatchPolicy
    ) -> Sequencer:
        """Continue from the store's latest checkpoint, after checking that it is ours and that the tree holds it.

        `log_key` is the public half of `signer`. Raises `LogContradictionError` if the tree is smaller than what was
        published or has another root there, and the errors of `open_checkpoint` for a damaged record.
        """
        latest = store.latest_checkpoint()
        if latest is not None:
            signed = open_checkpoint(latest.raw, log_key).checkpoint
            if signed != latest.checkpoint:
                raise LogContradictionError(f"record {latest.number} is not the checkpoint that was signed")
            if signed.tree_size > tree.tree_size:
                raise LogContradictionError(
                    f"published size {signed.tree_size}, but the tree holds only {tree.tree_size} entries",
                    hint="restore the store from the newest copy; do not let the log continue from an older one",
                )
            if tree.root(signed.tree_size) != signed.root_hash:
                raise LogContradictionError(f"the tree's root at size {signed.tree_size} is not the published one")
        return cls(tree, signer, store, policy, latest)

    @property
    def latest(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint."""
        return self._latest

    def due_in_ms(self, now_ms: int) -> int | None:
        """Milliseconds until `step` will cut, 0 if now, None while no entry waits."""
        waiting = self._tree.tree_size - (self._latest.checkpoint.tree_size if self._latest else 0)
        if waiting <= 0:
            return None
        if self._latest is None or cut_reason(self._policy, self._latest, self._tree.tree_size, now_ms):
            return 0
        return self._latest.cut_ms + self._policy.max_interval_ms - now_ms

    def step(self, now_ms: int, *, force: bool = False) -> PublishedCheckpoint | None:
        """Publish a checkpoint of all applied entries if the batch ends now, else return None.

        `now_ms`: POSIX milliseconds. `force` ends a batch that has any entry (shutdown, operator). What is returned is
        durable and may be shown to anyone. Raises `LogContradictionError`, after which the log must stop, and whatever
        the store raises, after which calling again is safe.
        """
        reason = cut_reason(self._policy, self._latest, self._tree.tree_size, now_ms)
        if reason is None:
            if not force or self.due_in_ms(now_ms) is None:
                return None
            reason = CutReason.REQUESTED
        checkpoint = Checkpoint(self._signer.name, self._tree.tree_size, self._tree.root())
        self._check_continues(checkpoint)
        number = self._latest.number + 1 if self._latest else 0
        raw = sign_checkpoint(checkpoint, self._signer).raw
        published = PublishedCheckpoint(number, checkpoint, raw, now_ms, reason)
        self._store.record_checkpoint(published)
        self._latest = published
        _logger.info("checkpoint number=%d tree_size=%d reason=%s", number, checkpoint.tree_size, reason)
        return published

    def _check_continues(self, checkpoint: Checkpoint) -> None:
        """Prove to ourselves what a witness would ask, by the verifier's own code, before signing."""
        if self._latest is None:
            return
        old = self._latest.checkpoint
        try:
            path = self._tree.consistency_proof(old.tree_size, checkpoint.tree_size)
            verify_consistency(old.tree_size, checkpoint.tree_size, path, old.root_hash, checkpoint.root_hash)
        except ProofError as error:
            raise LogContradictionError(
                f"the tree does not continue published size {old.tree_size}: {error}"
            ) from error

"""The tree, recomputed from the entries alone, against every signed checkpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voltseal.errors import VoltsealError
from voltseal.log.checkpoint import Checkpoint, open_checkpoint
from voltseal.log.merkle import EMPTY_ROOT, NodeHash, fold_right, leaf_hash, node_hash
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log_check.report import LogReport
from voltseal.store.interface import StoredEntry, StoreReader

_PAGE = 500


@dataclass(frozen=True, slots=True)
class RootState:
    """Where the recomputation stands. `subtrees`: (leaves, root) of perfect subtrees, larger ones first.

    `next_checkpoint`: the number of the checkpoint to be compared next.
    """

    subtrees: tuple[tuple[int, NodeHash], ...] = ()
    last_good: int = 0
    is_broken: bool = False
    next_checkpoint: int = 0


def signed_checkpoints(
    store: StoreReader, log_key: Ed25519Verifier, first: int, count: int, report: LogReport
) -> Iterator[tuple[int, Checkpoint]]:
    """Checkpoints `first` to `count` - 1 with their numbers, as signed; findings for those that were not."""
    while first < count:
        for number, raw in store.checkpoint_notes(first, min(first + _PAGE, count) - 1):
            try:
                checkpoint = open_checkpoint(raw, log_key).checkpoint
            except VoltsealError as error:
                report.add("checkpoint-altered", None, f"checkpoint {number} is not as it was signed: {error}")
                continue
            yield number, checkpoint
        first += _PAGE


class RootChecker:
    """Compares the root of what it was given with each checkpoint of that size."""

    def __init__(
        self, report: LogReport, checkpoints: Iterator[tuple[int, Checkpoint]], count: int, state: RootState
    ) -> None:
        """Precondition: `checkpoints` begin at `state.next_checkpoint`; there are `count` in all."""
        self._report = report
        self._checkpoints = checkpoints
        self._count = count
        self._subtrees = list(state.subtrees)
        self._size = sum(width for width, _ in state.subtrees)
        self._last_good = state.last_good
        self._is_broken = state.is_broken
        self._next = next(checkpoints, None)

    @property
    def state(self) -> RootState:
        """To go on from later."""
        number = self._count if self._next is None else self._next[0]
        return RootState(tuple(self._subtrees), self._last_good, self._is_broken, number)

    def take(self, entries: Sequence[StoredEntry]) -> None:
        """The next entries of the log."""
        for entry in entries:
            self._compare()
            width, root = 1, NodeHash(leaf_hash(entry.raw))
            while self._subtrees and self._subtrees[-1][0] == width:
                root = node_hash(self._subtrees.pop()[1], root)
                width *= 2
            self._subtrees.append((width, root))
            self._size += 1

    def finish(self) -> None:
        """Compare what is signed of the whole log, and more than it."""
        self._compare()
        if self._next is not None:
            size = self._next[1].tree_size
            self._report.add("entries-lost", None, f"a checkpoint of size {size} was signed; {self._size} are stored")

    def _compare(self) -> None:
        while self._next is not None and self._next[1].tree_size == self._size:
            root = fold_right([root for _, root in self._subtrees]) if self._subtrees else EMPTY_ROOT
            if root == self._next[1].root_hash:
                self._last_good = self._size
            elif not self._is_broken:  # every later root differs as well: the first one says where
                self._is_broken = True
                self._report.add(
                    "root-mismatch",
                    None,
                    f"the root of the first {self._size} entries is not the signed one: an entry from "
                    f"{self._last_good} to {self._size - 1} was altered",
                )
            self._report.checkpoints += 1
            self._next = next(self._checkpoints, None)

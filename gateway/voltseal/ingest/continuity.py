"""Continuity: does a genuine statement fit what is stored of its device? Orders 10 to 14 of docs/spec/outcomes.md.

Late and out-of-order statements are normal and fill their gap. The common case, the next number after the highest, is
decided from memory; anything else asks the store for the neighbours. Owner of a `Chain`: the writer thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from voltseal.ingest.runs import RunSet
from voltseal.store.interface import ChainChange, ChainHead
from voltseal.wire.ids import Ueid
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement

StoredStatements = Callable[[int], Sequence[Statement]]
"""All stored statements of the device with a sequence number."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What continuity says of a statement: one of the outcomes from `duplicate` on, and why."""

    outcome: Outcome
    reason: str = ""


_ACCEPTED = Finding(Outcome.ACCEPTED)
_DUPLICATE = Finding(Outcome.DUPLICATE)


class Chain:
    """One device's stored statements: which numbers, and where the chain ends."""

    __slots__ = (
        "boot_leaf",
        "device_no",
        "head_boot",
        "head_digest",
        "head_sequence",
        "new_statements",
        "runs",
        "session",
        "ueid",
    )

    def __init__(self, head: ChainHead) -> None:
        self.device_no = head.device_no
        self.ueid = Ueid(head.ueid)
        self.head_sequence = head.head_sequence
        self.head_boot = head.head_boot
        self.head_digest = head.head_digest
        self.boot_leaf = head.boot_leaf
        self.runs = RunSet(head.runs)
        self.new_statements = 0
        self.session: tuple[int, bytes] | None = None  # boot count and receipt key of the newest boot, once needed

    def examine(self, statement: Statement, stored: StoredStatements) -> Finding:
        """Judge a genuine statement; changes nothing."""
        number = statement.sequence
        if number > self.head_sequence:
            return self._after_head(statement, stored)
        if number in self.runs:
            if any(one.raw == statement.raw for one in stored(number)):
                return _DUPLICATE
            return Finding(Outcome.EQUIVOCATION, f"another statement with number {number} is stored")
        below, above = self.runs.neighbours(number)
        before = stored(below) if below is not None else ()
        after = stored(above) if above is not None else ()
        if below == number - 1 and not any(one.digest == statement.prev for one in before):
            return Finding(Outcome.BROKEN_CHAIN, f"prev is not the digest of stored statement {below}")
        if above == number + 1 and not any(one.prev == statement.digest for one in after):
            return Finding(Outcome.BROKEN_CHAIN, f"its digest is not the prev of stored statement {above}")
        if before and statement.boot_count < min(one.boot_count for one in before):
            return Finding(Outcome.BOOT_REGRESSION, f"boot_count is smaller than that of stored statement {below}")
        if after and statement.boot_count > max(one.boot_count for one in after):
            return Finding(Outcome.BOOT_REGRESSION, f"boot_count is greater than that of stored statement {above}")
        return _ACCEPTED

    def add(self, statement: Statement) -> None:
        """Take in a statement that is being stored."""
        number = statement.sequence
        self.new_statements += 1
        if number > self.head_sequence:
            self.head_sequence, self.head_boot, self.head_digest = number, statement.boot_count, statement.digest
            self.runs.add(number)
        elif number not in self.runs:
            self.runs.add(number)

    def take_change(self, received_ms: int) -> ChainChange:
        """What changed since this was last called, to be saved with the statements."""
        dropped, saved = self.runs.take_changes()
        added, self.new_statements = self.new_statements, 0
        return ChainChange(
            device_no=self.device_no,
            head_sequence=self.head_sequence,
            head_boot=self.head_boot,
            head_digest=self.head_digest,
            boot_leaf=self.boot_leaf,
            new_statements=added,
            last_received_ms=received_ms,
            dropped_runs=dropped,
            saved_runs=saved,
        )

    def _after_head(self, statement: Statement, stored: StoredStatements) -> Finding:
        head = self.head_sequence
        if head < 0:
            return _ACCEPTED
        # Where two statements share the head's number, memory knows the first only: the store decides.
        if (
            statement.sequence == head + 1
            and statement.prev != self.head_digest
            and not any(one.digest == statement.prev for one in stored(head))
        ):
            return Finding(Outcome.BROKEN_CHAIN, f"prev is not the digest of stored statement {head}")
        if statement.boot_count < self.head_boot:
            return Finding(Outcome.BOOT_REGRESSION, f"boot_count is smaller than that of stored statement {head}")
        return _ACCEPTED

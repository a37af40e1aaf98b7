"""What the statements of a bundle add up to: counts, bounds and runs, mergeable from several processes. Pure.

Everything here is small whatever the number of statements, and pickles, so that workers can send it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from voltseal.evidence.bundle import FullDisclosure
from voltseal.registry.key_history import KeyPeriod
from voltseal.verifier.runs import RunFold
from voltseal.wire.boot import Boot
from voltseal.wire.continuity import Link
from voltseal.wire.ids import Kid
from voltseal.wire.statement import Statement, Telemetry


@dataclass(slots=True)
class ColumnTally:
    """The values of one column. `first` and `last` are pairs of sequence number and value."""

    statements: int = 0
    readings: int = 0
    absent: int = 0
    first: tuple[int, int] | None = None
    last: tuple[int, int] | None = None
    minimum: int | None = None
    maximum: int | None = None

    def add(self, sequence: int, values: tuple[int | None, ...]) -> None:
        """The values of one statement."""
        present = [value for value in values if value is not None]
        self.statements += 1
        self.readings += len(values)
        self.absent += len(values) - len(present)
        if present:
            self._bound((sequence, present[0]), (sequence, present[-1]), min(present), max(present))

    def merge(self, other: ColumnTally) -> None:
        """Everything of another tally."""
        self.statements += other.statements
        self.readings += other.readings
        self.absent += other.absent
        if other.first is not None and other.last is not None:
            assert other.minimum is not None
            assert other.maximum is not None
            self._bound(other.first, other.last, other.minimum, other.maximum)

    def _bound(self, first: tuple[int, int], last: tuple[int, int], minimum: int, maximum: int) -> None:
        if self.first is None or first[0] < self.first[0]:
            self.first = first
        if self.last is None or last[0] >= self.last[0]:
            self.last = last
        self.minimum = minimum if self.minimum is None else min(minimum, self.minimum)
        self.maximum = maximum if self.maximum is None else max(maximum, self.maximum)


@dataclass(slots=True)
class Tally:
    """All that the verdict needs of the statements. Times in ms.

    `claimed` counts statements within the claim; `latest_start_ms` is the latest time less its uncertainty.
    """

    runs: RunFold = field(default_factory=RunFold)
    claimed: int = 0
    by_key: Counter[Kid] = field(default_factory=Counter)
    after_revocation: Counter[Kid] = field(default_factory=Counter)
    by_quality: Counter[int] = field(default_factory=Counter)
    firmware: Counter[tuple[bytes, str, str]] = field(default_factory=Counter)
    first_time_ms: int | None = None
    last_time_ms: int | None = None
    latest_start_ms: int | None = None
    uncertainty_ms: int | None = None
    full: int = 0
    partial: int = 0
    undisclosed: int = 0
    schemas: set[int] = field(default_factory=set)
    columns: dict[tuple[int, int], ColumnTally] = field(default_factory=dict)

    def add_statement(self, statement: Statement, index: int, period: KeyPeriod, *, in_claim: bool) -> None:
        """A statement that was found good."""
        self.runs.add(Link.of(statement))
        self.claimed += in_claim
        self.by_key[statement.kid] += 1
        revocation = period.revocation
        if revocation is not None and statement.time_known and index > revocation.leaf_index:
            self.after_revocation[statement.kid] += 1
        self.by_quality[statement.time_quality] += 1
        if statement.time_known:
            time_ms, uncertainty_ms = statement.time_ms, statement.time_uncertainty_ms
            self._add_time(time_ms, time_ms, uncertainty_ms, max(0, time_ms - uncertainty_ms))
        if isinstance(statement.body, Boot):
            claims = statement.body.claims
            self.firmware[claims.measurement, claims.swname, claims.swversion] += 1

    def add_disclosure(
        self, statement: Statement, disclosure: object, opened: dict[int, tuple[int | None, ...]] | None
    ) -> None:
        """What a good statement shows: `opened` are its columns, None if it shows nothing."""
        if not isinstance(statement.body, Telemetry):
            return
        self.schemas.add(statement.schema)
        if opened is None:
            self.undisclosed += 1
            return
        if isinstance(disclosure, FullDisclosure):
            self.full += 1
        else:
            self.partial += 1
        for column, values in opened.items():
            self.columns.setdefault((statement.schema, column), ColumnTally()).add(statement.sequence, values)

    def merge(self, later: Tally) -> None:
        """Everything of another tally, whose statements came after."""
        self.runs.extend(later.runs)
        self.claimed += later.claimed
        self.by_key.update(later.by_key)
        self.after_revocation.update(later.after_revocation)
        self.by_quality.update(later.by_quality)
        self.firmware.update(later.firmware)
        if later.first_time_ms is not None and later.last_time_ms is not None:
            assert later.uncertainty_ms is not None
            assert later.latest_start_ms is not None
            self._add_time(later.first_time_ms, later.last_time_ms, later.uncertainty_ms, later.latest_start_ms)
        self.full += later.full
        self.partial += later.partial
        self.undisclosed += later.undisclosed
        self.schemas |= later.schemas
        for key, column in later.columns.items():
            self.columns.setdefault(key, ColumnTally()).merge(column)

    def _add_time(self, first_ms: int, last_ms: int, uncertainty_ms: int, latest_start_ms: int) -> None:
        self.first_time_ms = first_ms if self.first_time_ms is None else min(first_ms, self.first_time_ms)
        self.last_time_ms = last_ms if self.last_time_ms is None else max(last_ms, self.last_time_ms)
        self.uncertainty_ms = max(uncertainty_ms, self.uncertainty_ms or 0)
        self.latest_start_ms = max(latest_start_ms, self.latest_start_ms or 0)

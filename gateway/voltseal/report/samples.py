"""A second walk over a bundle that was found valid, for what pictures need: values and presence along the axis.

Memory is bounded by the number of gaps, not of statements. The walk ends with the bundle's digest: if it is not the
verdict's, the file is no longer the one that was verified, and nothing of it is used.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from typing import ClassVar

from voltseal.errors import VoltsealError
from voltseal.evidence.bundle import Gap
from voltseal.evidence.container import Opener
from voltseal.evidence.disclosure import TIME_OFFSET_COLUMN, open_columns
from voltseal.evidence.errors import EvidenceError
from voltseal.evidence.layout import BundleReader, parse_entry
from voltseal.report.axis import CELLS, Axis, axis_of
from voltseal.verifier import Verdict
from voltseal.wire import statement as statements
from voltseal.wire.errors import WireError
from voltseal.wire.statement import Statement, Telemetry

_STATEMENT_BYTE = 0xD2  # the first byte of a log entry that is a statement (docs/spec/entries.md)


class BundleChangedError(VoltsealError):
    """The file was changed between its verification and its report."""

    code: ClassVar[str] = "bundle-changed"


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A statement next to a gap: its number, and the time by the device's clock of its reading that is nearest to it.

    The time is None where the device did not know it.
    """

    sequence: int
    time_ms: int | None


@dataclass(slots=True)
class GapPlace:
    """A gap with the statements of the bundle just before and just after it."""

    gap: Gap
    before: Neighbour | None = None
    after: Neighbour | None = None


@dataclass(slots=True)
class Curve:
    """One column along the axis: for each cell the least and the greatest value, None where there is none."""

    least: list[int | None] = field(default_factory=lambda: [None] * CELLS)
    most: list[int | None] = field(default_factory=lambda: [None] * CELLS)

    @property
    def changes(self) -> bool:
        """Whether there is more than one value."""
        present = {value for bounds in (self.least, self.most) for value in bounds if value is not None}
        return len(present) > 1

    def add(self, cell: int, value: int) -> None:
        """One reading."""
        least, most = self.least[cell], self.most[cell]
        self.least[cell] = value if least is None else min(least, value)
        self.most[cell] = value if most is None else max(most, value)


@dataclass(slots=True)
class Samples:
    """What was found along `axis`. `curves` by schema number and column; `heard`: cells with a statement in them.

    `unplaced` counts statements without a known time, where the axis is time.
    """

    axis: Axis
    gaps: list[GapPlace]
    curves: dict[tuple[int, int], Curve] = field(default_factory=dict)
    heard: list[bool] = field(default_factory=lambda: [False] * CELLS)
    unplaced: int = 0


def collect(opener: Opener, verdict: Verdict) -> Samples:
    """Walk over the bundle that `verdict` is about. Raises `BundleChangedError`, and `OSError` while reading."""
    samples = Samples(axis_of(verdict), [GapPlace(gap) for gap in verdict.completeness.gaps])
    firsts = [place.gap.first for place in samples.gaps]
    lasts = [place.gap.last for place in samples.gaps]
    try:
        with opener() as stream:
            reader = BundleReader(stream)
            reader.skip_inclusion()
            for where, line in reader.entry_lines():
                entry = parse_entry(line, where)
                if entry.raw[0] != _STATEMENT_BYTE:
                    continue
                statement = statements.parse(entry.raw)
                opened = {}
                if entry.disclosure is not None and isinstance(statement.body, Telemetry):
                    opened = open_columns(statement, entry.disclosure)
                    _note_values(samples, statement, opened)
                _note_presence(samples, statement)
                last_offset_ms = opened.get(TIME_OFFSET_COLUMN, (0,))[-1] or 0
                _note_neighbours(samples.gaps, (firsts, lasts), statement, last_offset_ms)
            unchanged = reader.finish().hex() == verdict.digest
    except (EvidenceError, WireError) as error:
        raise BundleChangedError(f"the file changed while it was read: {error}") from error
    if not unchanged:
        raise BundleChangedError("the file changed while it was read")
    return samples


def _note_neighbours(
    gaps: list[GapPlace], ends: tuple[list[int], list[int]], statement: Statement, last_offset_ms: int
) -> None:
    """A gap begins after the last reading of the statement before it. `ends`: the gaps' first and last numbers."""
    firsts, lasts = ends
    sequence, known = statement.sequence, statement.time_known
    following = bisect_right(firsts, sequence)
    if following < len(gaps):
        before = gaps[following].before
        if before is None or before.sequence < sequence:
            gaps[following].before = Neighbour(sequence, statement.time_ms + last_offset_ms if known else None)
    preceding = bisect_left(lasts, sequence) - 1
    if preceding >= 0:
        after = gaps[preceding].after
        if after is None or after.sequence > sequence:
            gaps[preceding].after = Neighbour(sequence, statement.time_ms if known else None)


def _note_presence(samples: Samples, statement: Statement) -> None:
    if not samples.axis.is_time:
        for cell in samples.axis.cells(statement.sequence, statement.sequence):
            samples.heard[cell] = True
    elif statement.time_known:
        samples.heard[samples.axis.cell(statement.time_ms)] = True
    else:
        samples.unplaced += 1


def _note_values(samples: Samples, statement: Statement, opened: dict[int, tuple[int | None, ...]]) -> None:
    """Each reading at its own time if the time column is shown, else at its statement's."""
    axis = samples.axis
    if axis.is_time and not statement.time_known:
        return
    offsets = opened.get(TIME_OFFSET_COLUMN, (0,) * len(next(iter(opened.values()))))
    places = [statement.time_ms + (offset or 0) if axis.is_time else statement.sequence for offset in offsets]
    cells = [axis.cell(place) for place in places]
    for column, values in opened.items():
        curve = samples.curves.setdefault((statement.schema, column), Curve())
        for cell, value in zip(cells, values, strict=True):
            if value is not None:
                curve.add(cell, value)

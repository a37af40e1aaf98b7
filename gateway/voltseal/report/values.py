"""The section on disclosed values: plots by kind, a table of the shown columns, the names of the hidden ones. Pure.

The table's figures are the verdict's own; only the curves come from the second walk over the bundle.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voltseal.report import plots
from voltseal.report.axis import CELLS
from voltseal.report.column_words import DECIMALS
from voltseal.report.document import Block, Figure, Heading, Paragraph, Table, Tone
from voltseal.report.figures import decimal
from voltseal.report.outcome import Verified
from voltseal.report.plots import Series
from voltseal.report.words import Words
from voltseal.verifier.verdict import ColumnSummary, DisclosureFinding
from voltseal.wire.schemas import SCHEMAS

MOST_PLOTS: Final = 16
_UNPLOTTED_UNITS: Final = {"flags"}
_TIME_OFFSET: Final = "time_offset_ms"
_NUMBERED: Final = re.compile(r"_0*(\d+)$")


@dataclass(frozen=True, slots=True)
class Column:
    """One field: its schema's number, its place in it, its name, and how it is shown."""

    schema: int
    index: int
    field: str
    stem: str
    number: str
    unit: str

    @property
    def decimals(self) -> int:
        """How far the decimal point moves to the unit a reader knows."""
        return DECIMALS.get(self.unit, 0)

    def name(self, words: Words) -> str:
        """In words; a field the table lacks has its own name."""
        key = f"column.{self.stem}"
        return words.say(key, number=self.number) if words.knows(key) else self.field

    def unit_name(self, words: Words) -> str:
        """In words, empty for plain counts."""
        return words.say_known(f"unit.{self.unit}", self.unit)


def columns() -> Iterator[Column]:
    """Every column of every schema."""
    for number, schema in sorted(SCHEMAS.items()):
        for index, field in enumerate(schema.fields):
            stem = field.name.removesuffix(f"_{field.unit}")
            numbered = _NUMBERED.search(stem)
            if numbered is None:
                yield Column(number, index, field.name, stem, "", field.unit)
            else:
                shared = f"{stem[: numbered.start()]}_#"
                yield Column(number, index, field.name, shared, numbered.group(1), field.unit)


def section(found: Verified, words: Words) -> Iterator[Block]:
    """Everything that is disclosed."""
    disclosure = found.verdict.disclosure
    yield Heading(words.say("values.heading"))
    if disclosure.shown:
        yield Paragraph(words.say("values.text"))
        yield from _plots(found, words)
        yield _table(disclosure, words)
    else:
        yield Paragraph(words.say("values.none"))
    if disclosure.hidden:
        yield Paragraph(words.say("values.hidden", columns=words.join(_hidden(disclosure, words))), Tone.QUIET)


def _hidden(disclosure: DisclosureFinding, words: Words) -> list[str]:
    """Their names; where all of a numbered kind are hidden, the kind's."""
    of_kind: dict[tuple[int, str], list[Column]] = {}
    for column in columns():
        if column.field in disclosure.hidden:
            of_kind.setdefault((column.schema, column.stem), []).append(column)
    names = []
    for (schema, stem), hidden in of_kind.items():
        total = sum((column.schema, column.stem) == (schema, stem) for column in columns())
        plural = f"columns.{stem}"
        whole = len(hidden) == total > 1 and words.knows(plural)
        names += [words.say(plural)] if whole else [column.name(words) for column in hidden]
    return names


def _plots(found: Verified, words: Words) -> Iterator[Block]:
    """One plot for each kind of column that changes with time; numbered ones of a kind share theirs."""
    groups: dict[tuple[int, str, str], list[Column]] = {}
    for column in columns():
        curve = found.samples.curves.get((column.schema, column.index))
        if curve is not None and curve.changes and column.unit not in _UNPLOTTED_UNITS and column.field != _TIME_OFFSET:
            groups.setdefault((column.schema, column.stem, column.unit), []).append(column)
    for group in list(groups.values())[:MOST_PLOTS]:
        yield _plot(found, group, words)
    if len(groups) > MOST_PLOTS:
        yield Paragraph(words.say("values.unplotted", count=len(groups) - MOST_PLOTS), Tone.QUIET)
    if found.verdict.disclosure.shown:
        yield Paragraph(words.say("values.decimated", count=CELLS), Tone.QUIET)


def _plot(found: Verified, group: list[Column], words: Words) -> Figure:
    first = group[0]
    plural = f"columns.{first.stem}"
    name = words.say(plural) if len(group) > 1 and words.knows(plural) else first.name(words)
    unit = first.unit_name(words)
    summaries = {(SCHEMAS[column.schema].name, column.field) for column in group}
    readings = sum(
        one.readings - one.absent
        for one in found.verdict.disclosure.shown
        if (one.schema, one.name) in summaries
    )  # fmt: skip
    caption = words.say("values.plot" if unit else "values.plot.plain", name=name, unit=unit, count=readings)
    series = [
        Series(column.name(words), found.samples.curves[column.schema, column.index]) for column in group
    ]  # fmt: skip
    return Figure(plots.plot(found.samples, series, first.decimals, caption), caption)


def _table(disclosure: DisclosureFinding, words: Words) -> Table:
    known = {(SCHEMAS[column.schema].name, column.field): column for column in columns()}
    header = ("column", "unit", "readings", "first", "last", "least", "most")
    rows = tuple(_row(known[one.schema, one.name], one, words) for one in disclosure.shown)
    return Table(tuple(words.say(f"values.{column}") for column in header), rows, numbers_from=2)


def _row(column: Column, summary: ColumnSummary, words: Words) -> tuple[str, ...]:
    bounds = (summary.first, summary.last, summary.minimum, summary.maximum)
    cells = ("–" if bound is None else decimal(bound, column.decimals) for bound in bounds)
    present = f"{summary.readings - summary.absent:,}"
    return column.name(words), column.unit_name(words), present, *cells

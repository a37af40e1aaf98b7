"""Which statements of a device a bundle is to speak for, and which of their columns it shows. Only reads the store."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from voltseal.evidence.bundle import SequenceRange
from voltseal.evidence.errors import ExportError
from voltseal.store.interface import StoredEntry, StoreReader
from voltseal.wire import statement
from voltseal.wire.limits import MAX_SEQUENCE
from voltseal.wire.schemas import SCHEMAS

TIME_OFFSET_FIELD = "time_offset_ms"


@dataclass(frozen=True, slots=True)
class Numbers:
    """Exactly these numbers, present or missing. `ranges` in any order, overlapping or not."""

    ranges: tuple[SequenceRange, ...]


@dataclass(frozen=True, slots=True)
class Times:
    """From the first to the last statement whose known time lies in `first_ms`..`last_ms`, both included."""

    first_ms: int
    last_ms: int


@dataclass(frozen=True, slots=True)
class SoFar:
    """Everything from `first` on that the chosen checkpoint covers."""

    first: int = 0


Selection: TypeAlias = Numbers | Times | SoFar


def resolve(store: StoreReader, ueid: bytes, selection: Selection, covered: int) -> tuple[SequenceRange, ...]:
    """The claim's ranges: ascending, none touching. `covered`: leaves that `SoFar` may use. Raises `ExportError`."""
    match selection:
        case Numbers(ranges):
            return join_ranges(ranges)
        case Times(first_ms, last_ms):
            return (_by_time(store.statements_of(ueid, 0, MAX_SEQUENCE), first_ms, last_ms),)
        case SoFar(first):
            return (_so_far(store.statements_of(ueid, first, MAX_SEQUENCE), first, covered),)


def join_ranges(ranges: Iterable[SequenceRange]) -> tuple[SequenceRange, ...]:
    """Ascending ranges that do not touch, with the same numbers. Raises `ExportError` for one that is no range."""
    joined: list[SequenceRange] = []
    for first, last in sorted(ranges):
        if not 0 <= first <= last <= MAX_SEQUENCE:
            raise ExportError(f"{first}..{last} is no range of sequence numbers")
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = joined[-1][0], max(last, joined[-1][1])
        else:
            joined.append((first, last))
    if not joined:
        raise ExportError("no sequence numbers were asked for")
    return tuple(joined)


def _by_time(entries: Iterable[StoredEntry], first_ms: int, last_ms: int) -> SequenceRange:
    """Clocks are set back and forth, so every statement is asked for its time."""
    found: list[int] = []
    for entry in entries:
        one = statement.parse(entry.raw)
        if one.time_known and first_ms <= one.time_ms <= last_ms:
            found = [one.sequence] if not found else [found[0], one.sequence]
    if not found:
        raise ExportError(
            "the device has no statement with a known time in this period", hint="look at `voltseal device show`"
        )
    return found[0], found[-1]


def _so_far(entries: Iterable[StoredEntry], first: int, covered: int) -> SequenceRange:
    """Up to the first statement that is not covered: a claim beyond it would call a stored statement missing."""
    last = None
    for entry in entries:
        if entry.leaf_index >= covered:
            break
        last = entry.sequence
    if last is None:
        raise ExportError(
            f"the device has no statement numbered {first} or more under any checkpoint yet",
            hint="wait for the next checkpoint",
        )
    return first, last


FIELD_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "cycles": ("cycle_count",),
    # Health is what a pack can hold against what it held when new. The first is what devices measure.
    "soh": ("full_capacity_mah",),
}
"""What people call things that no field is called: these names mean these fields."""


def choose_fields(names: Sequence[str]) -> frozenset[str]:
    """The fields that `names` mean, over all schemas, and the time offsets, without which values have no time.

    A name is a field's, or its beginning up to an underscore: `soc` means `soc_permille`, `cell` all sixteen cells; or
    one of `FIELD_GROUPS`. Raises `ExportError` with the nearest name.
    """
    known = sorted({field.name for schema in SCHEMAS.values() for field in schema.fields})
    chosen = {TIME_OFFSET_FIELD}
    for name in names:
        matching = {field for field in known if field == name or field.startswith(f"{name}_")}
        matching.update(FIELD_GROUPS.get(name, ()))
        if not name or not matching:
            near = difflib.get_close_matches(name, [*_beginnings(known), *FIELD_GROUPS], n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(known)}"
            raise ExportError(f"no schema has a field {name!r}", hint=hint)
        chosen |= matching
    return frozenset(chosen)


def _beginnings(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        words = name.split("_")
        yield from ("_".join(words[:count]) for count in range(1, len(words) + 1))

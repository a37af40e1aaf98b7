"""What is missing and what contradicts itself in one device's statements (specification, "Outcome codes", "Boot").

Pure, and shared by the gateway's reports and the verifier, so that both name the same gaps. O(n log n) for n statements
and lost ranges; memory in proportion to n, never to the width of a gap.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Final

from voltseal.wire.boot import LostRange
from voltseal.wire.ids import StatementHash
from voltseal.wire.statement import Statement

UNEXPLAINED: Final = "unexplained"
"""The reason of numbers that are missing and that no statement declares lost."""


@dataclass(frozen=True, slots=True)
class Link:
    """What continuity needs of a statement."""

    sequence: int
    boot_count: int
    digest: StatementHash
    prev: StatementHash
    lost: tuple[LostRange, ...] = ()

    @classmethod
    def of(cls, statement: Statement) -> Link:
        """Drop the rest of a statement."""
        return cls(statement.sequence, statement.boot_count, statement.digest, statement.prev, statement.lost)


@dataclass(frozen=True, slots=True)
class Gap:
    """Missing numbers `first`..`last` of one reason: `power-cut`, `spool-full`, `spool-damaged` or `unexplained`."""

    first: int
    last: int
    reason: str


@dataclass(frozen=True, slots=True)
class Equivocation:
    """Two or more different statements with one number, in the order of the log."""

    sequence: int
    digests: tuple[StatementHash, ...]


@dataclass(frozen=True, slots=True)
class ChainBreak:
    """A statement whose `prev` is not the digest of any known statement with the number before its own."""

    sequence: int
    digest: StatementHash


@dataclass(frozen=True, slots=True)
class BootRegression:
    """A statement whose boot count is smaller than that of the neighbour before it."""

    sequence: int
    digest: StatementHash
    boot_count: int
    earlier_boot_count: int


@dataclass(frozen=True, slots=True)
class Continuity:
    """The findings over first..last, each list in ascending order of number."""

    gaps: tuple[Gap, ...]
    equivocations: tuple[Equivocation, ...]
    chain_breaks: tuple[ChainBreak, ...]
    boot_regressions: tuple[BootRegression, ...]

    @property
    def contradicted(self) -> bool:
        """Whether the device's statements exclude each other, whatever is missing."""
        return bool(self.equivocations or self.chain_breaks or self.boot_regressions)

    @property
    def unexplained(self) -> tuple[Gap, ...]:
        """The gaps that the device did not declare."""
        return tuple(gap for gap in self.gaps if gap.reason == UNEXPLAINED)


def analyse(links: Iterable[Link], first: int, last: int, declared: Iterable[Link] = ()) -> Continuity:
    """Judge the statements of one device over the numbers first..last.

    `links` are all known statements with such numbers, in the log's order, each counted once; `declared` are others
    of the device that may declare losses. Statements outside first..last count only for what they declare.
    """
    known = sorted(dict.fromkeys(links), key=_sequence)
    inside = [link for link in known if first <= link.sequence <= last]
    present = sorted({link.sequence for link in inside})
    return Continuity(
        gaps=find_gaps(present, lost_ranges([*known, *declared]), first, last),
        equivocations=_equivocations(inside),
        chain_breaks=_chain_breaks(inside),
        boot_regressions=_boot_regressions(inside),
    )


def lost_ranges(links: Iterable[Link]) -> list[LostRange]:
    """All that is declared lost, as disjoint ascending ranges.

    Of several declarations of one number that of the statement with the smallest sequence counts (of two with the same,
    the one that comes first in `links`, which are in the log's order): later ones cannot change the reason.
    """
    ranked = sorted(dict.fromkeys(links), key=_sequence)
    items = [item for link in ranked for item in link.lost]
    return _flatten(sorted((item.first, rank, item) for rank, item in enumerate(items)))


def find_gaps(present: Iterable[int], lost: Sequence[LostRange], first: int, last: int) -> tuple[Gap, ...]:
    """The maximal runs of missing numbers within first..last that share a reason, ascending.

    `present` are ascending numbers without repetition; `lost` are disjoint ascending ranges, see `lost_ranges`.
    """
    gaps: list[Gap] = []
    expected = first
    for number in present:
        if first <= number <= last:
            _explain(gaps, expected, number - 1, lost)
            expected = number + 1
    _explain(gaps, expected, last, lost)
    return tuple(gaps)


def _explain(gaps: list[Gap], first: int, last: int, lost: Sequence[LostRange]) -> None:
    """Append the missing run first..last, split by reason."""
    at = first
    index = max(bisect_right(lost, first, key=attrgetter("first")) - 1, 0)
    while at <= last:
        while index < len(lost) and lost[index].last < at:
            index += 1
        if index == len(lost) or lost[index].first > last:
            _append(gaps, at, last, UNEXPLAINED)
            return
        covering = lost[index]
        if covering.first > at:
            _append(gaps, at, covering.first - 1, UNEXPLAINED)
            at = covering.first
        end = min(last, covering.last)
        _append(gaps, at, end, covering.reason.label)
        at = end + 1


def _append(gaps: list[Gap], first: int, last: int, reason: str) -> None:
    if gaps and gaps[-1].last == first - 1 and gaps[-1].reason == reason:
        first = gaps.pop().first
    gaps.append(Gap(first, last, reason))


def _flatten(declared: list[tuple[int, int, LostRange]]) -> list[LostRange]:
    """Overlapping ranges, sorted by (first, rank), into disjoint ones; of several over one number the lowest rank wins.

    A sweep over all ends: between two of them the same ranges cover every number.
    """
    edges = sorted({edge for first, _, item in declared for edge in (first, item.last + 1)})
    active: list[tuple[int, int, LostRange]] = []
    result: list[LostRange] = []
    waiting = 0
    for start, stop in pairwise(edges):
        while waiting < len(declared) and declared[waiting][0] <= start:
            first, rank, item = declared[waiting]
            heappush(active, (rank, first, item))
            waiting += 1
        while active and active[0][2].last < start:
            heappop(active)
        if active:
            result.append(LostRange(start, stop - 1, active[0][2].reason))
    return result


def _equivocations(ordered: Sequence[Link]) -> tuple[Equivocation, ...]:
    grouped = ((number, tuple(link.digest for link in group)) for number, group in groupby(ordered, _sequence))
    return tuple(Equivocation(number, digests) for number, digests in grouped if len(digests) > 1)


def _chain_breaks(ordered: Sequence[Link]) -> tuple[ChainBreak, ...]:
    breaks = []
    before: list[Link] = []
    for number, group in groupby(ordered, _sequence):
        current = list(group)
        if before and before[0].sequence == number - 1:
            digests = {link.digest for link in before}
            breaks += [ChainBreak(number, link.digest) for link in current if link.prev not in digests]
        before = current
    return tuple(breaks)


def _boot_regressions(ordered: Sequence[Link]) -> tuple[BootRegression, ...]:
    regressions = []
    before = 0
    for _, group in groupby(ordered, _sequence):
        current = list(group)
        regressions += [
            BootRegression(link.sequence, link.digest, link.boot_count, before)
            for link in current
            if link.boot_count < before
        ]
        before = min(link.boot_count for link in current)
    return tuple(regressions)


def _sequence(link: Link) -> int:
    return link.sequence

"""Sequence numbers folded into runs, so that continuity needs memory for its irregularities only. Pure.

A run is statements n, n+1, …, m that follow one another without fault: each `prev` is the hash before it, and boot
counts never fall. An honest bundle of a million statements is a handful of runs. Where runs overlap or do not chain,
something contradicts itself; the caller then looks at every statement (`voltseal.wire.continuity`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from voltseal.wire.continuity import Link


@dataclass(slots=True)
class Run:
    """A faultless run from `first` to `last`."""

    first: Link
    last: Link

    def continues_with(self, link: Link) -> bool:
        """Whether `link` is the faultless next one."""
        last = self.last
        return link.sequence == last.sequence + 1 and link.prev == last.digest and link.boot_count >= last.boot_count


class RunFold:
    """Takes links in any order; few runs result if they come about in order of number."""

    def __init__(self) -> None:
        self._runs: list[Run] = []
        self.declarations: list[Link] = []

    def add(self, link: Link) -> None:
        """One statement. What it declares lost is kept apart."""
        if link.lost:
            self.declarations.append(link)
            link = Link(link.sequence, link.boot_count, link.digest, link.prev)
        self._append(Run(link, link))

    def extend(self, later: RunFold) -> None:
        """Everything of another fold, whose statements came after."""
        self.declarations += later.declarations
        for run in later._runs:
            self._append(run)

    def _append(self, run: Run) -> None:
        if self._runs and self._runs[-1].continues_with(run.first):
            self._runs[-1].last = run.last
        else:
            self._runs.append(run)

    def ordered(self) -> list[Run]:
        """The runs by number; neighbours that chain without fault are joined. Changes nothing that was added."""
        joined: list[Run] = []
        for run in sorted(self._runs, key=lambda run: (run.first.sequence, run.first.digest)):
            if joined and joined[-1].continues_with(run.first):
                joined[-1].last = run.last
            else:
                joined.append(Run(run.first, run.last))
        return joined


def contradictory(runs: Iterable[Run]) -> bool:
    """Whether ordered runs overlap, do not chain where they touch, or have boot counts that fall."""
    return any(
        before.last.sequence >= after.first.sequence
        or before.last.sequence + 1 == after.first.sequence  # touches, and yet did not join
        or after.first.boot_count < before.last.boot_count
        for before, after in pairwise(runs)
    )


def numbers(runs: Iterable[Run], first: int, last: int) -> Iterator[int]:
    """The numbers first..last that are present, ascending, each once."""
    reached = first
    for run in runs:
        begin, end = max(run.first.sequence, reached), min(run.last.sequence, last)
        yield from range(begin, end + 1)
        reached = max(reached, end + 1)

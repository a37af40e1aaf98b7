"""A set of sequence numbers as runs: small for any device that sends most of what it numbers. No I/O."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator

from voltseal.store.interface import Run


class RunSet:
    """Disjoint runs that do not touch, ascending; remembers which ones changed since `take_changes`."""

    __slots__ = ("_dropped", "_firsts", "_lasts", "_touched")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        """Precondition: `runs` ascend and do not touch."""
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for run in runs:
            self._firsts.append(run.first)
            self._lasts.append(run.last)
        self._touched: set[int] = set()
        self._dropped: set[int] = set()

    def __iter__(self) -> Iterator[Run]:
        return (Run(first, last) for first, last in zip(self._firsts, self._lasts, strict=True))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def run_of(self, number: int) -> Run:
        """The run that holds `number`. Precondition: one does."""
        at = bisect_right(self._firsts, number) - 1
        return Run(self._firsts[at], self._lasts[at])

    def neighbours(self, number: int) -> tuple[int | None, int | None]:
        """The nearest member below and the nearest above. Precondition: `number` is no member."""
        at = bisect_right(self._firsts, number)
        below = self._lasts[at - 1] if at else None
        above = self._firsts[at] if at < len(self._firsts) else None
        return below, above

    def add(self, number: int) -> None:
        """Make `number` a member. Precondition: it is none yet."""
        firsts, lasts = self._firsts, self._lasts
        at = bisect_right(firsts, number)
        joins_below = at > 0 and lasts[at - 1] == number - 1
        joins_above = at < len(firsts) and firsts[at] == number + 1
        if joins_below and joins_above:
            self._dropped.add(firsts[at])
            lasts[at - 1] = lasts[at]
            del firsts[at], lasts[at]
        elif joins_below:
            lasts[at - 1] = number
        elif joins_above:
            self._dropped.add(firsts[at])
            firsts[at] = number
        else:
            firsts.insert(at, number)
            lasts.insert(at, number)
        self._touched.add(firsts[at - 1] if joins_below else number)

    def take_changes(self) -> tuple[tuple[int, ...], tuple[Run, ...]]:
        """The firsts of runs that are gone, and the runs that are new or grown, since this was last called."""
        dropped = tuple(self._dropped)
        saved = tuple(self.run_of(first) for first in sorted(self._touched) if self._starts_run(first))
        self._touched.clear()
        self._dropped.clear()
        return dropped, saved

    def _starts_run(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and self._firsts[at] == number

"""The axis that time line and plots share: time by the device's clock, or statement numbers without one. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Final

from voltseal.report.figures import decimal
from voltseal.verifier.verdict import Verdict

CELLS: Final = 480
"""Into so many equal stretches the axis is cut: what lies in one stretch is drawn as one."""

_END_OF_CALENDAR_MS: Final = 253_402_300_799_999
_SECOND, _MINUTE, _HOUR, _DAY = 1000, 60_000, 3_600_000, 86_400_000
_TIME_STEPS: Final = (
    1, 2, 5, 10, 20, 50, 100, 200, 500,
    *(n * _SECOND for n in (1, 2, 5, 10, 20, 30)), *(n * _MINUTE for n in (1, 2, 5, 10, 20, 30)),
    *(n * _HOUR for n in (1, 2, 3, 6, 12)), *(n * _DAY for n in (1, 2, 5, 10, 20, 50, 100, 200)),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark at `value`."""

    value: int
    text: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From `first` to `last` (at least `first`): ms since 1970 if `is_time`, else sequence numbers."""

    is_time: bool
    first: int
    last: int

    def cell(self, value: int) -> int:
        """The stretch in which `value` lies; what lies outside counts to the nearest."""
        inside = min(max(value, self.first), self.last)
        return (inside - self.first) * CELLS // (self.last - self.first + 1)

    def cells(self, first: int, last: int) -> range:
        """The cells of the numbers `first`..`last`, several for each where there are few. For an axis of numbers."""
        begin = self.cell(first)
        end = (min(last, self.last) + 1 - self.first) * CELLS // (self.last - self.first + 1)
        return range(begin, max(begin + 1, end))

    def ticks(self) -> list[Tick]:
        """About five marks."""
        if not self.is_time:
            return [Tick(value, f"{value:,}") for value in round_values(self.first, self.last, 6)]
        if self.last > _END_OF_CALENDAR_MS:
            return []
        span = max(1, self.last - self.first)
        step = next((one for one in _TIME_STEPS if span // one <= 5), 1000 * _DAY * (1 + span // (5000 * _DAY)))
        start = -(-self.first // step) * step
        return [Tick(value, _time_text(value, step)) for value in range(start, self.last + 1, step)]


def _time_text(time_ms: int, step_ms: int) -> str:
    time = datetime.fromtimestamp(time_ms // 1000, UTC)
    if step_ms >= _DAY:
        return f"{time:%Y-%m-%d}"
    if step_ms >= _MINUTE:
        return f"{time:%m-%d %H:%M}"
    part = f".{time_ms % 1000:03d}" if step_ms < _SECOND else ""
    return f"{time:%H:%M:%S}{part}"


def round_values(first: int, last: int, most: int) -> list[int]:
    """Multiples of 1, 2 or 5 times a power of ten between two integers, both included: 1 to `most` (at least 5)."""
    for step in (factor * 10**power for power in count() for factor in (1, 2, 5)):
        start = -(-first // step) * step
        if (last - start) // step < most:
            break
    return list(range(start, last + 1, step))


def axis_of(verdict: Verdict) -> Axis:
    """Time if the device knew it at all, readings after the last statement's own time included."""
    time = verdict.time
    if time.device_first_ms is not None and time.device_last_ms is not None:
        offsets = [
            column.maximum
            for column in verdict.disclosure.shown
            if column.name == "time_offset_ms" and column.maximum is not None
        ]
        return Axis(True, time.device_first_ms, time.device_last_ms + max(offsets, default=0))
    ranges = verdict.completeness.ranges
    return Axis(False, ranges[0][0], ranges[-1][1])


def value_ticks(least: int, most: int, decimals: int) -> list[Tick]:
    """About four marks on the axis of a plot's values, which are scaled integers."""
    return [Tick(value, decimal(value, decimals, trimmed=True)) for value in round_values(least, most, 5)]

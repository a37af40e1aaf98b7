"""The device's time and how far it may be trusted.

Wall time comes from the system clock and is at best RTC quality; intervals come from a clock that nobody sets.
"""

from voltseal_wire.statement import TIME_NONE, TIME_RTC

from . import port

FLOOR_MS = 1_735_689_600_000  # 2025-01-01: an earlier clock has never been set, whatever the configuration says


class Clock:
    """`now()` gives (time_ms, quality, uncertainty_ms) as a statement wants them; `ticks` measure intervals."""

    def __init__(self, source: str, uncertainty_ms: int) -> None:
        """`source` is `rtc` or `none`; `uncertainty_ms` is the operator's word for how wrong the RTC may be."""
        self._use_rtc = source == "rtc"
        self._uncertainty_ms = uncertainty_ms
        self._last_ticks = port.ticks_ms()
        self._up_ms = 0

    def up_ms(self) -> int:
        """Milliseconds since boot, unbounded; call it at least once a day, for the ticks beneath it wrap."""
        ticks = port.ticks_ms()
        self._up_ms += port.ticks_diff(ticks, self._last_ticks)
        self._last_ticks = ticks
        return self._up_ms

    def now(self) -> tuple:
        """Quality 0 counts from the boot and has no uncertainty (specification, "Statement")."""
        up_ms = self.up_ms()
        epoch_ms = port.epoch_ms()
        if self._use_rtc and epoch_ms >= FLOOR_MS:
            return epoch_ms, TIME_RTC, self._uncertainty_ms
        return up_ms, TIME_NONE, 0

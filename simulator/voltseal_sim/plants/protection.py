"""The protections of a battery management system: what trips them, what they switch off, when they let go.

Bits are those of JBD's protection word, so that the bus can send them as they are. Thresholds default to what makers of
LiFePO4 cells allow (charging 0 to 50, discharging -20 to 60 degree Celsius, 2.5 to 3.65 V) with the hysteresis and the
32 s release delay that such boards ship with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntFlag


class Protection(IntFlag):
    """Active protections, numbered as in JBD register 0x03."""

    CELL_OVER_VOLTAGE = 1 << 0
    CELL_UNDER_VOLTAGE = 1 << 1
    PACK_OVER_VOLTAGE = 1 << 2
    PACK_UNDER_VOLTAGE = 1 << 3
    CHARGE_OVER_TEMPERATURE = 1 << 4
    CHARGE_UNDER_TEMPERATURE = 1 << 5
    DISCHARGE_OVER_TEMPERATURE = 1 << 6
    DISCHARGE_UNDER_TEMPERATURE = 1 << 7
    CHARGE_OVER_CURRENT = 1 << 8
    DISCHARGE_OVER_CURRENT = 1 << 9
    SHORT_CIRCUIT = 1 << 10


NONE = Protection(0)
BLOCKS_CHARGE = (
    Protection.CELL_OVER_VOLTAGE
    | Protection.PACK_OVER_VOLTAGE
    | Protection.CHARGE_OVER_TEMPERATURE
    | Protection.CHARGE_UNDER_TEMPERATURE
    | Protection.CHARGE_OVER_CURRENT
    | Protection.SHORT_CIRCUIT
)
BLOCKS_DISCHARGE = (
    Protection.CELL_UNDER_VOLTAGE
    | Protection.PACK_UNDER_VOLTAGE
    | Protection.DISCHARGE_OVER_TEMPERATURE
    | Protection.DISCHARGE_UNDER_TEMPERATURE
    | Protection.DISCHARGE_OVER_CURRENT
    | Protection.SHORT_CIRCUIT
)


@dataclass(frozen=True, slots=True)
class Window:
    """A limit that trips at one value and lets go at another. `upper` tells which side is forbidden."""

    trip: float
    release: float

    @property
    def upper(self) -> bool:
        """True when values above `trip` are forbidden."""
        return self.trip > self.release

    def active(self, value: float, was_active: bool) -> bool:
        """Whether the protection is active now, given whether it was."""
        limit = self.release if was_active else self.trip
        return value > limit if self.upper else value < limit


@dataclass(frozen=True, slots=True)
class ProtectionLimits:
    """Thresholds. Voltages of the pack are given for one cell and multiplied; currents are magnitudes."""

    cell_over_voltage_v: Window = Window(3.65, 3.50)
    cell_under_voltage_v: Window = Window(2.50, 2.80)
    pack_over_voltage_v_per_cell: Window = Window(3.60, 3.45)
    pack_under_voltage_v_per_cell: Window = Window(2.60, 2.90)
    charge_over_temperature_c: Window = Window(50.0, 45.0)
    charge_under_temperature_c: Window = Window(0.0, 5.0)
    discharge_over_temperature_c: Window = Window(60.0, 55.0)
    discharge_under_temperature_c: Window = Window(-20.0, -15.0)
    charge_over_current_a: float = 25.0
    discharge_over_current_a: float = 60.0
    short_circuit_a: float = 200.0
    current_trip_delay_s: float = 5.0
    current_release_delay_s: float = 32.0


class Protections:
    """Watches a pack and says which directions of current are allowed. One instance a pack; it owns its timers."""

    def __init__(self, limits: ProtectionLimits) -> None:
        self.limits = limits
        self.active = NONE
        self.trip_counts: dict[Protection, int] = dict.fromkeys(Protection, 0)
        self._over_s = dict.fromkeys((Protection.CHARGE_OVER_CURRENT, Protection.DISCHARGE_OVER_CURRENT), 0.0)
        self._release_s: dict[Protection, float] = {}

    @property
    def charge_allowed(self) -> bool:
        """The charge switch conducts."""
        return not self.active & BLOCKS_CHARGE

    @property
    def discharge_allowed(self) -> bool:
        """The discharge switch conducts."""
        return not self.active & BLOCKS_DISCHARGE

    def permitted_a(self, wanted_a: float) -> float:
        """The current that flows when `wanted_a` is asked for: an open switch stops its own direction only."""
        allowed = self.charge_allowed if wanted_a > 0 else self.discharge_allowed
        return wanted_a if allowed else 0.0

    def observe(
        self, cell_voltages_v: Sequence[float], temperatures_c: Sequence[float], current_a: float, seconds: float
    ) -> None:
        """Take one measurement, `seconds` after the last, and set or release protections."""
        limits, flags = self.limits, Protection
        mean_v = sum(cell_voltages_v) / len(cell_voltages_v)
        windows = (
            (flags.CELL_OVER_VOLTAGE, limits.cell_over_voltage_v, max(cell_voltages_v)),
            (flags.CELL_UNDER_VOLTAGE, limits.cell_under_voltage_v, min(cell_voltages_v)),
            (flags.PACK_OVER_VOLTAGE, limits.pack_over_voltage_v_per_cell, mean_v),
            (flags.PACK_UNDER_VOLTAGE, limits.pack_under_voltage_v_per_cell, mean_v),
            (flags.CHARGE_OVER_TEMPERATURE, limits.charge_over_temperature_c, max(temperatures_c)),
            (flags.CHARGE_UNDER_TEMPERATURE, limits.charge_under_temperature_c, min(temperatures_c)),
            (flags.DISCHARGE_OVER_TEMPERATURE, limits.discharge_over_temperature_c, max(temperatures_c)),
            (flags.DISCHARGE_UNDER_TEMPERATURE, limits.discharge_under_temperature_c, min(temperatures_c)),
        )
        now = NONE
        for flag, window, value in windows:
            if window.active(value, bool(self.active & flag)):
                now |= flag
        now |= self._over_currents(current_a, seconds)
        for flag in now & ~self.active:
            self.trip_counts[flag] += 1
        self.active = now

    def _over_currents(self, current_a: float, seconds: float) -> Protection:
        """Currents trip after a delay (a short circuit at once) and let go after a time without current."""
        limits, flags = self.limits, Protection
        over = (
            (flags.CHARGE_OVER_CURRENT, current_a > limits.charge_over_current_a),
            (flags.DISCHARGE_OVER_CURRENT, -current_a > limits.discharge_over_current_a),
        )
        for flag in tuple(self._release_s):
            self._release_s[flag] -= seconds
            if self._release_s[flag] <= 0:
                del self._release_s[flag]
        for flag, is_over in over:
            self._over_s[flag] = self._over_s[flag] + seconds if is_over else 0.0
            if self._over_s[flag] >= limits.current_trip_delay_s:
                self._release_s[flag] = limits.current_release_delay_s
                self._over_s[flag] = 0.0
        if abs(current_a) > limits.short_circuit_a:
            self._release_s[flags.SHORT_CIRCUIT] = limits.current_release_delay_s
        result = NONE
        for flag in self._release_s:
            result |= flag
        return result

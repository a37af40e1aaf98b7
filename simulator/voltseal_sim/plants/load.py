"""What hangs on a pack: a two-wheeler that is ridden, parked and charged, over and over."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

from voltseal_sim.plants.battery import PackReading


@dataclass(frozen=True, slots=True)
class RidingHabits:
    """How the vehicle is used. Currents are multiples of the capacity (C-rates); durations in seconds.

    A light electric two-wheeler of 1.2-2 kW on a 1 kWh pack draws about 0.5 C cruising and up to 2 C pulling away.
    """

    accelerate_c: tuple[float, float] = (1.0, 2.0)
    accelerate_s: tuple[float, float] = (4.0, 12.0)
    cruise_c: tuple[float, float] = (0.35, 0.8)
    cruise_s: tuple[float, float] = (15.0, 90.0)
    regenerate_c: tuple[float, float] = (0.05, 0.3)
    regenerate_s: tuple[float, float] = (2.0, 6.0)
    stop_s: tuple[float, float] = (5.0, 45.0)
    standby_c: float = 0.004
    ride_until_soc: float = 0.2
    rest_s: tuple[float, float] = (600.0, 1800.0)
    charge_c: float = 0.5
    charge_cutoff_c: float = 0.05
    charge_v_per_cell: float = 3.55


class Mode(Enum):
    """What the vehicle is doing."""

    RIDE = "ride"
    REST = "rest"
    CHARGE = "charge"


class TwoWheeler:
    """A load profile: ride down to the reserve, rest, charge (constant current, then constant voltage), rest, ride.

    Deterministic from its seed. Holds its own place in the cycle, so one instance serves one pack.
    """

    def __init__(self, seed: int, capacity_ah: float, habits: RidingHabits | None = None) -> None:
        self.habits = habits or RidingHabits()
        self.mode = Mode.RIDE
        self._next_mode = Mode.CHARGE
        self._capacity_ah = capacity_ah
        self._rng = random.Random(f"voltseal two-wheeler {seed}")
        self._phases: list[tuple[float, float]] = []
        self._phase_ends_s = 0.0
        self._phase_a = 0.0
        self._charger_a = 0.0
        self._charge_began_s = 0.0

    def current_a(self, reading: PackReading) -> float:
        """Wanted current now, charging positive."""
        self._change_mode(reading)
        if self.mode is Mode.RIDE:
            return self._riding_a(reading.time_s)
        if self.mode is Mode.CHARGE:
            return self._charging_a(reading)
        return -self.habits.standby_c * self._capacity_ah

    def _change_mode(self, reading: PackReading) -> None:
        if self.mode is Mode.RIDE and (
            reading.soc <= self.habits.ride_until_soc or not reading.discharge_switch_closed
        ):
            self._rest(reading.time_s, then=Mode.CHARGE)
        elif self.mode is Mode.CHARGE and self._charged(reading):
            self._rest(reading.time_s, then=Mode.RIDE)
        elif self.mode is Mode.REST and reading.time_s >= self._phase_ends_s:
            self.mode, self._charger_a, self._charge_began_s = self._next_mode, 0.0, reading.time_s
            self._phase_ends_s = reading.time_s

    def _rest(self, time_s: float, then: Mode) -> None:
        self.mode, self._next_mode = Mode.REST, then
        self._phase_ends_s = time_s + self._rng.uniform(*self.habits.rest_s)

    def _riding_a(self, time_s: float) -> float:
        """Pull away, cruise, brake, wait: each with its own seeded length and current."""
        while time_s >= self._phase_ends_s:
            if not self._phases:
                draw, habits = self._rng.uniform, self.habits
                self._phases = [
                    (draw(*habits.stop_s), -habits.standby_c),
                    (draw(*habits.regenerate_s), draw(*habits.regenerate_c)),
                    (draw(*habits.cruise_s), -draw(*habits.cruise_c)),
                    (draw(*habits.accelerate_s), -draw(*habits.accelerate_c)),
                ]
            seconds, c_rate = self._phases.pop()
            self._phase_ends_s = max(self._phase_ends_s, time_s) + seconds
            self._phase_a = c_rate * self._capacity_ah
        return self._phase_a

    def _charging_a(self, reading: PackReading) -> float:
        """An integrating charger: ramps to its full current and yields as the pack nears the charging voltage.

        It regulates on the highest cell, as a BMS that talks to its charger does, so balancing has time to act.
        """
        full_a = self.habits.charge_c * self._capacity_ah
        error_v = self.habits.charge_v_per_cell - max(reading.cell_voltages_v)
        self._charger_a = max(0.0, min(full_a, self._charger_a + error_v * full_a))
        return self._charger_a

    def _charged(self, reading: PackReading) -> bool:
        settled = reading.time_s - self._charge_began_s > 60
        return settled and (
            self._charger_a < self.habits.charge_cutoff_c * self._capacity_ah or not reading.charge_switch_closed
        )

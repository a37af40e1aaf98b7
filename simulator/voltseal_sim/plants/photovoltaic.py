"""A photovoltaic plant: sun, clouds, panels that heat up, and an inverter that clips. Seeded and deterministic.

    plant = PvPlant(PvParameters(latitude_deg=48.0, day_of_year=172), seed=7)
    plant.advance(3600.0)              # an hour from where it stands (at first: midnight, solar time)
    plant.reading().ac_power_w

Sun: declination after Cooper (1969); clear-sky irradiance on the level after Haurwitz (1945). Panels lie flat, lose
power with heat, and warm with irradiance by their nominal operating temperature (IEC 61215). Clouds drift slowly and at
random. Energy is the sum of power times time over the steps that the model takes: a counter without error.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import IntEnum, IntFlag

_DAY_S = 86_400.0


class OperatingState(IntEnum):
    """As SunSpec numbers them."""

    OFF = 1
    SLEEPING = 2
    STARTING = 3
    MPPT = 4
    THROTTLED = 5
    SHUTTING_DOWN = 6
    FAULT = 7
    STANDBY = 8


class Event(IntFlag):
    """As SunSpec numbers them; the ones that this plant can have."""

    GROUND_FAULT = 1 << 0
    GRID_DISCONNECT = 1 << 4
    OVER_TEMP = 1 << 7


NO_EVENT = Event(0)


@dataclass(frozen=True, slots=True)
class PvParameters:
    """What the plant is made like. `panel_w`: the panels of each tracker at 1000 W/m² and 25 °C."""

    latitude_deg: float = 48.0
    day_of_year: int = 172
    start_s: float = 0.0
    panel_w: tuple[float, ...] = (6000.0, 6000.0)
    rated_w: float = 10_000.0
    phases: int = 3
    grid_v: float = 230.0
    efficiency: float = 0.975
    own_w: float = 15.0
    start_dc_w: float = 40.0
    start_delay_s: float = 60.0
    ambient_mean_c: float = 18.0
    ambient_swing_c: float = 7.0
    noct_c: float = 45.0
    power_per_k: float = -0.0037
    cloudiness: float = 0.3
    initial_energy_wh: float = 0.0
    longest_step_s: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= len(self.panel_w) <= 4 or min(self.panel_w) < 0:
            raise ValueError("panel_w must have 1 to 4 values, none negative")
        if self.phases not in (1, 3):
            raise ValueError(f"phases must be 1 or 3, not {self.phases}")
        if not 0 <= self.cloudiness <= 1:
            raise ValueError(f"cloudiness must be 0 to 1, not {self.cloudiness}")
        if not 0 < self.longest_step_s <= 300:
            raise ValueError(f"longest_step_s must be above 0 and at most 300, not {self.longest_step_s}")


@dataclass(frozen=True, slots=True)
class PvReading:
    """What the inverter measures and counts at one moment, before any bus rounds it."""

    time_s: float
    irradiance_w_m2: float
    ac_power_w: float
    ac_energy_wh: float
    phase_voltages_v: tuple[float, ...]
    frequency_hz: float
    dc_powers_w: tuple[float, ...]
    dc_voltages_v: tuple[float, ...]
    dc_energies_wh: tuple[float, ...]
    cabinet_c: float
    state: OperatingState
    events: Event


def irradiance_w_m2(latitude_deg: float, day_of_year: int, solar_s: float) -> float:
    """Clear-sky irradiance on the level, W/m², at so many seconds of solar time after midnight."""
    declination = math.radians(23.45) * math.sin(2 * math.pi * (284 + day_of_year) / 365)
    latitude, hour_angle = math.radians(latitude_deg), 2 * math.pi * (solar_s / _DAY_S - 0.5)
    cos_zenith = math.sin(latitude) * math.sin(declination) + math.cos(latitude) * math.cos(declination) * math.cos(
        hour_angle
    )
    return 1098.0 * cos_zenith * math.exp(-0.057 / cos_zenith) if cos_zenith > 0.01 else 0.0


class PvPlant:
    """The plant. `advance` is the only thing that lets time pass; `events` may be set from outside, as a fault."""

    def __init__(self, parameters: PvParameters, seed: int) -> None:
        self.parameters = parameters
        self.events = NO_EVENT
        self.time_s = parameters.start_s
        self.energy_wh = parameters.initial_energy_wh
        self._dc_energies_wh = [0.0] * len(parameters.panel_w)
        self._rng = random.Random(f"voltseal pv {seed}")
        self._clearness = 1.0 - parameters.cloudiness / 2
        self._grid_v = parameters.grid_v
        self._ready_s = 0.0
        self._now = self._measured(0.0)

    def reading(self) -> PvReading:
        """What the inverter would report now."""
        return self._now

    def advance(self, seconds: float) -> PvReading:
        """Let `seconds` pass in equal steps of at most `longest_step_s`; return the reading at the end.

        Raises ValueError for a negative or not finite duration.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"cannot advance by {seconds} s")
        steps = math.ceil(seconds / self.parameters.longest_step_s)
        for _ in range(steps):
            self._step(seconds / steps)
        return self._now

    def _step(self, seconds: float) -> None:
        self.time_s += seconds
        parameters = self.parameters
        # Clouds: a random walk that is drawn back to its mean, over about half an hour.
        pull = min(1.0, seconds / 1800)
        mean, noise = 1.0 - parameters.cloudiness / 2, parameters.cloudiness * 0.35 * math.sqrt(2 * pull)
        drawn = self._clearness + (mean - self._clearness) * pull + self._rng.gauss(0.0, noise)
        self._clearness = max(0.1, min(1.0, drawn))
        self._grid_v = parameters.grid_v * (1 + max(-0.03, min(0.03, self._rng.gauss(0.0, 0.004))))
        self._now = self._measured(seconds)
        self.energy_wh += self._now.ac_power_w * seconds / 3600
        for index, power_w in enumerate(self._now.dc_powers_w):
            self._dc_energies_wh[index] += power_w * seconds / 3600
        self._now = self._measured(0.0)

    def _measured(self, seconds: float) -> PvReading:
        """The state after `seconds` more of starting up; what depends on chance has been drawn before."""
        parameters = self.parameters
        sun = self._clearness * irradiance_w_m2(parameters.latitude_deg, parameters.day_of_year, self.time_s % _DAY_S)
        phase = 2 * math.pi * (self.time_s % _DAY_S / _DAY_S - 0.625)  # warmest at three in the afternoon
        ambient_c = parameters.ambient_mean_c + parameters.ambient_swing_c * math.cos(phase)
        panel_c = ambient_c + (parameters.noct_c - 20.0) * sun / 800
        heat = 1 + parameters.power_per_k * (panel_c - 25.0)
        offered_w = [watts * sun / 1000 * heat for watts in parameters.panel_w]
        state = self._state(sum(offered_w), seconds)
        limit_w = (parameters.rated_w + parameters.own_w) / parameters.efficiency
        running = state in {OperatingState.MPPT, OperatingState.THROTTLED}
        share = min(1.0, limit_w / sum(offered_w)) if running else 0.0
        dc_w = tuple(watts * share for watts in offered_w)
        ac_w = max(0.0, sum(dc_w) * parameters.efficiency - parameters.own_w) if running else 0.0
        # Clipping moves away from the point of maximum power, towards the open circuit voltage.
        volt = 0.0 if sun == 0 else 600.0 * (1 - 0.003 * (panel_c - 25.0)) * (1 + 0.12 * (1 - share))
        return PvReading(
            time_s=self.time_s,
            irradiance_w_m2=sun,
            ac_power_w=ac_w,
            ac_energy_wh=self.energy_wh,
            phase_voltages_v=(self._grid_v,) * parameters.phases,
            frequency_hz=50.0 + 0.02 * math.sin(self.time_s / 97),
            dc_powers_w=dc_w,
            dc_voltages_v=(volt,) * len(dc_w),
            dc_energies_wh=tuple(self._dc_energies_wh),
            cabinet_c=ambient_c + 25.0 * ac_w / parameters.rated_w,
            state=state,
            events=self.events,
        )

    def _state(self, offered_w: float, seconds: float) -> OperatingState:
        """Dark: asleep. Light: connect to the grid after a delay. More light than the inverter is built for: clip."""
        if self.events:
            self._ready_s = 0.0
            return OperatingState.FAULT
        if offered_w < self.parameters.start_dc_w:
            self._ready_s = 0.0
            return OperatingState.SLEEPING
        self._ready_s += seconds
        if self._ready_s < self.parameters.start_delay_s:
            return OperatingState.STARTING
        wanted_w = offered_w * self.parameters.efficiency - self.parameters.own_w
        return OperatingState.THROTTLED if wanted_w > self.parameters.rated_w else OperatingState.MPPT

"""A battery pack: cells in series behind a BMS with protections, balancing and a coulomb counter.

    pack = BatteryPack(PackParameters(cells_in_series=16), seed=7)
    pack.advance(60.0, -20.0)          # a minute at 20 A out
    pack.advance(3600.0, TwoWheeler(seed=7, capacity_ah=20.0))
    pack.reading().pack_voltage_v

Current is positive while charging. The same parameters, seed and calls give the same readings, bit for bit.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from voltseal_sim.plants.cell import CellParameters, CellState, capacity_as, soc, stepped, terminal_voltage_v
from voltseal_sim.plants.protection import Protection, ProtectionLimits, Protections


@dataclass(frozen=True, slots=True)
class PackParameters:
    """What a pack is made like. Spreads are relative standard deviations between its cells (soc: absolute)."""

    cells_in_series: int = 16
    cell: CellParameters = field(default_factory=CellParameters)
    limits: ProtectionLimits = field(default_factory=ProtectionLimits)
    initial_soc: float = 0.8
    initial_capacity_loss: float = 0.0
    initial_cycles: int = 0
    ambient_c: float = 25.0
    capacity_spread: float = 0.01
    resistance_spread: float = 0.05
    soc_spread: float = 0.004
    temperature_sensors: int = 3
    balance_current_a: float = 0.06
    balance_start_v: float = 3.40
    balance_window_v: float = 0.010
    longest_step_s: float = 1.0

    def __post_init__(self) -> None:
        if not 1 <= self.cells_in_series <= 32:
            raise ValueError(f"cells_in_series must be 1 to 32, not {self.cells_in_series}")
        if not 1 <= self.temperature_sensors <= min(8, self.cells_in_series):
            raise ValueError(
                f"temperature_sensors must be 1 to 8 and at most one a cell, not {self.temperature_sensors}"
            )
        if not 0.02 <= self.initial_soc <= 0.98:
            raise ValueError(f"initial_soc must be 0.02 to 0.98, not {self.initial_soc}")
        if not 0 <= self.initial_capacity_loss <= 0.5:
            raise ValueError(f"initial_capacity_loss must be 0 to 0.5, not {self.initial_capacity_loss}")
        if not 0 < self.longest_step_s <= 10:
            raise ValueError(f"longest_step_s must be above 0 and at most 10, not {self.longest_step_s}")


@dataclass(frozen=True, slots=True)
class PackReading:
    """What the BMS measures and counts at one moment, before any bus rounds it."""

    time_s: float
    pack_voltage_v: float
    pack_current_a: float
    remaining_capacity_ah: float
    full_capacity_ah: float
    nominal_capacity_ah: float
    soc: float
    soh: float
    cycle_count: int
    balance_flags: int
    protections: Protection
    charge_switch_closed: bool
    discharge_switch_closed: bool
    temperatures_c: tuple[float, ...]
    cell_voltages_v: tuple[float, ...]
    trip_counts: Mapping[Protection, int]


class LoadProfile(Protocol):
    """What hangs on the pack: asked before every step for the current it wants (positive = charging)."""

    def current_a(self, reading: PackReading) -> float:
        """Wanted current; the BMS may let less through."""
        ...


class BatteryPack:
    """The plant. Owns the state of its cells and its BMS; `advance` is the only thing that changes them."""

    def __init__(self, parameters: PackParameters, seed: int) -> None:
        self.parameters = parameters
        rng = random.Random(f"voltseal battery {seed}")
        self.cell_parameters, self.cells = _made(parameters, rng)
        self.protections = Protections(parameters.limits)
        self.time_s = 0.0
        self.discharged_as = 0.0
        self._current_a = 0.0
        self._balancing = (False,) * parameters.cells_in_series

    def advance(self, seconds: float, load: float | LoadProfile, ambient_c: float | None = None) -> PackReading:
        """Let `seconds` pass under a constant wanted current (ampere) or a profile; return the reading at the end.

        Raises ValueError for a negative or not finite duration or current, and when a current beyond anything the
        protections are made for (hundreds of C) drives a cell out of its model within one step.
        The time is cut into equal steps of at most `longest_step_s`; load and BMS act between steps.
        """
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(f"cannot advance by {seconds} s")
        steps = math.ceil(seconds / self.parameters.longest_step_s)
        ambient = self.parameters.ambient_c if ambient_c is None else ambient_c
        for _ in range(steps):
            wanted_a = load if isinstance(load, int | float) else load.current_a(self.reading())
            if not math.isfinite(wanted_a):
                raise ValueError(f"a load wants {wanted_a} A")
            self._step(wanted_a, ambient, seconds / steps)
        return self.reading()

    def _step(self, wanted_a: float, ambient_c: float, seconds: float) -> None:
        self._current_a = self.protections.permitted_a(wanted_a)
        for index, (parameters, state) in enumerate(zip(self.cell_parameters, self.cells, strict=True)):
            bleed_a = self.parameters.balance_current_a if self._balancing[index] else 0.0
            self.cells[index] = stepped(parameters, state, self._current_a - bleed_a, ambient_c, seconds)
        self.time_s += seconds
        self.discharged_as += max(0.0, -self._current_a) * seconds
        voltages_v = self._cell_voltages_v()
        self.protections.observe(voltages_v, self._temperatures_c(), self._current_a, seconds)
        self._balancing = self._to_balance(voltages_v)

    def _to_balance(self, voltages_v: tuple[float, ...]) -> tuple[bool, ...]:
        """Cells to bleed: those near the top and above the lowest, never while discharging."""
        lowest_v, parameters = min(voltages_v), self.parameters
        return tuple(
            self._current_a >= 0
            and voltage_v > parameters.balance_start_v
            and voltage_v - lowest_v > parameters.balance_window_v
            for voltage_v in voltages_v
        )

    def _cell_voltages_v(self) -> tuple[float, ...]:
        pairs = zip(self.cell_parameters, self.cells, strict=True)
        return tuple(terminal_voltage_v(parameters, state, self._current_a) for parameters, state in pairs)

    def _temperatures_c(self) -> tuple[float, ...]:
        """Sensors sit on cells spread evenly over the pack, the first cell always having one."""
        sensors, count = self.parameters.temperature_sensors, self.parameters.cells_in_series
        return tuple(self.cells[index * count // sensors].temperature_c for index in range(sensors))

    def reading(self) -> PackReading:
        """What the BMS would report now.

        Cells in series share the current, so the pack is empty when its first cell is, and full likewise: remaining
        capacity is the least charge in a cell, full capacity that plus the least room in a cell.
        """
        states = list(zip(self.cell_parameters, self.cells, strict=True))
        remaining_as = max(0.0, min(min(s.charge_as, capacity_as(p, s)) for p, s in states))
        room_as = max(0.0, min(capacity_as(parameters, state) - state.charge_as for parameters, state in states))
        full_as = remaining_as + room_as
        made_as = min(parameters.capacity_ah for parameters in self.cell_parameters) * 3600
        voltages_v = self._cell_voltages_v()
        nominal_ah = self.parameters.cell.capacity_ah
        return PackReading(
            time_s=self.time_s,
            pack_voltage_v=sum(voltages_v),
            pack_current_a=self._current_a,
            remaining_capacity_ah=remaining_as / 3600,
            full_capacity_ah=full_as / 3600,
            nominal_capacity_ah=nominal_ah,
            soc=remaining_as / full_as,
            soh=min(capacity_as(parameters, state) for parameters, state in states) / made_as,
            cycle_count=self.parameters.initial_cycles + int(self.discharged_as / 3600 / nominal_ah),
            balance_flags=sum(1 << index for index, bleeding in enumerate(self._balancing) if bleeding),
            protections=self.protections.active,
            charge_switch_closed=self.protections.charge_allowed,
            discharge_switch_closed=self.protections.discharge_allowed,
            temperatures_c=self._temperatures_c(),
            cell_voltages_v=voltages_v,
            trip_counts=dict(self.protections.trip_counts),
        )


def _made(parameters: PackParameters, rng: random.Random) -> tuple[tuple[CellParameters, ...], list[CellState]]:
    """The pack's cells as they left the factory: the same kind, no two alike. Spreads are cut at three deviations."""

    def spread(deviation: float) -> float:
        return max(-3.0, min(3.0, rng.gauss(0.0, 1.0))) * deviation

    made, states = [], []
    for _ in range(parameters.cells_in_series):
        resistance = 1 + spread(parameters.resistance_spread)
        cell = replace(
            parameters.cell,
            capacity_ah=parameters.cell.capacity_ah * (1 + spread(parameters.capacity_spread)),
            series_resistance_ohm=parameters.cell.series_resistance_ohm * resistance,
            polarisation_resistance_ohm=parameters.cell.polarisation_resistance_ohm * resistance,
        )
        blank = CellState(0.0, temperature_c=parameters.ambient_c, capacity_loss=parameters.initial_capacity_loss)
        cell_soc = max(0.01, min(0.99, parameters.initial_soc + spread(parameters.soc_spread)))
        made.append(cell)
        states.append(replace(blank, charge_as=cell_soc * capacity_as(cell, blank)))
    return tuple(made), states


def mean_soc(pack: BatteryPack) -> float:
    """Mean state of charge over the cells, for tests and plots; the BMS itself knows only `PackReading.soc`."""
    return sum(map(soc, pack.cell_parameters, pack.cells)) / len(pack.cells)

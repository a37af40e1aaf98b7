"""The pack: determinism, coulomb balance, bounds, protections, balancing, the ridden two-wheeler."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltseal_sim.plants.battery import BatteryPack, PackParameters, PackReading, mean_soc
from voltseal_sim.plants.cell import CellParameters, capacity_as
from voltseal_sim.plants.load import Mode, TwoWheeler
from voltseal_sim.plants.protection import BLOCKS_CHARGE, BLOCKS_DISCHARGE, Protection, ProtectionLimits, Window

SMALL = PackParameters(cells_in_series=4, temperature_sensors=2)


def pack(seed: int = 1, **changes: object) -> BatteryPack:
    return BatteryPack(replace(SMALL, **changes), seed)  # type: ignore[arg-type]


def until(plant: BatteryPack, load: float, flag: Protection, limit_s: int = 30_000) -> PackReading:
    """Advance under a constant load until a protection is active."""
    for _ in range(limit_s // 10):
        reading = plant.advance(10.0, load)
        if reading.protections & flag:
            return reading
    raise AssertionError(f"{flag!r} never tripped")


def test_same_seed_same_readings_and_another_seed_others() -> None:
    def run(seed: int) -> list[PackReading]:
        plant, load = pack(seed), TwoWheeler(seed, 20.0)
        return [plant.advance(30.0, load) for _ in range(40)]

    assert run(3) == run(3)
    assert run(3) != run(4)


def test_no_two_cells_alike() -> None:
    plant = BatteryPack(PackParameters(), 5)
    assert len({cell.capacity_ah for cell in plant.cell_parameters}) == 16
    assert all(0.97 <= cell.capacity_ah / 20.0 <= 1.03 for cell in plant.cell_parameters)
    voltages = plant.advance(10.0, -20.0).cell_voltages_v
    assert 0.001 < max(voltages) - min(voltages) < 0.05


@settings(max_examples=40, deadline=None)
@given(
    pieces=st.lists(st.tuples(st.floats(-50, 20), st.floats(0.1, 60)), max_size=12),
    ambient_c=st.floats(5, 40),
    start=st.floats(0.4, 0.75),
)
def test_charge_is_conserved_and_everything_stays_in_bounds(
    pieces: list[tuple[float, float]], ambient_c: float, start: float
) -> None:
    plant = pack(initial_soc=start, ambient_c=ambient_c)
    before = [state.charge_as for state in plant.cells]
    moved_as = 0.0
    for current_a, seconds in pieces:
        reading = plant.advance(seconds, current_a)
        moved_as += reading.pack_current_a * seconds
        assert reading.pack_current_a == current_a  # nothing trips in this range
        assert all(2.0 < voltage_v < 4.2 for voltage_v in reading.cell_voltages_v)
        assert reading.pack_voltage_v == pytest.approx(sum(reading.cell_voltages_v))
        assert all(ambient_c - 1e-6 <= t < ambient_c + 40 for t in reading.temperatures_c)
        assert 0 <= reading.soc <= 1
        assert 0.9 < reading.soh <= 1
        assert reading.remaining_capacity_ah <= reading.full_capacity_ah <= 21
    for start_as, state in zip(before, plant.cells, strict=True):
        assert state.charge_as - start_as == pytest.approx(moved_as, abs=1e-5)


def test_under_voltage_opens_discharge_and_charging_frees_it() -> None:
    plant = pack(initial_soc=0.1)
    empty = until(plant, -20.0, BLOCKS_DISCHARGE)
    assert not empty.discharge_switch_closed
    assert empty.charge_switch_closed
    assert plant.advance(5.0, -20.0).pack_current_a == 0.0
    assert plant.advance(60.0, 10.0).pack_current_a == 10.0
    freed = plant.advance(1200.0, 10.0)
    assert freed.discharge_switch_closed
    assert freed.protections == 0
    assert plant.advance(5.0, -20.0).pack_current_a == -20.0
    assert freed.trip_counts[Protection.CELL_UNDER_VOLTAGE] + freed.trip_counts[Protection.PACK_UNDER_VOLTAGE] >= 1


def test_over_voltage_opens_charge_and_stays_short_of_damage() -> None:
    plant = pack(initial_soc=0.95)
    full = until(plant, 10.0, BLOCKS_CHARGE)
    assert not full.charge_switch_closed
    assert full.discharge_switch_closed
    assert max(full.cell_voltages_v) < 3.8
    held = plant.advance(3600.0, 10.0)
    assert max(held.cell_voltages_v) < 3.8
    assert plant.advance(10.0, -10.0).pack_current_a == -10.0


def test_over_current_trips_after_its_delay_and_releases() -> None:
    plant = pack()
    assert plant.advance(4.0, -80.0).protections == 0
    tripped = plant.advance(2.0, -80.0)
    assert tripped.protections == Protection.DISCHARGE_OVER_CURRENT
    assert plant.advance(5.0, -80.0).pack_current_a == 0.0
    assert plant.advance(40.0, 0.0).protections == 0
    assert plant.advance(1.0, -10.0).pack_current_a == -10.0


def test_charge_over_current() -> None:
    tripped = pack().advance(8.0, 30.0)
    assert tripped.protections == Protection.CHARGE_OVER_CURRENT
    assert (tripped.charge_switch_closed, tripped.discharge_switch_closed) == (False, True)


def test_short_circuit_trips_at_once_and_opens_both() -> None:
    tripped = pack().advance(1.0, -400.0)
    assert tripped.protections & Protection.SHORT_CIRCUIT
    assert not tripped.charge_switch_closed
    assert not tripped.discharge_switch_closed


@pytest.mark.parametrize(
    ("ambient_c", "flag", "load"),
    [
        (-5.0, Protection.CHARGE_UNDER_TEMPERATURE, 10.0),
        (55.0, Protection.CHARGE_OVER_TEMPERATURE, 10.0),
        (-25.0, Protection.DISCHARGE_UNDER_TEMPERATURE, -10.0),
        (65.0, Protection.DISCHARGE_OVER_TEMPERATURE, -10.0),
    ],
)
def test_temperatures_stop_their_direction_only_until_it_is_mild_again(
    ambient_c: float, flag: Protection, load: float
) -> None:
    plant = pack(ambient_c=ambient_c)
    reading = plant.advance(2.0, 0.0)
    assert reading.protections & flag
    assert plant.advance(1.0, load).pack_current_a == 0.0
    mild = plant.advance(6 * 3600.0, 0.0, ambient_c=25.0)
    assert mild.protections == 0
    assert all(abs(temperature_c - 25.0) < 0.1 for temperature_c in mild.temperatures_c)


def test_balancing_narrows_the_spread() -> None:
    """A cell ahead of the others at the top is bled, and only it."""
    plant = pack(balance_current_a=0.5, soc_spread=0.0, capacity_spread=0.0, initial_soc=0.97)
    ahead = plant.cells[2]
    plant.cells[2] = replace(ahead, charge_as=ahead.charge_as + 0.02 * 20 * 3600)
    first = plant.advance(5.0, 0.5)
    assert first.balance_flags == 0b0100
    before = ahead.charge_as + 0.02 * 20 * 3600 - plant.cells[0].charge_as
    plant.advance(600.0, 0.1)
    assert plant.cells[2].charge_as - plant.cells[0].charge_as < before - 200
    assert plant.advance(10.0, -1.0).balance_flags == 0


def test_weakest_cell_decides_what_the_pack_holds() -> None:
    plant = pack(soc_spread=0.0, capacity_spread=0.0)
    weak = plant.cells[1]
    plant.cells[1] = replace(weak, charge_as=weak.charge_as - 3600.0)
    reading = plant.reading()
    assert reading.remaining_capacity_ah == pytest.approx(0.8 * 20 - 1)
    assert reading.full_capacity_ah == pytest.approx(19.0)


def test_two_wheeler_rides_charges_and_counts_a_cycle() -> None:
    plant = BatteryPack(replace(SMALL, longest_step_s=5.0, cell=CellParameters(capacity_ah=20.0)), 11)
    load = TwoWheeler(11, 20.0)
    modes, currents, socs = set(), [], []
    for _ in range(1000):
        reading = plant.advance(60.0, load)
        modes.add(load.mode)
        currents.append(reading.pack_current_a)
        socs.append(reading.soc)
        assert reading.protections == 0
        assert all(math.isfinite(voltage_v) for voltage_v in reading.cell_voltages_v)
    assert modes == set(Mode)
    assert min(currents) < -20 < 9.9 < max(currents)
    assert min(socs) < 0.21
    assert max(socs) > 0.98
    assert reading.cycle_count >= 2
    assert 0.9 < reading.soh < 1


def test_aged_pack_starts_aged() -> None:
    plant = pack(initial_capacity_loss=0.15, initial_cycles=900)
    assert plant.reading().soh == pytest.approx(0.85, abs=0.001)
    assert plant.reading().cycle_count == 900
    assert mean_soc(plant) == pytest.approx(0.8, abs=0.02)
    assert capacity_as(plant.cell_parameters[0], plant.cells[0]) < 20 * 3600 * 0.9


def test_zero_seconds_change_nothing() -> None:
    plant = pack()
    before = plant.reading()
    assert plant.advance(0.0, -10.0) == before


@pytest.mark.parametrize("seconds", [-1.0, math.nan, math.inf])
def test_impossible_time_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="advance"):
        pack().advance(seconds, 0.0)


def test_impossible_current_is_refused() -> None:
    with pytest.raises(ValueError, match="wants nan"):
        pack().advance(1.0, math.nan)


@pytest.mark.parametrize(
    "bad",
    [
        {"cells_in_series": 0},
        {"cells_in_series": 33},
        {"temperature_sensors": 9},
        {"initial_soc": 1.5},
        {"initial_capacity_loss": 0.9},
        {"longest_step_s": 60.0},
    ],
)
def test_impossible_pack_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        pack(**bad)


def test_limits_are_the_makers_to_choose() -> None:
    strict = ProtectionLimits(discharge_over_current_a=5.0, current_trip_delay_s=1.0)
    assert pack(limits=strict).advance(2.0, -6.0).protections == Protection.DISCHARGE_OVER_CURRENT


@pytest.mark.parametrize(
    ("window", "values", "expected"),
    [
        (Window(3.65, 3.50), [3.64, 3.66, 3.60, 3.51, 3.49, 3.60], [False, True, True, True, False, False]),
        (Window(2.50, 2.80), [2.51, 2.49, 2.60, 2.79, 2.81, 2.60], [False, True, True, True, False, False]),
    ],
)
def test_protections_let_go_later_than_they_trip(window: Window, values: list[float], expected: list[bool]) -> None:
    active, seen = False, []
    for value in values:
        active = window.active(value, active)
        seen.append(active)
    assert seen == expected

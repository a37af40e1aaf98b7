"""Laws the cell model must keep: charge, energy, heat, bounds, age."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal_sim.plants import cell as model
from voltseal_sim.plants.cell import CellParameters, CellState, capacity_as, soc, stepped, terminal_voltage_v

CELL = CellParameters()
# Constant resistance and no age: the circuit alone, whose energy must balance to rounding.
IDEAL = replace(CELL, resistance_activation_j_per_mol=0.0, ageing_factor=0.0)


def at(soc_wanted: float, **changes: float) -> CellState:
    return replace(CellState(soc_wanted * CELL.capacity_ah * 3600), **changes)


def test_open_circuit_voltage_rises_and_is_that_of_the_chemistry() -> None:
    grid = [index / 500 - 0.1 for index in range(600)]
    voltages = [model.open_circuit_voltage_v(point) for point in grid]
    assert all(before <= after for before, after in pairwise(voltages))
    assert 3.25 < model.open_circuit_voltage_v(0.5) < 3.32
    assert model.open_circuit_voltage_v(0.0) == pytest.approx(2.55)
    assert model.open_circuit_voltage_v(model.SOC_HIGHEST) == pytest.approx(4.2)


@pytest.mark.parametrize("outside", [-0.11, 1.11, math.nan])
def test_outside_the_model_is_an_error(outside: float) -> None:
    with pytest.raises(ValueError, match="outside the model"):
        model.open_circuit_voltage_v(outside)


@given(a=st.floats(-0.09, 1.09), b=st.floats(-0.09, 1.09))
def test_stored_energy_is_the_integral_of_voltage(a: float, b: float) -> None:
    steps = 4000
    width = (b - a) / steps
    by_hand = sum(model.open_circuit_voltage_v(a + (index + 0.5) * width) for index in range(steps)) * width * 3600
    assert model.stored_energy_j(b, 3600) - model.stored_energy_j(a, 3600) == pytest.approx(by_hand, abs=0.2)


@given(current_a=st.floats(-60, 60), start=st.floats(0.3, 0.7), polarisation_v=st.floats(-0.1, 0.1))
def test_energy_balances(current_a: float, start: float, polarisation_v: float) -> None:
    """What enters at the terminals is stored in charge, stored in the capacitor, or turned to heat; nothing else."""
    state = at(start, polarisation_v=polarisation_v)
    capacitance_f = IDEAL.polarisation_time_constant_s / IDEAL.polarisation_resistance_ohm
    held_j = model.stored_energy_j(soc(IDEAL, state), capacity_as(IDEAL, state)) + capacitance_f * polarisation_v**2 / 2
    entered_j, step_s = 0.0, 0.25
    for _ in range(400):
        before_w = current_a * terminal_voltage_v(IDEAL, state, current_a)
        state = stepped(IDEAL, state, current_a, 25.0, step_s)
        entered_j += (before_w + current_a * terminal_voltage_v(IDEAL, state, current_a)) / 2 * step_s
    holds_j = model.stored_energy_j(soc(IDEAL, state), capacity_as(IDEAL, state))
    holds_j += capacitance_f * state.polarisation_v**2 / 2
    assert entered_j == pytest.approx(holds_j - held_j + state.heat_generated_j, abs=0.05)


@given(
    current_a=st.floats(-80, 80), ambient_c=st.floats(-30, 60), start_c=st.floats(-30, 60), seconds=st.floats(0.01, 10)
)
def test_heat_balances_and_is_never_negative(
    current_a: float, ambient_c: float, start_c: float, seconds: float
) -> None:
    state = at(0.5, temperature_c=start_c)
    after = stepped(CELL, state, current_a, ambient_c, seconds)
    warmed_j = CELL.heat_capacity_j_per_k * (after.temperature_c - start_c)
    assert after.heat_generated_j >= 0
    assert after.heat_generated_j - after.heat_shed_j == pytest.approx(warmed_j, abs=1e-6)


@given(start_c=st.floats(-30, 80), ambient_c=st.floats(-30, 50), step_s=st.sampled_from([0.5, 10.0, 3600.0]))
def test_temperature_relaxes_to_ambient(start_c: float, ambient_c: float, step_s: float) -> None:
    state = at(0.5, temperature_c=start_c)
    previous = abs(start_c - ambient_c)
    for _ in range(20):
        state = stepped(CELL, state, 0.0, ambient_c, step_s)
        assert abs(state.temperature_c - ambient_c) <= previous + 1e-9
        previous = abs(state.temperature_c - ambient_c)
    if step_s == 3600.0:
        assert previous < 0.01


def test_steady_heat_settles_at_power_times_resistance() -> None:
    state = at(0.5)
    for index in range(4000):
        state = stepped(IDEAL, state, 20.0 if index % 2 else -20.0, 25.0, 10.0)
    watts = 20.0**2 * IDEAL.series_resistance_ohm
    assert state.temperature_c > 25.0 + watts * IDEAL.thermal_resistance_k_per_w
    assert state.temperature_c < 25.0 + 2 * watts * IDEAL.thermal_resistance_k_per_w


@given(st.lists(st.tuples(st.floats(-40, 40), st.floats(0.01, 10)), max_size=40))
def test_charge_is_the_sum_of_current_over_time(pieces: list[tuple[float, float]]) -> None:
    state = at(0.5)
    for current_a, seconds in pieces:
        state = stepped(CELL, state, current_a, 25.0, seconds)
    assert state.charge_as - at(0.5).charge_as == pytest.approx(sum(i * s for i, s in pieces), abs=1e-6)
    assert state.throughput_as == pytest.approx(sum(abs(i) * s for i, s in pieces), abs=1e-6)
    assert all(math.isfinite(getattr(state, name)) for name in CellState.__slots__)


def worn(temperature_c: float, cycles: int) -> CellState:
    """Cycles of 40 Ah throughput at C/2, in steps of six minutes."""
    state = at(0.5, temperature_c=temperature_c)
    for index in range(cycles * 40):
        state = stepped(CELL, state, 10.0 if index % 2 else -10.0, temperature_c, 360.0)
    return state


def test_age_follows_throughput_and_temperature() -> None:
    young, old, hot = worn(25.0, 20), worn(25.0, 80), worn(45.0, 80)
    assert 0 < young.capacity_loss < old.capacity_loss < hot.capacity_loss < 0.3
    # Throughput enters with the power 0.55: four times as much costs 4 ** 0.55 = 2.14 times the capacity.
    assert old.capacity_loss / young.capacity_loss == pytest.approx(4**0.55, rel=0.05)
    assert capacity_as(CELL, old) < capacity_as(CELL, young)
    fresh = at(0.5, temperature_c=old.temperature_c)
    assert model.resistance_factor(CELL, old) > model.resistance_factor(CELL, fresh)


def test_age_stands_still_without_current() -> None:
    state = at(0.5, capacity_loss=0.05)
    assert stepped(CELL, state, 0.0, 60.0, 3600.0).capacity_loss == 0.05


def test_voltage_sags_under_load_more_in_the_cold() -> None:
    rest = terminal_voltage_v(CELL, at(0.5), 0.0)
    warm = terminal_voltage_v(CELL, at(0.5), -40.0)
    cold = terminal_voltage_v(CELL, at(0.5, temperature_c=0.0), -40.0)
    assert cold < warm < rest
    assert model.resistance_factor(CELL, at(0.5)) == pytest.approx(1.0)


@pytest.mark.parametrize("bad", [{"capacity_ah": 0.0}, {"series_resistance_ohm": math.nan}, {"ageing_factor": -1.0}])
def test_impossible_cell_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        CellParameters(**bad)

"""The photovoltaic plant: its days, its energy, its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from voltseal_sim.plants.photovoltaic import Event, OperatingState, PvParameters, PvPlant, irradiance_w_m2

CLEAR = PvParameters(cloudiness=0.0, panel_w=(7000.0, 7000.0))


def day(parameters: PvParameters, seed: int = 1) -> list[tuple[float, float, OperatingState]]:
    plant = PvPlant(parameters, seed)
    return [(reading.ac_power_w, reading.ac_energy_wh, reading.state) for reading in map(plant.advance, [300.0] * 288)]


def test_sun_stands_where_the_almanac_says() -> None:
    assert irradiance_w_m2(48.0, 172, 0) == 0
    noon = [irradiance_w_m2(48.0, number, 43_200) for number in (355, 80, 172)]
    assert noon == sorted(noon)
    assert 900 < noon[2] < 1000
    # At the equinox the day has twelve hours everywhere: the sun rises at six, within the height that counts as none.
    rises = next(s for s in range(0, 43_200, 60) if irradiance_w_m2(48.0, 80, s) > 0)
    assert abs(rises - 21_600) < 600


def test_a_clear_day_wakes_clips_and_sleeps() -> None:
    states = [state for _, _, state in day(CLEAR)]
    assert states[0] == states[-1] == OperatingState.SLEEPING
    assert OperatingState.THROTTLED in states
    powers = [power for power, _, _ in day(CLEAR)]
    assert max(powers) == pytest.approx(CLEAR.rated_w)
    assert min(powers) == 0


def test_energy_is_power_times_time() -> None:
    plant, total_wh = PvPlant(replace(PvParameters(), start_s=30_000.0), 3), 0.0
    for _ in range(500):
        reading = plant.advance(30.0)
        total_wh += reading.ac_power_w * 30.0 / 3600
    assert plant.reading().ac_energy_wh == pytest.approx(total_wh)
    assert sum(reading.dc_energies_wh) > total_wh > 10_000


def test_start_takes_its_delay_and_a_fault_takes_the_power() -> None:
    plant = PvPlant(replace(CLEAR, start_s=43_200.0, longest_step_s=1.0), 1)
    assert plant.advance(30.0).state == OperatingState.STARTING
    assert plant.advance(40.0).state in {OperatingState.MPPT, OperatingState.THROTTLED}
    plant.events = Event.OVER_TEMP
    assert (plant.advance(1.0).state, plant.reading().ac_power_w) == (OperatingState.FAULT, 0.0)
    plant.events = Event(0)
    assert plant.advance(30.0).state == OperatingState.STARTING


def test_same_seed_same_day() -> None:
    cloudy = PvParameters(cloudiness=0.8)
    assert day(cloudy, 5) == day(cloudy, 5)
    assert day(cloudy, 5) != day(cloudy, 6)
    assert day(cloudy, 5)[-1][1] < day(CLEAR)[-1][1]


@pytest.mark.parametrize("change", [{"panel_w": ()}, {"phases": 2}, {"cloudiness": 2.0}, {"longest_step_s": 0.0}])
def test_parameters_that_make_no_plant(change: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="must"):
        replace(PvParameters(), **change)  # type: ignore[arg-type]


def test_time_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="advance"):
        PvPlant(CLEAR, 1).advance(-1.0)

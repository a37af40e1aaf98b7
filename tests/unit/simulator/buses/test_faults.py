"""What a faulty line does to a response, and that the driver never mistakes it for a value."""

from __future__ import annotations

import pytest

from drivers import jbd as driver_module
from drivers.frame import FrameError, Response
from voltseal_sim.buses import jbd
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.recordings import JBD_4S_5AH
from voltseal_sim.buses.source import Recorded
from voltseal_sim.plants.battery import BatteryPack, PackParameters

DRIVER = driver_module.Driver()
REQUEST = driver_module.request(0x03)
FRAME = JBD_4S_5AH[0x03][0]


def line(faults: LineFaults, seed: int = 1) -> FaultyLine:
    return FaultyLine(jbd.JbdBoard(Recorded(JBD_4S_5AH)), faults, seed)


def test_no_fault_changes_nothing() -> None:
    clean = line(LineFaults())
    assert [clean.respond(REQUEST) for _ in range(50)] == [FRAME] * 50
    assert set(clean.counts.values()) == {0}


def test_noise_is_survived() -> None:
    noisy = line(LineFaults(noise=1.0))
    for _ in range(200):
        answer = noisy.respond(REQUEST)
        assert answer.endswith(FRAME)
        assert len(answer) > len(FRAME)
        response = Response(DRIVER, 0x03)
        assert (response.feed(answer) or response.close())["pack_voltage_mv"] == 15600


def test_every_damaged_response_is_refused() -> None:
    damaged = line(LineFaults(damage=1.0))
    for _ in range(300):
        with pytest.raises(FrameError):
            DRIVER.parse(0x03, damaged.respond(REQUEST))
    assert damaged.counts["damage"] == 300


def test_drops_as_often_as_told() -> None:
    dropping = line(LineFaults(drop=0.3))
    silent = sum(dropping.respond(REQUEST) == b"" for _ in range(1000))
    assert silent == dropping.counts["drop"]
    assert 250 < silent < 350


def test_stuck_board_repeats_its_first_answer_for_each_register() -> None:
    pack = BatteryPack(PackParameters(cells_in_series=4), 1)
    board = jbd.JbdBoard(jbd.Plant(pack, -20.0, fixed_step(120.0)))
    stuck = FaultyLine(board, LineFaults(stuck=True), seed=1)
    cells = driver_module.request(0x04)
    first = stuck.respond(REQUEST), stuck.respond(cells)
    assert first[0] != first[1]
    for _ in range(5):
        assert (stuck.respond(REQUEST), stuck.respond(cells)) == first
    stuck.faults = LineFaults()
    assert stuck.respond(REQUEST) != first[0]
    assert stuck.counts["stuck"] >= 5


def test_same_seed_same_faults() -> None:
    faults = LineFaults(noise=0.3, drop=0.3, damage=0.3)
    one, two, other = line(faults, 1), line(faults, 1), line(faults, 2)
    answers = [one.respond(REQUEST) for _ in range(50)]
    assert answers == [two.respond(REQUEST) for _ in range(50)]
    assert answers != [other.respond(REQUEST) for _ in range(50)]


@pytest.mark.parametrize("bad", [{"noise": 1.1}, {"drop": -0.1}, {"damage": 2.0}])
def test_impossible_probability_is_refused(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        LineFaults(**bad)  # type: ignore[arg-type]

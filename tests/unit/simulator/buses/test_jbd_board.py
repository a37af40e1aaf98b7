"""The emulated JBD board against the firmware's driver: two implementations of one document."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import jbd as driver_module
from drivers.frame import FrameError
from voltseal_sim.buses import jbd
from voltseal_sim.buses.clock import fixed_step, wall_clock
from voltseal_sim.buses.recordings import JBD_4S_5AH, JBD_8S_560AH
from voltseal_sim.buses.source import FirstThen, Recorded
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.load import TwoWheeler
from voltseal_sim.plants.protection import Protection

DRIVER = driver_module.Driver()


def plant_source(seed: int = 1, load: float = -10.0, step_s: float = 5.0, cells: int = 16) -> jbd.Plant:
    parameters = PackParameters(cells_in_series=cells)
    return jbd.Plant(BatteryPack(parameters, seed), load, fixed_step(step_s))


def poll(board: jbd.JbdBoard, register: int) -> dict[str, int | str | None]:
    fields: dict[str, int | str | None] = DRIVER.parse(register, board.respond(driver_module.request(register)))
    return fields


def test_plant_reads_through_the_driver_as_it_is() -> None:
    source = plant_source()
    board = jbd.JbdBoard(source)
    info, cells = poll(board, 0x03), poll(board, 0x04)
    reading = source.pack.reading()
    assert info["pack_voltage_mv"] == round(reading.pack_voltage_v * 100) * 10
    assert info["pack_current_ma"] == -10_000
    assert info["remaining_capacity_mah"] == round(reading.remaining_capacity_ah * 100) * 10
    assert info["full_capacity_mah"] == round(reading.full_capacity_ah * 100) * 10
    assert info["soc_permille"] == round(reading.soc * 100) * 10
    assert (info["cell_count"], info["temperature_count"], info["fet_flags"]) == (16, 3, 3)
    assert info["manufacture_date"] == 20250314
    expected_dc = [round(celsius * 10) for celsius in reading.temperatures_c]
    assert [info[name] for name in driver_module.TEMPERATURE_FIELDS] == [*expected_dc, None]
    assert [cells[name] for name in driver_module.CELL_FIELDS] == [round(v * 1000) for v in reading.cell_voltages_v]
    assert poll(board, 0x05) == {"device_name": "VOLTSEAL-SIM"}


def test_cell_voltages_belong_to_the_moment_of_the_basic_info() -> None:
    board = jbd.JbdBoard(plant_source(step_s=60.0))
    info, cells = poll(board, 0x03), poll(board, 0x04)
    total_mv = sum(
        value for name, value in cells.items() if name in driver_module.CELL_FIELDS and isinstance(value, int)
    )
    voltage_mv = info["pack_voltage_mv"]
    assert isinstance(voltage_mv, int)
    assert abs(total_mv - voltage_mv) <= 5 + 8
    assert poll(board, 0x04) == cells


def test_protections_balance_and_counters_reach_the_driver() -> None:
    source = plant_source(load=-80.0, step_s=6.0)
    board = jbd.JbdBoard(source)
    info = poll(board, 0x03)
    assert info["protection_flags"] == 1 << 9 == Protection.DISCHARGE_OVER_CURRENT
    assert info["fet_flags"] == 0b01
    counters = poll(board, 0xAA)
    assert counters["discharge_over_current_count"] == 1
    assert sum(value for value in counters.values() if isinstance(value, int)) == 1


def test_balance_words_reach_the_driver() -> None:
    reading = replace(plant_source().pack.reading(), balance_flags=1 << 17 | 1 << 15 | 0b101)
    frame = jbd.frame_response(0x03, jbd.basic_info(reading, (2025, 3, 14)))
    assert DRIVER.parse(0x03, frame)["balance_flags"] == 1 << 17 | 1 << 15 | 0b101


def test_recordings_replay_byte_for_byte_then_the_plant_takes_over() -> None:
    board = jbd.JbdBoard(FirstThen(Recorded(JBD_4S_5AH, rounds=2), plant_source()))
    for _ in range(2):
        assert board.respond(driver_module.request(0x03)) == JBD_4S_5AH[0x03][0]
        assert board.respond(driver_module.request(0x04)) == JBD_4S_5AH[0x04][0]
    assert poll(board, 0x03)["cell_count"] == 16
    assert poll(board, 0x04)["cell_voltage_count"] == 16


def test_recordings_alone_start_over() -> None:
    frames = {0x03: (JBD_4S_5AH[0x03][0], JBD_8S_560AH[0x03][0])}
    board = jbd.JbdBoard(Recorded(frames))
    assert [poll(board, 0x03)["cell_count"] for _ in range(5)] == [4, 8, 4, 8, 4]


def test_unknown_register_is_answered_with_an_error() -> None:
    board = jbd.JbdBoard(Recorded(JBD_4S_5AH))
    with pytest.raises(FrameError, match="status"):
        poll(board, 0x05)
    with pytest.raises(FrameError, match="status"):
        DRIVER.parse(0x03, jbd.JbdBoard(Recorded({})).respond(driver_module.request(0x03)))


def test_recordings_that_ended_alone_answer_with_an_error() -> None:
    board = jbd.JbdBoard(Recorded(JBD_4S_5AH, rounds=1))
    poll(board, 0x03)
    with pytest.raises(FrameError, match="status"):
        poll(board, 0x03)


@pytest.mark.parametrize(
    "request_hex",
    ["DDA50300FFFC77", "DDA50300FFFD78", "DD5A0300FFFD77", "DDA5030100FFFC77", "0000", "DDA50300FF"],
)
def test_unsound_request_is_not_answered(request_hex: str) -> None:
    board = jbd.JbdBoard(Recorded(JBD_4S_5AH))
    assert board.respond(bytes.fromhex(request_hex)) == b""
    assert board.answered == 0


@given(noise=st.binary(max_size=30), cut=st.integers(0, 60))
def test_request_is_found_behind_noise_in_pieces(noise: bytes, cut: int) -> None:
    board = jbd.JbdBoard(Recorded(JBD_4S_5AH))
    stream = noise + driver_module.request(0x03)
    answer = board.respond(stream[:cut]) + board.respond(stream[cut:])
    if not answer:  # noise ended like the beginning of a request: the board waits for its rest, and a repeat is heard
        answer = board.respond(driver_module.request(0x03))
    assert answer.startswith(JBD_4S_5AH[0x03][0])


def test_two_requests_at_once_are_both_answered() -> None:
    board = jbd.JbdBoard(Recorded(JBD_4S_5AH))
    both = board.respond(b"".join(DRIVER.requests()))
    assert both == JBD_4S_5AH[0x03][0] + JBD_4S_5AH[0x04][0]


def test_same_seed_same_bytes() -> None:
    def run() -> list[bytes]:
        source = jbd.Plant(BatteryPack(PackParameters(), 4), TwoWheeler(4, 20.0), fixed_step(30.0))
        board = jbd.JbdBoard(source)
        return [board.respond(request) for _ in range(20) for request in DRIVER.requests()]

    assert run() == run()


def test_values_beyond_a_word_show_as_its_end() -> None:
    parameters = PackParameters(initial_cycles=100_000)
    source = jbd.Plant(BatteryPack(parameters, 1), -390.0, fixed_step(1.0))
    info = poll(jbd.JbdBoard(source), 0x03)
    assert info["cycle_count"] == 0xFFFF
    assert info["pack_current_ma"] == -327_680


def test_wall_clock_runs_as_fast_as_told() -> None:
    now_s = iter([100.0, 101.5, 101.5, 103.0])
    elapsed_s = wall_clock(speed=60.0, monotonic_s=lambda: next(now_s))
    assert [elapsed_s() for _ in range(4)] == [0.0, 90.0, 0.0, 90.0]

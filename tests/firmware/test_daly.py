"""The Daly driver on CPython: public recordings, refusals by reason, damage, and the emulated board against it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.board_line import BoardLine

from drivers import daly
from drivers.frame import REASONS, FrameError, Response
from modules.bms import FIELDS, Bms
from voltseal_device.errors import DeviceError
from voltseal_device.transport import Transport
from voltseal_sim.buses import daly as board_module
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.source import FirstThen, Recorded
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.protection import Protection


def response(command: int, payload: bytes) -> bytes:
    """A response frame built from the document, apart from driver and board."""
    body = bytes([0xA5, 0x01, command, 8]) + payload
    return body + bytes([sum(body) & 0xFF])


# Payloads recorded from a real board of eight cells with 53 cycles and 253.24 Ah left; the frames around them are made.
SWITCHES = response(0x93, bytes.fromhex("010101CA0003DD38"))
STATUS = response(0x94, bytes.fromhex("08010000020035DC"))
# Made from the document: 26.4 V, 10 A out, 84 %; eight cells, numbered from 1; one sensor at 24 degrees.
PACK = response(0x90, bytes.fromhex("0108010875940348"))
CELLS = (
    response(0x95, bytes.fromhex("010CE40CE50CE600"))
    + response(0x95, bytes.fromhex("020CE70CE80CE900"))
    + response(0x95, bytes.fromhex("030CEA0CEB000000"))
)
TEMPERATURES = response(0x96, bytes.fromhex("0140000000000000"))
FRAMES = {0x90: PACK, 0x93: SWITCHES, 0x94: STATUS, 0x95: CELLS, 0x96: TEMPERATURES}


def driver() -> daly.Driver:
    """One that has been told of eight cells and one sensor."""
    told = daly.Driver()
    told.parse(0x94, STATUS)
    return told


def reason(register: int, frame: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        driver().parse(register, frame)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_recorded_payloads() -> None:
    fields = driver().parse(0x93, SWITCHES)
    assert fields == {"state": 1, "remaining_capacity_mah": 253_240, "fet_flags": 3}
    assert driver().parse(0x94, STATUS) == {"cell_count": 8, "temperature_count": 1, "cycle_count": 53}


def test_made_frames() -> None:
    told = driver()
    assert told.parse(0x90, PACK) == {"pack_voltage_mv": 26_400, "pack_current_ma": -10_000, "soc_permille": 840}
    cells = told.parse(0x95, CELLS)
    assert [cells[name] for name in daly.CELL_FIELDS] == [*range(3300, 3308), *[None] * 8]
    assert list(told.parse(0x96, TEMPERATURES).values()) == [240, None, None, None]


def test_requests_are_those_recorded_from_a_host() -> None:
    by_command = dict(zip(daly.Driver().registers, daly.Driver().requests(), strict=True))
    assert by_command[0x90] == bytes.fromhex("A540900800000000000000007D")
    assert by_command[0x93] == bytes.fromhex("A5409308000000000000000080")


def test_host_address_is_configurable() -> None:
    assert {request[1] for request in daly.Driver(daly.BLE_HOST).requests()} == {0x80}
    assert daly.request(0x90, daly.BLE_HOST) == bytes.fromhex("A58090080000000000000000BD")


def test_frames_numbered_from_zero_read_the_same() -> None:
    from_zero = b""
    for index in range(3):
        payload = bytearray(CELLS[13 * index + 4 : 13 * index + 12])
        payload[0] = index
        from_zero += response(0x95, bytes(payload))
    assert driver().parse(0x95, from_zero) == driver().parse(0x95, CELLS)


def test_cells_are_absent_until_the_board_told_how_many() -> None:
    untold = daly.Driver()
    assert Response(untold, 0x95).feed(CELLS) is None
    with pytest.raises(FrameError, match="truncated"):
        Response(untold, 0x95).close()
    with pytest.raises(FrameError, match="length"):
        untold.parse(0x95, b"")


def test_larger_pack_says_how_large_it_is() -> None:
    told = daly.Driver()
    fields = told.parse(0x94, response(0x94, bytes([20, 6, 0, 0, 0, 0, 1, 0])))
    assert (fields["cell_count"], fields["temperature_count"]) == (20, 6)
    frames = b"".join(response(0x95, bytes([n + 1]) + b"\x0c\xe4" * 3 + b"\x00") for n in range(7))
    cells = told.parse(0x95, frames)
    assert list(cells) == list(daly.CELL_FIELDS)
    assert set(cells.values()) == {3300}


@pytest.mark.parametrize(
    ("register", "expected", "frame"),
    [
        (0x90, "truncated", b""),
        (0x90, "truncated", PACK[:-1]),
        (0x90, "length", PACK + b"\x00"),
        (0x90, "length", PACK[:3] + b"\x07" + PACK[4:]),
        (0x90, "start", b"\xa4" + PACK[1:]),
        (0x90, "start", daly.request(0x90)),  # an echo of our own request, as RS-485 transceivers give
        (0x90, "register", SWITCHES),
        (0x90, "checksum", PACK[:-1] + bytes([PACK[-1] ^ 1])),
        (0x94, "length", response(0x94, bytes(8))),
        (0x94, "length", response(0x94, bytes([49, *bytes(7)]))),
        (0x95, "length", CELLS[:26]),
        (0x95, "register", CELLS[:13] + CELLS[26:] + CELLS[13:26]),
        (0x95, "register", CELLS[13:26] + CELLS[26:] + CELLS[26:]),
        (0x95, "checksum", CELLS[:30] + b"\x00" + CELLS[31:]),
    ],
)
def test_refused_with_the_reason(register: int, expected: str, frame: bytes) -> None:
    assert reason(register, frame) == expected


@pytest.mark.parametrize("register", FRAMES)
def test_every_single_bit_flip_is_refused(register: int) -> None:
    frame = FRAMES[register]
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason(register, bytes(flipped)) in REASONS


def test_ten_thousand_mutations_give_an_error_or_the_value_that_is_there() -> None:
    rng = random.Random(2026)
    read = 0
    for _ in range(10_000):
        frame = bytearray(PACK)
        for _ in range(rng.randint(1, 3)):
            frame[rng.randrange(13)] = rng.randrange(256)
        if rng.random() < 0.3:  # mend the sum, so that damage reaches the payload
            frame[12] = sum(frame[:12]) & 0xFF
        sound = frame[:4] == PACK[:4] and frame[12] == sum(frame[:12]) & 0xFF
        try:
            fields = driver().parse(0x90, bytes(frame))
        except FrameError:
            assert not sound
            continue
        read += 1
        assert sound
        assert fields["pack_voltage_mv"] == int.from_bytes(frame[4:6], "big") * 100
        assert fields["pack_current_ma"] == (30_000 - int.from_bytes(frame[8:10], "big")) * 100
    assert read > 1000


@given(register=st.sampled_from(sorted(FRAMES)), noise=st.binary(max_size=40), cut=st.integers(0, 60))
def test_frame_is_found_behind_noise_in_pieces(register: int, noise: bytes, cut: int) -> None:
    told, stream = driver(), noise + FRAMES[register]
    found = Response(told, register)
    fields = found.feed(stream[:cut]) or found.feed(stream[cut:]) or found.close()
    assert fields == driver().parse(register, FRAMES[register])


def poll(board: board_module.DalyBoard | FaultyLine, reader: daly.Driver) -> dict[str, int | None]:
    fields: dict[str, int | None] = {}
    for register, request in zip(reader.registers, reader.requests(), strict=True):
        answer = Response(reader, register)
        fields.update(answer.feed(board.respond(request)) or answer.close())
    return fields


@pytest.mark.parametrize("cells", [4, 8, 16])
def test_modelled_pack_reads_through_the_driver_as_it_is(cells: int) -> None:
    pack = BatteryPack(PackParameters(cells_in_series=cells), seed=3)
    board = board_module.DalyBoard(board_module.Plant(pack, -10.0, fixed_step(5.0)))
    for _ in range(2):
        fields = poll(board, daly.Driver())
        reading = pack.reading()
        assert fields["pack_voltage_mv"] == round(reading.pack_voltage_v * 10) * 100
        assert fields["pack_current_ma"] == -10_000
        assert fields["remaining_capacity_mah"] == round(reading.remaining_capacity_ah * 1000)
        assert fields["soc_permille"] == round(reading.soc * 1000)
        assert (fields["fet_flags"], fields["state"], fields["protection_flags"]) == (3, 2, 0)
        expected_mv = [round(volt * 1000) for volt in reading.cell_voltages_v] + [None] * (16 - cells)
        assert [fields[name] for name in daly.CELL_FIELDS] == expected_mv
        expected_dc = [round(celsius) * 10 for celsius in reading.temperatures_c]
        assert [fields[name] for name in daly.TEMPERATURE_FIELDS] == [*expected_dc, None]


def test_protections_reach_the_driver() -> None:
    pack = BatteryPack(PackParameters(), seed=1)
    fields = poll(board_module.DalyBoard(board_module.Plant(pack, -80.0, fixed_step(6.0))), daly.Driver())
    assert pack.reading().protections == Protection.DISCHARGE_OVER_CURRENT
    assert fields["protection_flags"] == 1 << 19  # byte 2, bit 3
    assert fields["fet_flags"] == 0b01


def test_board_answers_only_its_host_address_and_what_it_knows() -> None:
    source = FirstThen(Recorded({0x93: [SWITCHES]}), Recorded({}))
    board = board_module.DalyBoard(source, host=daly.BLE_HOST)
    assert board.respond(daly.request(0x93)) == b""
    assert board.respond(b"\x00\xa5" + daly.request(0x93, daly.BLE_HOST)) == SWITCHES
    assert board.respond(daly.request(0x93, daly.BLE_HOST)[:-1] + b"\x00") == b""
    assert board.respond(daly.request(0x42, daly.BLE_HOST)) == b""
    assert board.answered == 2


def test_noise_on_the_line_costs_no_value() -> None:
    pack = BatteryPack(PackParameters(), seed=5)
    board = FaultyLine(board_module.DalyBoard(board_module.Plant(pack, 5.0, fixed_step(1.0))), LineFaults(noise=1.0), 7)
    reader = daly.Driver()
    for _ in range(20):
        assert poll(board, reader)["pack_current_ma"] == 5000


async def test_module_seals_what_the_board_says_and_leaves_the_rest_absent() -> None:
    pack = BatteryPack(PackParameters(cells_in_series=8), seed=9)
    board = board_module.DalyBoard(board_module.Plant(pack, -3.0, fixed_step(1.0)), host=daly.BLE_HOST)
    module = Bms("daly:128")
    values = dict(zip(FIELDS, await module.read(Transport(lambda: BoardLine(board), 100, 0)), strict=True))
    assert values["pack_current_ma"] == -3000
    assert (values["cell_08_mv"] is None, values["cell_09_mv"] is None) == (False, True)
    assert values["full_capacity_mah"] is None


@pytest.mark.parametrize("name", ["daly:", "daly:x", "daly:256", "daly:-1", "jbd:1", "dali"])
def test_driver_names_that_are_none(name: str) -> None:
    with pytest.raises(DeviceError) as caught:
        Bms(name)
    assert caught.value.code == "no-driver"

"""Pylontech on CPython: recorded frames of RS-485 and CAN, refusals, damage, the emulated module."""

from __future__ import annotations

import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.board_line import BoardLine

from drivers import pylontech, pylontech_can
from drivers.frame import REASONS, FrameError, Response
from modules.bms import FIELDS, Bms
from voltseal_device.transport import Transport
from voltseal_sim.buses import pylontech as bus
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.cell import CellParameters

# Recorded from modules of 15 cells and 74 Ah, and of 8 cells and 111 Ah.
FIFTEEN = (
    b"~20024600F07A11020F0CC50CC30CC50CC40CC40CC60CC50CC40CC70CC50CC60CC60CC50CC60CC6050B370B230B230B2D0B2D"
    b"FFE0BF8DFFFF04FFFF001B00BBE4012110E1D6\r"
)
EIGHT = (
    b"~20024600D05E1002080D020D020D020D030D000D010D010D03050B7D0B690B690B690B73FFFA680EFFFF04FFFF00000174E401B198E906\r"
)
# A module of 50 Ah: the information was recorded as the first of three modules, the frame around it is made.
SMALL = bus.frame(
    2,
    0,
    bytes.fromhex(
        "11020F0CE70CE80CE60CE70CE80CE80CE80CE60CE50CE60CE80CE70CEA0CE50CE6"
        "050B910B870B870B870B87FFE6C18982DC02C350001F"
    ),
)  # fmt: skip
DRIVER = pylontech.Driver()


def reason(frame: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        DRIVER.parse(0x42, frame)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_recorded_modules() -> None:
    fields = DRIVER.parse(0x42, FIFTEEN)
    assert (fields["pack_voltage_mv"], fields["pack_current_ma"], fields["cycle_count"]) == (49_037, -3200, 27)
    assert (fields["remaining_capacity_mah"], fields["full_capacity_mah"]) == (48_100, 74_000)
    assert (fields["cell_01_mv"], fields["cell_15_mv"], fields["cell_16_mv"]) == (3269, 3270, None)
    assert [fields[name] for name in pylontech.TEMPERATURE_FIELDS] == [140, 120, 120, 130]
    fields = DRIVER.parse(0x42, EIGHT)
    assert (fields["pack_voltage_mv"], fields["pack_current_ma"], fields["cell_count"]) == (26_638, -600, 8)
    assert (fields["remaining_capacity_mah"], fields["full_capacity_mah"]) == (95_460, 111_000)
    fields = DRIVER.parse(0x42, SMALL)
    assert (fields["pack_voltage_mv"], fields["pack_current_ma"], fields["cycle_count"]) == (49_545, -2600, 31)
    assert (fields["remaining_capacity_mah"], fields["full_capacity_mah"]) == (33_500, 50_000)


def test_requests_are_those_recorded() -> None:
    assert DRIVER.requests() == (b"~20024642E00202FD33\r",)
    assert pylontech.request(3) == b"~20034642E00203FD31\r"


@pytest.mark.parametrize(
    ("expected", "frame"),
    [
        ("truncated", b""),
        ("truncated", FIFTEEN[:17]),
        ("start", b"!" + FIFTEEN[1:]),
        ("register", bus.frame(3, 0, bytes(20))),
        ("length", FIFTEEN[:-1]),
        ("length", FIFTEEN[:12] + b"B" + FIFTEEN[13:]),
        ("end", FIFTEEN[:-1] + b"\n"),
        ("checksum", FIFTEEN[:20] + b"0" + FIFTEEN[21:]),
        ("checksum", FIFTEEN[:-3] + b"d6\r"),
        ("status", bus.frame(2, 4, b"")),
        ("length", bus.frame(2, 0, b"")),
        ("length", bus.frame(2, 0, bytes(4))),
        ("length", bus.frame(2, 0, b"\x11\x02\x10" + bytes(20))),
        ("length", bus.frame(2, 0, b"\x11\x02\x00\x00" + bytes(6) + b"\x04" + bytes(9))),
    ],
)
def test_refused_with_the_reason(expected: str, frame: bytes) -> None:
    assert reason(frame) == expected


@pytest.mark.parametrize("frame", [FIFTEEN, EIGHT, SMALL])
def test_every_single_bit_flip_is_refused(frame: bytes) -> None:
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason(bytes(flipped)) in REASONS


def test_ten_thousand_mutations_give_an_error_or_the_value_that_is_there() -> None:
    rng, read = random.Random(2026), 0
    for _ in range(10_000):
        damaged = bytearray(FIFTEEN)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.choice(b"0123456789ABCDEF~\r\x00\xff")
        if rng.random() < 0.5:
            damaged[-5:-1] = b"%04X" % (-sum(damaged[1:-5]) & 0xFFFF)
        try:
            fields = DRIVER.parse(0x42, bytes(damaged))
        except FrameError:
            continue
        read += 1
        assert damaged[:7] == FIFTEEN[:7]
        assert damaged[-5:-1] == b"%04X" % (-sum(damaged[1:-5]) & 0xFFFF)
        if damaged[17:19] == b"0F" and damaged[79:81] == b"05":
            assert fields["pack_voltage_mv"] == int(damaged[105:109], 16)
    assert read > 1000


@given(noise=st.binary(max_size=40), cut=st.integers(0, 150))
def test_frame_is_found_behind_noise_in_pieces(noise: bytes, cut: int) -> None:
    found, stream = Response(DRIVER, 0x42), noise + FIFTEEN
    fields = found.feed(stream[:cut]) or found.feed(stream[cut:]) or found.close()
    assert fields == DRIVER.parse(0x42, FIFTEEN)


@pytest.mark.parametrize("capacity_ah", [50.0, 100.0])
async def test_module_reads_the_modelled_pack_as_it_is(capacity_ah: float) -> None:
    pack = BatteryPack(PackParameters(cells_in_series=15, cell=CellParameters(capacity_ah=capacity_ah)), seed=8)
    source = bus.Plant(pack, -12.5, fixed_step(6.0), address=4)
    line = FaultyLine(bus.PylontechModule(source, address=4), LineFaults(noise=1.0), seed=5)
    values = await Bms("pylontech:4").read(Transport(lambda: BoardLine(line), 100, 0))
    fields, reading = dict(zip(FIELDS, values, strict=True)), pack.reading()
    assert fields["pack_voltage_mv"] == round(reading.pack_voltage_v * 1000)
    assert fields["pack_current_ma"] == -12_500
    assert fields["remaining_capacity_mah"] == round(reading.remaining_capacity_ah * 1000)
    assert fields["full_capacity_mah"] == round(reading.full_capacity_ah * 1000)
    assert fields["cell_15_mv"] == round(reading.cell_voltages_v[14] * 1000)
    assert (fields["cell_16_mv"], fields["soc_permille"], fields["protection_flags"]) == (None, None, None)


def test_module_answers_only_its_own_address() -> None:
    pack = BatteryPack(PackParameters(), seed=8)
    module = bus.PylontechModule(bus.Plant(pack, 0.0, fixed_step(1.0)))
    assert module.respond(pylontech.request(3)) == b""
    first, rest = pylontech.request(2)[:9], pylontech.request(2)[9:]
    assert module.respond(b"\x00~2" + first) == b""
    assert module.respond(rest).startswith(b"~20024600")


# Recorded from a stack: 53.2 V and 45.0 V limits, SOC 88 %, SOH 94 %, 49.86 V, -27.0 A, 36.3 degrees.
CAN = {
    0x351: bytes.fromhex("1402C012C012C201"),
    0x355: bytes.fromhex("58005E00"),
    0x356: bytes.fromhex("7A13F2FE6B01"),
}


def test_recorded_can_frames() -> None:
    limits = pylontech_can.parse(0x351, CAN[0x351])
    assert (limits["charge_voltage_limit_mv"], limits["discharge_voltage_limit_mv"]) == (53_200, 45_000)
    assert limits["charge_current_limit_ma"] == limits["discharge_current_limit_ma"] == 480_000
    assert pylontech_can.parse(0x355, CAN[0x355]) == {"soc_permille": 880, "soh_permille": 940}
    measured = pylontech_can.parse(0x356, CAN[0x356])
    assert measured == {"pack_voltage_mv": 49_860, "pack_current_ma": -27_000, "temp_1_dc": 363}


def test_other_can_frames() -> None:
    assert pylontech_can.parse(0x359, b"\x02\x00\x00\x01\x03PN") == {
        "protection_flags": 2, "alarm_flags": 256, "module_count": 3,
    }  # fmt: skip
    assert pylontech_can.parse(0x35C, b"\xc0\x00") == {"request_flags": 0xC0}
    assert pylontech_can.parse(0x35E, b"PYLON   ") == {"manufacturer": "PYLON"}
    assert pylontech_can.parse(0x35F, bytes(8)) == pylontech_can.parse(0x123, b"") == {}


@pytest.mark.parametrize(
    ("identifier", "content", "expected"),
    [
        (0x351, CAN[0x351][:-1], "length"),
        (0x355, b"", "length"),
        (0x356, CAN[0x356][:5], "length"),
        (0x35C, b"", "length"),
        (0x356, bytes(9), "length"),
        (0x359, b"\x00\x00\x00\x00\x01PM", "start"),
    ],
)
def test_can_frames_that_are_refused(identifier: int, content: bytes, expected: str) -> None:
    with pytest.raises(FrameError) as caught:
        pylontech_can.parse(identifier, content)
    assert caught.value.reason == expected


@given(identifier=st.sampled_from([*pylontech_can.TABLES, 0x35E, 0x7FF]), content=st.binary(max_size=8))
def test_any_can_frame_is_read_or_refused(identifier: int, content: bytes) -> None:
    try:
        fields = pylontech_can.parse(identifier, content)
    except FrameError:
        assert identifier == 0x359 or len(content) < pylontech_can.TABLES[identifier][0]
        return
    if identifier == 0x356:
        assert fields["pack_current_ma"] == struct.unpack_from("<h", content, 2)[0] * 100

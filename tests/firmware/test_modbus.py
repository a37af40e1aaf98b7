"""Modbus RTU framing and the Seplos v3 driver on CPython: published frames, refusals, damage, the emulated unit."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.board_line import BoardLine

from drivers import modbus, seplos_v3
from drivers.frame import REASONS, FrameError, Response
from modules.bms import FIELDS, Bms
from voltseal_device.transport import Transport
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.modbus import ModbusUnit, crc, frame
from voltseal_sim.buses.seplos import SeplosPack
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.protection import Protection

# Recorded on the line between chained packs of 280 Ah, from the pack at address 1.
PACK_1 = bytes.fromhex(
    "01042214A6000034806D6000F101E003E7000A0CE70B8C0CE80CE70B900B88000000B400B473F4"
)  # fmt: skip
CELLS_1 = bytes.fromhex("0104340CE7" + "0CE8" * 15 + "0B900B880B890B8F" + "0AAB" * 4 + "0BAE0B9B56AB")  # fmt: skip
REFUSED_0 = bytes.fromhex("0084029301")
# Examples printed in the protocol document.
PACK_0 = bytes.fromhex("00042414A100004E204E20000003E803E800000CE40B800CE60CE40B820B7F000000B400B403E8DBF6")
CELLS_0 = bytes.fromhex(
    "0004340CE60CE40CE50CE40CE40CE50CE50CE40CE40CE40CE50CE50CE40CE50CE40CE40B810B820B7F0B7F0AAB0AAB0AAB0AAB0B910B8334DE"
)
EVENTS_0 = bytes.fromhex("0001120000000000000000100000000000000300006A24")
COUNTS_1 = frame(1, 4, bytes.fromhex("0400040010"))
RECORDED = {0x1300: COUNTS_1, 0x1000: PACK_1, 0x1100: CELLS_1}


def driver() -> seplos_v3.Driver:
    """One at address 1 that knows of sixteen cells and four sensors."""
    told = seplos_v3.Driver(1)
    told.parse(0x1300, COUNTS_1)
    return told


def reason(register: int, damaged: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        driver().parse(register, damaged)
    assert caught.value.reason in REASONS
    return caught.value.reason


def test_requests_are_the_published_ones() -> None:
    assert modbus.request(1, modbus.Block(modbus.READ_HOLDING, 40000, 2)) == bytes.fromhex("01039C400002EB8F")
    assert modbus.request(0, modbus.Block(modbus.READ_INPUT, 0x1000, 18)) == bytes.fromhex("0004100000127516")
    by_block = dict(zip(seplos_v3.Driver().registers, seplos_v3.Driver().requests(), strict=True))
    assert by_block[0x1100] == bytes.fromhex("00041100001A752C")
    assert by_block[0x1200] == bytes.fromhex("00011200009038CF")


@given(st.binary(max_size=200))
def test_crc_equals_the_one_bit_by_bit(covered: bytes) -> None:
    assert modbus.crc16(covered).to_bytes(2, "little") == crc(covered)


def test_recorded_pack() -> None:
    fields = driver().parse(0x1000, PACK_1)
    assert (fields["pack_voltage_mv"], fields["pack_current_ma"], fields["soc_permille"]) == (52_860, 0, 480)
    assert (fields["remaining_capacity_mah"], fields["full_capacity_mah"]) == (134_400, 280_000)
    assert (fields["cycle_count"], fields["soh_permille"], fields["discharged_total_mah"]) == (10, 999, 2_410_000)
    cells = driver().parse(0x1100, CELLS_1)
    assert [cells[name] for name in seplos_v3.CELL_FIELDS] == [3303, *[3304] * 15]
    assert [cells[name] for name in seplos_v3.TEMPERATURE_FIELDS] == [229, 221, 222, 228]


def test_examples_of_the_document() -> None:
    told = seplos_v3.Driver(0)
    eighteen = modbus.Block(modbus.READ_INPUT, 0x1000, 18)
    assert modbus.payload_of(0, eighteen, PACK_0)[:2] == b"\x14\xa1"
    assert told.parse(0x1200, EVENTS_0) == {
        "balance_flags": 0, "protection_flags": 0, "fet_flags": 3, "hardware_fault_flags": 0,
    }  # fmt: skip
    assert set(told.parse(0x1100, CELLS_0).values()) == {None}, "absent until the board told how many there are"
    told.parse(0x1300, frame(0, 4, bytes.fromhex("0400020008")))
    cells = told.parse(0x1100, CELLS_0)
    assert (cells["cell_08_mv"], cells["cell_09_mv"]) == (3300, None)
    assert (cells["temp_2_dc"], cells["temp_3_dc"]) == (215, None)


def test_switches_and_events_are_turned_into_the_schema_s_order() -> None:
    coils = bytearray(18)
    coils[6], coils[7], coils[9], coils[14], coils[15], coils[17] = 0b1, 0b10, 0b1000, 0b100, 0b01, 0b10
    fields = driver().parse(0x1200, frame(1, 1, b"\x12" + coils))
    assert fields["balance_flags"] == 1 | 1 << 9
    assert fields["protection_flags"] == 1 << 3 | 1 << 42
    assert fields["fet_flags"] == 0b10, "only the discharge switch"
    assert fields["hardware_fault_flags"] == 2


def test_board_for_300_ampere_counts_in_tenths() -> None:
    words = bytes.fromhex("14A6FF9C" + "00" * 30)
    answer = frame(0, 4, b"\x22" + words)
    assert seplos_v3.Driver(0).parse(0x1000, answer)["pack_current_ma"] == -1000
    assert seplos_v3.Driver(0, large=True).parse(0x1000, answer)["pack_current_ma"] == -10_000


@pytest.mark.parametrize(
    ("register", "expected", "damaged"),
    [
        (0x1000, "truncated", b""),
        (0x1000, "truncated", PACK_1[:4]),
        (0x1000, "length", PACK_1[:-1]),
        (0x1000, "length", PACK_1 + b"\x00"),
        (0x1000, "start", PACK_0),
        (0x1000, "register", frame(1, 3, PACK_1[2:-2])),
        (0x1000, "checksum", PACK_1[:-2] + b"\xf4\x73"),
        (0x1000, "checksum", PACK_1[:3] + PACK_1[4:2:-1] + PACK_1[5:]),
        (0x1000, "length", CELLS_1),
        (0x1000, "status", frame(1, 0x84, b"\x02")),
        (0x1000, "checksum", b"\x01" + REFUSED_0[1:]),
        (0x1000, "register", frame(1, 0x83, b"\x02")),
        (0x1300, "length", frame(1, 4, bytes.fromhex("0400040011"))),
        (0x1300, "length", frame(1, 4, bytes.fromhex("0400090010"))),
    ],
)
def test_refused_with_the_reason(register: int, expected: str, damaged: bytes) -> None:
    assert reason(register, damaged) == expected


def test_recorded_exception() -> None:
    with pytest.raises(FrameError, match="exception 2") as caught:
        Response(seplos_v3.Driver(0), 0x1000).feed(REFUSED_0)
    assert caught.value.reason == "status"


@pytest.mark.parametrize("register", RECORDED)
def test_every_flip_of_one_bit_or_two_is_refused(register: int) -> None:
    """A CRC of 16 bits sees all of them at these lengths; two swapped bytes as well."""
    whole, rng = RECORDED[register], random.Random(7)
    bits = range(len(whole) * 8)
    for pair in [(bit, bit) for bit in bits] + [tuple(rng.sample(bits, 2)) for _ in range(2000)]:
        flipped = bytearray(whole)
        for bit in set(pair):
            flipped[bit // 8] ^= 1 << bit % 8
        assert reason(register, bytes(flipped)) in REASONS


def test_ten_thousand_mutations_give_an_error_or_the_value_that_is_there() -> None:
    rng, read = random.Random(2026), 0
    for _ in range(10_000):
        damaged = bytearray(PACK_1)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        if rng.random() < 0.3:
            damaged[-2:] = crc(bytes(damaged[:-2]))
        sound = damaged[:3] == PACK_1[:3] and damaged[-2:] == crc(bytes(damaged[:-2]))
        try:
            fields = driver().parse(0x1000, bytes(damaged))
        except FrameError:
            assert not sound
            continue
        read += 1
        assert sound
        assert fields["pack_voltage_mv"] == int.from_bytes(damaged[3:5], "big") * 10
        assert fields["pack_current_ma"] == int.from_bytes(damaged[5:7], "big", signed=True) * 10
    assert read > 1000


@given(register=st.sampled_from(sorted(RECORDED)), noise=st.binary(max_size=40), cut=st.integers(0, 60))
def test_frame_is_found_behind_noise_in_pieces(register: int, noise: bytes, cut: int) -> None:
    told, stream = driver(), noise + RECORDED[register]
    found = Response(told, register)
    fields = found.feed(stream[:cut]) or found.feed(stream[cut:]) or found.close()
    assert fields == driver().parse(register, RECORDED[register])


def emulated(cells: int, current_a: float, unit: int = 0) -> tuple[BatteryPack, ModbusUnit]:
    pack = BatteryPack(PackParameters(cells_in_series=cells), seed=4)
    return pack, ModbusUnit(unit, SeplosPack(pack, current_a, fixed_step(6.0)))


@pytest.mark.parametrize(("cells", "current_a"), [(16, -10.0), (15, 7.0), (8, -80.0)])
async def test_module_reads_the_modelled_pack_as_it_is(cells: int, current_a: float) -> None:
    pack, unit = emulated(cells, current_a, unit=3)
    line = FaultyLine(unit, LineFaults(noise=1.0), seed=3)
    module = Bms("seplos-v3:3")
    values = dict(zip(FIELDS, await module.read(Transport(lambda: BoardLine(line), 100, 0)), strict=True))
    reading = pack.reading()
    assert values["pack_voltage_mv"] == round(reading.pack_voltage_v * 100) * 10
    assert values["pack_current_ma"] == round(reading.pack_current_a * 100) * 10
    assert values["full_capacity_mah"] == round(reading.full_capacity_ah * 100) * 10
    assert values["soc_permille"] == round(reading.soc * 1000)
    expected_mv = [round(volt * 1000) for volt in reading.cell_voltages_v] + [None] * (16 - cells)
    assert [values[name] for name in seplos_v3.CELL_FIELDS] == expected_mv
    expected_dc = [round(celsius * 10) for celsius in reading.temperatures_c]
    assert [values[name] for name in seplos_v3.TEMPERATURE_FIELDS] == [*expected_dc, None]
    tripped = reading.protections == Protection.DISCHARGE_OVER_CURRENT
    assert (values["protection_flags"], values["fet_flags"]) == ((1 << 28, 0b01) if tripped else (0, 0b11))


def test_unit_says_no_where_the_document_does() -> None:
    _, unit = emulated(16, 0.0)
    for block, code in [
        (modbus.Block(3, 0x1000, 1), 1),
        (modbus.Block(4, 0x1000, 19), 2),
        (modbus.Block(4, 0x1400, 1), 2),
        (modbus.Block(1, 0x1201, 8), 2),
        (modbus.Block(4, 0x1000, 0), 3),
        (modbus.Block(4, 0x1000, 126), 3),
    ]:
        assert unit.respond(modbus.request(0, block)) == frame(0, block.function | 0x80, bytes([code]))
    assert unit.respond(modbus.request(1, modbus.Block(4, 0x1000, 1))) == b""
    damaged = modbus.request(0, modbus.Block(4, 0x1000, 1))[:-1] + b"\x00"
    assert unit.respond(damaged) == b""
    assert unit.respond(modbus.request(0, modbus.Block(4, 0x1000, 1))) != b""

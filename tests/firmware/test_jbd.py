"""The JBD driver on CPython: recorded frames, refusals by reason, damage, noise."""

from __future__ import annotations

import itertools
import random
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers import jbd
from drivers.frame import REASONS, FrameError, Response

# Responses recorded from real packs; the expected values were worked out from the bytes by hand.
PACK_4S = bytes.fromhex("DD03001D0618FEE101F201F4002A2C7C00000000000080640304030B8B0B8A0B84F88477")
PACK_4S_CELLS = bytes.fromhex("DD0400080D660D610D680D59FE3C77")
PACK_8S = bytes.fromhex("DD03001B0A50FDA4B717DAC000002CF300000000000016540308020B7D0B77F8E277")
# Examples printed in the maker's protocol document (V13).
CELLS_15S = bytes.fromhex("DD04001E0F660F630F630F640F3E0F630F370F5B0F650F3B0F630F630F3C0F660F3DF9F977")
NAME = bytes.fromhex("DD05000A30313233343536373839FDE977")
COUNTERS = bytes.fromhex("DDAA0018" + "00" * 24 + "FFE877")
RECORDED = {
    "4s": (0x03, PACK_4S),
    "4s-cells": (0x04, PACK_4S_CELLS),
    "8s": (0x03, PACK_8S),
    "15s-cells": (0x04, CELLS_15S),
    "name": (0x05, NAME),
    "counters": (0xAA, COUNTERS),
}
DRIVER = jbd.Driver()


def response(register: int, payload: bytes, status: int = 0) -> bytes:
    """A response built from the document, apart from the driver's own code."""
    covered = bytes([status, len(payload)]) + payload
    return bytes([0xDD, register]) + covered + struct.pack(">H", (0x10000 - sum(covered)) & 0xFFFF) + b"\x77"


def reason(register: int, frame: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        DRIVER.parse(register, frame)
    assert caught.value.reason in REASONS
    assert str(caught.value).startswith(caught.value.reason)
    return caught.value.reason


def test_recorded_pack_of_four_cells() -> None:
    assert DRIVER.parse(0x03, PACK_4S) == {
        "pack_voltage_mv": 15600,
        "pack_current_ma": -2870,
        "remaining_capacity_mah": 4980,
        "full_capacity_mah": 5000,
        "cycle_count": 42,
        "manufacture_date": 20220328,
        "balance_flags": 0,
        "protection_flags": 0,
        "bms_version": 0x80,
        "soc_permille": 1000,
        "fet_flags": 3,
        "cell_count": 4,
        "temperature_count": 3,
        "temp_1_dc": 224,
        "temp_2_dc": 223,
        "temp_3_dc": 217,
        "temp_4_dc": None,
    }


def test_recorded_pack_of_eight_cells() -> None:
    fields = DRIVER.parse(0x03, PACK_8S)
    assert (fields["pack_voltage_mv"], fields["pack_current_ma"]) == (26400, -6040)
    assert (fields["remaining_capacity_mah"], fields["full_capacity_mah"]) == (468710, 560000)
    assert (fields["soc_permille"], fields["cell_count"], fields["cycle_count"]) == (840, 8, 0)
    assert [fields[name] for name in jbd.TEMPERATURE_FIELDS] == [210, 204, None, None]


def test_recorded_cell_voltages() -> None:
    fields = DRIVER.parse(0x04, PACK_4S_CELLS)
    assert [fields[name] for name in jbd.CELL_FIELDS] == [3430, 3425, 3432, 3417] + [None] * 12
    fields = DRIVER.parse(0x04, CELLS_15S)
    assert fields["cell_voltage_count"] == 15
    assert (fields["cell_01_mv"], fields["cell_15_mv"], fields["cell_16_mv"]) == (3942, 3901, None)


def test_recorded_name_and_counters() -> None:
    assert DRIVER.parse(0x05, NAME) == {"device_name": "0123456789"}
    assert DRIVER.parse(0x05, response(0x05, b"JBD-SP\xff4\x00\x00")) == {"device_name": "JBD-SP?4"}
    assert DRIVER.parse(0x05, response(0x05, b"")) == {"device_name": None}
    assert set(DRIVER.parse(0xAA, COUNTERS).values()) == {0}
    counted = DRIVER.parse(0xAA, response(0xAA, struct.pack(">12H", *range(1, 13))))
    assert (counted["short_circuit_count"], counted["pack_under_voltage_count"]) == (1, 11)


def test_requests_are_those_of_the_document() -> None:
    assert DRIVER.requests() == (bytes.fromhex("DDA50300FFFD77"), bytes.fromhex("DDA50400FFFC77"))
    assert jbd.request(0x05) == bytes.fromhex("DDA50500FFFB77")
    assert jbd.request(0xAA) == bytes.fromhex("DDA5AA00FF5677")
    assert jbd.Driver((0x03,)).requests() == (jbd.request(0x03),)


def test_balance_words_and_empty_date() -> None:
    payload = bytearray(PACK_8S[4:-3])
    payload[10:16] = struct.pack(">HHH", 0, 0b10000001, 0b1)
    fields = DRIVER.parse(0x03, response(0x03, bytes(payload)))
    assert fields["balance_flags"] == 1 | 1 << 7 | 1 << 16
    assert fields["manufacture_date"] is None


def test_larger_pack_says_how_large_it_is() -> None:
    fields = DRIVER.parse(0x04, response(0x04, struct.pack(">20H", *range(3300, 3320))))
    assert fields["cell_voltage_count"] == 20
    assert (fields["cell_16_mv"], "cell_17_mv" in fields) == (3315, False)
    payload = bytearray(PACK_8S[4 : 23 + 4]) + struct.pack(">6H", *range(2931, 2937))
    payload[22] = 6
    fields = DRIVER.parse(0x03, response(0x03, bytes(payload)))
    assert fields["temperature_count"] == 6
    assert [fields[name] for name in jbd.TEMPERATURE_FIELDS] == [200, 201, 202, 203]
    assert "temp_5_dc" not in fields


def test_newer_board_with_more_bytes_reads_the_same() -> None:
    assert DRIVER.parse(0x03, response(0x03, PACK_8S[4:-3] + bytes(9))) == DRIVER.parse(0x03, PACK_8S)


@pytest.mark.parametrize(
    ("expected", "frame"),
    [
        ("checksum", PACK_4S[:-3] + b"\xf8\x85\x77"),
        ("checksum", PACK_4S[:5] + b"\x19" + PACK_4S[6:]),
        ("end", PACK_4S[:-1] + b"\x78"),
        ("length", PACK_4S[:3] + b"\x1c" + PACK_4S[4:]),
        ("length", PACK_4S[:3] + b"\x1e" + PACK_4S[4:]),
        ("length", PACK_4S + b"\x77"),
        ("length", PACK_4S[:-1]),
        ("truncated", PACK_4S[:6]),
        ("truncated", b""),
        ("start", b"\xdc" + PACK_4S[1:]),
        ("register", PACK_4S_CELLS),
        ("status", response(0x03, b"", status=0x80)),
        ("length", response(0x03, PACK_4S[4:22])),
        ("length", response(0x03, PACK_4S[4:-5])),
        ("length", response(0x03, b"")),
    ],
)
def test_refused_with_the_reason(expected: str, frame: bytes) -> None:
    assert reason(0x03, frame) == expected


@pytest.mark.parametrize("payload", [b"", b"\x0d", b"\x0d\x66\x0d"])
def test_cell_voltages_of_odd_length(payload: bytes) -> None:
    assert reason(0x04, response(0x04, payload)) == "length"


def test_counters_cut_short() -> None:
    assert reason(0xAA, response(0xAA, bytes(20))) == "length"


@pytest.mark.parametrize("name", RECORDED)
def test_every_single_bit_flip_is_refused(name: str) -> None:
    """No exception: the register byte, which the checksum leaves out, is compared with the one asked for."""
    register, frame = RECORDED[name]
    for bit in range(len(frame) * 8):
        flipped = bytearray(frame)
        flipped[bit // 8] ^= 1 << bit % 8
        assert reason(register, bytes(flipped)) in REASONS


def test_what_the_checksum_cannot_see() -> None:
    """A sum is blind to bytes that swap places: documented in the driver, and a reason to seal values at the source."""
    swapped = PACK_4S[:4] + PACK_4S[5:3:-1] + PACK_4S[6:]
    assert DRIVER.parse(0x03, swapped)["pack_voltage_mv"] == 0x1806 * 10


def frame_is_sound(register: int, frame: bytes) -> bool:
    """The document's own conditions, written apart from the driver."""
    if len(frame) < 7 or (frame[0], frame[1], frame[-1]) != (0xDD, register, 0x77) or len(frame) != 7 + frame[3]:
        return False
    return (sum(frame[2:-3]) + int.from_bytes(frame[-3:-1], "big")) % 0x10000 == 0


def test_ten_thousand_mutations_give_an_error_or_the_value_that_is_there() -> None:
    """Refused exactly when the document's conditions do not hold; else the fields are those bytes."""
    rng = random.Random(2026)
    read = 0
    for _ in range(10_000):
        register, original = RECORDED[rng.choice(["4s", "8s"])]
        frame = bytearray(original)
        for _ in range(rng.randint(1, 3)):
            frame[rng.randrange(len(frame))] = rng.randrange(256)
        if rng.random() < 0.3:  # mend the sum, so that damage reaches the payload parser
            frame[-3:-1] = (-sum(frame[2:-3]) & 0xFFFF).to_bytes(2, "big")
        try:
            fields = DRIVER.parse(register, bytes(frame))
        except FrameError:
            fits = frame[2] == 0 and len(frame) - 7 >= 23 + 2 * frame[26]
            assert not (frame_is_sound(register, bytes(frame)) and fits)
            continue
        read += 1
        assert frame_is_sound(register, bytes(frame))
        assert fields["pack_voltage_mv"] == int.from_bytes(frame[4:6], "big") * 10
        assert fields["pack_current_ma"] == int.from_bytes(frame[6:8], "big", signed=True) * 10
        assert fields["soc_permille"] == frame[23] * 10
    assert read > 1000


@given(st.sampled_from(sorted(RECORDED)), st.binary(max_size=300))
def test_garbage_raises_only_frame_error(name: str, garbage: bytes) -> None:
    register, _ = RECORDED[name]
    reason(register, garbage)


@given(
    name=st.sampled_from(sorted(RECORDED)),
    noise=st.binary(max_size=40),
    cuts=st.lists(st.integers(0, 80), max_size=6),
)
def test_frame_is_found_behind_noise_in_any_pieces(name: str, noise: bytes, cuts: list[int]) -> None:
    register, frame = RECORDED[name]
    stream = noise + frame
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    found = Response(DRIVER, register)
    fields = None
    for begin, end in itertools.pairwise(edges):
        fields = fields or found.feed(stream[begin:end])
    assert (fields or found.close()) == DRIVER.parse(register, frame)


def test_false_beginning_does_not_hide_the_frame() -> None:
    """Noise that promises 255 bytes: the frame is found when the port falls silent."""
    found = Response(DRIVER, 0x03)
    assert found.feed(b"\xdd\x03\x00\xff" + PACK_4S) is None
    assert found.close()["pack_voltage_mv"] == 15600


def test_damaged_frame_then_good_one() -> None:
    found = Response(DRIVER, 0x03)
    assert found.feed(PACK_4S[:-1] + b"\x00") is None
    assert found.feed(PACK_4S)["pack_voltage_mv"] == 15600


@pytest.mark.parametrize(
    ("expected", "stream"),
    [
        ("truncated", b""),
        ("truncated", PACK_4S[:-1]),
        ("checksum", PACK_4S[:5] + b"\x00" + PACK_4S[6:]),
        ("end", PACK_4S[:-1] + b"\x00"),
        # What was refused first is what went wrong; what follows is often its wreckage.
        ("end", PACK_4S[:-1] + b"\x00" + PACK_4S[:5] + b"\x00" + PACK_4S[6:]),
        ("checksum", PACK_4S[:5] + b"\x00" + PACK_4S[6:] + PACK_4S[:9]),
    ],
)
def test_silence_tells_the_reason(expected: str, stream: bytes) -> None:
    found = Response(DRIVER, 0x03)
    assert found.feed(stream) is None
    with pytest.raises(FrameError) as caught:
        found.close()
    assert caught.value.reason == expected


def test_refusal_by_the_board_is_told_at_once() -> None:
    with pytest.raises(FrameError) as caught:
        Response(DRIVER, 0xAA).feed(response(0xAA, b"", status=0x80))
    assert caught.value.reason == "status"

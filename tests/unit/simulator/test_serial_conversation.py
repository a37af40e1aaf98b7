"""Serial recordings: the format reads back what was written, and a replayed device answers as the recorded one did."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal_sim.serial_conversation import (
    Conversation,
    ConversationError,
    Piece,
    ReplayedDevice,
    exchanges,
    head_line,
    parse,
    piece_line,
)

HEAD = head_line("/dev/ttyUSB0", 9600)
PIECES = st.builds(
    Piece, st.integers(0, 10**9), st.sampled_from(["host", "device"]), st.binary(min_size=1, max_size=40)
)


def conversation(*said: tuple[str, bytes]) -> Conversation:
    return Conversation("port", 9600, tuple(Piece(n, side, content) for n, (side, content) in enumerate(said)))  # type: ignore[arg-type]


@given(st.lists(PIECES, max_size=10), st.integers(300, 4_000_000))
def test_what_is_written_reads_back(pieces: list[Piece], baud: int) -> None:
    lines = [head_line("/dev/ttyS1", baud), *map(piece_line, pieces)]
    assert parse(lines, "r") == Conversation("/dev/ttyS1", baud, tuple(pieces))


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "r: is empty"),
        (["{}"], "r:1: "),
        (['{"format": "other/1", "port": "p", "baud": 1}'], "r:1: is no line of a serial recording: format"),
        ([HEAD, "nonsense"], "r:2: "),
        ([HEAD, '{"ms": 0, "from": "moon", "hex": ""}'], "r:2: is no line of a serial recording: from is 'moon'"),
        ([HEAD, "\n", '{"ms": 0, "from": "host", "hex": "xx"}'], "r:3: "),
        ([HEAD, '{"ms": 0, "from": "host"'], "r:2: "),
        ([HEAD, "[]"], "r:2: "),
    ],
)
def test_a_damaged_line_is_named(lines: list[str], message: str) -> None:
    with pytest.raises(ConversationError) as caught:
        parse(lines, "r")
    assert str(caught.value).startswith(message)


def test_pieces_join_to_exchanges() -> None:
    talk = conversation(
        ("device", b"boot"), ("host", b"a"), ("host", b"b"), ("device", b"1"), ("device", b"2"), ("host", b"c")
    )
    assert exchanges(talk) == [(b"ab", b"12")]


def test_answers_come_in_turn_and_start_over() -> None:
    device = ReplayedDevice(conversation(("host", b"q"), ("device", b"1"), ("host", b"q"), ("device", b"2")))
    assert [device.respond(b"q") for _ in range(3)] == [b"1", b"2", b"1"]
    assert device.answered == 3


def test_requests_may_come_in_pieces_together_or_after_noise() -> None:
    device = ReplayedDevice(conversation(("host", b"ask"), ("device", b"yes"), ("host", b"other"), ("device", b"no")))
    assert [device.respond(b"a"), device.respond(b"s"), device.respond(b"k")] == [b"", b"", b"yes"]
    assert device.respond(b"askother") == b"yesno"
    assert device.unknown_bytes == 0
    assert device.respond(b"\xff\xffask") == b"yes"
    assert device.unknown_bytes == 2


def test_a_longer_request_wins_over_one_that_it_begins_with() -> None:
    device = ReplayedDevice(conversation(("host", b"a"), ("device", b"1"), ("host", b"ab"), ("device", b"2")))
    assert device.respond(b"ab") == b"2"


@given(st.binary(max_size=60))
def test_any_bytes_are_survived(noise: bytes) -> None:
    device = ReplayedDevice(conversation(("host", b"\xddq"), ("device", b"1")))
    device.respond(noise)
    assert device.respond(b"\xddq").endswith(b"1")


def test_nothing_answered_is_an_error() -> None:
    with pytest.raises(ConversationError, match="no request with an answer"):
        ReplayedDevice(conversation(("host", b"q")))

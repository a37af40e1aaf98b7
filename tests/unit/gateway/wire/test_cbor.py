"""The CBOR subset: against a hand-written judge, and against whatever cbor2 would make of a tag."""

from __future__ import annotations

import tracemalloc

import cbor2
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.unit.gateway.wire import strict

from voltseal.wire import cbor
from voltseal.wire.errors import WireError
from voltseal.wire.limits import MAX_INT
from voltseal.wire.outcome import Outcome

integers = st.integers(-MAX_INT, MAX_INT) | st.sampled_from([0, 23, 24, 255, 256, 65_535, 65_536, MAX_INT, -MAX_INT])
leaves = st.none() | integers | st.binary(max_size=40) | st.text(max_size=20)
keys = integers | st.binary(max_size=6) | st.text(max_size=6)
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=30) | st.dictionaries(keys, inner, max_size=6), max_leaves=30
).filter(lambda value: _depth(value) <= 8)


def _depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0


def _judged(data: bytes) -> object:
    try:
        return ("ok", strict.decode(data))
    except strict.Refused:
        return "refused"


def _ours(data: bytes) -> object:
    try:
        return ("ok", cbor.decode(data))
    except WireError as error:
        return "refused" if error.outcome is Outcome.MALFORMED else error


@given(values)
def test_round_trip_in_one_encoding(value: object) -> None:
    encoded = cbor.encode(value)
    assert cbor.decode(encoded) == value
    assert strict.decode(encoded) == value


@given(st.binary(max_size=60))
@example(b"\xa1\x80\x00")
@example(b"\xa1\xa0\x00")
@example(b"\xfa\x00\x00\x00\x00")
def test_any_bytes_are_judged_as_by_hand(data: bytes) -> None:
    assert _ours(data) == _judged(data)


@given(values, st.data())
def test_damaged_items_are_judged_as_by_hand(value: object, data: st.DataObject) -> None:
    encoded = bytearray(cbor.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at] = data.draw(st.integers(0, 255))
    assert _ours(bytes(encoded)) == _judged(bytes(encoded))


def test_no_tag_reaches_its_meaning() -> None:
    """Whatever cbor2 does with a tag now or in another version, each is refused, with any plain content."""
    contents = [b"\x00", b"\x41\x01", b"\x61\x31", b"\x80", b"\x82\x01\x01", b"\xa0", b"\xf6"]
    tags = [*range(2_000), 43_000, 55_799, 1 << 32, (1 << 64) - 1]
    for tag in tags:
        head = cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1]
        for content in contents:
            with pytest.raises(WireError):
                cbor.decode(head + content)


def test_shared_references_cannot_expand() -> None:
    """A kilobyte that names itself 2^40 times over stays a kilobyte, and is refused."""
    inner = b"\xd8\x1c\x80"
    for level in range(7, 0, -1):  # counted from outside, as references are
        inner = b"\xd8\x1c\x98\x40" + inner + (b"\xd8\x1d" + bytes([level])) * 63
    assert len(inner) < 1_500
    with pytest.raises(WireError, match="malformed"):
        cbor.decode(inner)


@pytest.mark.parametrize(
    "head", ["5b7fffffffffffffff", "7b7fffffffffffffff", "9bffffffffffffffff", "bbffffffffffffffff"]
)
def test_declared_lengths_take_no_memory(head: str) -> None:
    data = bytes.fromhex(head) + bytes(100)
    tracemalloc.start()
    with pytest.raises(WireError):
        cbor.decode(data)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


@pytest.mark.parametrize("value", [True, 1.0, {1.5: 1}, object(), MAX_INT + 1, -MAX_INT - 1, {True: 1}, {1: {2}}])
def test_nothing_else_is_encoded(value: object) -> None:
    with pytest.raises(WireError):
        cbor.encode(value)


def test_depth() -> None:
    nested: object = None
    for _ in range(8):
        nested = [nested]
    assert cbor.decode(cbor.encode(nested)) == nested
    with pytest.raises(WireError):
        cbor.encode([nested])
    with pytest.raises(WireError):
        cbor.decode(b"\x81" + cbor.encode(nested))
    with pytest.raises(WireError):
        cbor.decode(b"\x81\x80", max_depth=1)


def test_maps_are_written_in_bytewise_order() -> None:
    assert cbor.encode({"a": 1, -1: 2, 256: 3, b"z": 4}).hex() == "a4190100032002417a04616101"

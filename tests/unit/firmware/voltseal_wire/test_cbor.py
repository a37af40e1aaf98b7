"""The CBOR subset: against cbor2 for what it holds, and refusals for the rest."""

from __future__ import annotations

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal_wire import cbor

integers = st.integers(-cbor.MAX_INT, cbor.MAX_INT)
scalars = integers | st.binary(max_size=300) | st.none()
down_values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=30), max_leaves=40)
keys = integers | st.text(max_size=40)
up_values = st.recursive(
    scalars | st.text(max_size=300),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=30),
    max_leaves=40,
)


def depth(value: object) -> int:
    if isinstance(value, (list, tuple)):
        return 1 + max(map(depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 0


def in_canonical_order(value: object) -> object:
    """The same value, its maps in the order of RFC 8949 4.2.1, for cbor2 to write as they stand."""
    if isinstance(value, list):
        return [in_canonical_order(item) for item in value]
    if isinstance(value, dict):
        return {key: in_canonical_order(value[key]) for key in sorted(value, key=cbor2.dumps)}
    return value


@given(up_values)
def test_encodes_as_cbor2_does(value: object) -> None:
    if depth(value) > cbor.MAX_DEPTH:
        with pytest.raises(cbor.CborError):
            cbor.encode(value)
    else:
        assert cbor.encode(value) == cbor2.dumps(in_canonical_order(value))


@given(down_values.filter(lambda value: depth(value) <= cbor.MAX_DEPTH))
def test_decodes_what_it_encodes(value: object) -> None:
    encoded = cbor.encode(value)
    assert cbor.decode(encoded, len(encoded)) == value
    with pytest.raises(cbor.CborError, match="oversize"):
        cbor.decode(encoded, len(encoded) - 1)
    for end in range(len(encoded)):
        with pytest.raises(cbor.CborError):
            cbor.decode(encoded[:end], 4096)


@given(st.binary(max_size=60))
def test_decoder_gives_the_only_encoding_or_refuses(encoded: bytes) -> None:
    """Nothing but CborError leaves it, and whatever it reads is written back to the same bytes."""
    try:
        value = cbor.decode(encoded, 4096)
    except cbor.CborError:
        return
    assert cbor.encode(value) == encoded


@pytest.mark.parametrize("value", [True, False, 0.0, cbor.MAX_INT + 1, -cbor.MAX_INT - 1, {1}, object(), [1.5]])
def test_refuses_what_the_subset_does_not_hold(value: object) -> None:
    with pytest.raises(cbor.CborError):
        cbor.encode(value)


def test_keys_are_sorted_bytewise_and_not_by_length_first() -> None:
    """RFC 8949 4.2.1, and not RFC 7049 3.9: there -1 (one byte) would stand before 1000 (three bytes)."""
    assert cbor.encode({-1: 0, 1000: 0, 10: 0, "a": 0}).hex() == "a4" + "0a00" + "1903e800" + "2000" + "616100"

"""Columns: one encoding each, found and judged alike by the quick scan, by the full decoder and by hand."""

from __future__ import annotations

from itertools import pairwise

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.wire import strict
from tests.vectors.maker import parts

from voltseal.wire import columns
from voltseal.wire.errors import WireError
from voltseal.wire.limits import MAX_INT

small = st.integers(-30, 30)
wide = st.integers(-(1 << 33), 1 << 33)
extreme = st.sampled_from([MAX_INT, -MAX_INT, MAX_INT - 1, 1 << 32, 255, 256, 23, 24, -24, -25])
value = st.none() | small | wide | extreme
deltas = st.lists(st.none() | small | wide | extreme | st.just(0), min_size=0, max_size=8)
column_items = st.none() | small | extreme | deltas | st.text(max_size=2) | st.binary(max_size=2) | st.booleans()


def by_hand(column: bytes, reading_count: int) -> tuple[int | None, ...]:
    """The rules of the specification, one after the other."""
    item = strict.decode(column)
    if item is None:
        return (None,) * reading_count
    listed = item if isinstance(item, list) else [item]
    if isinstance(item, list) and not 2 <= len(item) <= reading_count:
        raise strict.Refused("length")
    if any(delta is not None and type(delta) is not int for delta in listed):
        raise strict.Refused("type")
    values: list[int | None] = []
    last = None
    for delta in listed:
        if delta is not None:
            last = delta if last is None else last + delta
            if abs(last) > MAX_INT:
                raise strict.Refused("range")
        values.append(None if delta is None else last)
    if last is None:
        raise strict.Refused("no integer")
    values += [last] * (reading_count - len(values))
    if parts.column(values) != column:  # what an encoder would write: nothing else is the one encoding
        raise strict.Refused("not the one encoding")
    return tuple(values)


def judged(column: bytes, reading_count: int) -> object:
    try:
        return by_hand(column, reading_count)
    except strict.Refused:
        return "refused"


def decoded(column: bytes, reading_count: int) -> object:
    try:
        return columns.decode_column(column, reading_count)
    except WireError:
        return "refused"


def scanned(raw: bytes, reading_count: int) -> object:
    try:
        return columns.split(raw, reading_count)
    except WireError:
        return "refused"


def can_be_written(values: list[int | None]) -> bool:
    """Differences are limited as values are: readings further apart need a statement each."""
    present = [one for one in values if one is not None]
    return all(abs(after - before) <= MAX_INT for before, after in pairwise(present))


@given(st.lists(value, min_size=1, max_size=40).filter(can_be_written))
def test_round_trip(values: list[int | None]) -> None:
    encoded = parts.column(values)
    assert columns.decode_column(encoded, len(values)) == tuple(values)
    assert by_hand(encoded, len(values)) == tuple(values)


@given(column_items, st.integers(1, 9))
def test_decoder_judges_as_by_hand(item: object, reading_count: int) -> None:
    column = cbor2.dumps(item)
    assert decoded(column, reading_count) == judged(column, reading_count)


@given(st.lists(column_items, max_size=5), st.integers(1, 9))
def test_scan_judges_as_the_decoder(items: list[object], reading_count: int) -> None:
    listed = [b"\x00", *(cbor2.dumps(item) for item in items)]
    raw = columns.encode_columns_array(listed)
    good = all(judged(column, reading_count) != "refused" for column in listed)
    assert scanned(raw, reading_count) == (tuple(listed) if good else "refused")


@given(st.lists(column_items, min_size=1, max_size=5), st.integers(1, 9), st.data())
def test_scan_of_damaged_bytes(items: list[object], reading_count: int, data: st.DataObject) -> None:
    """Whatever the scan lets through is an array of columns each of which the judge accepts, and nothing else."""
    raw = bytearray(columns.encode_columns_array([b"\x00", *(cbor2.dumps(item) for item in items)]))
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    result = scanned(bytes(raw), reading_count)
    try:
        whole = strict.decode(bytes(raw))
    except strict.Refused:
        whole = None
    if not isinstance(whole, list):
        assert result == "refused"
        return
    listed = [cbor2.dumps(item) for item in whole]
    good = 1 <= len(listed) <= 64 and all(judged(column, reading_count) != "refused" for column in listed)
    offsets = judged(listed[0], reading_count) if good else ()
    good = good and None not in offsets and offsets[0] == 0 and list(offsets) == sorted(offsets)
    assert result == (tuple(listed) if good else "refused")


@given(st.lists(st.none() | small | wide | extreme, min_size=1, max_size=12))
def test_time_column(values: list[int | None]) -> None:
    raw = columns.encode_columns_array([parts.column(values)])
    good = None not in values and values[0] == 0 and list(values) == sorted(values)
    assert (scanned(raw, len(values)) != "refused") == good


@given(st.binary(max_size=80), st.integers(1, 256))
def test_any_bytes(raw: bytes, reading_count: int) -> None:
    result = scanned(raw, reading_count)
    if result != "refused":
        assert columns.encode_columns_array(result) == raw
        assert all(judged(column, reading_count) != "refused" for column in result)


@pytest.mark.parametrize("reading_count", [1, 2, 16, 23, 24, 255, 256])
def test_no_declared_count_costs_anything(reading_count: int) -> None:
    for head in ("9bffffffffffffffff", "9affffffff", "99ffff", "98ff", "9f"):
        with pytest.raises(WireError):
            columns.split(b"\x82\x00" + bytes.fromhex(head), reading_count)

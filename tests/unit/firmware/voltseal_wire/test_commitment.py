"""Columns and their commitment against a second, plain reading of the specification."""

from __future__ import annotations

from hashlib import sha256

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal_wire import cbor, commitment
from voltseal_wire.errors import WireError

values = st.none() | st.integers(-3, 3) | st.integers(-(1 << 52), 1 << 52)
series = st.lists(values, min_size=1, max_size=40) | st.lists(st.sampled_from([None, 0, 1]), min_size=1, max_size=8)


def decoded(column: object, count: int) -> list[int | None]:
    """The values of a column, by the specification's rules for a reader. Raises ValueError where it must refuse."""
    if column is None:
        return [None] * count
    if isinstance(column, int):
        return [column] * count
    assert isinstance(column, list)
    present = [item for item in column if item is not None]
    if not 2 <= len(column) <= count or not present or (column[-1] == 0 and len(present) > 1):
        raise ValueError(column)
    result: list[int | None] = []
    last = 0
    for item in column:
        last += item or 0
        result.append(None if item is None else last)
    return result + [last] * (count - len(column))


def merkle_root(leaves: list[bytes]) -> bytes:
    """RFC 6962 section 2.1, as it is written there."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return sha256(b"\x01" + merkle_root(leaves[:half]) + merkle_root(leaves[half:])).digest()


@given(series)
def test_a_reader_gets_the_values_back(column_values: list[int | None]) -> None:
    readings = [(value,) for value in column_values]
    assert decoded(cbor2.loads(commitment.encode_column(readings, 0)), len(readings)) == column_values


@pytest.mark.parametrize(
    ("column_values", "expected"),
    [
        ([5, 5, 5], 5),
        ([5, 6, 6], [5, 1]),
        ([5, 5, 7], [5, 0, 2]),
        ([None, 0, 0], [None, 0]),
        ([5, None, 5], [5, None]),
        ([5, None, None], [5, None, None]),
        ([None, None, None], None),
        ([0, 0, 0], 0),
        ([None, None, -4], [None, None, -4]),
        ([7], 7),
        ([None], None),
    ],
)
def test_the_specifications_examples(column_values: list[int | None], expected: object) -> None:
    assert cbor2.loads(commitment.encode_column([(value,) for value in column_values], 0)) == expected


@pytest.mark.parametrize("count", range(1, 65))
def test_root_is_rfc6962s(count: int) -> None:
    seed = bytes(range(16))
    columns = [cbor.encode(index * 1000) for index in range(count)]
    leaves = [sha256(seed + index.to_bytes(2)).digest()[:16] + column for index, column in enumerate(columns)]
    assert commitment.commitment(seed, columns) == merkle_root(leaves)


@pytest.mark.parametrize(
    ("readings", "reason"),
    [
        ([], "readings"),
        ([(i,) for i in range(257)], "readings"),
        ([(0,), (1, 2)], "values in a reading"),
        ([(1,)], "time offset"),
        ([(None,)], "time offset"),
        ([(0,), (5,), (4,)], "time offset"),
        ([(0,), (None,)], "time offset"),
    ],
)
def test_refuses_readings_that_break_the_rules(readings: list[tuple[int | None, ...]], reason: str) -> None:
    with pytest.raises(WireError, match=reason):
        commitment.encode_columns(readings, 1)


@pytest.mark.parametrize("values", [[cbor.MAX_INT + 1], [0, -cbor.MAX_INT - 1], [cbor.MAX_INT, -1], [5, 1.5]])
def test_refuses_values_and_differences_out_of_range(values: list[int | None]) -> None:
    with pytest.raises(cbor.CborError):
        commitment.encode_columns(list(enumerate(values)), 2)


def test_columns_array_keeps_its_limit() -> None:
    """12,288 bytes of the encoded array, its head included, are allowed; one more is not."""

    def readings(start: int) -> list[tuple[int, ...]]:
        """Ten long columns and one of 240 elements; a `start` of 24 instead of 0 makes that one a byte longer."""
        return [(i, *[(-1) ** i << 30] * 9, start + 100 * (min(i, 239) % 2)) for i in range(256)]

    columns = commitment.encode_columns(readings(0), 11)
    assert len(cbor2.dumps([cbor2.loads(column) for column in columns])) == commitment.MAX_COLUMNS_BYTES
    with pytest.raises(WireError, match="columns too long"):
        commitment.encode_columns(readings(24), 11)


@pytest.mark.parametrize("count", [0, 65])
def test_refuses_column_counts_out_of_range(count: int) -> None:
    with pytest.raises(WireError, match="columns"):
        commitment.encode_columns([(0,) * count], count)


def test_refuses_a_seed_of_another_length() -> None:
    with pytest.raises(WireError, match="seed"):
        commitment.commitment(bytes(15), [b"\x00"])
    with pytest.raises(WireError, match="columns"):
        commitment.commitment(bytes(16), [])

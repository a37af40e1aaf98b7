"""Numbers, times and axes are exact, whatever their size."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.report.axis import CELLS, Axis, round_values, value_ticks
from voltseal.report.figures import clean, decimal, duration, moment, numbers

NUMBERS = st.integers(-(2**53) + 1, 2**53 - 1)
TIMES = st.integers(0, 2**53 - 1)


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [(52962, 3, "52.962"), (-5, 3, "-0.005"), (0, 1, "0.0"), (1234567, 0, "1,234,567"), (-10, 1, "-1.0")],
)
def test_decimal(value: int, decimals: int, shown: str) -> None:
    assert decimal(value, decimals) == shown


@given(NUMBERS, st.sampled_from([0, 1, 3]))
def test_decimals_lose_nothing(value: int, decimals: int) -> None:
    whole, _, part = decimal(value, decimals).replace(",", "").partition(".")
    assert int(whole + part) == value
    assert len(part) == decimals


def test_words() -> None:
    assert decimal(1500, 3, trimmed=True) == "1.5"
    assert duration(250) == "0.25 s"
    assert moment(1_750_000_000_999) == "2025-06-15 15:06:40 UTC"
    assert moment(2**53 - 1) == "9007199254740991 ms after 1970"
    assert numbers([(0, 4), (7, 7), (1000, 2000)], 2) == "0–4, 7, …"
    assert clean("a\x00\u202eb" + "x" * 1000) == "a\ufffd\ufffdb" + "x" * 296 + "…"


@given(NUMBERS, NUMBERS, st.integers(5, 9))
def test_round_values(one: int, other: int, most: int) -> None:
    first, last = sorted((one, other))
    values = round_values(first, last, most)
    assert 1 <= len(values) <= most
    assert all(first <= value <= last for value in values)
    assert len({after - before for before, after in pairwise(values)}) <= 1
    assert [tick.value for tick in value_ticks(first, last, 0)] == round_values(first, last, 5)


@given(TIMES, TIMES, st.booleans(), st.data())
def test_axis(one: int, other: int, is_time: bool, data: st.DataObject) -> None:
    first, last = sorted((one, other))
    axis = Axis(is_time, first, last)
    value = data.draw(st.integers(first, last))
    assert 0 <= axis.cell(value) < CELLS
    assert axis.cell(first) == axis.cell(first - 1) == 0
    assert axis.cell(value) <= axis.cell(last) == axis.cell(last + 10**6)
    ticks = axis.ticks()
    assert len(ticks) <= 7
    assert all(first <= tick.value <= last for tick in ticks)
    if not is_time:
        taken = axis.cells(value, value)
        assert 0 <= taken.start < taken.stop <= CELLS


def test_few_numbers_fill_their_axis() -> None:
    axis = Axis(False, 5, 8)
    assert [axis.cells(number, number) for number in (5, 8)] == [range(120), range(360, 480)]
    assert axis.cells(6, 7) == range(120, 360)

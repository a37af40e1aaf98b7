"""Runs of sequence numbers, held against a plain set."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voltseal.ingest.runs import RunSet
from voltseal.store.interface import Run

numbers = st.lists(st.integers(0, 40), unique=True)


@given(numbers)
def test_it_is_the_set_of_what_was_added(members: list[int]) -> None:
    runs = RunSet()
    for member in members:
        assert member not in runs
        runs.add(member)
    listed = list(runs)
    assert [n for run in listed for n in range(run.first, run.last + 1)] == sorted(members)
    assert all(before.last + 1 < after.first for before, after in pairwise(listed))
    for n in range(-1, 42):
        assert (n in runs) == (n in members)
        if n in members:
            assert runs.run_of(n).first <= n <= runs.run_of(n).last
        else:
            below, above = runs.neighbours(n)
            assert below == max((m for m in members if m < n), default=None)
            assert above == min((m for m in members if m > n), default=None)


@given(st.lists(numbers, max_size=6))
def test_changes_keep_a_table_up_to_date(groups: list[list[int]]) -> None:
    table: dict[int, int] = {}
    runs = RunSet()
    for group in groups:
        for number in group:
            if number not in runs:
                runs.add(number)
        dropped, saved = runs.take_changes()
        for first in dropped:
            table.pop(first, None)
        table |= {run.first: run.last for run in saved}
        assert [Run(first, last) for first, last in sorted(table.items())] == list(runs)
    assert runs.take_changes() == ((), ())


def test_growing_one_run_writes_one_row() -> None:
    runs = RunSet([Run(0, 9)])
    for number in (10, 11, 12):
        runs.add(number)
    assert runs.take_changes() == ((), (Run(0, 12),))

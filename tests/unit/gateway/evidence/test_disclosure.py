"""Any choice of columns opens to the values that were committed to, and to nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.vectors.maker.bundle_world import Device
from tests.vectors.maker.cast import DEVICE, DEVICE_UEID
from tests.vectors.maker.encoding import array

from voltseal.evidence.bundle import FullDisclosure, PartialDisclosure
from voltseal.evidence.disclosure import open_columns, show_columns
from voltseal.evidence.errors import CommitmentMismatchError, MalformedDisclosureError
from voltseal.wire import statement
from voltseal.wire.schemas import SCHEMAS

TOLD = Device(DEVICE, DEVICE_UEID, boot_count=1).telemetry(4)
STATEMENT = statement.parse(TOLD.raw)
COLUMNS = array(TOLD.columns)
NAMES = [field.name for field in SCHEMAS[1].fields]
ALL = open_columns(STATEMENT, FullDisclosure(TOLD.seed, COLUMNS))


@given(st.sets(st.integers(0, len(NAMES) - 1), min_size=1, max_size=len(NAMES) - 1))
def test_what_is_shown_is_what_was_said(indexes: set[int]) -> None:
    disclosure = show_columns(STATEMENT, TOLD.seed, COLUMNS, {NAMES[index] for index in indexes})
    assert isinstance(disclosure, PartialDisclosure)
    assert open_columns(STATEMENT, disclosure) == {index: ALL[index] for index in indexes}


@given(st.integers(0, len(NAMES) - 2), st.data())
def test_no_hidden_salt_is_given_away(index: int, data: st.DataObject) -> None:
    disclosure = show_columns(STATEMENT, TOLD.seed, COLUMNS, {NAMES[index]})
    assert isinstance(disclosure, PartialDisclosure)
    other = data.draw(st.integers(0, len(NAMES) - 1).filter(lambda number: number != index))
    assert TOLD.seed not in {shown.salt for shown in disclosure.shown}
    moved = replace(disclosure.shown[0], index=other)
    with pytest.raises((CommitmentMismatchError, MalformedDisclosureError)):  # column 0 has a form of its own
        open_columns(STATEMENT, replace(disclosure, shown=(moved,)))


def test_all_or_none_of_the_fields() -> None:
    assert show_columns(STATEMENT, TOLD.seed, COLUMNS, None) == FullDisclosure(TOLD.seed, COLUMNS)
    assert show_columns(STATEMENT, TOLD.seed, COLUMNS, set(NAMES)) == FullDisclosure(TOLD.seed, COLUMNS)
    assert show_columns(STATEMENT, TOLD.seed, COLUMNS, {"of_another_schema"}) is None

"""The table of schemas is complete, keeps the specification's limits, and equals its page."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from voltseal_wire import schemas
from voltseal_wire.commitment import MAX_COLUMNS
from voltseal_wire.schemas import notes


@pytest.mark.parametrize("schema", schemas.SCHEMAS, ids=lambda schema: schema.name)
def test_schema_is_well_formed(schema: schemas.Schema) -> None:
    assert schemas.by_number(schema.number) is schema
    assert 1 <= len(schema.fields) <= MAX_COLUMNS
    assert len(set(schema.fields)) == len(schema.fields)
    assert schema.fields[0] == "time_offset_ms"
    assert all(notes.unit_of(field) for field in schema.fields)
    assert list(notes.NOTES[schema.number]) == list(schema.fields), "every field has a note, and no other"


def test_numbers_and_names_are_unique() -> None:
    numbers = [schema.number for schema in schemas.SCHEMAS]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 1 << 16 for number in numbers)
    assert len({(schema.name, schema.version) for schema in schemas.SCHEMAS}) == len(numbers)
    assert schemas.by_number(65535) is None


def test_a_field_without_a_unit_is_an_error() -> None:
    with pytest.raises(KeyError):
        notes.unit_of("pack_voltage_furlong")


def test_page_lists_the_same_fields(repository_root: Path) -> None:
    """docs/spec/schemas.md: one section per schema, each row `| # | field |`, runs written as first … last."""
    page = (repository_root / "docs/spec/schemas.md").read_text()
    sections = re.findall(r"^## (\d+) · `([^`]+)` version (\d+)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    assert [(int(number), name, int(version)) for number, name, version, _ in sections] == [
        (schema.number, schema.name, schema.version) for schema in schemas.SCHEMAS
    ]
    for (_, _, _, rows), schema in zip(sections, schemas.SCHEMAS, strict=True):
        ends = re.findall(r"^\| (\d+)(?:–(\d+))? \| `([^`]+)`(?: … `([^`]+)`)? \|", rows, re.MULTILINE)
        covered = 0
        for first, last, field, last_field in ends:
            assert int(first) == covered
            covered = int(last or first) + 1
            assert schema.fields[int(first)] == field
            assert schema.fields[covered - 1] == (last_field or field)
        assert covered == len(schema.fields)

"""The schemas, typed: a wrapper of the one table that the firmware reads as well (specification, "Schemas")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from voltseal_wire import schemas as table


@dataclass(frozen=True, slots=True)
class Field:
    """One column: `name` ends in its unit; `unit` is that ending (`mv`, `permille`, `count`, …)."""

    name: str
    unit: str


@dataclass(frozen=True, slots=True)
class Schema:
    """A numbered, versioned list of fields. Field i is column i."""

    number: int
    name: str
    version: int
    fields: tuple[Field, ...]

    def index_of(self, field_name: str) -> int:
        """The column of a field. KeyError if the schema has none of this name."""
        for index, field in enumerate(self.fields):
            if field.name == field_name:
                return index
        raise KeyError(field_name)


def _typed(row: table.Schema) -> Schema:
    fields = tuple(Field(name, name.rpartition("_")[2]) for name in row.fields)
    return Schema(row.number, row.name, row.version, fields)


SCHEMAS: Mapping[int, Schema] = MappingProxyType({row.number: _typed(row) for row in table.SCHEMAS})
"""Every schema known to this version, by the number that telemetry statements carry."""

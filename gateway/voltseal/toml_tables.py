"""Reads TOML tables into frozen dataclasses: every key is listed once, as a field. Pure: parsed TOML in, values out.

An unknown key is an error that names the nearest known one, so that a misspelt key never silently means the default.
Fields may be `str`, `int`, `float`, `bool` or `Path` (relative to a directory), each optionally `| None`, or
`tuple[str, ...]`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from voltseal.errors import VoltsealError

_Table = TypeVar("_Table")
_KINDS: dict[str, tuple[tuple[type[Any], ...], str]] = {
    "str": ((str,), "a text in quotes"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
    "bool": ((bool,), "true or false"),
}


@dataclass(frozen=True, slots=True)
class TableReader:
    """How to read one document: the error to raise, where relative paths start, the least value a key may have."""

    error: type[VoltsealError]
    directory: Path = Path()
    minimum: Mapping[str, float] = field(default_factory=dict)

    def refuse_unknown(self, content: Mapping[str, object], known: Iterable[str], what: str) -> None:
        """Raise the error if `content` has a name that is not `known`; `what` begins the message."""
        names = list(known)
        for name in content:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(names)}"
                raise self.error(f"{what} {name!r} is not known", hint=hint)

    def table(self, content: object, table_type: type[_Table], where: str) -> _Table:
        """Read one table; `where` names it in messages. Raises the error."""
        if not isinstance(content, dict):
            raise self.error(f"{where}: is not a table")
        known: dict[str, Field[Any]] = {f.name: f for f in fields(table_type)}  # type: ignore[arg-type]
        self.refuse_unknown(content, known, f"{where}: key")
        for name, key in known.items():
            if name not in content and key.default is MISSING and key.default_factory is MISSING:
                raise self.error(f"{where}: key {name!r} is missing")
        values = {name: self._value(value, known[name], f"{where} {name}") for name, value in content.items()}
        for name, key in known.items():  # default paths are relative to the file as well
            if name not in values and isinstance(key.default, Path):
                values[name] = self.directory / key.default
        return table_type(**values)

    def rows(self, content: object, table_type: type[_Table], name: str, where: str) -> tuple[_Table, ...]:
        """Read a list of tables, written `[[name]]`; raises the error."""
        if not isinstance(content, list):
            raise self.error(f"{where}: write [[{name}]], with two brackets: there can be several")
        return tuple(self.table(row, table_type, f"{where}: [[{name}]] {n}") for n, row in enumerate(content, 1))

    def _value(self, value: object, key: Field[Any], where: str) -> object:
        kind = str(key.type).removesuffix(" | None")
        if kind == "Path":
            if not isinstance(value, str) or not value:
                raise self.error(f"{where}: is not a file name in quotes")
            return self.directory / value
        if kind == "tuple[str, ...]":
            if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
                raise self.error(f'{where}: is not a list of texts in quotes, such as ["one", "two"]')
            return tuple(value)
        types, wanted = _KINDS[kind]
        if not isinstance(value, types) or (isinstance(value, bool) and kind != "bool"):
            raise self.error(f"{where}: {value!r} is not {wanted}")
        minimum = self.minimum.get(key.name)
        if minimum is not None and value < minimum:
            raise self.error(f"{where}: {value} is less than {minimum}")
        return value

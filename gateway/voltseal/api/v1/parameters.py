"""Parameters of the API's operations: how a text in a URL becomes a value, and how OpenAPI describes it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from voltseal.api.errors import ApiError

Value = int | str
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `kind` integer: decimal digits within `minimum`..`maximum`; text: all of it matches `pattern`."""

    name: str
    place: Literal["path", "query"]
    description: str
    kind: Literal["integer", "text"] = "integer"
    minimum: int = 0
    maximum: int = 2**53 - 1
    default: int | None = None
    pattern: str = ""
    max_chars: int = 0

    def read(self, text: str) -> Value:
        """Raises `ApiError` (bad-parameter)."""
        if self.kind == "text":
            if len(text) > self.max_chars or re.fullmatch(self.pattern, text, re.ASCII) is None:
                raise bad_parameter(f"{self.name}: is not of the form {self.pattern}")
            return text
        if not (text.isascii() and text.isdigit() and len(text) <= 16 and self.minimum <= int(text) <= self.maximum):
            raise bad_parameter(f"{self.name}: is not a number from {self.minimum} to {self.maximum}")
        return int(text)

    def describe(self) -> dict[str, Any]:
        """As an OpenAPI parameter object."""
        if self.kind == "text":
            schema: dict[str, Any] = {"type": "string", "pattern": f"^{self.pattern}$", "maxLength": self.max_chars}
        else:
            schema = {"type": "integer", "minimum": self.minimum, "maximum": self.maximum}
        if self.default is not None:
            schema["default"] = self.default
        return {
            "name": self.name,
            "in": self.place,
            "required": self.place == "path",
            "description": self.description,
            "schema": schema,
        }


def bad_parameter(message: str) -> ApiError:
    """A request that no store could answer."""
    return ApiError(400, "bad-parameter", message)


def read_values(known: Sequence[Parameter], path: Mapping[str, str], query: Iterable[tuple[str, str]]) -> Values:
    """The values of all parameters, defaults included; what is neither given nor has a default is left out.

    Unknown and repeated query parameters are refused: a misspelt one must not silently mean "all".
    """
    given = dict(path)
    names = {parameter.name for parameter in known if parameter.place == "query"}
    for name, text in query:
        if name not in names:
            raise bad_parameter(f"{name[:64]!r} is no parameter of this operation")
        if name in given:
            raise bad_parameter(f"{name}: is given more than once")
        given[name] = text
    values: dict[str, Value] = {}
    for parameter in known:
        if parameter.name in given:
            values[parameter.name] = parameter.read(given[parameter.name])
        elif parameter.default is not None:
            values[parameter.name] = parameter.default
    return values


DEVICE = Parameter("device", "path", "The device's ueid in hex.", "text", pattern="01[0-9a-f]{32}", max_chars=34)
LIMIT = Parameter("limit", "query", "The most items in one answer.", minimum=1, maximum=1000, default=100)

"""The JSON Schema of scenario files, made from the tables that read them, so that editors can complete and check.

`python -m voltseal_sim.scenario_schema` prints it; simulator/scenarios/scenario.schema.json is its output.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any

from voltseal.wire.outcome import Outcome
from voltseal_sim.faults import REGISTRY, FaultTable
from voltseal_sim.scenario import CHOICES, FORMAT, MINIMUM, OPTIONAL_OF_FAULT, TABLES

FILE_NAME = "scenario.schema.json"
_KINDS = {"str": "string", "int": "integer", "float": "number", "bool": "boolean"}
_COUNT = {"type": ["string", "integer"], "pattern": r"^[0-9]+(\.\.[0-9]*)?$", "minimum": 0}
_COUNTS_IN = ("alarms", "refused")


def scenario_schema() -> dict[str, Any]:
    """The schema, JSON Schema draft 2020-12, of a TOML document read as JSON."""
    properties: dict[str, Any] = {
        "format": {"const": FORMAT},
        "name": {"type": "string"},
        "description": {"type": "string"},
        "seed": {"type": "integer", "default": 1},
    }
    properties |= {name: _table(name, kind) for name, kind in TABLES.items()}
    outcomes = {outcome.value: _COUNT for outcome in Outcome}
    properties["expect"]["properties"]["outcomes"] = _closed(outcomes)
    properties["fault"] = {"type": "array", "items": _fault()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Voltseal scenario",
        **_closed(properties),
        "required": ["format"],
    }


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _table(name: str, kind: type[Any]) -> dict[str, Any]:
    properties = {}
    for field in fields(kind):
        described: dict[str, Any] = {"type": _KINDS[str(field.type)]}
        if field.default is not MISSING:
            described["default"] = field.default
        if field.name in MINIMUM:
            described["minimum"] = MINIMUM[field.name]
        if (name, field.name) in CHOICES:
            described["enum"] = list(CHOICES[name, field.name])
        if name == "expect" and field.name in _COUNTS_IN:
            described["pattern"] = _COUNT["pattern"]
        properties[field.name] = described
    if name == "plant":
        properties["cells"]["maximum"] = 16
    return _closed(properties)


def _fault() -> dict[str, Any]:
    """A fault of a kind takes the keys that this kind uses, and no others of the optional ones."""
    table = _table("fault", FaultTable)
    table["properties"]["kind"] = {"enum": list(REGISTRY)}
    table["properties"]["probability"]["maximum"] = 1
    table["required"] = ["kind"]
    table["allOf"] = [
        {
            "if": {"properties": {"kind": {"const": kind.name}}},
            "then": {"properties": {key: False for key in OPTIONAL_OF_FAULT if key not in kind.uses}},
        }
        for kind in REGISTRY.values()
    ]
    return table


if __name__ == "__main__":
    print(json.dumps(scenario_schema(), indent=1))

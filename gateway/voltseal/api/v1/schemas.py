"""JSON Schemas of the API's answers, for its OpenAPI description. Nothing undeclared is ever answered."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]


def _number(description: str = "") -> Schema:
    return {"type": "integer", "minimum": 0} | ({"description": description} if description else {})


def _text(description: str = "", **more: object) -> Schema:
    return {"type": "string", **more} | ({"description": description} if description else {})


def _hex(size: int, description: str = "") -> Schema:
    return _text(description, pattern=f"^[0-9a-f]{{{2 * size}}}$")


def _optional(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(**properties: Schema) -> Schema:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False
    }  # fmt: skip


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


_TIME = _number("Milliseconds since 1970, by the gateway's clock.")
_HASHES = _list(_hex(32))
_RANGE = _object(first=_number(), last=_number())
_DEVICE = {
    "device": _hex(17, "The ueid."),
    "label": _text("What the operator calls it; may be empty."),
    "statements": _number("How many are stored."),
    "last_received_ms": _optional(_TIME),
}
_KEY = _object(
    kid=_hex(8),
    leaf_index=_number("Of its enrolment."),
    not_before_ms={"type": "integer"},
    revoked_from_ms={"type": ["integer", "null"]},
    reason=_optional(_text()),
)
_GAP = _object(first=_number(), last=_number(), reason=_text("`unexplained`, or what the device declared."))
_ALARM = _object(
    kind=_text(enum=["equivocation", "broken-chain", "boot-regression"]),
    leaf_index=_number(),
    sequence=_number(),
    time_ms=_TIME,
    reason=_text(),
)
_STATEMENT = _object(
    leaf_index=_number(),
    kind=_text(enum=["telemetry", "boot", "loss"]),
    sequence=_number(),
    boot_count=_number(),
    kid=_hex(8),
    time_ms=_optional(_number("The device's clock; null where it has none.")),
    time_uncertainty_ms=_optional(_number()),
    readings=_optional(_number("Of telemetry.")),
    received_ms=_TIME,
    digest=_hex(32, "SHA-256 of the statement."),
    raw=_text("The statement as it was received.", contentEncoding="base64"),
)

SCHEMAS: dict[str, Schema] = {
    "Error": _object(
        error={
            "type": "object",
            "properties": {"code": _text("Stable."), "message": _text("For a person."), "hint": _text()},
            "required": ["code", "message"],
            "additionalProperties": False,
        }
    ),
    "Checkpoint": _object(
        number=_number(), tree_size=_number(), root_hash=_hex(32), time_ms=_TIME, note=_text("The signed note.")
    ),
    "Log": _object(
        origin=_text(),
        version=_text(),
        entries=_number("Stored."),
        tree_size=_number("Integrated in the tree."),
        checkpoint={"oneOf": [_ref("Checkpoint"), {"type": "null"}]},
    ),
    "Devices": _object(devices=_list(_object(**_DEVICE)), next=_optional(_number())),
    "Device": _object(
        **_DEVICE,
        **{"class": _text()},
        hwmodel=_text("In hex."),
        key_tier=_text(),
        maker=_text(),
        keys=_list(_KEY),
    ),
    "Statements": _object(statements=_list(_STATEMENT), next=_optional(_text())),
    "Continuity": _object(
        device=_hex(17),
        stored=_list(_RANGE),
        gaps=_list(_GAP),
        alarms=_list(_ALARM),
        truncated={"type": "boolean", "description": "Whether a list was cut."},
    ),
    "EntryProof": _object(
        leaf_index=_number(),
        entry=_text(contentEncoding="base64"),
        leaf_hash=_hex(32),
        inclusion=_HASHES,
        checkpoint=_ref("Checkpoint"),
    ),
    "ConsistencyProof": _object(first_size=_number(), second_size=_number(), consistency=_HASHES),
    "Checkpoints": _object(checkpoints=_list(_ref("Checkpoint")), next=_optional(_number())),
}

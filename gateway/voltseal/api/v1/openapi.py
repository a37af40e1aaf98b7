"""The API's description (OpenAPI 3.1.0), made from the operations. Served, and kept as docs/reference/openapi.json."""

from __future__ import annotations

import json
from typing import Any

from voltseal.api.v1 import evidence
from voltseal.api.v1.operations import OPERATIONS
from voltseal.api.v1.parameters import Parameter
from voltseal.api.v1.schemas import SCHEMAS

PREFIX = "/api/v1"
_REFUSALS = {
    "400": "A parameter is wrong (`bad-parameter`).",
    "401": "No token, or not a known one (`unauthorized`).",
    "404": "There is no such thing.",
    "503": "Try again later (`busy`, `api-off`).",
}
_ALWAYS = (400, 401, 503)


def document() -> dict[str, Any]:
    """The whole description."""
    paths = {
        one.path: {"get": _operation(one.name, one.summary, one.parameters, one.refusals, _json(one.schema))}
        for one in OPERATIONS
    }
    paths[evidence.PATH] = {
        "get": _operation(
            "getEvidence",
            "An evidence bundle that anyone can check offline",
            evidence.PARAMETERS,
            (404,),
            {evidence.MEDIA_TYPE: {"schema": {"type": "object"}}},
        )
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Voltseal gateway",
            "version": "1",
            "description": "Read-only. All of it is the gateway's word, but for proofs and evidence bundles.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": PREFIX}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "responses": {status: _refusal(text) for status, text in _REFUSALS.items()},
            "schemas": SCHEMAS,
        },
    }


def text() -> str:
    """The description as it is served and kept."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _operation(
    name: str, summary: str, parameters: tuple[Parameter, ...], refusals: tuple[int, ...], content: dict[str, Any]
) -> dict[str, Any]:
    statuses = sorted({*_ALWAYS, *refusals})
    return {
        "operationId": name,
        "summary": summary,
        "parameters": [parameter.describe() for parameter in parameters],
        "responses": {"200": {"description": "As asked.", "content": content}}
        | {str(status): {"$ref": f"#/components/responses/{status}"} for status in statuses},
    }


def _json(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _refusal(description: str) -> dict[str, Any]:
    return {"description": description, "content": _json("Error")}

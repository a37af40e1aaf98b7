"""The bundle vectors, and honest bundles to spoil."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from typing import Any

import pytest

from voltseal.verifier import Trust, parse_trust

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "bundle.json"
CONTENT: dict[str, Any] = json.loads(VECTORS.read_text(encoding="utf-8"))
BY_NAME: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in CONTENT["vectors"]}


def bundle_of(name: str) -> bytes:
    """A vector's file."""
    vector = BY_NAME[name]
    return b64decode(vector["bundle_base64"]) if "bundle_base64" in vector else vector["bundle"].encode()


def trust_of(name: str) -> Trust:
    """A trust file of the vectors, by its own name."""
    return parse_trust(CONTENT["trust"][name])


@pytest.fixture(scope="session")
def trust() -> Trust:
    """The trust file that names everybody but the witness."""
    return trust_of("full")


@pytest.fixture(scope="session")
def quiet() -> bytes:
    """A valid bundle of five statements without gap, four of them with all columns, anchored."""
    return bundle_of("run-without-gap")

"""Reads the vectors, for the tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent


def load(name: str) -> dict[str, Any]:
    """The whole file `tests/vectors/<name>.json`."""
    content: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return content


def vectors(name: str) -> list[Any]:
    """Its vectors, as parameters that carry their names; made for `pytest.mark.parametrize("vector", …)`."""
    import pytest

    return [pytest.param(vector, id=vector["name"].replace(" ", "-")) for vector in load(name)["vectors"]]

"""Makes reports for the tests, and reads them back with other people's programs (poppler, ZBar)."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.verifier.conftest import BY_NAME, CONTENT, bundle_of

from voltseal.cli import main
from voltseal.report.document import Document

ASKED = {"valid": 0, "invalid": 1, "could-not-check": 2}


def run(program: str, *arguments: str) -> str:
    """What a program prints. Skips where it is not installed, which in CI is a failure."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is not installed: make system-packages")
        pytest.skip(f"{program} is not installed: make system-packages")
    return subprocess.run([program, *arguments], check=True, capture_output=True, encoding="utf-8").stdout


def make(place: Path, name: str, *options: str, suffix: str = "pdf", trust: str | None = None) -> Path:
    """The report on a vector, with the trust file that the vector names unless another is given."""
    bundle, trust_file, output = place / "bundle.json", place / "t.toml", place / f"report.{suffix}"
    bundle.write_bytes(bundle_of(name))
    trust_file.write_text(CONTENT["trust"][trust or BY_NAME[name]["trust"]])
    status = main(["report", str(bundle), "-o", str(output), "--trust", str(trust_file), *options])
    assert trust is not None or status == ASKED[BY_NAME[name]["expect"]]
    return output


def text_of(pdf: Path) -> str:
    """The text of a PDF, one space between words."""
    return " ".join(run("pdftotext", "-layout", str(pdf), "-").split())


def pages_of(pdf: Path) -> int:
    """How many pages it has."""
    lines = dict(line.split(":", 1) for line in run("pdfinfo", str(pdf)).splitlines())
    return int(lines["Pages"])


def texts(document: Document) -> list[Any]:
    """Every text anywhere in a document."""
    found: list[Any] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, tuple | list):
            for item in value:
                walk(item)
        elif hasattr(value, "__slots__"):
            for member in value.__slots__:
                walk(getattr(value, member))

    walk(document.blocks)
    return found

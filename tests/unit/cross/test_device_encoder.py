"""The device's encoder reproduces the valid vectors byte for byte, on CPython and on MicroPython."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.vectors.load import load

from voltseal_sim.toolchain import MicroPython

SCRIPT = Path(__file__).with_name("remake.py")


def remade(interpreter: list[str], firmware_tree: Path, inputs: Path) -> list[list[str]]:
    command = [*interpreter, str(SCRIPT), str(firmware_tree), str(inputs)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)
    assert result.returncode == 0, result.stderr
    return [line.split() for line in result.stdout.splitlines()]


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    path = tmp_path / "inputs.jsonl"
    path.write_text("".join(json.dumps(vector["input"]) + "\n" for vector in load("statement")["vectors"]))
    return path


def assert_as_in_the_vectors(lines: list[list[str]]) -> None:
    vectors = load("statement")["vectors"]
    assert len(lines) == len(vectors)
    for vector, (payload, statement, message) in zip(vectors, lines, strict=True):
        made = vector["output"]
        assert payload == made["payload"], vector["name"]
        assert statement == made["statement"], vector["name"]
        assert message == made["message"], vector["name"]


def test_on_cpython(firmware_tree: Path, inputs: Path) -> None:
    assert_as_in_the_vectors(remade([sys.executable], firmware_tree, inputs))


@pytest.mark.micropython
def test_on_micropython(micropython: MicroPython, firmware_tree: Path, inputs: Path) -> None:
    """The heap is as large as the largest input's JSON text needs, which no device has to read."""
    assert_as_in_the_vectors(remade([str(micropython.path), "-X", "heapsize=2m"], firmware_tree, inputs))

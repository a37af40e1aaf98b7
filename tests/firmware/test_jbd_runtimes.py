"""The JBD driver reads and refuses the same on CPython and on MicroPython."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython

REPORT = Path(__file__).with_name("jbd_report.py")


def report(interpreter: list[str], firmware_tree: Path) -> str:
    command = [*interpreter, str(REPORT), str(firmware_tree)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.micropython
def test_same_report_on_both_runtimes(micropython: MicroPython, firmware_tree: Path) -> None:
    """Six recorded frames, noise in pieces, and 10,000 damaged frames, within a heap of 128 KB."""
    on_device = report([str(micropython.path), "-X", "heapsize=128k"], firmware_tree)
    assert on_device == report([sys.executable], firmware_tree)
    assert "pack_voltage_mv=15600" in on_device
    assert "checksum" in on_device

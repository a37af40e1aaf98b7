"""What the firmware's tests share: one script, run on MicroPython and on CPython."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython

SCRIPTS = Path(__file__).with_name("mp")
TIMEOUT_S = 60


@pytest.fixture
def run_on_both(micropython: MicroPython, firmware_tree: Path) -> Callable[..., list[str]]:
    """Return `run(script, heap="128k") -> lines`: what a script of tests/firmware/mp/ prints, the same on both Pythons.

    The script gets the firmware tree as its argument. `heap` limits MicroPython's only. Fails where a run fails or the
    two outputs differ.
    """

    def run(script: str, heap: str = "128k") -> list[str]:
        on_device = _output([str(micropython.path), "-X", f"heapsize={heap}"], script, firmware_tree)
        on_host = _output([sys.executable], script, firmware_tree)
        assert on_device == on_host
        assert on_device, f"{script} printed nothing"
        return on_device

    return run


def _output(interpreter: list[str], script: str, firmware_tree: Path) -> list[str]:
    command = [*interpreter, str(SCRIPTS / script), str(firmware_tree)]
    result = subprocess.run(command, check=False, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stdout[-500:]}{result.stderr[-2000:]}"
    return result.stdout.splitlines()

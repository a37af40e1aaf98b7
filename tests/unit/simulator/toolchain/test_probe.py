"""An interpreter is judged by running it: each way of being unfit is refused by name."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython, probe
from voltseal_sim.toolchain.errors import UnusableInterpreterError
from voltseal_sim.toolchain.probe import MINIMUM_VERSION

DIGEST = hashlib.sha256(b"voltseal").hexdigest()


def _imposter(directory: Path, body: str) -> Path:
    path = directory / "micropython"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return path


@pytest.mark.micropython
def test_the_provisioned_interpreter_passes(micropython: MicroPython) -> None:
    judged = probe(micropython.path)
    assert judged == micropython
    assert judged.version >= MINIMUM_VERSION


def test_a_truthful_imposter_passes(tmp_path: Path) -> None:
    """The control for the refusals below: they fail for their own reason, not for being a shell script."""
    path = _imposter(tmp_path, f"echo micropython 1 30 2; echo {DIGEST}; echo bounded")
    assert probe(path).version == (1, 30, 2)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (f"echo micropython 1 23 0; echo {DIGEST}; echo bounded", "is version 1.23.0"),
        (f"echo micropython 1 30 0; echo {'00' * 32}; echo bounded", "wrong SHA-256"),
        (f"echo micropython 1 30 0; echo {DIGEST}; echo unbounded", "ignores -X heapsize"),
        (f"echo cpython 3 11 0; echo {DIGEST}; echo bounded", "is not MicroPython"),
        (f"echo micropython 1 30 preview; echo {DIGEST}; echo bounded", "is not MicroPython"),
        ("true", "is not MicroPython"),
        ("echo 'ImportError: no module named tls' >&2; exit 1", "no module named tls"),
        ("exit 3", "ended with status 3"),
    ],
)
def test_unfit_interpreters_are_refused_by_name(tmp_path: Path, body: str, reason: str) -> None:
    with pytest.raises(UnusableInterpreterError, match=reason) as caught:
        probe(_imposter(tmp_path, body))
    assert caught.value.code == "toolchain-unusable-interpreter"
    assert caught.value.hint is not None


def test_what_cannot_be_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableInterpreterError, match="does not run"):
        probe(tmp_path / "absent")

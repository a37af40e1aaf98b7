"""Crash points do nothing unless a test's environment names them, and then they kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from voltseal import crash

SCRIPT = "from voltseal import crash\nfor n in range(5):\n    print(n, flush=True)\n    crash.at('after-commit')"


def run(point: str | None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "VOLTSEAL_TEST_CRASH_AT"}
    if point is not None:
        environment["VOLTSEAL_TEST_CRASH_AT"] = point
    return subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, check=False)


def test_without_the_variable_nothing_happens() -> None:
    assert (run(None).returncode, run("after-receipts").returncode) == (0, 0)


@pytest.mark.parametrize(("point", "visits"), [("after-commit", 1), ("after-commit:3", 3)])
def test_it_kills_at_the_named_visit(point: str, visits: int) -> None:
    done = run(point)
    assert done.returncode == -signal.SIGKILL
    assert done.stdout.split() == [str(n) for n in range(visits)]


def test_an_unknown_point_is_a_mistake_of_the_test() -> None:
    assert "names no crash point" in run("nowhere").stderr


def test_this_process_has_none() -> None:
    for point in crash.POINTS:
        crash.at(point)

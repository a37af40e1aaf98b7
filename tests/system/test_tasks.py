"""The shell around the project: what `make help` promises, and the scripts that prepare a machine.

The scripts run for real, with the commands that would change the machine replaced by recorders on PATH.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

PROMISED = [
    "help",
    "setup",
    "demo",
    "test",
    "check",
    "lint",
    "type",
    "fmt",
    "test-firmware",
    "vectors",
    "bench",
    "docs",
    "fuzz",
    "clean",
]


class Machine:
    """A machine whose system commands are recorders: each appends its call to `log` and then runs its body."""

    def __init__(self, directory: Path, scripts: Path) -> None:
        self._bin = directory / "bin"
        self._bin.mkdir()
        self._log = directory / "log"
        self._scripts = scripts

    def command(self, name: str, body: str = "") -> None:
        """Put a recorder called `name` first on PATH."""
        path = self._bin / name
        path.write_text(f'#!/bin/sh\necho "{name} $*" >>"{self._log}"\n{body}\n')
        path.chmod(0o755)

    def run(self, script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """Run one of the scripts of .ci/ on this machine."""
        environment = {"PATH": f"{self._bin}:/usr/bin:/bin", "HOME": str(self._bin)}
        command = [self._scripts / script, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)

    def calls(self, name: str) -> list[str]:
        """The recorded calls of `name`."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        return [line for line in lines if line.startswith(f"{name} ")]


@pytest.fixture
def machine(tmp_path: Path, repository_root: Path) -> Machine:
    """A machine on which nothing is installed and apt succeeds."""
    made = Machine(tmp_path, repository_root / ".ci")
    made.command("dpkg-query", "exit 1")
    made.command("apt-get")
    made.command("sudo", 'exec "$@"')
    made.command("sleep")
    return made


def test_help_is_the_default_and_lists_every_task(repository_root: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "--no-print-directory"]
    listed = subprocess.run(command, cwd=repository_root, env=environment, capture_output=True, text=True, check=True)
    tasks = {line.split()[1]: line.split(maxsplit=2)[2] for line in listed.stdout.splitlines()}
    assert set(PROMISED) <= set(tasks)
    assert all(description for description in tasks.values())


def test_nothing_is_installed_when_nothing_is_missing(machine: Machine) -> None:
    machine.command("dpkg-query", "echo 'install ok installed'")
    result = machine.run("system-packages", "a reason", "mosquitto", "jq")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert machine.calls("apt-get") == []


def test_only_missing_packages_are_installed_and_the_reason_is_said(machine: Machine) -> None:
    machine.command("dpkg-query", 'case "$*" in *present*) echo "install ok installed";; *) exit 1;; esac')
    result = machine.run("system-packages", "a reason", "present", "absent")
    assert result.returncode == 0
    assert "installing absent (a reason)" in result.stdout
    update, install = machine.calls("apt-get")
    assert update.endswith("update")
    assert install.endswith("install -y --no-install-recommends absent")


def test_a_removed_package_with_leftover_configuration_counts_as_missing(machine: Machine) -> None:
    machine.command("dpkg-query", "echo 'deinstall ok config-files'")
    assert machine.run("system-packages", "a reason", "mosquitto").returncode == 0
    assert len(machine.calls("apt-get")) == 2


def test_root_rights_are_asked_for_only_by_others(machine: Machine) -> None:
    machine.command("id", "echo 0")
    machine.run("system-packages", "a reason", "mosquitto")
    assert machine.calls("sudo") == []
    machine.command("id", "echo 1000")
    machine.run("system-packages", "a reason", "mosquitto")
    assert len(machine.calls("sudo")) == 2


def test_a_mirror_in_the_middle_of_its_update_is_tried_once_more(machine: Machine, tmp_path: Path) -> None:
    flag = tmp_path / "failed-once"
    machine.command("apt-get", f'case "$*" in *update*) [ -e {flag} ] || {{ touch {flag}; exit 100; }};; esac')
    assert machine.run("system-packages", "a reason", "mosquitto").returncode == 0
    assert len(machine.calls("apt-get")) == 3


def test_a_dead_mirror_ends_it_with_the_words_of_apt(machine: Machine) -> None:
    machine.command("apt-get", "echo 'E: no route to the mirror'; exit 100")
    result = machine.run("system-packages", "a reason", "mosquitto")
    assert result.returncode == 1
    assert "E: no route to the mirror" in result.stderr
    assert len(machine.calls("apt-get")) == 2


def test_an_environment_needs_python_3_11(machine: Machine, tmp_path: Path) -> None:
    for name in ("python3", "python3.11", "python3.12", "python3.13", "python3.14"):
        machine.command(name, '[ "$1" = --version ] && echo Python 3.9.2; exit 1')
    result = machine.run("make-venv", tmp_path / "venv")
    assert result.returncode == 1
    assert "needs Python 3.11 or later, and Python 3.9.2" in result.stderr
    assert not (tmp_path / "venv").exists()


def test_the_package_that_holds_venv_is_installed_when_missing(machine: Machine, tmp_path: Path) -> None:
    body = """
case "$*" in
*ensurepip*) exit 1 ;;
*"-venv"*) echo python3.11-venv ;;
*"-m venv"*) mkdir -p "$3" ;;
esac
"""
    machine.command("python3", body)
    result = machine.run("make-venv", tmp_path / "venv")
    assert result.returncode == 0, result.stderr
    assert machine.calls("apt-get")[1].endswith("python3.11-venv")
    assert (tmp_path / "venv").is_dir()

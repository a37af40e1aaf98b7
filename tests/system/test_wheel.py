"""A built wheel works without the checkout: installed into an empty environment, it carries the firmware it runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython

# Runs in the wheel's environment, away from the checkout.
_REPORT = """
import json, voltseal, voltseal_sim, voltseal_wire
from voltseal_sim.toolchain.locations import checkout_root, firmware_root, toolchain_root
print(json.dumps({
    "version": voltseal.__version__,
    "places": [module.__file__ for module in (voltseal, voltseal_sim, voltseal_wire)],
    "checkout": str(checkout_root()),
    "firmware": str(firmware_root()),
    "cache": str(toolchain_root()),
}))
"""


@pytest.fixture(scope="module")
def wheel(repository_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the tree as it stands."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", target]
    subprocess.run(command, cwd=repository_root, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment's interpreter, with nothing but the wheel in it."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(pip, check=True, capture_output=True)
    return python


def _tree(root: Path) -> set[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    # caches of interpreters and of checkers are no part of a tree
    return {str(path) for path in found if not any(part.startswith((".", "__pycache__")) for part in path.parts)}


def _run(python: Path, *arguments: str, with_dependencies: bool = False, home: Path) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(home)}
    if with_dependencies:
        # PYTHONPATH does not process .pth files, so this lends the dependencies but not the checkout.
        environment["PYTHONPATH"] = sysconfig.get_path("purelib")
    command = [str(python), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=home, env=environment).stdout


def test_wheel_carries_the_whole_firmware_tree_and_nothing_twice(wheel: Path, repository_root: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert len(names) == len(set(names))
    carried = {name.removeprefix("voltseal_sim/_firmware/") for name in names if "/_firmware/" in name}
    assert carried == _tree(repository_root / "firmware")
    top_level = {name.split("/", 1)[0] for name in names}
    assert {name for name in top_level if ".dist-info" not in name} == {"voltseal", "voltseal_sim", "voltseal_wire"}


def test_wheel_runs_from_its_own_files(installed_python: Path, repository_root: Path, tmp_path: Path) -> None:
    report = json.loads(_run(installed_python, "-c", _REPORT, home=tmp_path))
    environment = str(installed_python.parents[1])
    assert all(place.startswith(environment) for place in report["places"])
    assert report["checkout"] == "None"
    assert report["cache"] == str(tmp_path / ".cache/voltseal/toolchain")
    assert _tree(Path(report["firmware"])) == _tree(repository_root / "firmware")


@pytest.mark.micropython
def test_carried_firmware_runs_on_micropython(installed_python: Path, micropython: MicroPython, tmp_path: Path) -> None:
    report = json.loads(_run(installed_python, "-c", _REPORT, home=tmp_path))
    program = (
        f"import sys; sys.path.insert(0, {report['firmware']!r}); import voltseal_wire; print(voltseal_wire.__file__)"
    )
    assert _run(micropython.path, "-c", program, home=tmp_path).startswith(report["firmware"])


def test_installed_command_finds_the_toolchain(
    installed_python: Path, micropython: MicroPython, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "bin" / "micropython"
    link.parent.mkdir()
    link.symlink_to(micropython.path)
    monkeypatch.setenv("PATH", str(link.parent), prepend=os.pathsep)
    arguments = ("-m", "voltseal_sim.toolchain", "status", "--json")
    status = json.loads(_run(installed_python, *arguments, with_dependencies=True, home=tmp_path))
    assert status["path"] == str(link)

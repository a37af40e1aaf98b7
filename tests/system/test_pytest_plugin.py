"""The pytest plugin, as an outsider uses it: the guide's own files in a clean directory, in a pytest of their own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from voltseal_sim.toolchain import MicroPython

_FILE = re.compile(r"^`([\w./-]+)`[^\n]*:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES = {"firmware/drivers/acme.py", "acme.jsonl", "test_acme.py", "lossy.toml", ".github/workflows/test.yml"}
PLUGIN = ("-p", "voltseal_sim.pytest_plugin")


@pytest.fixture
def template(repository_root: Path, tmp_path: Path) -> Path:
    """A directory with the files that the guide shows."""
    guide = (repository_root / "docs/how-to/test-your-driver-in-ci.md").read_text()
    files = dict(_FILE.findall(guide))
    assert set(files) == FILES
    for name, content in files.items():
        path = tmp_path / "acme-voltseal" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "acme-voltseal"


def run_pytest(directory: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """pytest with no plugin but ours, and every warning an error."""
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", "--rootdir", str(directory)]
    return subprocess.run(
        [*command, *PLUGIN, *words],
        cwd=directory,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


@pytest.mark.parametrize("runtime", ["unix", "host"])
def test_the_guide_passes_as_it_stands(template: Path, runtime: str, micropython: MicroPython) -> None:
    del micropython
    done = run_pytest(template, f"--voltseal-runtime={runtime}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_wrong_driver_fails_its_test_and_its_log_is_shown(template: Path) -> None:
    driver = template / "firmware/drivers/acme.py"
    driver.write_text(driver.read_text().replace("sum(frame[:-1])", "sum(frame)"))
    done = run_pytest(template, "--voltseal-runtime=host", "-k", "sealed")
    assert done.returncode == 1
    assert "assert {None} == {13310}" in done.stdout


def test_a_driver_that_cannot_be_loaded_is_told_with_the_firmwares_words(template: Path) -> None:
    (template / "firmware/drivers/acme.py").write_text("import nowhere\n")
    done = run_pytest(template, "--voltseal-runtime=host", "-k", "sealed")
    assert done.returncode == 1
    assert "No module named 'nowhere'" in done.stdout


def test_an_unmet_scenario_fails_its_test_with_what_came(template: Path) -> None:
    scenario = template / "lossy.toml"
    scenario.write_text(scenario.read_text().replace('"complete"', '"gap-declared"'))
    done = run_pytest(template, "--voltseal-runtime=host", "-k", "lossy")
    assert done.returncode == 1
    assert "scenario lossy: completeness: expected gap-declared, came complete" in done.stdout


def test_nothing_is_imported_where_no_fixture_is_used(tmp_path: Path) -> None:
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_other():\n"
        "    ours = {name for name in sys.modules if name.partition('.')[0] in ('voltseal', 'voltseal_wire')}\n"
        "    ours |= {name for name in sys.modules if name.startswith('voltseal_sim')}\n"
        "    assert ours == {'voltseal_sim', 'voltseal_sim.pytest_plugin'}\n"
        "    assert not {'cryptography', 'cbor2', 'paho', 'starlette'} & set(sys.modules)\n"
    )
    done = run_pytest(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_fixtures_are_listed_with_their_words(tmp_path: Path) -> None:
    said = run_pytest(tmp_path, "--fixtures").stdout
    for fixture in ("voltseal_site", "voltseal_device", "voltseal_scenario"):
        assert re.search(rf"^{fixture} -- .*\n    \S", said, re.MULTILINE), fixture

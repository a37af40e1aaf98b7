"""`voltseal-sim run`: each scenario that comes along passes on MicroPython, and one that expects too much fails."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from voltseal_sim.cli import main
from voltseal_sim.toolchain import MicroPython
from voltseal_sim.toolchain.locations import scenarios_root

SHIPPED = sorted(path.stem for path in scenarios_root().glob("*.toml"))
IMPOSSIBLE = """\
format = "voltseal-scenario/1"
[fleet]
runtime = "host"
period_ms = 50
[run]
statements = 2
timeout_s = 10
[[fault]]
kind = "gateway-restart"
[expect]
completeness = "equivocation"
[expect.outcomes]
bad-signature = "1.."
"""


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_scenarios_pass_on_micropython(
    name: str, micropython: MicroPython, capsys: pytest.CaptureFixture[str]
) -> None:
    del micropython
    assert main(["run", name, "--runtime", "unix", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["passed"] is True
    assert "MicroPython" in result["runtime"]
    assert all(finding["met"] for finding in result["findings"])


def test_what_was_expected_and_did_not_come_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "impossible.toml"
    scenario.write_text(IMPOSSIBLE)
    keep = tmp_path / "kept"
    assert main(["run", str(scenario), "--keep", str(keep), "--json"]) == 1
    result = json.loads(capsys.readouterr().out)
    unmet = {finding["subject"]: finding["observed"] for finding in result["findings"] if not finding["met"]}
    assert unmet.pop("run").startswith("pack-1: ")  # it waited for what it expects until its time was up
    assert unmet == {"outcome bad-signature": "0", "completeness": "complete"}
    assert result["faults"] == ["gateway: kill -9, then started again"]
    assert Path(result["bundles"]["pack-1"]).is_file()
    assert (keep / "gateway.log").is_file()


def test_list_names_what_run_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    assert sorted(entry["name"] for entry in json.loads(capsys.readouterr().out)) == SHIPPED


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["run", "nowhere"], "neither a file nor a scenario"),
        (["run", "three-packs", "--keep", "."], "exists already"),
    ],
)
def test_mistakes_are_one_line_and_a_hint(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    said = capsys.readouterr().err
    assert complaint in said
    assert "try: " in said

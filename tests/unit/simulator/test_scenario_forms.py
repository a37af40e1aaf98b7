"""Scenarios in other forms: JSON Schema, words, the template, JUnit."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from voltseal_sim.cli import main
from voltseal_sim.faults import REGISTRY
from voltseal_sim.scenario import load, parse
from voltseal_sim.scenario_result import ScenarioResult, write_junit
from voltseal_sim.scenario_schema import FILE_NAME, scenario_schema
from voltseal_sim.scenario_words import explain, template
from voltseal_sim.toolchain.locations import scenarios_root

HEAD = 'format = "voltseal-scenario/1"\n'
SHIPPED = sorted(scenarios_root().glob("*.toml"))


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft202012Validator:
    committed = json.loads((scenarios_root() / FILE_NAME).read_text())
    jsonschema.Draft202012Validator.check_schema(committed)
    return jsonschema.Draft202012Validator(committed)


def test_the_committed_schema_is_what_the_tables_give() -> None:
    written = (scenarios_root() / FILE_NAME).read_text()
    remedy = f"python -m voltseal_sim.scenario_schema > simulator/scenarios/{FILE_NAME}"
    assert json.loads(written) == json.loads(json.dumps(scenario_schema())), remedy


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_fit_the_schema(path: Path, validator: jsonschema.Draft202012Validator) -> None:
    validator.validate(tomllib.loads(path.read_text()))


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD + "[fleat]\n",
        HEAD + "[fleet]\ndevcies = 1\n",
        HEAD + "[fleet]\ndevices = 0\n",
        HEAD + '[fleet]\nruntime = "esp32"\n',
        HEAD + '[[fault]]\nkind = "fire"\n',
        HEAD + "[[fault]]\ndevice = 1\n",
        HEAD + '[[fault]]\nkind = "drop"\nprobability = 1.5\n',
        HEAD + '[[fault]]\nkind = "drop"\nseconds = 1\n',
        HEAD + "[expect.outcomes]\nacepted = 1\n",
        HEAD + '[expect.outcomes]\naccepted = "many"\n',
        HEAD + '[expect]\nalarms = "some"\n',
        HEAD + '[expect]\ncompleteness = "fine"\n',
        HEAD + "[plant]\ncells = 17\n",
        HEAD + "seed = 1.5\n",
    ],
)
def test_schema_and_reader_refuse_the_same(text: str, validator: jsonschema.Draft202012Validator) -> None:
    document: dict[str, Any] = tomllib.loads(text)
    with pytest.raises(Exception, match=r"mine\.toml"):
        parse(text, Path("mine.toml"))
    assert not validator.is_valid(document)


def test_the_template_can_be_read_and_names_every_fault(validator: jsonschema.Draft202012Validator) -> None:
    text = template("mine", "mine.toml")
    assert parse(text, Path("mine.toml")).name == "mine"
    assert all(kind in text for kind in REGISTRY)
    validator.validate(tomllib.loads(text))
    assert max(map(len, text.splitlines())) <= 110


def test_new_writes_it_and_replaces_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    assert main(["new", str(file)]) == 0
    assert load(file).name == "mine"
    written = file.read_text()
    assert main(["new", str(file)]) == 1
    assert "exists already" in capsys.readouterr().err
    assert file.read_text() == written


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_explain_tells_each_fault_and_expectation(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = load(path)
    said = "\n".join(explain(scenario))
    assert scenario.description in said
    assert all(REGISTRY[fault.kind].explain(fault) in said for fault in scenario.faults)
    assert f"records are: {scenario.expect.completeness}" in said
    assert all(outcome.value in said for outcome in scenario.outcomes)
    assert main(["explain", scenario.name]) == 0
    assert capsys.readouterr().out == said + "\n"


def test_junit_counts_and_names_what_was_not_met(tmp_path: Path) -> None:
    result = ScenarioResult("drop & co", "host", 3, faults=["pack-1: lost <all>"], seconds=1.25)
    result.expect("log check", "sound", "unsound")
    result.expect_count("alarms", (0, 0), 0)
    result.expect_count("outcome accepted", (3, None), 2)
    path = tmp_path / "junit.xml"
    write_junit([result], path)
    suite = Xml.parse(path).getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("drop & co", "3", "2")
    failures = {case.get("name"): failure.get("message") for case in suite.iter("testcase") for failure in case}
    assert failures == {
        "log check": "expected sound, came unsound",
        "outcome accepted": "expected 3 or more, came 2",
    }
    assert not result.passed

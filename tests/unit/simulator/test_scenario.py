"""Scenario files: those that come along can be read; a mistake is named with its place and the nearest key."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltseal.wire.outcome import Outcome
from voltseal_sim.faults import REGISTRY, FaultTable
from voltseal_sim.scenario import ScenarioError, load, parse
from voltseal_sim.toolchain.locations import scenarios_root

HEAD = 'format = "voltseal-scenario/1"\n'
SHIPPED = sorted(scenarios_root().glob("*.toml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_scenarios_can_be_read_and_say_what_they_are(path: Path) -> None:
    scenario = load(path)
    assert scenario.name == path.stem
    assert scenario.description
    assert scenario.outcomes


def test_there_are_shipped_scenarios() -> None:
    assert SHIPPED


def test_defaults_stand_where_a_table_is_missing() -> None:
    scenario = parse(HEAD, Path("empty.toml"))
    assert scenario.name == "empty"
    assert scenario.fleet.devices == 1
    assert scenario.faults == ()


def test_counts_of_outcomes_are_numbers_or_ranges() -> None:
    text = HEAD + '[expect.outcomes]\naccepted = "3.."\nduplicate = "0..5"\nbad-signature = 0\n'
    assert parse(text, Path("s.toml")).outcomes == {
        Outcome.ACCEPTED: (3, None),
        Outcome.DUPLICATE: (0, 5),
        Outcome.BAD_SIGNATURE: (0, 0),
    }


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "mine.toml: must say format", None),
        (HEAD + "[fleat]\n", "mine.toml:2: key 'fleat'", "did you mean 'fleet'?"),
        (HEAD + "\nsede = 3\n", "mine.toml:3: key 'sede'", "did you mean 'seed'?"),
        (HEAD + "[fleet]\ndevcies = 1\n", "mine.toml:3: [fleet]: key 'devcies'", "did you mean 'devices'?"),
        (HEAD + "[fleet]\ndevices = 0\n", "mine.toml:3: [fleet] devices: 0 is less than 1", None),
        (HEAD + '[fleet]\ndevices = "two"\n', "mine.toml:3: [fleet] devices: 'two' is not a whole number", None),
        (HEAD + "[fleet]\ndevices = true\n", "is not a whole number", None),
        (HEAD + '[fleet]\nruntime = "esp32"\n', "mine.toml:3: [fleet] runtime: 'esp32' is none of", None),
        (
            HEAD + '[[fault]]\nkind = "power-cot"\n',
            "mine.toml:3: [[fault]] 1 kind: 'power-cot'",
            "did you mean 'power-cut'?",
        ),
        (HEAD + '[[fault]]\nkind = "power-cut"\ndevice = 2\n', "mine.toml:4: [[fault]] 1 device: 2", None),
        (
            HEAD + '[[fault]]\nkind = "drop"\n[[fault]]\nkind = "drop"\nprobability = 2\n',
            "mine.toml:6: [[fault]] 2 probability",
            None,
        ),
        (
            HEAD + '[[fault]]\nkind = "drop"\nseconds = 2\n',
            "mine.toml:4: [[fault]] 1 seconds: means nothing to 'drop'",
            None,
        ),
        (HEAD + "[[fault]]\ndevice = 1\n", "mine.toml:2: [[fault]] 1: key 'kind' is missing", None),
        (HEAD + '[fault]\nkind = "drop"\n', "mine.toml:2: write [[fault]], with two brackets", None),
        (
            HEAD + "[expect.outcomes]\nacepted = 1\n",
            "mine.toml:3: [expect.outcomes]: outcome code 'acepted'",
            "did you mean 'accepted'?",
        ),
        (
            HEAD + '[expect.outcomes]\naccepted = "many"\n',
            "mine.toml:3: [expect.outcomes] accepted: 'many' is neither",
            None,
        ),
        (HEAD + '[expect]\ncompleteness = "fine"\n', "mine.toml:3: [expect] completeness: 'fine' is none of", None),
        (HEAD + '[expect]\nalarms = "some"\n', "mine.toml:3: [expect] alarms: 'some' is neither", None),
        (HEAD + "[plant]\ncells = 17\n", "mine.toml:3: [plant] cells: schema bms.pack has room for 16", None),
        (HEAD + "seed = 1.5\n", "mine.toml:2: seed: 1.5", None),
        (HEAD + "[fleet\n", "is not TOML", None),
    ],
)
def test_a_mistake_is_named_with_its_place(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse(text, Path("mine.toml"))
    assert "mine.toml" in str(caught.value)
    assert message in str(caught.value)
    assert caught.value.hint is None if hint is None else caught.value.hint == hint


def test_a_missing_file_says_where_to_find_others(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="cannot be read") as caught:
        load(tmp_path / "none.toml")
    assert caught.value.hint is not None
    assert "voltseal-sim list" in caught.value.hint


def test_every_fault_is_shown_by_a_scenario_that_comes_along() -> None:
    shown = {fault.kind for path in SHIPPED for fault in load(path).faults}
    assert shown == set(REGISTRY)


@pytest.mark.parametrize("name", REGISTRY)
def test_every_fault_explains_itself_in_words(name: str) -> None:
    words = REGISTRY[name].explain(FaultTable(name, device=1, probability=0.5, seconds=2, offset_s=-60))
    assert "{" not in words
    assert len(words) > 20
    assert ("50%" in words) == ("probability" in REGISTRY[name].uses)
    assert ("2 s" in words) == ("seconds" in REGISTRY[name].uses)

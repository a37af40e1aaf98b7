"""A scenario file: fleet, plants, faults and what must come out. TOML into frozen dataclasses; pure but for `load`.

The format is described in docs/reference/scenarios.md. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from voltseal.toml_tables import TableReader
from voltseal.wire.outcome import Outcome
from voltseal_sim.errors import SimulatorError
from voltseal_sim.runtimes import RUNTIME_NAMES

FORMAT = "voltseal-scenario/1"
FAULT_KINDS = ("power-cut", "bus-noise", "gateway-restart")


class ScenarioError(SimulatorError):
    """The scenario file cannot be read, or asks for something that is not there. Names file, table and key."""

    code: ClassVar[str] = "scenario"


@dataclass(frozen=True, slots=True)
class FleetTable:
    """[fleet]: how many devices, and how each of them reports."""

    devices: int = 1
    runtime: str = "unix"
    heap_kb: int = 128
    period_ms: int = 200
    readings_per_statement: int = 5
    cadence_ms: int = 5000


@dataclass(frozen=True, slots=True)
class PlantTable:
    """[plant]: the modelled packs behind the buses. `speed`: seconds of plant time in a second of the run."""

    cells: int = 16
    initial_soc_permille: int = 800
    speed: float = 60.0
    recorded_first: bool = True


@dataclass(frozen=True, slots=True)
class RunTable:
    """[run]: over as soon as each device has `statements` telemetry statements in the log and an empty spool."""

    statements: int = 10
    timeout_s: float = 90.0


@dataclass(frozen=True, slots=True)
class FaultTable:
    """[[fault]]: what goes wrong with which device (1 is the first), once it has so many statements in the log."""

    kind: str
    device: int = 1
    after_statements: int = 1
    probability: float = 0.2


@dataclass(frozen=True, slots=True)
class ExpectTable:
    """[expect]: `completeness`: the worst among the devices' records, as in the verdict of a bundle over all of one."""

    completeness: str = "complete"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `outcomes`: the least and the largest number of messages that may end with each code."""

    path: Path
    name: str
    description: str
    seed: int
    fleet: FleetTable
    plant: PlantTable
    run: RunTable
    expect: ExpectTable
    faults: tuple[FaultTable, ...]
    outcomes: dict[Outcome, tuple[int, int | None]]


_TABLES: dict[str, type[Any]] = {"fleet": FleetTable, "plant": PlantTable, "run": RunTable, "expect": ExpectTable}
_MINIMUM: dict[str, float] = {
    "devices": 1,
    "heap_kb": 64,
    "period_ms": 20,
    "readings_per_statement": 1,
    "cadence_ms": 1,
    "cells": 1,
    "initial_soc_permille": 0,
    "speed": 0,
    "statements": 1,
    "timeout_s": 1,
    "device": 1,
    "after_statements": 0,
    "probability": 0,
}
COMPLETENESS = ("complete", "gap-declared", "gap-unexplained", "equivocation")


def load(path: Path) -> Scenario:
    """Read a scenario file; raises `ScenarioError`."""
    try:
        return parse(path.read_text(encoding="utf-8"), path)
    except OSError as error:
        raise ScenarioError(
            f"{path}: cannot be read: {error.strerror}",
            hint="`voltseal-sim list` names the scenarios that come with it",
        ) from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{path}: is not UTF-8 text") from error


def parse(text: str, path: Path) -> Scenario:
    """Read scenario text as if it stood in `path`; raises `ScenarioError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: is not TOML: {error}") from error
    reader = TableReader(ScenarioError, path.parent, _MINIMUM)
    reader.refuse_unknown(document, ["format", "name", "description", "seed", "fault", *_TABLES], f"{path}: key")
    if document.get("format") != FORMAT:
        raise ScenarioError(f'{path}: must say format = "{FORMAT}" before its first table')
    expected = document.get("expect", {})
    outcomes = expected.pop("outcomes", {}) if isinstance(expected, dict) else {}
    tables = {name: reader.table(document.get(name, {}), kind, f"{path}: [{name}]") for name, kind in _TABLES.items()}
    scenario = Scenario(
        path=path,
        name=_text(document, "name", path, path.stem),
        description=_text(document, "description", path, ""),
        seed=_seed(document, path),
        faults=reader.rows(document.get("fault", []), FaultTable, "fault", str(path)),
        outcomes=_outcomes(outcomes, reader, path),
        **tables,
    )
    _check(scenario)
    return scenario


def _text(document: dict[str, Any], key: str, path: Path, default: str) -> str:
    value = document.get(key, default)
    if not isinstance(value, str):
        raise ScenarioError(f"{path}: {key}: {value!r} is not a text in quotes")
    return value


def _seed(document: dict[str, Any], path: Path) -> int:
    value = document.get("seed", 1)
    if not isinstance(value, int) or isinstance(value, bool):
        raise ScenarioError(f"{path}: seed: {value!r} is not a whole number")
    return value


def _outcomes(content: object, reader: TableReader, path: Path) -> dict[Outcome, tuple[int, int | None]]:
    """[expect.outcomes]: `accepted = "30.."`, `duplicate = "0..5"` or `bad-signature = 0`."""
    where = f"{path}: [expect.outcomes]"
    if not isinstance(content, dict):
        raise ScenarioError(f"{where}: is not a table")
    reader.refuse_unknown(content, [code.value for code in Outcome], f"{where}: outcome code")
    bounds: dict[Outcome, tuple[int, int | None]] = {}
    for name, value in content.items():
        least, dots, most = str(value).partition("..")
        if not least.isdecimal() or (most and not most.isdecimal()):
            raise ScenarioError(f'{where} {name}: {value!r} is neither a count nor a range such as "3..5" or "3.."')
        bounds[Outcome(name)] = (int(least), int(most) if most else None if dots else int(least))
    return bounds


def _check(scenario: Scenario) -> None:
    """What no single key can say. Raises `ScenarioError`."""
    path = scenario.path
    if scenario.fleet.runtime not in RUNTIME_NAMES:
        raise ScenarioError(
            f"{path}: [fleet] runtime: {scenario.fleet.runtime!r} is none of {', '.join(RUNTIME_NAMES)}"
        )
    if scenario.expect.completeness not in COMPLETENESS:
        raise ScenarioError(f"{path}: [expect] completeness: is none of {', '.join(COMPLETENESS)}")
    if scenario.plant.cells > 16:
        raise ScenarioError(f"{path}: [plant] cells: schema bms.pack has room for 16")
    for number, fault in enumerate(scenario.faults, 1):
        where = f"{path}: [[fault]] {number}"
        if fault.kind not in FAULT_KINDS:
            raise ScenarioError(f"{where} kind: {fault.kind!r} is none of {', '.join(FAULT_KINDS)}")
        if fault.device > scenario.fleet.devices:
            raise ScenarioError(f"{where} device: {fault.device}, but the fleet has {scenario.fleet.devices}")
        if fault.probability > 1:
            raise ScenarioError(f"{where} probability: {fault.probability} is more than 1")

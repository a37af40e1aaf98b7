"""A scenario file: fleet, plants, faults and what must come out. TOML into frozen dataclasses; pure but for `load`.

The format is described in docs/reference/scenarios.md. An unknown key is an error that names file, line and the nearest
known one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from voltseal.toml_tables import TableReader
from voltseal.wire.boot import LostReason
from voltseal.wire.outcome import Outcome
from voltseal_sim.errors import SimulatorError
from voltseal_sim.faults import REGISTRY, FaultTable
from voltseal_sim.runtimes import RUNTIME_NAMES
from voltseal_sim.toml_lines import line_of

FORMAT = "voltseal-scenario/1"

Bounds: TypeAlias = tuple[int, int | None]
"""The least and the largest count that is fine; None: any."""


class ScenarioError(SimulatorError):
    """The scenario file cannot be read, or asks for something that is not there. Names file, line, table and key."""

    code: ClassVar[str] = "scenario"


@dataclass(frozen=True, slots=True)
class FleetTable:
    """[fleet]: how many devices, and how each of them reports. `spool_kb` 0: the firmware's own size.

    `not_before`: from when on their keys are good: `"0"`, or `"now"`.
    """

    devices: int = 1
    runtime: str = "unix"
    heap_kb: int = 128
    period_ms: int = 200
    readings_per_statement: int = 5
    cadence_ms: int = 5000
    spool_kb: int = 0
    not_before: str = "0"


@dataclass(frozen=True, slots=True)
class PlantTable:
    """[plant]: the modelled packs behind the buses. `speed`: seconds of plant time in a second of the run."""

    cells: int = 16
    initial_soc_permille: int = 800
    speed: float = 60.0
    recorded_first: bool = True


@dataclass(frozen=True, slots=True)
class RunTable:
    """[run]: over as soon as each device has `statements` telemetry statements in the log, and all faults happened."""

    statements: int = 10
    timeout_s: float = 90.0


@dataclass(frozen=True, slots=True)
class ExpectTable:
    """[expect]: what the tools of a user must say in the end; of several devices, the worst counts.

    `gap_reason` "": whichever. `alarms` and `refused`: counts or ranges; `refused` counts messages with any outcome
    that is not stored.
    """

    completeness: str = "complete"
    gap_reason: str = ""
    evidence: str = "valid"
    log: str = "sound"
    history: str = "consistent"
    firmware: str = "known"
    clock: str = "agrees"
    alarms: str = "0"
    refused: str = "0"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One file. `outcomes`: how many messages may end with each code."""

    path: Path
    name: str
    description: str
    seed: int
    fleet: FleetTable
    plant: PlantTable
    run: RunTable
    expect: ExpectTable
    faults: tuple[FaultTable, ...]
    outcomes: dict[Outcome, Bounds]

    @property
    def alarms(self) -> Bounds:
        """How many alarms may be raised."""
        return bounds(self.expect.alarms)

    @property
    def refused(self) -> Bounds:
        """How many messages may be refused."""
        return bounds(self.expect.refused)

    @staticmethod
    def refused_in(counts: Mapping[str, int]) -> int:
        """How many of the messages counted by outcome were not stored."""
        return sum(count for code, count in counts.items() if not Outcome(code).stored)


TABLES: dict[str, type[Any]] = {"fleet": FleetTable, "plant": PlantTable, "run": RunTable, "expect": ExpectTable}
MINIMUM: dict[str, float] = {
    "devices": 1,
    "heap_kb": 64,
    "period_ms": 20,
    "readings_per_statement": 1,
    "cadence_ms": 1,
    "spool_kb": 0,
    "cells": 1,
    "initial_soc_permille": 0,
    "speed": 0,
    "statements": 1,
    "timeout_s": 1,
    "device": 1,
    "after_statements": 0,
    "probability": 0,
    "seconds": 0,
}
COMPLETENESS = ("complete", "gap-declared", "gap-unexplained", "equivocation")
CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("fleet", "runtime"): RUNTIME_NAMES,
    ("fleet", "not_before"): ("0", "now"),
    ("expect", "completeness"): COMPLETENESS,
    ("expect", "gap_reason"): ("", *(reason.label for reason in LostReason), "unexplained"),
    ("expect", "log"): ("sound", "unsound"),
    ("expect", "history"): ("consistent", "forked"),
    ("expect", "firmware"): ("known", "unknown"),
    ("expect", "clock"): ("agrees", "ahead"),
}
"""Keys that take one of a few words."""

OPTIONAL_OF_FAULT = ("probability", "seconds", "offset_s")


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
    except (ValueError, RecursionError) as error:  # tomllib's own error, and numbers or nesting beyond all measure
        raise ScenarioError(f"{path}: is not TOML: {error}") from error
    return _Reading(text, path, document).scenario()


class _Reading:
    """One parsed document, and where its parts stand."""

    def __init__(self, text: str, path: Path, document: dict[str, Any]) -> None:
        self._text = text
        self._path = path
        self._document = document
        self._reader = TableReader(ScenarioError, path.parent, MINIMUM)

    def scenario(self) -> Scenario:
        """All of it, checked. Raises `ScenarioError`."""
        document = self._document
        known = ["format", "name", "description", "seed", "fault", *TABLES]
        self._refuse_unknown(document, known, "", "key")
        if document.get("format") != FORMAT:
            raise ScenarioError(f'{self._path}: must say format = "{FORMAT}" before its first table')
        expected = document.get("expect", {})
        outcomes = expected.pop("outcomes", {}) if isinstance(expected, dict) else {}
        tables = {name: self._table(name, kind) for name, kind in TABLES.items()}
        scenario = Scenario(
            path=self._path,
            name=self._top("name", str, "a text in quotes", self._path.stem),
            description=self._top("description", str, "a text in quotes", ""),
            seed=self._top("seed", int, "a whole number", 1),
            faults=tuple(self._faults()),
            outcomes=self._outcomes(outcomes),
            **tables,
        )
        self._check(scenario)
        return scenario

    def _where(self, table: str = "", key: str = "", number: int = 1) -> str:
        line = line_of(self._text, table, key, number) or line_of(self._text, table, "", number)
        return f"{self._path}:{line}" if line else str(self._path)

    def _refuse_unknown(self, content: Any, known: list[str], table: str, what: str, number: int = 1) -> None:
        """As the reader does, with the line of the very key (or of the table so called)."""
        for name in content if isinstance(content, dict) else ():
            where = self._where(table, name, number) if table or name not in content else self._where_top(name)
            self._reader.refuse_unknown({name: None}, known, f"{where}: {what}")

    def _where_top(self, name: str) -> str:
        line = line_of(self._text, "", name) or line_of(self._text, name)
        return f"{self._path}:{line}" if line else str(self._path)

    def _top(self, key: str, kind: type[Any], wanted: str, default: Any) -> Any:
        value = self._document.get(key, default)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise ScenarioError(f"{self._where('', key)}: {key}: {value!r} is not {wanted}")
        return value

    def _table(self, name: str, kind: type[Any], content: Any = None, number: int = 1) -> Any:
        """One table, each key read with its own line in the message."""
        content = self._document.get(name, {}) if content is None else content
        title = f"[[{name}]] {number}" if name == "fault" else f"[{name}]"
        if not isinstance(content, dict):
            raise ScenarioError(f"{self._where(name, '', number)}: {title}: is not a table")
        self._refuse_unknown(content, [f.name for f in fields(kind)], name, f"{title}: key", number)
        for key in content:
            if (name, key) in CHOICES and content[key] not in CHOICES[name, key]:
                words = ", ".join(repr(word) for word in CHOICES[name, key])
                where = self._where(name, key, number)
                raise ScenarioError(f"{where}: {title} {key}: {content[key]!r} is none of {words}")
            if name != "fault":
                self._reader.table({key: content[key]}, kind, f"{self._where(name, key, number)}: {title}")
        return self._reader.table(content, kind, f"{self._where(name, '', number)}: {title}")

    def _faults(self) -> list[FaultTable]:
        rows = self._document.get("fault", [])
        if not isinstance(rows, list):
            raise ScenarioError(f"{self._where('fault')}: write [[fault]], with two brackets: there can be several")
        return [self._fault(row, number) for number, row in enumerate(rows, 1)]

    def _fault(self, row: Any, number: int) -> FaultTable:
        fault: FaultTable = self._table("fault", FaultTable, row, number)
        title = f"[[fault]] {number}"
        if fault.kind not in REGISTRY:
            self._reader.refuse_unknown(
                {fault.kind: None}, REGISTRY, f"{self._where('fault', 'kind', number)}: {title} kind:"
            )
        for key in OPTIONAL_OF_FAULT:
            if key in row and key not in REGISTRY[fault.kind].uses:
                where = self._where("fault", key, number)
                raise ScenarioError(f"{where}: {title} {key}: means nothing to {fault.kind!r}")
        return fault

    def _outcomes(self, content: object) -> dict[Outcome, Bounds]:
        """[expect.outcomes]: `accepted = "30.."`, `duplicate = "0..5"` or `bad-signature = 0`."""
        if not isinstance(content, dict):
            raise ScenarioError(f"{self._where('expect')}: [expect.outcomes]: is not a table")
        known = [code.value for code in Outcome]
        self._refuse_unknown(content, known, "expect.outcomes", "[expect.outcomes]: outcome code")
        return {
            Outcome(name): bounds(value, f"{self._where('expect.outcomes', name)}: [expect.outcomes] {name}:")
            for name, value in content.items()
        }

    def _check(self, scenario: Scenario) -> None:
        """What no single key can say. Raises `ScenarioError`."""
        if scenario.plant.cells > 16:
            raise ScenarioError(f"{self._where('plant', 'cells')}: [plant] cells: schema bms.pack has room for 16")
        for key in ("alarms", "refused"):
            bounds(getattr(scenario.expect, key), f"{self._where('expect', key)}: [expect] {key}:")
        for number, fault in enumerate(scenario.faults, 1):
            devices = scenario.fleet.devices
            if fault.device > devices:
                where = self._where("fault", "device", number)
                raise ScenarioError(f"{where}: [[fault]] {number} device: {fault.device}, but the fleet has {devices}")
            if fault.probability > 1:
                where = self._where("fault", "probability", number)
                raise ScenarioError(f"{where}: [[fault]] {number} probability: {fault.probability} is more than 1")


def bounds(value: object, where: str = "") -> Bounds:
    """`3`, `"3"`, `"3..5"` or `"3.."`. Raises ScenarioError, which begins with `where`."""
    least, dots, most = str(value).partition("..")
    if not least.isdecimal() or (most and not most.isdecimal()):
        raise ScenarioError(f'{where} {value!r} is neither a count nor a range such as "3..5" or "3.."'.lstrip())
    return int(least), int(most) if most else None if dots else int(least)

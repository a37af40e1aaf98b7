"""Plays a scenario on a site and judges it: what was expected, what came, one finding for each expectation."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from voltseal.store.reader import SqliteReader
from voltseal_sim.buses.faults import LineFaults
from voltseal_sim.device import Reporting
from voltseal_sim.gateway_process import voltseal, voltseal_json
from voltseal_sim.packs import PackChoice
from voltseal_sim.runtimes import choose_runtime
from voltseal_sim.scenario import COMPLETENESS, FaultTable, Scenario
from voltseal_sim.site import Site, SiteSettings

_POLL_S = 0.05  # another process's store cannot be awaited
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation and what came."""

    subject: str
    expected: str
    observed: str
    met: bool


@dataclass(slots=True)
class ScenarioResult:
    """What a run gave. `bundles`: the evidence of each device's whole record, by label."""

    name: str
    runtime: str
    seed: int
    findings: list[Finding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    bundles: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return bool(self.findings) and all(finding.met for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """The result for a program."""
        return {"passed": self.passed} | asdict(self)


async def run_scenario(
    scenario: Scenario,
    directory: Path | None = None,
    *,
    runtime_name: str | None = None,
    progress: Progress = lambda _done, _total, _what: None,
) -> ScenarioResult:
    """Play and judge. `directory` (made anew) keeps logs, store and bundles; None: a temporary one, removed if passed.

    Raises `VoltsealError` if the scenario cannot be played to its end.
    """
    runtime = choose_runtime(runtime_name or scenario.fleet.runtime, heap_kb=scenario.fleet.heap_kb)
    place = directory or Path(tempfile.mkdtemp(prefix=f"voltseal-{scenario.name}-"))
    result = ScenarioResult(scenario.name, runtime.description, scenario.seed)
    began = time.monotonic()
    fleet = scenario.fleet
    reporting = Reporting(fleet.period_ms, fleet.readings_per_statement, fleet.cadence_ms, receipt_timeout_ms=2000)
    site = Site(place, runtime, SiteSettings(seed=scenario.seed, reporting=reporting))
    async with site:
        for _ in range(fleet.devices):
            await site.add_pack(_choice(scenario))
        await _play(scenario, site, result, progress)
        await site.stop_devices()
        await _drained(site)
        await _judge(scenario, site, result)
    result.seconds = round(time.monotonic() - began, 1)
    if directory is None and result.passed:
        shutil.rmtree(place)
        result.bundles.clear()
    return result


def _choice(scenario: Scenario) -> PackChoice:
    plant = scenario.plant
    return PackChoice(plant.cells, plant.initial_soc_permille / 1000, plant.speed, plant.recorded_first)


async def _play(scenario: Scenario, site: Site, result: ScenarioResult, progress: Progress) -> None:
    """Wait until each device has its statements in the log, and let faults happen when they are due."""
    wanted = scenario.run.statements + 1  # the boot statement comes first
    pending = list(scenario.faults)
    total = wanted * scenario.fleet.devices
    deadline = time.monotonic() + scenario.run.timeout_s
    while True:
        counts = {label: device.statements for label, device in site.stored().items()}
        progress(sum(min(count, wanted) for count in counts.values()), total, "statements")
        for fault in [fault for fault in pending if counts.get(f"pack-{fault.device}", 0) >= fault.after_statements]:
            pending.remove(fault)
            result.faults.append(await _happen(fault, site))
        enough = len(counts) == scenario.fleet.devices and all(count >= wanted for count in counts.values())
        if enough and not pending:
            return
        if time.monotonic() > deadline:
            result.findings.append(
                Finding("run", f"{wanted} statements of each device within {scenario.run.timeout_s:.0f} s",
                        ", ".join(f"{label}: {count}" for label, count in counts.items()), False)
            )  # fmt: skip
            return
        await asyncio.sleep(_POLL_S)


async def _happen(fault: FaultTable, site: Site) -> str:
    """Let a fault happen; says what was done."""
    device = site.devices[fault.device - 1]
    if fault.kind == "power-cut":
        await device.firmware.power_cut()
        await device.switch_on()
        return f"{device.label}: power cut after {fault.after_statements} statements, then on again"
    if fault.kind == "bus-noise":
        device.line.faults = LineFaults(damage=fault.probability)
        return f"{device.label}: {fault.probability:.0%} of the bus's answers damaged from now on"
    await site.gateway.kill()
    await site.gateway.start()
    return "gateway: kill -9, then started again"


async def _drained(site: Site) -> None:
    """Return once what has arrived is under a checkpoint that is anchored."""

    def settled(reader: SqliteReader) -> bool:
        anchor = reader.latest_anchor()
        return anchor is not None and anchor.tree_size == reader.entry_count()

    await site.wait_for("an anchor over everything", settled, 30)


async def _judge(scenario: Scenario, site: Site, result: ScenarioResult) -> None:
    """Hold the outcome counts and each device's evidence against what the scenario expects."""
    reader = site.gateway.reader()
    try:
        result.outcomes = reader.outcome_counts()
    finally:
        reader.close()
    for outcome, (least, most) in scenario.outcomes.items():
        count = result.outcomes.get(outcome.value, 0)
        met = count >= least and (most is None or count <= most)
        expected = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
        result.findings.append(Finding(f"outcome {outcome.value}", expected, str(count), met))
    await site.write_trust_file()
    worst = COMPLETENESS[0]
    for device in site.devices:
        completeness = await _evidence(site, device.label, result)
        worst = max(worst, completeness, key=_rank)
    expected = scenario.expect.completeness
    result.findings.append(Finding("completeness", expected, worst, worst == expected))


def _rank(completeness: str) -> int:
    """Worse is higher; what is no completeness at all (an invalid bundle) is the worst."""
    return COMPLETENESS.index(completeness) if completeness in COMPLETENESS else len(COMPLETENESS)


async def _evidence(site: Site, label: str, result: ScenarioResult) -> str:
    """Export and verify a device's whole record; its completeness, or why there is none."""
    path = site.directory / f"{label}.evidence.json"
    await voltseal("evidence", "--device", label, "-o", path, "--config", site.gateway.config_path)
    verdict = await voltseal_json("verify", path, "--trust", site.trust_path, expect=None)
    result.bundles[label] = str(path)
    valid = verdict["result"] == "valid"
    said = "valid" if valid else f"{verdict['result']}: {verdict['code']}"
    result.findings.append(Finding(f"evidence of {label}", "valid", said, valid))
    return str(verdict["verdict"]["completeness"]["result"]) if valid else said

"""Plays a scenario on a site: packs, statements, faults when they are due, and then the judge."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

from voltseal.store.gaps import gaps_of
from voltseal.store.reader import SqliteReader
from voltseal_sim.buses.faults import LineFaults
from voltseal_sim.device import Reporting
from voltseal_sim.faults import REGISTRY, FaultTable, Stage
from voltseal_sim.monitor import Monitor
from voltseal_sim.packs import PackChoice
from voltseal_sim.runtimes import choose_runtime
from voltseal_sim.scenario import Scenario
from voltseal_sim.scenario_judge import judge
from voltseal_sim.scenario_result import Finding, ScenarioResult
from voltseal_sim.site import Site, SiteError, SiteSettings
from voltseal_sim.wire_tap import WireTap

_POLL_S = 0.05  # another process's store cannot be awaited
_SETTLE_S = 15.0
_DRAIN_S = 30.0
_RECEIPT_TIMEOUT_MS = 1000
_MENDING = ("complete", "gap-declared")
Progress = Callable[[int, int, str], None]


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
    site = Site(place, runtime, SiteSettings(seed=scenario.seed, reporting=_reporting(scenario)))
    async with site:
        player = _Player(scenario, site, result, progress)
        await player.play()
        await judge(scenario, site, player.monitor, result)
    result.seconds = round(time.monotonic() - began, 1)
    if directory is None and result.passed:
        shutil.rmtree(place)
        result.bundles.clear()
    return result


def _reporting(scenario: Scenario) -> Reporting:
    fleet = scenario.fleet
    usual = Reporting()
    small = fleet.spool_kb > 0
    return Reporting(
        fleet.period_ms,
        fleet.readings_per_statement,
        fleet.cadence_ms,
        receipt_timeout_ms=_RECEIPT_TIMEOUT_MS,
        spool_bytes=fleet.spool_kb * 1024 if small else usual.spool_bytes,
        spool_segment_bytes=4096 if small else usual.spool_segment_bytes,
    )


class _Player:
    """One run. Owns the tap on the wire and the outside monitor."""

    def __init__(self, scenario: Scenario, site: Site, result: ScenarioResult, progress: Progress) -> None:
        self._scenario = scenario
        self._site = site
        self._result = result
        self._progress = progress
        self._tap = WireTap()
        self.monitor = Monitor()
        self._pending = list(enumerate(scenario.faults, 1))
        self._wanted = scenario.run.statements + 1  # the boot statement comes first

    async def play(self) -> None:
        """Everything but the judgement; afterwards the boards are off and all that arrived is anchored."""
        plant = self._scenario.plant
        choice = PackChoice(plant.cells, plant.initial_soc_permille / 1000, plant.speed, plant.recorded_first)
        self._site.embedded_broker.tap = self._tap
        for _ in range(self._scenario.fleet.devices):
            await self._site.add_pack(choice, not_before=self._scenario.fleet.not_before)
        deadline = time.monotonic() + self._scenario.run.timeout_s
        if not await self._until_enough(deadline):
            counts = ", ".join(f"{label}: {device.statements}" for label, device in self._site.stored().items())
            expected = f"{self._wanted} statements of each device within {self._scenario.run.timeout_s:.0f} s"
            self._result.findings.append(Finding("run", expected, counts or "none", False))
        self._note_disturbances()
        await self._settled()
        await self._site.stop_devices()
        await self._drained()

    async def _until_enough(self, deadline: float) -> bool:
        """Let faults happen when they are due, until each device has its statements; False: not in time."""
        fleet = self._scenario.fleet.devices
        reader = self._site.gateway.reader()
        try:
            while True:
                counts = {device.label: device.statements for device in reader.devices()}
                self.monitor.look(reader)
                done = sum(min(count, self._wanted) for count in counts.values())
                self._progress(done, self._wanted * fleet, "statements")
                if due := [one for one in self._pending if _is_due(one[1], counts)]:
                    self._pending.remove(due[0])
                    reader.close()  # the fault may replace the store
                    await self._happen(*due[0])
                    reader = self._site.gateway.reader()
                    continue
                enough = len(counts) == fleet and all(count >= self._wanted for count in counts.values())
                if enough and not self._pending and self._outcomes_came(reader):
                    return True
                if time.monotonic() > deadline:
                    return False
                await asyncio.sleep(_POLL_S)
        finally:
            reader.close()

    async def _happen(self, number: int, fault: FaultTable) -> None:
        random = Random(f"voltseal fault {self._scenario.seed} {number}")
        stage = Stage(self._site, fault, random, self._tap, self.monitor)
        self._result.faults.append(await REGISTRY[fault.kind].happen(stage))

    def _outcomes_came(self, reader: SqliteReader) -> bool:
        """Whether the least number of messages with each expected outcome has come, of those refused too."""
        counts = reader.outcome_counts()
        enough = all(counts.get(outcome, 0) >= least for outcome, (least, _) in self._scenario.outcomes.items())
        return enough and self._scenario.refused_in(counts) >= self._scenario.refused[0]

    def _note_disturbances(self) -> None:
        """Heal the network. A fault that chance never let happen shows nothing: that is a finding."""
        for met in self._tap.heal(self._site.embedded_broker.deliver).values():
            self._result.expect_count("messages that the fault met", (1, None), met)
        for device in self._site.devices:
            if device.line.faults != LineFaults():
                self._result.expect_count("answers that the fault met", (1, None), sum(device.line.counts.values()))

    async def _settled(self) -> None:
        """What was lost on the way is sent again: wait for it, unless a record with holes is what is expected.

        A hole that stays is for the judge to find.
        """
        if self._scenario.expect.completeness not in _MENDING:
            return

        def whole(reader: SqliteReader) -> bool:
            gaps = [gap for device in reader.devices() for gap in gaps_of(reader, device.ueid)]
            return not any(gap.reason == "unexplained" for gap in gaps)

        try:
            await self._site.wait_for("records without holes", whole, _SETTLE_S)
        except SiteError:
            return

    async def _drained(self) -> None:
        """Return once what has arrived is under a checkpoint that is anchored."""

        def anchored(reader: SqliteReader) -> bool:
            anchor = reader.latest_anchor()
            return anchor is not None and anchor.tree_size == reader.entry_count()

        await self._site.wait_for("an anchor over everything", anchored, _DRAIN_S)


def _is_due(fault: FaultTable, counts: Mapping[str, int]) -> bool:
    return counts.get(f"pack-{fault.device}", 0) >= fault.after_statements

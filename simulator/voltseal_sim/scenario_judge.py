"""Judges a scenario that was played, by a user's tools: `voltseal verify`, `voltseal log check`, the store."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from typing import Any

from voltseal.store.reader import SqliteReader
from voltseal.wire import statement
from voltseal.wire.boot import Boot
from voltseal.wire.errors import WireError
from voltseal_sim.gateway_process import voltseal, voltseal_json
from voltseal_sim.monitor import Monitor
from voltseal_sim.scenario import COMPLETENESS, Scenario
from voltseal_sim.scenario_result import ScenarioResult
from voltseal_sim.site import Site

NOT_EXPORTED = "not-exported"
"""The word for evidence that the gateway could not make."""


async def judge(scenario: Scenario, site: Site, monitor: Monitor, result: ScenarioResult) -> None:
    """Hold counts, the log, and each device's evidence against what the scenario expects."""
    expect = scenario.expect
    reader = site.gateway.reader()
    try:
        result.outcomes = reader.outcome_counts()
        alarms = len(reader.alarms())
        monitor.look(reader)
        history = monitor.history(reader)
        measurements = set(_first_measurements(reader))
    finally:
        reader.close()
    for outcome, outcome_bounds in scenario.outcomes.items():
        result.expect_count(f"outcome {outcome.value}", outcome_bounds, result.outcomes.get(outcome.value, 0))
    result.expect_count("refused messages", scenario.refused, scenario.refused_in(result.outcomes))
    result.expect_count("alarms", scenario.alarms, alarms)
    await site.write_trust_file(measurements)
    checking = voltseal_json("log", "check", "--config", site.gateway.config_path, expect=None)
    report, *verdicts = await asyncio.gather(checking, *(_evidence(site, one.label, result) for one in site.devices))
    result.expect("log check", expect.log, "sound" if report["sound"] else "unsound")
    result.expect("history of the log", expect.history, history)
    _judge_verdicts(scenario, dict(zip([one.label for one in site.devices], verdicts, strict=True)), result)


def _judge_verdicts(scenario: Scenario, verdicts: dict[str, dict[str, Any]], result: ScenarioResult) -> None:
    expect = scenario.expect
    words = {label: _word(verdict) for label, verdict in verdicts.items()}
    if expect.evidence == "valid":
        for label, word in words.items():
            result.expect(f"evidence of {label}", "valid", word)
    else:
        worst = next((word for word in words.values() if word != "valid"), "valid")
        result.expect("worst evidence", expect.evidence, worst)
    valid = [verdict["verdict"] for verdict in verdicts.values() if verdict["result"] == "valid"]
    if not valid:
        return  # there is no verdict to hold anything against, and that is a finding already
    found = [str(one["completeness"]["result"]) for one in valid]
    result.expect("completeness", expect.completeness, max(found, key=COMPLETENESS.index))
    if expect.gap_reason:
        reasons = {str(gap[2]) for one in valid for gap in one["completeness"]["gaps"]}
        observed = expect.gap_reason if expect.gap_reason in reasons else ", ".join(sorted(reasons)) or "no gap"
        result.expect("reason of a gap", expect.gap_reason, observed)
    firmware = {str(finding["status"]) for one in valid for finding in one["firmware"]}
    result.expect("firmware", expect.firmware, "known" if firmware == {"known"} else "unknown")
    ahead = any(one["time"]["disagreement"] for one in valid)
    result.expect("clock against anchors", expect.clock, "ahead" if ahead else "agrees")


def _word(verdict: dict[str, Any]) -> str:
    return "valid" if verdict["result"] == "valid" else str(verdict["code"])


async def _evidence(site: Site, label: str, result: ScenarioResult) -> dict[str, Any]:
    """Export and verify a device's whole record: what `voltseal verify --json` says of it."""
    path = site.directory / f"{label}.evidence.json"
    words = ("evidence", "--device", label, "-o", path, "--config", site.gateway.config_path)
    code, _ = await voltseal(*words, expect=None)
    if code != 0:
        return {"result": "none", "code": NOT_EXPORTED}
    result.bundles[label] = str(path)
    _, output = await voltseal("verify", path, "--trust", site.trust_path, "--json", expect=None)
    verdict: dict[str, Any] = json.loads(output)
    return verdict


def _first_measurements(reader: SqliteReader) -> Iterator[bytes]:
    """What each device measured at its first boot, on the bench: the firmware that its maker would publish."""
    for device in reader.devices():
        claims = _boots(entry.raw for entry in reader.declarations_of(device.ueid))
        first = next(claims, None)
        if first is not None:
            yield first.claims.measurement


def _boots(entries: Iterable[bytes]) -> Iterator[Boot]:
    for raw in entries:
        try:
            body = statement.parse(raw).body
        except WireError:
            continue  # an altered row: the check of the log names it
        if isinstance(body, Boot):
            yield body

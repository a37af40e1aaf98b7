"""The demo's acts in their order. Everything runs for real: firmware, broker, gateway, verifier are what a user has."""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from voltseal.store.interface import EntryKind
from voltseal_sim.demo import attacks
from voltseal_sim.demo.telling import DemoReport, Teller
from voltseal_sim.errors import SimulatorError
from voltseal_sim.gateway_process import voltseal_json
from voltseal_sim.packs import PackChoice
from voltseal_sim.runtimes import Runtime, RuntimeUnavailableError, choose_runtime
from voltseal_sim.site import Site, SiteSettings

_MARKER = ".voltseal-demo"
_PACKS = (PackChoice(cells=4), PackChoice(cells=8), PackChoice(cells=16))
_WITHIN_S = 60.0


class DemoError(SimulatorError):
    """The demo cannot be played as asked."""

    code: ClassVar[str] = "demo"


@dataclass(frozen=True, slots=True)
class DemoSettings:
    """Where, on what, and for how long. `runtime` None: MicroPython where it can be had, else CPython."""

    directory: Path = Path("build/demo")
    runtime: str | None = None
    broker_url: str | None = None
    statements: int = 6


async def run_demo(settings: DemoSettings, teller: Teller) -> DemoReport:
    """Play it all; what went otherwise than expected stands in the report. Raises `VoltsealError` if it cannot end."""
    report = DemoReport()
    began = time.monotonic()
    runtime = _runtime(settings, report)
    _prepare(settings.directory)
    teller.line("Voltseal: telemetry sealed at the source, and checked by someone who trusts nobody on the way.")
    teller.fact("runtime", report.runtime)
    if report.runtime_note:
        teller.fact("note", report.runtime_note)
    site = Site(settings.directory, runtime, SiteSettings(broker_url=settings.broker_url))
    async with site:
        report.broker = site.broker_url if settings.broker_url else f"{site.broker_url} (embedded in this process)"
        await _seal(site, settings, teller, report)
        await _prove(site, teller, report)
        teller.act("4 · The demo attacks itself")
        for attack in await attacks.on_the_wire(site):
            report.attacks.append(attack)
            teller.attack(attack)
    # The rest happens behind the gateway's back, on copies of what it left on its disk.
    for attack in await attacks.on_the_disk(site, settings.directory / "evidence.json"):
        report.attacks.append(attack)
        teller.attack(attack)
    report.seconds = round(time.monotonic() - began, 1)
    _close(settings, report, teller)
    return report


def _runtime(settings: DemoSettings, report: DemoReport) -> Runtime:
    """The runtime asked for; or MicroPython, or else CPython and a word about it."""
    if settings.runtime is not None:
        runtime = choose_runtime(settings.runtime)
    else:
        try:
            runtime = choose_runtime("unix")
        except RuntimeUnavailableError as error:
            runtime = choose_runtime("host")
            report.runtime_note = f"the same firmware on CPython instead: {error} ({error.hint})"
    report.runtime = f"{runtime.description}, firmware unmodified"
    return runtime


def _prepare(directory: Path) -> None:
    """An empty directory. Raises DemoError rather than delete what no demo has made."""
    if directory.exists():
        if any(directory.iterdir()) and not (directory / _MARKER).exists():
            raise DemoError(
                f"{directory} is not empty, and no demo made it", hint="choose another with --directory, or empty it"
            )
        shutil.rmtree(directory)
    directory.mkdir(parents=True)
    (directory / _MARKER).touch()


async def _seal(site: Site, settings: DemoSettings, teller: Teller, report: DemoReport) -> None:
    """Act 1 and 2: enrolment, and statements from the packs into the log."""
    teller.act("1 · A gateway, and three packs that make their keys and are enrolled")
    teller.fact("broker", report.broker)
    teller.fact("gateway", f"log {site.settings.origin}, its files in {site.gateway.config_path.parent}")
    for choice in _PACKS:
        device = await site.add_pack(choice)
        teller.fact(device.label, f"{choice.cells} cells on a JBD board at a serial line; key made by the firmware")
    teller.act("2 · Packs measure, sign, spool and send; the gateway checks, stores and acknowledges")
    wanted = settings.statements * len(_PACKS)

    def progress(counts: dict[str, int]) -> None:
        teller.progress(sum(min(count, settings.statements) for count in counts.values()), wanted, "statements")

    await site.wait_for_statements(settings.statements, _WITHIN_S, progress)
    report.packs = {label: device.statements for label, device in site.stored().items()}
    teller.fact("in the log", ", ".join(f"{label}: {count} statements" for label, count in report.packs.items()))


async def _prove(site: Site, teller: Teller, report: DemoReport) -> None:
    """Act 3: checkpoint, anchor, evidence, verification."""
    teller.act("3 · The log is checkpointed and anchored; evidence is exported and checked offline")
    reader = site.gateway.reader()
    try:
        report.entries = reader.entry_count()
        await site.wait_for_anchor(report.entries, _WITHIN_S)
        anchor = reader.latest_anchor()
        assert anchor is not None
        device = next(device for device in reader.devices() if device.label == "pack-1")
        told = [e for e in reader.statements_of(device.ueid, 0, 2**48 - 1) if e.kind is EntryKind.TELEMETRY]
    finally:
        reader.close()
    report.checkpoint_size = anchor.tree_size
    report.anchor = {"backend": anchor.backend, "strength": anchor.strength, "tree_size": anchor.tree_size}
    teller.fact("checkpoint", f"{anchor.tree_size} entries, signed by the log")
    teller.fact("anchor", f"{anchor.backend}, strength {anchor.strength}: the demo keeps this ledger itself")
    await site.write_trust_file()
    sequence = told[len(told) // 2].sequence
    path = site.directory / "evidence.json"
    config = ("--config", site.gateway.config_path)
    written = await voltseal_json("evidence", "--device", "pack-1", "--sequence", str(sequence), "-o", path, *config)
    verdict = await voltseal_json("verify", path, "--trust", site.trust_path, expect=None)
    report.evidence = {
        "file": str(path),
        "bytes": written["bytes"],
        "device": written["device"],
        "sequence": sequence,
        "result": verdict["result"],
        "trust": str(site.trust_path),
    }
    teller.fact("evidence", f"{path}, {written['bytes']} bytes: statement {sequence} of pack-1 and all it rests on")
    teller.fact("verdict", f"{verdict['result'].upper()}, by `voltseal verify` and the trust file {site.trust_path}")
    if verdict["result"] != "valid":
        report.failures.append(f"evidence is {verdict['result']}: {verdict.get('message')}")


def _close(settings: DemoSettings, report: DemoReport, teller: Teller) -> None:
    """The last words, and the report as a file."""
    (settings.directory / "report.json").write_text(
        json.dumps({"ok": report.ok, "failures": report.failures, "seconds": report.seconds}) + "\n", encoding="utf-8"
    )
    caught = sum(attack.caught for attack in report.attacks)
    teller.act(f"{caught} of {len(report.attacks)} attacks caught, in {report.seconds:.0f} s.")
    for failure in report.failures:
        teller.line(f"  ✗ {failure}")
    if report.ok:
        evidence, trust = report.evidence["file"], report.evidence["trust"]
        teller.line("Check the evidence yourself; change a byte of it and check again:")
        teller.line(f"  .venv/bin/voltseal verify {evidence} --trust {trust}")

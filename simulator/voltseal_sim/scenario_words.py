"""A scenario in words, and a template for a new one. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from voltseal_sim.faults import REGISTRY
from voltseal_sim.scenario import ExpectTable, Scenario

_RUNTIMES = {"unix": "MicroPython (its unix port, {heap} KiB of heap)", "host": "CPython"}

TEMPLATE = """\
# Play it:     voltseal-sim run {file}
# In words:    voltseal-sim explain {file}
# All keys:    docs/reference/scenarios.md
format = "voltseal-scenario/1"
name = "{name}"
description = "What goes wrong, and how it is caught."
seed = 1                       # decides plants, rides, and what chance decides

[fleet]
devices = 1                    # packs, called pack-1, pack-2, ...
runtime = "unix"               # MicroPython; "host" is CPython; `--runtime` overrides it
period_ms = 100                # from one reading to the next
readings_per_statement = 3

[plant]
cells = 16                     # in series, at most 16; for 4 and 8 there are recorded frames
initial_soc_permille = 800

[run]
statements = 8                 # over when each pack has so many telemetry statements in the log ...
timeout_s = 60                 # ... and failed when it takes longer

# As many as wanted. Kinds: {kinds}.
[[fault]]
kind = "drop"
device = 1                     # pack-1
after_statements = 2           # when it has so many statements in the log
probability = 0.3

[expect]
completeness = "complete"      # or gap-declared, gap-unexplained, equivocation
evidence = "valid"             # or a code of `voltseal verify`
log = "sound"                  # what `voltseal log check` says, or unsound
history = "consistent"         # with each checkpoint seen during the run, or forked
alarms = "0"                   # counts: "0", "1..3", "1.."
refused = "0"                  # messages that did not get in, whatever the reason

[expect.outcomes]              # how many messages end with which code
accepted = "9.."
bad-signature = 0
"""


def template(name: str, file: str) -> str:
    """A new scenario file, every line explained; it passes as it is."""
    kinds, line = [], "#  "
    for kind in REGISTRY:
        if len(line) + len(kind) > 96:
            kinds.append(line.rstrip())
            line = "#  "
        line += f" {kind},"
    kinds.append(line.rstrip(","))
    return TEMPLATE.replace("Kinds: {kinds}.", "Kinds:\n" + "\n".join(kinds)).format(name=name, file=file)


def explain(scenario: Scenario) -> list[str]:
    """What will happen, line by line, in the order in which it does."""
    return [*_beginning(scenario), *_faults(scenario), *_end(scenario), "It passes if", *_expectations(scenario)]


def _beginning(scenario: Scenario) -> Iterator[str]:
    fleet, plant = scenario.fleet, scenario.plant
    packs = "One pack runs" if fleet.devices == 1 else f"{fleet.devices} packs run"
    yield f"{scenario.name}: {scenario.description}"
    yield f"{packs} the firmware on {_RUNTIMES[fleet.runtime].format(heap=fleet.heap_kb)}."
    yield (
        f"Each takes a reading of {plant.cells} cells every {fleet.period_ms} ms and signs a statement over "
        f"{fleet.readings_per_statement}; a second of the run is {plant.speed:g} s of the modelled battery."
    )
    if fleet.spool_kb:
        yield f"Its spool holds {fleet.spool_kb} KiB."
    if fleet.not_before == "now":
        yield "Its key is endorsed from the moment of enrolment on."


def _faults(scenario: Scenario) -> Iterator[str]:
    if not scenario.faults:
        yield "Nothing goes wrong."
    for number, fault in enumerate(scenario.faults, 1):
        when = f"When pack-{fault.device} has {fault.after_statements} statements in the log"
        yield f"  {number}. {when}: {REGISTRY[fault.kind].explain(fault)}."


def _end(scenario: Scenario) -> Iterator[str]:
    yield (
        f"The run is over when each pack has {scenario.run.statements} telemetry statements in the log; it fails after "
        f"{scenario.run.timeout_s:g} s. Then the network heals, and every pack's whole record is exported and verified."
    )


def _expectations(scenario: Scenario) -> Iterator[str]:
    expect, usual = scenario.expect, ExpectTable()
    yield f"  - the records are: {expect.completeness}" + (f" ({expect.gap_reason})" if expect.gap_reason else "")
    yield f"  - the evidence is: {expect.evidence}"
    yield f"  - the check of the log says: {expect.log}"
    yield f"  - against checkpoints seen earlier, the log is: {expect.history}"
    yield f"  - the firmware's measurement is: {expect.firmware}"
    if expect.clock != usual.clock:
        yield f"  - the device's clock, against the anchors, is: {expect.clock}"
    yield f"  - alarms: {_count(scenario.alarms)}; refused messages: {_count(scenario.refused)}"
    for outcome, bounds in scenario.outcomes.items():
        yield f"  - messages that end as {outcome.value}: {_count(bounds)}"


def _count(bounds: tuple[int, int | None]) -> str:
    least, most = bounds
    if most is None:
        return f"{least} or more"
    if most == 0:
        return "none"
    return str(least) if least == most else f"{least} to {most}"

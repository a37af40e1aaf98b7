"""Evidence: how large a bundle is, and how long verifying takes.

`bundle.bytes`: one statement of ten readings with all its values, its device's key history, checkpoint and anchor,
compressed. `bundle.ratio`: what 10,000 statements of one of three devices take as a compressed bundle, as a multiple of
the statements' own bytes, 64 KB set aside. `verify.*`: the work beyond start-up for the one statement; start-up of the
command; statements a second and memory of a large bundle on all cores.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.vectors.maker.bundle_world import Device, World, endorsement, enrol, trust_text
from tests.vectors.maker.cast import DEVICE, DEVICE_UEID, NEIGHBOUR, NEIGHBOUR_UEID, RETIRED, RETIRED_UEID

from voltseal.evidence.bundle import Bundle, Claim, Entry, Header, MadeBy
from voltseal.evidence.layout import bundle_bytes, write_bundle
from voltseal.log.merkle import leaf_hash
from voltseal.log.multiproof import multi_inclusion_path
from voltseal.verifier import parse_trust, verify

STATEMENTS = 10_000
LARGE = int(os.environ.get("VOLTSEAL_BENCH_STATEMENTS", "50000"))  # a million takes some minutes to make
REPEATS = 20
_CHILD = """
import sys, time
from pathlib import Path
from voltseal.evidence.container import opener_of_path
from voltseal.verifier import available_workers, parse_trust, verify
trust = parse_trust(Path(sys.argv[2]).read_text())
started = time.perf_counter()
verdict = verify(opener_of_path(Path(sys.argv[1])), trust, workers=available_workers())
spent_s = time.perf_counter() - started
assert verdict.completeness.result == "complete"
# Not getrusage: its maximum is handed down from the process that started this one.
peak_kb = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(verdict.completeness.statements / spent_s, int(peak_kb.split()[1]) / 1024)
"""


def one_statement() -> bytes:
    """A compressed bundle of one statement, all columns shown."""
    world, device = World(), Device(DEVICE, DEVICE_UEID)
    world.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    world.add(device.ueid, device.boot())
    for _ in range(1000):
        world.add(device.ueid, device.telemetry(1))
    world.add(device.ueid, device.telemetry(10))
    number = device.sequence - 1
    leaf = len(world.leaves) - 1
    draft = world.draft(device, [(number, number)], show="all")
    draft.anchors = [world.anchor()]
    assert draft.entries[-1]["index"] == leaf
    return gzip.compress(draft.text().encode(), mtime=0)


def fleet(count: int) -> tuple[World, Device]:
    """`count` statements of a device, taking turns with two others: paths are shared less then."""
    world = World()
    devices = [Device(*one) for one in ((DEVICE, DEVICE_UEID), (NEIGHBOUR, NEIGHBOUR_UEID), (RETIRED, RETIRED_UEID))]
    first = devices[0]
    world.add(first.ueid, enrol(first.ueid, endorsement(first.key, first.ueid)))
    filler = [one.boot() for one in devices[1:]]
    world.add(first.ueid, first.boot())
    while first.sequence < count:
        world.add(first.ueid, first.telemetry(1))
        for device, told in zip(devices[1:], filler, strict=True):  # only their places matter
            world.add(device.ueid, told)
    return world, first


def bundle_of(world: World, device: Device) -> Bundle:
    """Everything of one device, nothing shown. Through the gateway's writer: the vectors' is made for few leaves."""
    entries = tuple(Entry(index, raw) for index, raw in enumerate(world.leaves) if world.owner[index] == device.ueid)
    nodes = multi_inclusion_path([leaf_hash(raw) for raw in world.leaves], [entry.index for entry in entries])
    claim = Claim(device.ueid.hex(), ((0, device.sequence - 1),), ())
    return Bundle(Header(world.origin, MadeBy("bench"), claim, world.checkpoint()), nodes, entries)


def ratio() -> float:
    """See above. The bar is 1.2."""
    world, device = fleet(STATEMENTS)
    bundle = bundle_of(world, device)
    own = sum(len(entry.raw) for entry in bundle.entries)
    return (len(gzip.compress(bundle_bytes(bundle), mtime=0)) - 65_536) / own


def verify_ms(packed: bytes) -> float:
    """The best of some repetitions, in one process that is warm."""
    trust = parse_trust(trust_text())
    spent: list[float] = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        verify(packed, trust)
        spent.append(time.perf_counter() - started)
    return min(spent) * 1000


def startup_s(packed: bytes, directory: Path) -> float:
    """The whole command, from nothing to its exit, on the bundle of one statement: the best of five."""
    (directory / "b.json.gz").write_bytes(packed)
    command = [sys.executable, "-c", "import sys; from voltseal.cli import main; sys.exit(main())", "verify"]
    command += [str(directory / "b.json.gz"), "--trust", str(directory / "t.toml"), "--quiet"]
    spent: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(command, check=True)
        spent.append(time.perf_counter() - started)
    return min(spent)


def large(directory: Path) -> tuple[float, float]:
    """Statements a second and MB of the main process, verifying `LARGE` statements on all cores, in a process apart."""
    path = directory / "large.json"
    world, device = fleet(LARGE)
    bundle = bundle_of(world, device)
    with path.open("wb") as file:
        write_bundle(bundle.header, bundle.inclusion, iter(bundle.entries), file.write)
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, str(path), str(directory / "t.toml")], check=True, capture_output=True, text=True
    )
    rate, rss_mb = done.stdout.split()
    return float(rate), float(rss_mb)


def figures() -> dict[str, dict[str, object]]:
    """All figures; `reference` is the bar where there is one."""
    packed = one_statement()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "t.toml").write_text(trust_text(), encoding="utf-8")
        rate, rss_mb = large(directory)
        rows: Iterator[tuple[str, float, str, object]] = iter([
            ("bundle.bytes", len(packed), "B", 4096),
            ("bundle.ratio", round(ratio(), 3), "x", 1.2),
            ("verify.ms", round(verify_ms(packed), 2), "ms", 10),
            ("verify.startup_s", round(startup_s(packed, directory), 3), "s", 0.3),
            ("verify.statements_per_s", round(rate), "1/s", f"{LARGE} statements, {os.cpu_count()} cores"),
            ("verify.rss_mb", round(rss_mb, 1), "MB", f"{LARGE} statements, main process"),
        ])  # fmt: skip
        return {name: {"value": value, "unit": unit, "reference": bar} for name, value, unit, bar in rows}


if __name__ == "__main__":
    for figure, row in figures().items():
        print(f"{figure:<26} {row['value']} {row['unit']} (reference: {row['reference']})")

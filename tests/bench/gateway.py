"""The gateway's throughput and memory: statements a second, verified, on the disk, and receipted.

The gateway has one processor to itself; broker and load generator share the other. All statements are signed and in
the broker's queue before the gateway starts, so that neither of the two can be what is measured. The measure is a
multiple of R1: raw OpenSSL P-256 verifications a second on the gateway's processor, taken before and after each run.
"""

from __future__ import annotations

import asyncio
import os
import re
import statistics
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.gateway_site import SITE, GatewaySite

from voltseal_sim.load import LoadClient, LoadMessage, interleave
from voltseal_sim.mosquitto import Mosquitto

DEVICES = 50
STATEMENTS = 30_000
BATCHED = 16
RUNS = 3
_BROKER = "max_inflight_messages 0\nmax_queued_messages 1000000\nset_tcp_nodelay true"


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run. `verifies_per_s`: R1, measured around it."""

    statements_per_s: float
    verifies_per_s: float
    rss_mb: float

    @property
    def ratio(self) -> float:
        """Statements for each raw verification."""
        return self.statements_per_s / self.verifies_per_s


def openssl_verifies_per_s(core: int, seconds: int = 2) -> float:
    """Raw P-256 verifications on one processor."""
    command = ["taskset", "-c", str(core), "openssl", "speed", "-seconds", str(seconds), "ecdsap256"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"nistp256\).*\s([0-9.]+)\s*$", text, re.MULTILINE)
    assert found is not None, text
    return float(found[1])


async def measure(readings: int, statements: int = STATEMENTS, config: str = "") -> Run:
    """One run on two processors, with a site of its own."""
    gateway_core, other_core = sorted(os.sched_getaffinity(0))[:2]
    with tempfile.TemporaryDirectory(prefix="voltseal-bench-") as directory:
        async with Mosquitto(_BROKER) as broker:
            pin(broker.pid, other_core)
            site = GatewaySite(Path(directory), broker.url, config)
            fleet = site.fleet(DEVICES)
            made = [device.messages(statements // DEVICES, site.gateway_xy, readings=readings) for device in fleet]
            await site.open_session()
            before = openssl_verifies_per_s(gateway_core)
            client = LoadClient(broker.url, SITE, fleet)
            rate, rss_mb = await asyncio.to_thread(_drain, site, client, interleave(made), gateway_core, other_core)
            return Run(rate, (before + openssl_verifies_per_s(gateway_core)) / 2, rss_mb)


def _drain(
    site: GatewaySite, client: LoadClient, messages: list[LoadMessage], gateway_core: int, other_core: int
) -> tuple[float, float]:
    """Fill the broker, start the gateway, and time it from its connection to the last receipt."""
    os.sched_setaffinity(0, {other_core})
    with client:
        client.send(messages, window=len(messages) + 1)
        while client.unsent:
            time.sleep(0.05)
        gateway = site.process()
        try:
            pin(gateway.pid, gateway_core)
            while "broker session" not in site.log_text():
                time.sleep(0.001)
            begin = time.perf_counter()
            client.wait_receipted(120)
            elapsed_s = time.perf_counter() - begin
            rss_mb = resident_mb(gateway.pid)
        finally:
            gateway.terminate()
            gateway.wait(10)
    return len(messages) / elapsed_s, rss_mb


def pin(pid: int, core: int) -> None:
    """Bind a process, all its threads included, to one processor."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        os.sched_setaffinity(int(thread.name), {core})


def resident_mb(pid: int) -> float:
    """A process's resident memory at its highest."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024


def figures() -> dict[str, dict[str, object]]:
    """Medians over the runs."""
    if len(os.sched_getaffinity(0)) < 2:
        raise RuntimeError("two processors are needed: one for the gateway, one for broker and load")
    allowed = os.sched_getaffinity(0)
    try:
        single = [asyncio.run(measure(1)) for _ in range(RUNS)]
        batch = [asyncio.run(measure(BATCHED)) for _ in range(RUNS)]
    finally:
        os.sched_setaffinity(0, allowed)
    verifies_per_s = statistics.median(run.verifies_per_s for run in single + batch)
    reference = f"R1 = {verifies_per_s:.0f} OpenSSL P-256 verifies/s"
    one = statistics.median(run.ratio for run in single)
    many = statistics.median(run.ratio for run in batch) * BATCHED
    return {
        "gateway.ingest.single": {
            "value": round(one, 3),
            "unit": "statements per verify",
            "reference": reference,
            "statements_per_s": round(statistics.median(run.statements_per_s for run in single)),
            "bar": 0.60,
        },
        "gateway.ingest.batch16": {
            "value": round(many, 2),
            "unit": "readings per verify",
            "reference": reference,
            "bar": 6.5,
        },
        "gateway.rss_mb": {
            "value": round(max(run.rss_mb for run in single + batch), 1),
            "unit": "MB",
            "reference": "peak, saturated, 50 devices",
        },
    }

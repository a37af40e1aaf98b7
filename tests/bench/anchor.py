"""Anchors on a chain: gas of a later anchor, gas for a million readings, and latency on a node beside us.

`anchor.evm.gas`: an anchor after the first, mean of ten. `anchor.evm.gas_per_million_readings`: at the default policy,
an anchor a minute, for a site of a hundred devices that take a reading a second: 166.7 anchors a million readings.
`anchor.evm.latency_ms`: from a checkpoint's publication until its anchor is recorded, with its proof; the median, on
a node that makes a block at once, so without the block time.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.chain.anvil import Anvil
from tests.chain.chain_site import ChainSite, deploy
from tests.chain.toolchain import provide

from voltseal.anchor.anchorer import Anchorer, AnchorPolicy
from voltseal.anchor.interface import AnchorState
from voltseal.config import AnchorTable

ANCHORS = 10
REPEATS = 30
DEVICES = 100
READINGS_A_SECOND = 1
MOST_GAS = 33_000
MOST_LATENCY_MS = 50


def figures() -> dict[str, dict[str, Any]]:
    """See the module."""
    with tempfile.TemporaryDirectory() as directory, Anvil(provide()) as node:
        site = ChainSite(Path(directory), deploy(node), node.url)
        gas = measure_gas(site, node)
        latency_ms = measure_latency_ms(site)
        site.close()
    readings_an_anchor = DEVICES * READINGS_A_SECOND * AnchorTable("").every_s
    return {
        "anchor.evm.gas": {"value": round(gas), "unit": "gas", "reference": MOST_GAS},
        "anchor.evm.gas_per_million_readings": {
            "value": round(gas * 1_000_000 / readings_an_anchor),
            "unit": "gas",
            "reference": None,
            "devices": DEVICES,
            "readings_a_second": READINGS_A_SECOND,
            "anchor_every_s": AnchorTable("").every_s,
        },
        "anchor.evm.latency_ms": {"value": round(latency_ms, 1), "unit": "ms", "reference": MOST_LATENCY_MS},
    }


def measure_gas(site: ChainSite, node: Anvil) -> float:
    """Mean gas of later anchors, with tree sizes as they are after some months."""
    used = []
    for number in range(ANCHORS + 1):
        site.anchor(50_000_000 + 1000 * number)
        (transaction,) = node.rpc("eth_getBlockByNumber", "latest", False)["transactions"]
        used.append(int(node.rpc("eth_getTransactionReceipt", transaction)["gasUsed"], 16))
    return statistics.mean(used[1:])


def measure_latency_ms(site: ChainSite) -> float:
    """Median from publication to the record that says `included`, with a clock that runs."""
    site.backend.close()
    anchorer = Anchorer(
        site.target,
        backend=site.backend,
        checkpoints=site.records,
        records=site.records,
        policy=AnchorPolicy(every_ms=0),
    )
    spent_ms = []
    for number in range(REPEATS):
        site.publish(60_000_000 + number)
        started_s = time.perf_counter()
        while True:
            site.now_ms = time.time_ns() // 1_000_000
            anchorer.step(site.now_ms)
            newest = site.records.latest_anchor_record(site.target)
            assert newest is not None
            if newest.tree_size == site.sizes[-1] and newest.state is AnchorState.INCLUDED:
                break
            time.sleep((anchorer.due_in_ms(site.now_ms) or 0) / 1000)
        spent_ms.append((time.perf_counter() - started_s) * 1000)
    return statistics.median(spent_ms)

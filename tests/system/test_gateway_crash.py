"""Gateways as processes of their own, killed and stopped under load: nothing receipted is lost or stored twice."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from tests.gateway_site import GatewaySite, load_client, send_and_wait, wait_until

from voltseal.crash import POINTS
from voltseal.log.merkle import leaf_hash
from voltseal.log.tree import Tree
from voltseal.log_check import check_log
from voltseal.store.interface import ChainChange, EntryKind, NewEntry, Run
from voltseal.store.sqlite import SqliteStore
from voltseal.wire.message import parse_up
from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.load import LoadDevice, interleave

ANCHORED = '[log]\ncheckpoint_entries = 150\ncheckpoint_s = 0.5\n[[anchor]]\nuri = "ledger:a"\nevery_s = 0\n'


@pytest.fixture
async def broker_url() -> AsyncIterator[str]:
    """A broker that outlives the gateways."""
    broker = EmbeddedBroker()
    yield await broker.start()
    await broker.stop()


@pytest.fixture
async def site(broker_url: str, tmp_path: Path) -> AsyncIterator[GatewaySite]:
    """A site that the broker knows already: what is published before a gateway connects waits for it."""
    made = GatewaySite(tmp_path, broker_url, ANCHORED)
    await made.open_session()
    yield made
    made.end_processes()


def assert_each_once(site: GatewaySite, fleet: list[LoadDevice], receipted: set[tuple[bytes, int]]) -> None:
    """What is receipted is in the log once, and the log is the one whose checkpoints were published."""
    reader = site.reader()
    stored = [(d.ueid, e.sequence) for d in fleet for e in reader.statements_of(d.ueid, 0, 1 << 48)]
    assert len(stored) == len(set(stored))
    assert receipted <= set(stored)
    report = check_log(reader, site.log_key)
    assert (report.findings, reader.alarms()) == ([], [])
    reader.close()


@pytest.mark.slow
async def test_ten_kills_at_random_moments_under_load(broker_url: str, site: GatewaySite) -> None:
    fleet = site.fleet(10)
    messages = interleave([device.messages(1200, site.gateway_xy) for device in fleet])
    random = Random(os.environ.get("VOLTSEAL_TEST_SEED", "kill"))
    gateway = site.process()
    async with load_client(broker_url, fleet) as client:
        sending = asyncio.create_task(asyncio.to_thread(client.send, messages, window=400))
        for _ in range(10):
            receipted = len(client.receipted)
            await wait_until(lambda n=receipted: sending.done() or len(client.receipted) > n, 30)  # type: ignore[misc]
            await asyncio.sleep(random.uniform(0, 0.15))
            gateway.kill()
            gateway.wait()
            gateway = site.process()
        assert not sending.done(), "the load ended before the last kill: send more"
        await sending
        await asyncio.to_thread(client.wait_receipted)
        stop(gateway)
        assert len(client.receipted) == len(messages)
        assert_each_once(site, fleet, client.receipted)


@pytest.mark.parametrize("point", POINTS)
async def test_a_kill_at_every_step_loses_nothing_and_contradicts_nothing(
    broker_url: str, site: GatewaySite, point: str
) -> None:
    fleet = site.fleet(3)
    messages = interleave([device.messages(200, site.gateway_xy) for device in fleet])
    visit = 1 if point.startswith(("after-checkpoint", "after-anchor")) else 2  # the rarer steps may happen only once
    gateway = site.process(VOLTSEAL_TEST_CRASH_AT=f"{point}:{visit}")
    async with load_client(broker_url, fleet) as client:
        sending = asyncio.create_task(asyncio.to_thread(client.send, messages, window=250))
        assert await asyncio.to_thread(gateway.wait, 20) == -signal.SIGKILL
        starts = site.log_text().count("broker connected")
        survivor = site.process()
        await wait_until(lambda: site.log_text().count("broker connected") > starts)
        await sending
        await asyncio.to_thread(client.wait_receipted)
        stop(survivor)
        assert_each_once(site, fleet, client.receipted)
    reader = site.reader()
    newest, anchor = reader.latest_checkpoint(), reader.latest_anchor()
    assert newest is not None
    assert anchor is not None
    assert newest.checkpoint.tree_size == anchor.tree_size == reader.entry_count()
    reader.close()


async def test_sigterm_drains_and_ends_within_seconds(broker_url: str, site: GatewaySite) -> None:
    fleet = site.fleet(5)
    messages = interleave([device.messages(600, site.gateway_xy) for device in fleet])
    gateway = site.process()
    async with load_client(broker_url, fleet) as client:
        sending = asyncio.create_task(asyncio.to_thread(client.send, messages, window=500))
        await wait_until(lambda: len(client.receipted) > 300, 20)
        begin = time.monotonic()
        stop(gateway)
        assert time.monotonic() - begin < 5
        assert "gateway stopped" in site.log_text()
        assert "Traceback" not in site.log_text()
        again = site.process()
        await sending
        await asyncio.to_thread(client.wait_receipted)
        stop(again)
        assert_each_once(site, fleet, client.receipted)


async def test_restart_at_a_hundred_thousand_statements_takes_less_than_two_seconds(
    broker_url: str, site: GatewaySite
) -> None:
    (device,) = site.fleet(1)
    fill_store(site, device, 100_000)
    async with load_client(broker_url, [device]) as client:
        begin = time.monotonic()
        gateway = site.process()
        await send_and_wait(client, [device.telemetry_message()])
        assert time.monotonic() - begin < 2
        stop(gateway)


def fill_store(site: GatewaySite, device: LoadDevice, count: int) -> None:
    """Store a boot statement and `count` - 1 more of the device, as a gateway would have, minus the time of signing."""
    store = SqliteStore.create(site.config.store.path)
    made = [parse_up(device.boot_message(site.gateway_xy).payload).statement]
    filler = parse_up(device.telemetry_message().payload).statement.raw
    entries = [NewEntry(EntryKind.BOOT, 1, 0, 1, 0, made[0].raw)]
    entries += [NewEntry(EntryKind.TELEMETRY, 1, n, 1, 0, filler + n.to_bytes(4)) for n in range(1, count - 1)]
    device.next_sequence = count - 1
    last = parse_up(device.telemetry_message().payload).statement
    entries.append(NewEntry(EntryKind.TELEMETRY, 1, last.sequence, 1, 0, last.raw))
    with store.transaction():
        first = store.append(entries)
        change = ChainChange(1, last.sequence, 1, last.digest, first, count, 0, (), (Run(0, last.sequence),))
        store.save_chains([change])
        tree = Tree.open(store, 0)
        staged = tree.stage([leaf_hash(entry.raw) for entry in store.entries(0, store.next_leaf)])
        store.commit_tiles(staged)
    store.close()


def stop(gateway: subprocess.Popen[str]) -> None:
    """SIGTERM; the process must end well, and soon."""
    gateway.terminate()
    assert gateway.wait(10) == 0

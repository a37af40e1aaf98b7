"""Whatever comes in, a message ends with one outcome code; nothing of it reaches the log, a traceback or the memory."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import cbor2
import pytest
from tests.gateway_site import ORIGIN, SITE, GatewaySite, load_client, send_and_wait, wait_until

from voltseal.gateway import Gateway
from voltseal.wire.outcome import Outcome
from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.load import LoadClient, LoadDevice, LoadMessage


class Bench:
    """A running gateway with one enrolled device and a client."""

    def __init__(self, site: GatewaySite, gateway: Gateway, client: LoadClient, device: LoadDevice) -> None:
        self.site = site
        self.gateway = gateway
        self.client = client
        self.device = device

    async def outcome_of(self, payload: bytes, topic: str | None = None) -> Outcome:
        """Publish one message and return the code it ends with."""
        before = self.gateway.outcomes.copy()
        self.client.send_raw(topic or self.device.topic, payload)
        await wait_until(lambda: self.gateway.outcomes.total() > before.total())
        (outcome,) = self.gateway.outcomes - before
        return outcome


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """One for each test, with the device's boot statement stored."""
    broker = EmbeddedBroker()
    url = await broker.start()
    site = GatewaySite(tmp_path, url, "[store]\nquarantine_messages = 50\n")
    (device,) = site.fleet(1)
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(url, [device]) as client:
            await send_and_wait(client, [device.boot_message(site.gateway_xy)])
            yield Bench(site, gateway, client, device)
    await broker.stop()


def changed(message: LoadMessage, at: int, to: int | None = None) -> bytes:
    """The payload with one byte changed."""
    payload = bytearray(message.payload)
    payload[at] = payload[at] ^ 1 if to is None else to
    return bytes(payload)


def with_schema(message: LoadMessage, schema: int) -> bytes:
    """The message with another schema number in its payload; the signature no longer fits."""
    sealed, *rest = cbor2.loads(message.payload)
    protected, unprotected, payload, signature = cbor2.loads(sealed).value
    record_type, _, *elements = cbor2.loads(payload)
    body = cbor2.dumps([record_type, schema, *elements])
    statement = cbor2.CBORTag(18, [protected, unprotected, body, signature])
    return cbor2.dumps([cbor2.dumps(statement), *rest])


async def test_every_refusal_has_its_code_and_its_place_in_quarantine(bench: Bench) -> None:
    device, site = bench.device, bench.site
    stranger = LoadDevice(ORIGIN, SITE, seed=99)
    other_log = LoadDevice("example.org/other", SITE)
    other_log.key, other_log.kid, other_log.ueid = device.key, device.kid, device.ueid
    good = device.telemetry_message()
    nested = b"\x81" * 200 + b"\x00"
    cases = [
        (b"", Outcome.MALFORMED),
        (b"\x00", Outcome.MALFORMED),
        (good.payload[:-1], Outcome.MALFORMED),
        (good.payload + b"\x00", Outcome.MALFORMED),
        (nested, Outcome.MALFORMED),
        (b"\x9b" + b"\xff" * 8, Outcome.MALFORMED),
        (cbor2.dumps({"statement": 1}), Outcome.MALFORMED),
        (cbor2.dumps([1.5, None, True]), Outcome.MALFORMED),
        (b"\x83" + bytes(16_384), Outcome.OVERSIZE),
        (cbor2.dumps([bytes(1_537)]), Outcome.OVERSIZE),
        (with_schema(good, 9999), Outcome.UNSUPPORTED),
        (stranger.telemetry_message().payload, Outcome.UNKNOWN_DEVICE),
        (other_log.telemetry_message().payload, Outcome.BAD_SIGNATURE),
        (changed(good, -1), Outcome.MALFORMED),
    ]
    for payload_bytes, expected in cases:
        assert await bench.outcome_of(payload_bytes) == expected
    assert await bench.outcome_of(good.payload, f"voltseal/1/{SITE}/{stranger.ueid.hex()}/up") == Outcome.WRONG_TOPIC
    seed_at = len(good.payload) - len(cbor2.dumps(cbor2.loads(good.payload)[2])) - 1
    assert await bench.outcome_of(changed(good, seed_at)) == Outcome.BAD_COMMITMENT
    assert await bench.outcome_of(good.payload) == Outcome.ACCEPTED

    reader = site.reader()
    assert reader.entry_count() == 3
    kept = reader.quarantined(100)
    assert [message.outcome for message in reversed(kept)][: len(cases)] == [expected for _, expected in cases]
    assert {message.payload for message in kept} >= {payload_bytes for payload_bytes, _ in cases}
    assert reader.outcome_counts()["accepted"] == 2
    reader.close()


async def test_a_key_is_not_valid_before_its_time(bench: Bench) -> None:
    from voltseal.cli.device import carry_out
    from voltseal.ingest.registrar import enrol_request

    early = LoadDevice(ORIGIN, SITE, seed=7)
    endorsement = bench.site.endorse(early, not_before_ms=early.time_ms + 1)
    await asyncio.to_thread(carry_out, bench.site.config, "enrol", enrol_request(endorsement, "early"))
    message = early.boot_message(bench.site.gateway_xy)
    assert await bench.outcome_of(message.payload, early.topic) == Outcome.NOT_YET_VALID_KEY


async def test_what_contradicts_the_chain_is_stored_with_an_alarm(bench: Bench) -> None:
    device = bench.device
    await send_and_wait(bench.client, [device.telemetry_message() for _ in range(4)])
    kept = (device.next_sequence, device.prev)

    device.next_sequence = 2
    assert await bench.outcome_of(device.telemetry_message().payload) == Outcome.EQUIVOCATION
    device.next_sequence, device.prev = kept[0], bytes(32)
    assert await bench.outcome_of(device.telemetry_message().payload) == Outcome.BROKEN_CHAIN
    device.boot_count = 1
    await send_and_wait(bench.client, [device.boot_message(bench.site.gateway_xy)])
    device.boot_count = 1
    assert await bench.outcome_of(device.telemetry_message().payload) == Outcome.BOOT_REGRESSION

    reader = bench.site.reader()
    alarms = reader.alarms(device.ueid)
    assert [(alarm.kind.name, alarm.sequence) for alarm in alarms] == [
        ("EQUIVOCATION", 2),
        ("BROKEN_CHAIN", 5),
        ("BOOT_REGRESSION", 7),
    ]
    assert len(list(reader.statements_of(device.ueid, 2, 2))) == 2
    reader.close()


@pytest.mark.slow
async def test_a_flood_of_rubbish_leaves_memory_and_quarantine_bounded(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    random = Random(4)
    good = bench.device.telemetry_message().payload

    async def flood(count: int) -> None:
        target = bench.gateway.outcomes.total() + count
        for number in range(count):
            size = random.choice((0, 3, 40, 700, 16_000))
            rubbish = random.randbytes(size) if number % 2 else good[: random.randrange(len(good))]
            bench.client.send_raw(bench.device.topic, rubbish)
            if number % 500 == 499:
                await wait_until(lambda n=number: bench.gateway.outcomes.total() >= target - count + n - 400)  # type: ignore[misc]
        await wait_until(lambda: bench.gateway.outcomes.total() == target, 30)

    await flood(2000)
    before_kb = resident_kb()
    await flood(6000)
    assert resident_kb() - before_kb < 8_000
    assert set(bench.gateway.outcomes) == {Outcome.ACCEPTED, Outcome.MALFORMED}
    assert [record.message for record in caplog.records if record.name.startswith("voltseal.")] == []
    reader = bench.site.reader()
    totals = reader.quarantine_totals()
    assert (totals.messages, totals.dropped) == (50, 8000 - 50)
    reader.close()


def resident_kb() -> int:
    """This process's resident memory."""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])

"""A gateway in this process behind a real broker and behind the embedded one: from published statement to receipt."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from tests.gateway_site import ORIGIN, SITE, GatewaySite, load_client, run_cli, send_and_wait, wait_until
from tests.http_server import RunningServer

from voltseal.config import ConfigError
from voltseal.log.merkle import leaf_hash, root_hash
from voltseal.log_check import check_log
from voltseal.store.lock import StoreLocked
from voltseal.wire.outcome import Outcome
from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.load import LoadDevice, interleave
from voltseal_sim.mosquitto import Mosquitto, find_mosquitto


@pytest.fixture(params=["embedded", "mosquitto"])
async def broker_url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    """Both brokers that a gateway meets."""
    if request.param == "embedded":
        broker = EmbeddedBroker()
        yield await broker.start()
        await broker.stop()
        return
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    async with Mosquitto() as mosquitto:
        yield mosquitto.url


async def test_statements_travel_from_broker_to_receipt_log_and_anchor(broker_url: str, tmp_path: Path) -> None:
    site = GatewaySite(tmp_path, broker_url, '[log]\ncheckpoint_s = 0.3\n[[anchor]]\nuri = "ledger:a"\nevery_s = 0\n')
    fleet = site.fleet(3)
    messages = interleave([device.messages(40, site.gateway_xy, readings=2) for device in fleet])
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(broker_url, fleet) as client:
            await send_and_wait(client, messages)
            assert client.bad_receipts == 0
        assert gateway.outcomes == {Outcome.ACCEPTED: 120}

    reader = site.reader()
    entries = list(reader.entries(0, 1000))
    assert len(entries) == 123
    checkpoint, anchor = reader.latest_checkpoint(), reader.latest_anchor()
    assert checkpoint is not None
    assert anchor is not None
    assert checkpoint.checkpoint.root_hash == root_hash([leaf_hash(entry.raw) for entry in entries])
    assert (anchor.tree_size, anchor.strength) == (123, "weak")
    assert all([run.first, run.last] == [0, 39] for device in fleet for run in reader.runs_of(device.ueid))
    reader.close()


async def test_sending_again_is_a_duplicate_and_receipted_again(broker_url: str, tmp_path: Path) -> None:
    site = GatewaySite(tmp_path, broker_url)
    fleet = site.fleet(1)
    messages = fleet[0].messages(5, site.gateway_xy)
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(broker_url, fleet) as client:
            for _ in range(2):
                await send_and_wait(client, messages)
    assert gateway.outcomes == {Outcome.ACCEPTED: 5, Outcome.DUPLICATE: 5}
    assert gateway.entries_at_stop == 6


async def test_late_statements_fill_their_gap(broker_url: str, tmp_path: Path) -> None:
    site = GatewaySite(tmp_path, broker_url)
    fleet = site.fleet(1)
    messages = fleet[0].messages(9, site.gateway_xy)
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(broker_url, fleet) as client:
            for part in (messages[:3], messages[6:], messages[3:6][::-1]):
                await send_and_wait(client, part)
    assert gateway.outcomes == {Outcome.ACCEPTED: 9}
    assert [(run.first, run.last) for run in site.reader().runs_of(fleet[0].ueid)] == [(0, 8)]


async def test_what_arrives_while_the_gateway_is_away_waits_in_the_broker(broker_url: str, tmp_path: Path) -> None:
    site = GatewaySite(tmp_path, broker_url)
    fleet = site.fleet(2)
    messages = interleave([device.messages(30, site.gateway_xy) for device in fleet])
    async with site.gateway() as first:
        await first.wait_connected()
    async with load_client(broker_url, fleet) as client:
        await asyncio.to_thread(client.send, messages)
        assert client.waiting == 60
        async with site.gateway() as second:
            await second.wait_connected()
            await asyncio.to_thread(client.wait_receipted)
    assert second.outcomes == {Outcome.ACCEPTED: 60}


async def test_a_device_enrolled_while_the_gateway_runs_is_let_in(broker_url: str, tmp_path: Path) -> None:
    site = GatewaySite(tmp_path, broker_url)
    device = LoadDevice(ORIGIN, SITE)
    (tmp_path / "request").write_bytes(device.enrolment_request())
    (tmp_path / "maker.pem").touch(0o600)
    (tmp_path / "maker.pem").write_bytes(site.maker.to_pem())
    arguments = ["--config", site.config_path]
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        enrol = ["device", "enrol", tmp_path / "request", "--maker-key", tmp_path / "maker.pem", "--label", "late"]
        code, out, err = await asyncio.to_thread(run_cli, *enrol, *arguments)
        assert (code, err) == (0, "")
        assert device.ueid.hex() in out
        code, out, err = await asyncio.to_thread(run_cli, *enrol, *arguments)
        assert code == 1
        assert "has an active key" in err
        async with load_client(broker_url, [device]) as client:
            await send_and_wait(client, device.messages(3, site.gateway_xy))
            code, _, _ = await asyncio.to_thread(
                run_cli, "device", "revoke", "late", "--reason", "stolen", "--effective", "0", *arguments
            )
            assert code == 0
            client.send_raw(device.topic, device.telemetry_message().payload)
            await wait_until(lambda: gateway.outcomes[Outcome.REVOKED_KEY] == 1)
    assert gateway.outcomes == {Outcome.ACCEPTED: 3, Outcome.REVOKED_KEY: 1}
    assert check_log(site.reader(), site.log_key).is_sound


async def test_two_gateways_cannot_share_a_store(tmp_path: Path) -> None:
    site = GatewaySite(tmp_path)
    async with site.gateway():
        with pytest.raises(StoreLocked, match="is using this store"):
            site.gateway()


async def test_a_log_key_of_another_origin_is_refused(tmp_path: Path) -> None:
    site = GatewaySite(tmp_path)
    text = site.config_path.read_text().replace(ORIGIN, "example.org/other")
    site.config_path.write_text(text)
    with pytest.raises(ConfigError, match="is the key of log"):
        site.gateway()


async def test_http_tells_of_the_running_gateway(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    site = GatewaySite(tmp_path, url, '[http]\nlisten = "127.0.0.1:18780"\ntoken_file = "keys/api.token"\n')
    fleet = site.fleet(2)
    messages = interleave([device.messages(30, site.gateway_xy) for device in fleet])
    server = RunningServer(18780)
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(url, fleet) as client:
            await send_and_wait(client, messages)
        ready = await asyncio.to_thread(server.request, "/readyz")
        metrics = (await asyncio.to_thread(server.request, "/metrics")).body.decode()
        token = (tmp_path / "keys" / "api.token").read_text().strip()
        answer = await asyncio.to_thread(server.request, "/api/v1/log", Authorization=f"Bearer {token}")
        await broker.stop()
        await wait_until(lambda: not gateway.live().is_connected)
        unready = await asyncio.to_thread(server.request, "/readyz")
    assert ready.status == 200, ready.body
    assert 'voltseal_messages_total{outcome="accepted"} 60.0' in metrics
    assert 'voltseal_queue_messages{queue="unacknowledged"} 0.0' in metrics
    assert json.loads(answer.body)["entries"] == 62
    assert (unready.status, json.loads(unready.body)["checks"]["broker"]) == (503, False)
    with pytest.raises(OSError, match="refused"):
        server.request("/healthz")


async def test_an_equivocation_is_published_as_an_alert(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    topic = f"voltseal/1/{SITE}/alert"
    site = GatewaySite(tmp_path, url, f'[alert]\nmqtt_topic = "{topic}"\n')
    (device,) = site.fleet(1)
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
    listener.on_message = lambda _client, _userdata, message: loop.call_soon_threadsafe(
        heard.put_nowait, message.payload
    )
    listener.on_connect = lambda client, *_: client.subscribe(topic, 1)
    address = site.config.broker.address
    await asyncio.to_thread(listener.connect, address.host, address.port)
    listener.loop_start()
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        await wait_until((tmp_path / "voltseal.db.alerts").exists)
        async with load_client(url, [device]) as client:
            await send_and_wait(client, device.messages(5, site.gateway_xy))
            device.next_sequence -= 1
            await send_and_wait(client, [device.telemetry_message()])
        async with asyncio.timeout(10):
            content = json.loads(await heard.get())
    listener.loop_stop()
    await broker.stop()
    (alert,) = content["alerts"]
    assert (content["origin"], alert["kind"], alert["alarms"]["device"]) == (ORIGIN, "equivocation", device.ueid.hex())
    assert len(alert["alarms"]["statements"]) == 2

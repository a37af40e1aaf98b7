"""The broker's session: outages, a broker that is not there, TLS, and a window that bounds what is taken."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from tests.gateway_site import GatewaySite, load_client, send_and_wait, wait_until

from voltseal.config import BrokerTable
from voltseal.ingest.arrival import Arrival
from voltseal.ingest.mqtt_client import BrokerError
from voltseal.ingest.subscriber import Subscriber
from voltseal.wire.outcome import Outcome
from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.load import interleave
from voltseal_sim.mosquitto import Mosquitto, find_mosquitto


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test does not wait half a minute for the next attempt."""
    monkeypatch.setattr("voltseal.ingest.subscriber._FIRST_RETRY_S", 0.05)
    monkeypatch.setattr("voltseal.ingest.subscriber._LAST_RETRY_S", 0.2)


async def test_a_broker_that_comes_back_finds_the_gateway_again(tmp_path: Path) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    site = GatewaySite(tmp_path, url)
    fleet = site.fleet(2)
    messages = interleave([device.messages(100, site.gateway_xy) for device in fleet])
    async with site.gateway() as gateway:
        await gateway.wait_connected()
        async with load_client(url, fleet) as client:
            sending = asyncio.create_task(send_and_wait(client, messages))
            for _ in range(2):
                await asyncio.sleep(0.05)
                await broker.stop()
                await asyncio.sleep(0.1)
                await broker.start()
            await asyncio.wait_for(sending, 30)
    await broker.stop()
    assert gateway.outcomes[Outcome.ACCEPTED] == 200
    assert set(gateway.outcomes) <= {Outcome.ACCEPTED, Outcome.DUPLICATE}


async def test_a_gateway_waits_for_a_broker_that_is_not_there_yet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    await broker.stop()
    site = GatewaySite(tmp_path, url)
    async with site.gateway() as gateway:
        await wait_until(lambda: "broker unreachable" in caplog.text)
        await broker.start()
        await asyncio.wait_for(gateway.wait_connected(), 5)
    await broker.stop()


async def test_a_gateway_stops_while_no_broker_is_there(tmp_path: Path) -> None:
    async with asyncio.timeout(5), GatewaySite(tmp_path).gateway():
        await asyncio.sleep(0.1)


@pytest.mark.parametrize("limit", ["messages", "bytes"])
async def test_no_more_than_the_window_is_taken_while_commits_stand_still(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    site = GatewaySite(tmp_path, url, "")
    if limit == "messages":
        text = site.config_path.read_text().replace("[broker]\n", "[broker]\nwindow = 50\n")
        site.config_path.write_text(text)
    else:
        monkeypatch.setattr("voltseal.ingest.subscriber._MAX_TAKEN_BYTES", 10_000)
    fleet = site.fleet(1)
    gate = threading.Event()
    gateway = site.gateway()
    commit = gateway._committer.commit

    def held(judged: object) -> object:
        gate.wait(10)
        return commit(judged)  # type: ignore[arg-type]

    monkeypatch.setattr(gateway._committer, "commit", held)
    async with gateway:
        await gateway.wait_connected()
        async with load_client(url, fleet) as client:
            await asyncio.to_thread(client.send, fleet[0].messages(400, site.gateway_xy))
            await wait_until(lambda: gateway._subscriber._full)
            await asyncio.sleep(0.2)
            assert limit == "bytes" or gateway._subscriber._taken == 50
            assert gateway._subscriber._taken_bytes < 20_000
            gate.set()
            await asyncio.to_thread(client.wait_receipted)
    await broker.stop()
    assert (gateway._subscriber._taken, gateway._subscriber._taken_bytes) == (0, 0)
    assert gateway.outcomes == {Outcome.ACCEPTED: 400}


async def test_wrong_credentials_are_logged_and_tried_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    if find_mosquitto() is None:
        pytest.skip("mosquitto is not installed (apt-get install mosquitto)")
    passwords = tmp_path / "passwords"
    passwords.write_text("")
    async with Mosquitto(f"allow_anonymous false\npassword_file {passwords}") as broker:
        site = GatewaySite(tmp_path / "g", broker.url)
        (tmp_path / "secret").touch(0o600)
        (tmp_path / "secret").write_text("wrong\n")
        text = site.config_path.read_text().replace(
            "[broker]\n", f'[broker]\nusername = "gateway"\npassword_file = "{tmp_path / "secret"}"\n'
        )
        site.config_path.write_text(text)
        async with site.gateway():
            await wait_until(lambda: caplog.text.count("broker refused") >= 2)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (BrokerTable(username="u", password_file=Path("/nowhere")), "password_file"),
        (BrokerTable(username="u", password_file=Path("/etc/hostname")), "may be read by others"),
        (BrokerTable(url="mqtts://h", ca_file=Path("/nowhere")), "certificates cannot be used"),
        (
            BrokerTable(url="mqtts://h", cert_file=Path(__file__), key_file=Path(__file__)),
            "certificates cannot be used",
        ),
    ],
)
async def test_files_that_are_no_good_are_named(table: BrokerTable, message: str) -> None:
    def never(_arrival: Arrival) -> None:
        raise AssertionError

    with pytest.raises(BrokerError, match=message):
        Subscriber(table, "id", "f", never)

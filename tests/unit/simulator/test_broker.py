"""The embedded broker and a real Mosquitto, held to the same promises."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import Any
from urllib.parse import urlsplit

import pytest

from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.mosquitto import Mosquitto, MosquittoError, find_mosquitto

TOPIC = "voltseal/1/site/0a/up"
Clients = Callable[..., AbstractContextManager[Any]]  # the fixtures of conftest.py, whose class a test cannot import


@pytest.fixture(params=["embedded", "mosquitto"])
async def url(request: pytest.FixtureRequest) -> AsyncIterator[str]:
    broker = EmbeddedBroker() if request.param == "embedded" else Mosquitto()
    yield await broker.start()
    await broker.stop()


async def in_thread(test: Callable[[str], None], url: str) -> None:
    """paho's waits block; the embedded broker needs the event loop meanwhile."""
    await asyncio.to_thread(test, url)


async def test_delivers_in_order_to_who_subscribed(url: str, client: Clients) -> None:
    def run(url: str) -> None:
        with client(url, "gateway") as gateway, client(url, "other") as other, client(url, "pack") as pack:
            gateway.subscribe("voltseal/1/+/+/up")
            other.subscribe("voltseal/1/+/+/down")
            payloads = [b"%d" % number for number in range(500)]
            pack.publish(*payloads)
            gateway.expect(*payloads)
            assert {(message.qos, message.retain, message.dup) for message in gateway.messages} == {(1, False, False)}
            assert other.messages == []

    await in_thread(run, url)


async def test_unacknowledged_messages_come_again_after_a_reconnect(
    url: str, client: Clients, mqtt_client: Clients
) -> None:
    def run(url: str) -> None:
        gateway = mqtt_client(url, "gateway", clean=False, manual_ack=True).connect()
        gateway.subscribe()
        with client(url, "pack") as pack:
            pack.publish(b"1", b"2", b"3")
            gateway.expect(b"1", b"2", b"3")
            gateway.paho.ack(gateway.messages[0].mid, 1)
            time.sleep(0.1)
            gateway.vanish()
            pack.publish(b"4")
            again = mqtt_client(url, "gateway", clean=False, manual_ack=True).connect()
            assert again.session_present
            again.expect(b"2", b"3", b"4")
            assert [message.dup for message in again.messages] == [True, True, False]
            again.acknowledge_all()
            again.leave()
            with client(url, "gateway", clean=False) as last:
                pack.publish(b"5")
                last.expect(b"5")

    await in_thread(run, url)


async def test_messages_wait_for_a_persistent_session_and_not_for_a_clean_one(url: str, client: Clients) -> None:
    def run(url: str) -> None:
        for name, clean in (("stays", False), ("goes", True)):
            with client(url, name, clean=clean) as subscriber:
                subscriber.subscribe()
        with client(url, "pack") as pack:
            pack.publish(b"1", b"2")
        with client(url, "stays", clean=False) as stays, client(url, "goes", clean=True) as goes:
            stays.expect(b"1", b"2")
            assert (stays.session_present, goes.session_present) == (True, False)
            assert goes.messages == []
        with client(url, "stays", clean=True) as cleaned:
            assert not cleaned.session_present
        with client(url, "stays", clean=False) as fresh:
            assert not fresh.session_present

    await in_thread(run, url)


async def test_one_connection_for_each_client_identifier(url: str, client: Clients, mqtt_client: Clients) -> None:
    def run(url: str) -> None:
        first = mqtt_client(url, "pack").connect()
        first.subscribe()
        with client(url, "pack") as second:
            assert first.gone.wait(5.0)
            first.paho.loop_stop()
            second.subscribe()
            second.publish(b"1")
            second.expect(b"1")

    await in_thread(run, url)


async def test_unsubscribe_and_qos_0(url: str, client: Clients) -> None:
    def run(url: str) -> None:
        with client(url, "gateway") as gateway, client(url, "pack") as pack:
            gateway.subscribe("a/#", qos=0)
            gateway.subscribe("b/#", qos=1)
            pack.publish(b"1", topic="a/x", qos=1)
            pack.publish(b"2", topic="b/x", qos=0)
            gateway.wait_until(lambda: len(gateway.messages) == 2)
            assert {message.qos for message in gateway.messages} == {0}
            gateway.paho.unsubscribe("a/#")
            pack.publish(b"3", topic="a/x")
            time.sleep(0.1)
            pack.publish(b"4", topic="a/x")
            pack.publish(b"5", topic="b/x")
            gateway.wait_until(lambda: gateway.messages[-1].payload == b"5")
            assert b"4" not in [message.payload for message in gateway.messages]

    await in_thread(run, url)


async def test_will_of_a_client_that_vanished(url: str, client: Clients, mqtt_client: Clients) -> None:
    def run(url: str) -> None:
        with client(url, "gateway") as gateway:
            gateway.subscribe("last/words")
            for manner in ("leave", "vanish"):
                pack = mqtt_client(url, "pack")
                pack.paho.will_set("last/words", manner.encode(), 1)
                getattr(pack.connect(), manner)()
            gateway.expect(b"vanish")

    await in_thread(run, url)


@pytest.mark.parametrize(
    "garbage",
    [b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", b"\x30\x05\x00\x01tab", b"\x10\xff\xff\xff\xff\x7f", b"\xc0\x00"],
)
async def test_garbage_is_cut_off_and_others_go_on(url: str, garbage: bytes, client: Clients) -> None:
    def run(url: str) -> None:
        address = urlsplit(url)
        with client(url, "pack") as pack, socket.create_connection((address.hostname, address.port), 5.0) as raw:
            pack.subscribe()
            raw.sendall(garbage)
            assert hung_up(raw)
            pack.publish(b"1")
            pack.expect(b"1")

    await in_thread(run, url)


def hung_up(raw: socket.socket) -> bool:
    """The broker ends the connection: end of stream, or a reset."""
    try:
        return raw.recv(1) == b""
    except ConnectionResetError:
        return True


async def test_mosquitto_reports_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MosquittoError, match="nonsense"):
        await Mosquitto("nonsense true").start()
    monkeypatch.setattr("voltseal_sim.mosquitto.find_mosquitto", lambda: None)
    with pytest.raises(MosquittoError, match="not installed") as caught:
        await Mosquitto().start()
    assert caught.value.hint == "apt-get install mosquitto"
    assert find_mosquitto() is not None

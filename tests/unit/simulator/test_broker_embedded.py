"""What the embedded broker promises beyond the protocol: quick stops, bounds, outages, silence."""

from __future__ import annotations

import asyncio
import gc
import logging
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.mqtt_session import BrokerLimits

Clients = Callable[..., AbstractContextManager[Any]]  # the fixtures of conftest.py, whose class a test cannot import


async def test_loopback_only_free_port_and_quiet(caplog: pytest.LogCaptureFixture, client: Clients) -> None:
    caplog.set_level(logging.INFO)
    broker = EmbeddedBroker()
    url = await broker.start()
    assert url == broker.url == f"mqtt://127.0.0.1:{broker.port}"
    with pytest.raises(RuntimeError, match="runs already"):
        await broker.start()
    await asyncio.to_thread(lambda: client(url, "pack").__enter__().leave())
    await broker.stop()
    await broker.stop()
    assert [record.levelname for record in caplog.records if record.name.startswith("voltseal_sim")] == ["INFO"] * 2


async def test_stops_at_once_with_clients_connected_and_leaves_nothing_behind(mqtt_client: Clients) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()
    clients = await asyncio.to_thread(lambda: [mqtt_client(url, f"pack-{number}").connect() for number in range(20)])
    assert broker.counts.connected == 20
    began_s = time.monotonic()
    await broker.stop()
    assert time.monotonic() - began_s < 1.0
    assert (broker.counts.connected, broker.session_count) == (0, 0)
    assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", broker.port)
    for connected in clients:
        await asyncio.to_thread(connected.gone.wait, 5.0)
        connected.paho.loop_stop()
    gc.collect()


async def test_outage_keeps_sessions_and_the_port(client: Clients) -> None:
    broker = EmbeddedBroker()
    url = await broker.start()

    def before() -> None:
        with client(url, "gateway", clean=False) as gateway:
            gateway.subscribe()
        with client(url, "pack") as pack:
            pack.publish(b"1")

    def after() -> None:
        with client(url, "gateway", clean=False) as gateway:
            gateway.expect(b"1")

    await asyncio.to_thread(before)
    await broker.stop()
    assert broker.session_count == 1
    assert await broker.start() == url
    await asyncio.to_thread(after)
    await broker.stop()


async def test_window_and_queue_are_bounded_and_counted(client: Clients, mqtt_client: Clients) -> None:
    broker = EmbeddedBroker(limits=BrokerLimits(in_flight_per_session=5, queued_per_session=10))
    url = await broker.start()

    def run() -> None:
        gateway = mqtt_client(url, "gateway", clean=False, manual_ack=True).connect()
        gateway.subscribe()
        with client(url, "pack") as pack:
            pack.publish(*(b"%d" % number for number in range(20)))
        gateway.expect(b"0", b"1", b"2", b"3", b"4")
        for _ in range(3):
            for message in tuple(gateway.messages):
                gateway.paho.ack(message.mid, 1)
            time.sleep(0.05)
        gateway.expect(*(b"%d" % number for number in range(15)))
        gateway.leave()

    await asyncio.to_thread(run)
    await broker.stop()
    assert (broker.counts.received, broker.counts.delivered, broker.counts.dropped) == (20, 15, 5)
    assert broker.counts.acknowledged == 15


async def test_silent_client_is_cut_after_one_and_a_half_keep_alives() -> None:
    async with EmbeddedBroker() as broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x01\x00\x01c")
        assert await reader.readexactly(4) == b"\x20\x02\x00\x00"
        began_s = time.monotonic()
        assert await asyncio.wait_for(reader.read(), 5.0) == b""
        assert 1.4 < time.monotonic() - began_s < 2.5
        writer.close()


async def test_persistent_session_without_a_name_is_refused() -> None:
    async with EmbeddedBroker() as broker:
        reader, writer = await asyncio.open_connection("127.0.0.1", broker.port)
        writer.write(b"\x10\x0c\x00\x04MQTT\x04\x00\x00\x3c\x00\x00")
        assert await asyncio.wait_for(reader.read(), 5.0) == b"\x20\x02\x00\x02"
        writer.close()


DEVICE = """
import socket
stream = socket.socket()
stream.connect(socket.getaddrinfo("127.0.0.1", PORT)[0][-1])
stream.write(b"\\x10\\x0e\\x00\\x04MQTT\\x04\\x02\\x00\\x3c\\x00\\x02mp")
assert stream.read(4) == b"\\x20\\x02\\x00\\x00"
stream.write(b"\\x82\\x09\\x00\\x01\\x00\\x04down\\x01")
assert stream.read(5) == b"\\x90\\x03\\x00\\x01\\x01"
stream.write(b"\\x32\\x0a\\x00\\x02up\\x00\\x07four")
assert stream.read(4) == b"\\x40\\x02\\x00\\x07"
print(stream.read(13))
stream.write(b"\\xe0\\x00")
stream.close()
"""


@pytest.mark.micropython
async def test_micropython_client_at_qos_1(micropython: Any, client: Clients) -> None:
    """Packet by packet, as the standard writes them, from the interpreter that the firmware runs on."""
    async with EmbeddedBroker() as broker:

        def run() -> tuple[str, str]:
            program = DEVICE.replace("PORT", str(broker.port))
            with client(broker.url, "gateway") as gateway:
                gateway.subscribe("up")
                command = [
                    str(micropython.path),
                    "-X",
                    "heapsize=128k",
                    "-c",
                    program,
                ]
                with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as device:
                    gateway.expect(b"four")
                    gateway.publish(b"ack", topic="down")
                    return device.communicate(timeout=10)

        output, complaint = await asyncio.to_thread(run)
    assert complaint == ""
    assert output.strip() == repr(b"\x32\x0b\x00\x04down\x00\x01ack")
    assert broker.counts.protocol_errors == 0

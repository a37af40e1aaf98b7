"""Responders behind real pseudo-terminals, read by a plain serial client."""

from __future__ import annotations

import asyncio
import os
import termios
from pathlib import Path

import pytest
import serial

from drivers import jbd as driver_module
from drivers.frame import Response
from voltseal_sim.buses import jbd
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.buses.recordings import JBD_4S_5AH
from voltseal_sim.buses.source import FirstThen, Recorded
from voltseal_sim.plants.battery import BatteryPack, PackParameters

DRIVER = driver_module.Driver()


def open_descriptors() -> set[str]:
    return {entry.name for entry in Path("/proc/self/fd").iterdir() if entry.exists()}


def poll(path: str, polls: int = 1) -> list[dict[str, int | str | None]]:
    """What a device does, in a thread: open the port, ask each register, parse."""
    readings: list[dict[str, int | str | None]] = []
    with serial.Serial(path, DRIVER.baud_rate, timeout=2) as port:
        for _ in range(polls):
            for register, request in zip(DRIVER.registers, DRIVER.requests(), strict=True):
                port.write(request)
                response = Response(DRIVER, register)
                fields = None
                while fields is None:
                    chunk = port.read(max(1, port.in_waiting))
                    fields = response.feed(chunk) if chunk else response.close()
                readings.append(fields)
    return readings


def board(seed: int = 1) -> jbd.JbdBoard:
    pack = BatteryPack(PackParameters(cells_in_series=4 + seed), seed)
    return jbd.JbdBoard(FirstThen(Recorded(JBD_4S_5AH, rounds=1), jbd.Plant(pack, -5.0, fixed_step(5.0))))


async def test_recorded_then_modelled_through_a_port() -> None:
    async with PtyBus(board()) as bus:
        readings = await asyncio.to_thread(poll, bus.path, 3)
    assert [reading.get("cell_count") for reading in readings[::2]] == [4, 5, 5]
    assert readings[0]["pack_voltage_mv"] == 15600
    assert readings[1]["cell_01_mv"] == 3430
    assert bus.received_bytes == 3 * 14
    assert bus.lost_bytes == 0


async def test_bytes_that_a_terminal_would_change_pass() -> None:
    """Raw: no echo, no line editing, no CR/LF mapping, no flow control characters."""

    class Echo:
        def respond(self, received: bytes) -> bytes:
            return received

    every = bytes(range(256))
    async with PtyBus(Echo()) as bus:

        def exchange() -> bytes:
            with serial.Serial(bus.path, timeout=2) as port:
                port.write(every)
                return bytes(port.read(256))

        assert await asyncio.to_thread(exchange) == every


async def test_port_may_be_closed_and_opened_again() -> None:
    async with PtyBus(board()) as bus:
        path = bus.path
        first = await asyncio.to_thread(poll, path)
        second = await asyncio.to_thread(poll, path)
        assert (first[0]["cell_count"], second[0]["cell_count"]) == (4, 5)
        assert bus.path == path


async def test_several_at_once_do_not_mix() -> None:
    buses = [PtyBus(board(seed), name=f"pack-{seed}") for seed in range(1, 6)]
    paths = [await bus.start() for bus in buses]
    try:
        assert len(set(paths)) == 5
        results = await asyncio.gather(*(asyncio.to_thread(poll, path, 4) for path in paths))
    finally:
        for bus in buses:
            bus.close()
    assert [readings[-2]["cell_count"] for readings in results] == [5, 6, 7, 8, 9]


async def test_faulty_line_through_a_port() -> None:
    faulty = FaultyLine(board(), LineFaults(noise=1.0), seed=3)
    async with PtyBus(faulty) as bus:
        readings = await asyncio.to_thread(poll, bus.path, 2)
    assert readings[0]["pack_voltage_mv"] == 15600
    assert faulty.counts["noise"] == 4


async def test_client_that_does_not_read_stalls_nothing() -> None:
    """Answers nobody reads are lost and counted; the loop goes on, and so does the bus."""
    async with PtyBus(board()) as bus:
        descriptor = os.open(bus.path, os.O_RDWR | os.O_NOCTTY)
        try:
            for _ in range(3000):
                os.write(descriptor, driver_module.request(0x03))
                await asyncio.sleep(0)
            while bus.received_bytes < 3000 * 7:
                await asyncio.sleep(0.01)
            assert bus.lost_bytes > 0
            termios.tcflush(descriptor, termios.TCIFLUSH)
        finally:
            os.close(descriptor)
        assert (await asyncio.to_thread(poll, bus.path))[0]["cell_count"] == 5


async def test_close_gives_everything_back() -> None:
    before = open_descriptors()
    bus = PtyBus(board())
    path = await bus.start()
    with pytest.raises(RuntimeError, match="already open"):
        await bus.start()
    bus.close()
    bus.close()
    assert open_descriptors() == before
    assert not Path(path).exists()
    with pytest.raises(RuntimeError, match="not open"):
        _ = bus.path

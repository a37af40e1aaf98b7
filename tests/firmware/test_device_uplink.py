"""The whole firmware as a process: recorded JBD frames on a pty, real sockets, a gateway that checks with OpenSSL."""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.firmware.device_gateway import Broker, Gateway, Statement
from tests.firmware.device_process import DeviceProcess, recorded_pack

from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.runtimes.host import HostRuntime
from voltseal_sim.runtimes.interface import Runtime
from voltseal_sim.runtimes.unix import UnixRuntime
from voltseal_sim.toolchain import MicroPython

pytestmark = pytest.mark.micropython
ORIGIN = "log.example/lab"
HEAP_KB = 112
Answer = Callable[[Statement], list[bytes]]


@pytest.fixture(params=["unix", "host"])
def runtime(request: pytest.FixtureRequest) -> Runtime:
    if request.param == "host":
        return HostRuntime()
    micropython: MicroPython = request.getfixturevalue("micropython")
    return UnixRuntime(micropython, heap_kb=HEAP_KB)


@pytest.fixture
def gateway() -> Gateway:
    return Gateway(ORIGIN)


@pytest.fixture
def device(runtime: Runtime, tmp_path: Path) -> Iterator[DeviceProcess]:
    made = DeviceProcess(runtime, tmp_path / "state")
    yield made
    if made.process is not None and made.process.returncode is None:
        made.process.kill()


@asynccontextmanager
async def powered(device: DeviceProcess, gateway: Gateway, answer: Answer, **changes: object) -> AsyncIterator[Broker]:
    """A wired, enrolled and configured device beside its broker; it is not running yet."""
    async with PtyBus(recorded_pack()) as bus, Broker(gateway, answer) as broker:
        device.configure(
            broker_port=broker.port, bus_path=bus.path, gateway_receipt_key=gateway.receipt_public_hex(), **changes
        )
        gateway.enrol(await device.enrolled())
        yield broker


async def test_a_life_with_a_power_cut(device: DeviceProcess, gateway: Gateway) -> None:
    """Statements flow, forged receipts are ignored, a cut leaves a declared gap, an orderly stop leaves none."""

    def answer(statement: Statement) -> list[bytes]:
        return [gateway.receipt(0, statement.sequence)]

    async with powered(device, gateway, answer) as broker:
        assert (device.directory / "identity").stat().st_mode & 0o077 == 0, "the private key is the owner's alone"
        await device.start()
        await broker.until(lambda: len(gateway.stored) >= 25, "25 statements")
        assert await device.end(signal.SIGKILL) == -signal.SIGKILL
        cut_after = max(gateway.stored)

        await device.start()
        await broker.until(lambda: gateway.boot_count == 2 and max(gateway.stored) > cut_after + 25, "second boot")
        assert await device.end(signal.SIGTERM) == 0
        stopped = device.events("stopped")[-1]
        stopped_after = max(gateway.stored)

        await device.start()
        await broker.until(lambda: gateway.boot_count == 3 and len(gateway.arrivals) > 70, "third boot")
        await broker.until(lambda: device.events("receipt")[-1]["pending"] == "0", "an empty spool")
        await device.end(signal.SIGTERM)

    device.assert_healthy()
    gateway.check_chain()
    gap = [number for number in range(max(gateway.stored)) if number not in gateway.stored]
    assert gap, "the power cut left reserved numbers unused"
    assert {gateway.declared()[number] for number in gap} == {1}
    assert max(gap) < stopped_after, "an orderly stop gives unused numbers back"
    assert int(stopped["pending"]) < 5


async def test_readings_are_those_of_the_bus(device: DeviceProcess, gateway: Gateway) -> None:
    async with powered(device, gateway, lambda s: [gateway.receipt(0, s.sequence)]) as broker:
        await device.start()
        await broker.until(lambda: len(gateway.readings) >= 3, "three telemetry statements")
        await device.end(signal.SIGTERM)
    for sequence, columns in list(gateway.readings.items())[:3]:
        statement = gateway.stored[sequence]
        assert statement.payload[1] == 1
        assert statement.payload[5:7] == [1, 60_000]
        assert statement.payload[8] == 4
        offsets = [sum(columns[0][: i + 1]) for i in range(4)]
        assert offsets[0] == 0
        assert offsets == sorted(offsets)
        assert columns[1:3] == [26_400, -6040]
        assert columns[14:18] == [3430, 3425, 3432, 3417]
        assert columns[18:] == [None] * 12


async def test_forged_receipts_are_ignored(device: DeviceProcess, gateway: Gateway) -> None:
    """Wrong key, wrong boot, garbage: nothing leaves the spool; the true receipt then empties it."""
    forgeries = 0

    def answer(statement: Statement) -> list[bytes]:
        nonlocal forgeries
        forgeries += 3
        last = statement.sequence
        return [
            gateway.receipt(0, last, key=bytes(32)),
            gateway.receipt(0, last, boot_count=gateway.boot_count + 1),
            gateway.receipt(0, last)[:-1] + b"\x00\x00",
        ]

    async with powered(device, gateway, answer, period_ms=200) as broker:
        await device.start()
        await broker.until(lambda: len(gateway.stored) >= 4, "four statements")
        ignored = len(device.events("down-ignored"))
        assert ignored >= 6
        assert not device.events("receipt")
        await broker.until(lambda: broker.acknowledged >= ignored, "an ignored message is still acknowledged")
        broker.answer = lambda s: [gateway.receipt(0, s.sequence)]
        await broker.until(lambda: bool(device.events("receipt")), "a receipt")
        await device.end(signal.SIGTERM)
    device.assert_healthy()


async def test_what_has_no_receipt_is_sent_again(device: DeviceProcess, gateway: Gateway) -> None:
    """PUBACK alone does not make the device forget; one withheld receipt does not block the others."""

    def answer(statement: Statement) -> list[bytes]:
        return [] if statement.sequence == 3 else [gateway.receipt(statement.sequence, statement.sequence)]

    async with powered(device, gateway, answer, window=2) as broker:
        await device.start()
        await broker.until(lambda: gateway.arrivals.count(3) >= 3, "number 3 for the third time")
        assert max(gateway.stored) > 6
        await device.end(signal.SIGTERM)
    device.assert_healthy()


async def test_offline_and_back(device: DeviceProcess, gateway: Gateway) -> None:
    """A lost connection and a broker that talks nonsense: the device comes back, boot statement first."""
    answer = lambda s: [gateway.receipt(0, s.sequence)]  # noqa: E731
    async with powered(device, gateway, answer) as broker:
        await device.start()
        await broker.until(lambda: len(gateway.stored) >= 3, "three statements")
        for nonsense in (
            b"",
            b"\x30\xff\xff\xff\xff\xff",
            b"\x32\x05\x00\xff\x61\x00\x01",
            b"\x40\x01\x00",
            b"\xf0\x00",
        ):
            connections, arrivals = len(broker.connects), len(gateway.arrivals)
            if nonsense:
                broker.send_raw(nonsense)
            else:
                broker.drop()
            await broker.until(lambda c=connections: len(broker.connects) > c, f"coming back after {nonsense!r}")
            await broker.until(lambda a=arrivals: len(gateway.arrivals) > a, "statements again")
            device_boots = [n for n in gateway.arrivals[arrivals:] if gateway.stored[n].kind == 2]
            assert device_boots, "the boot statement comes in each connection"
        await device.end(signal.SIGTERM)
    device.assert_healthy()
    gateway.check_chain()


async def test_a_full_spool_is_declared(device: DeviceProcess, gateway: Gateway) -> None:
    """Offline until messages had to go: the losses are declared, and the rest arrives."""
    online = False

    def answer(statement: Statement) -> list[bytes]:
        return [gateway.receipt(0, statement.sequence)] if online else []

    changes = {"spool_bytes": 65_792, "period_ms": 10, "readings_per_statement": 2, "receipt_timeout_ms": 60_000}
    async with powered(device, gateway, answer, **changes) as broker:
        await device.start()
        await broker.until(lambda: len(device.events("sealed")) > 260, "a spool that overflowed", 60)
        gateway.stored.clear()
        gateway.arrivals.clear()
        online = True
        broker.drop()
        await broker.until(lambda: 2 in gateway.declared().values(), "a declared loss", 40)
        await broker.until(
            lambda: device.events("receipt")[-1:] and int(device.events("receipt")[-1]["pending"]) < 3, "drained"
        )
        await device.end(signal.SIGTERM)
    device.assert_healthy()
    reasons = gateway.declared()
    missing = [n for n in range(max(gateway.stored)) if n not in gateway.stored]
    assert missing
    assert {reasons[number] for number in missing} <= {1, 2}

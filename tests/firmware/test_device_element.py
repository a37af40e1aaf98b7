"""The whole firmware as a process with its key in an emulated ATECC608, which it reaches over a bridge on a pty."""

from __future__ import annotations

import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import cbor2
import pytest
from tests.firmware.device_gateway import Broker, Gateway, Statement
from tests.firmware.device_process import DeviceProcess, recorded_pack

from voltseal_sim.buses.atecc608 import Atecc608, Opcode, provisioned_zones
from voltseal_sim.buses.atecc608_zones import Zones
from voltseal_sim.buses.i2c import I2cBridge
from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.runtimes.host import HostRuntime
from voltseal_sim.runtimes.interface import Runtime
from voltseal_sim.runtimes.unix import UnixRuntime
from voltseal_sim.toolchain import MicroPython

pytestmark = pytest.mark.micropython
ORIGIN = "log.example/lab"
HEAP_KB = 112
SECURE_ELEMENT = 3


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


@dataclass
class Bench:
    """A device on its bus, with its element."""

    broker: Broker
    element: Atecc608
    bridge: I2cBridge
    request: bytes


@asynccontextmanager
async def powered(device: DeviceProcess, gateway: Gateway, zones: Zones) -> AsyncIterator[Bench]:
    """Wired, configured and enrolled."""
    element = Atecc608(zones)
    bridge = I2cBridge(element)

    def answer(statement: Statement) -> list[bytes]:
        return [gateway.receipt(0, statement.sequence)]

    async with PtyBus(recorded_pack()) as bus, PtyBus(bridge) as i2c, Broker(gateway, answer) as broker:
        device.configure(
            broker_port=broker.port,
            bus_path=bus.path,
            gateway_receipt_key=gateway.receipt_public_hex(),
            signer=f"atecc608:{i2c.path}",
            period_ms=100,
        )
        request = await device.enrolled()
        gateway.enrol(request)
        yield Bench(broker, element, bridge, request)


async def test_a_life_with_the_key_in_the_element(device: DeviceProcess, gateway: Gateway) -> None:
    """Enrols, signs, is cut off, boots again; the gateway takes it all, and the private key is nowhere but inside."""
    async with powered(device, gateway, provisioned_zones()) as bench:
        await device.start()
        await bench.broker.until(lambda: len(gateway.stored) >= 6, "six statements")
        assert await device.end(signal.SIGKILL) == -signal.SIGKILL
        await device.start()
        await bench.broker.until(lambda: gateway.boot_count == 2 and len(gateway.stored) >= 12, "second boot")
        assert await device.end(signal.SIGTERM) == 0
        element = bench.element
    device.assert_healthy()
    gateway.check_chain()
    boots = [statement for statement in gateway.stored.values() if statement.kind == 2]
    assert {boot.payload[8][-70003] for boot in boots} == {SECURE_ELEMENT}
    assert cbor2.loads(cbor2.loads(bench.request).value[2])[5] == SECURE_ELEMENT
    assert element.zones.counters == [2, 0]
    assert element.commands.count(Opcode.SIGN) >= len(gateway.stored) + 1
    private = element.zones.keys[0].private_numbers().private_value.to_bytes(32)
    files = [path.read_bytes() for path in device.directory.rglob("*") if path.is_file()]
    assert len(files) > 4
    assert all(private not in content for content in [*files, bytes(bench.bridge.carried)])


async def test_an_old_copy_of_the_state_signs_nothing(device: DeviceProcess, gateway: Gateway) -> None:
    """Put back to what it was before a boot, the directory would give numbers that are used; the element knows."""
    async with powered(device, gateway, provisioned_zones()) as bench:
        copy = device.directory.with_name("copy")
        shutil.copytree(device.directory, copy)
        await device.start()
        await bench.broker.until(lambda: len(gateway.stored) >= 3, "three statements")
        await device.end(signal.SIGTERM)
        shutil.rmtree(device.directory)
        copy.rename(device.directory)
        signatures = bench.element.commands.count(Opcode.SIGN)
        for _ in range(3):  # and no number of tries wears the refusal down
            await device.start()
            assert device.process is not None
            assert await device.process.wait() == 1
    assert "element-counter" in device.text()
    # Each of these boots may repeat the enrolment request, and nothing else.
    assert bench.element.commands.count(Opcode.SIGN) <= signatures + 3
    assert max(statement.boot_count for statement in gateway.stored.values()) == 1


async def test_an_element_that_dies_and_comes_back(device: DeviceProcess, gateway: Gateway) -> None:
    """What could not be signed is declared as lost by the first statement that can be."""
    async with powered(device, gateway, provisioned_zones()) as bench:
        await device.start()
        await bench.broker.until(lambda: len(gateway.stored) >= 3, "three statements")
        bench.bridge.target = Atecc608(bench.element.zones, address=0x11)
        await bench.broker.until(lambda: len(device.events("not-signed")) >= 2, "two failures")
        bench.bridge.target = bench.element
        before = len(gateway.stored)
        await bench.broker.until(lambda: len(gateway.stored) >= before + 4, "statements again")
        await device.end(signal.SIGTERM)
    device.assert_healthy()
    gateway.check_chain()
    assert len(gateway.declared()) >= 2


@pytest.mark.parametrize(("zones", "reason"), [(Zones(), "element-unlocked"), (None, "element-absent")])
async def test_an_unfit_element_is_named_at_boot(device: DeviceProcess, zones: Zones | None, reason: str) -> None:
    element = Atecc608(zones) if zones is not None else Atecc608(address=0x11)
    async with PtyBus(I2cBridge(element)) as i2c:
        device.configure(signer=f"atecc608:{i2c.path}", gateway_receipt_key=Gateway(ORIGIN).receipt_public_hex())
        await device.start("enrol")
        assert device.process is not None
        assert await device.process.wait() == 1
    assert reason in device.events("stopped")[0]["error"] or reason in device.text()
    assert not (device.directory / "identity").exists()
    assert not (device.directory / "enrolment.cbor").exists()

"""Module, transport and driver on MicroPython read each emulated device through a real terminal device."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from voltseal_sim.buses import daly, pylontech, sunspec
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults, Responder
from voltseal_sim.buses.modbus import ModbusUnit
from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.buses.seplos import SeplosPack
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.plants.photovoltaic import PvParameters, PvPlant
from voltseal_sim.toolchain import MicroPython

DEVICE = """
import asyncio, sys
sys.path.insert(0, sys.argv[1])
from modules import module_for
from voltseal_device.port.serial import open_serial
from voltseal_device.transport import Transport
module = module_for(sys.argv[3], sys.argv[4])
transport = Transport(lambda: open_serial(sys.argv[2], module.baud_rate), 400, 2)
async def main():
    for _ in range(3):
        values = await module.read(transport)
    for name, value in zip(module.schema.fields[1:], values):
        print("value", name, value)
asyncio.run(main())
"""


def battery() -> BatteryPack:
    return BatteryPack(PackParameters(cells_in_series=15), seed=2)


def expected_pack(pack: BatteryPack) -> dict[str, int | None]:
    reading = pack.reading()
    return {
        "pack_current_ma": round(reading.pack_current_a * 1000),
        "cell_15_mv": round(reading.cell_voltages_v[14] * 1000),
        "cell_16_mv": None,
    }


def daly_pack() -> tuple[Responder, Callable[[], dict[str, int | None]]]:
    pack = battery()
    return daly.DalyBoard(daly.Plant(pack, -10.0, fixed_step(5.0))), lambda: expected_pack(pack)


def seplos_pack() -> tuple[Responder, Callable[[], dict[str, int | None]]]:
    pack = battery()
    return ModbusUnit(0, SeplosPack(pack, 8.0, fixed_step(5.0))), lambda: expected_pack(pack)


def pylontech_module() -> tuple[Responder, Callable[[], dict[str, int | None]]]:
    pack = battery()
    return pylontech.PylontechModule(pylontech.Plant(pack, -4.0, fixed_step(5.0))), lambda: expected_pack(pack)


def inverter() -> tuple[Responder, Callable[[], dict[str, int | None]]]:
    plant = PvPlant(PvParameters(start_s=40_000.0, initial_energy_wh=5e6), seed=2)
    line = ModbusUnit(1, sunspec.SunSpecInverter(plant, fixed_step(60.0)))
    return line, lambda: {
        "ac_power_mw": round(plant.reading().ac_power_w) * 1000,
        "ac_energy_wh": round(plant.reading().ac_energy_wh),
        "mppt_voltage_3_mv": None,
    }


@pytest.mark.micropython
@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("bms daly", daly_pack),
        ("bms seplos-v3", seplos_pack),
        ("bms pylontech", pylontech_module),
        ("inverter sunspec", inverter),
    ],
)
async def test_read_through_a_pty_behind_noise(
    micropython: MicroPython, firmware_tree: Path, tmp_path: Path, name: str, made: Callable
) -> None:
    """Three readings in a heap of 128 KB, from source; the last one is what the plant then had."""
    script = tmp_path / "device.py"
    script.write_text(DEVICE)
    responder, expected = made()
    async with PtyBus(FaultyLine(responder, LineFaults(noise=1.0), seed=6)) as bus:
        arguments = [str(script), str(firmware_tree), bus.path, *name.split()]
        process = await asyncio.create_subprocess_exec(
            str(micropython.path), "-X", "heapsize=128k", *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, complaint = await asyncio.wait_for(process.communicate(), 60)
    assert complaint == b"", complaint.decode()
    values = dict(line.split()[1:] for line in output.decode().splitlines() if line.startswith("value "))
    assert {name: values[name] for name in expected()} == {name: str(value) for name, value in expected().items()}

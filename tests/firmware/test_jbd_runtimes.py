"""The JBD driver reads and refuses the same on CPython and on MicroPython."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.jbd import JbdBoard, Plant
from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.buses.recordings import JBD_4S_5AH
from voltseal_sim.buses.source import FirstThen, Recorded
from voltseal_sim.plants.battery import BatteryPack, PackParameters
from voltseal_sim.toolchain import MicroPython

REPORT = Path(__file__).with_name("jbd_report.py")


def report(interpreter: list[str], firmware_tree: Path) -> str:
    command = [*interpreter, str(REPORT), str(firmware_tree)]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.mark.micropython
def test_same_report_on_both_runtimes(micropython: MicroPython, firmware_tree: Path) -> None:
    """Six recorded frames, noise in pieces, and 100,000 damaged frames, within a heap of 128 KB."""
    on_device = report([str(micropython.path), "-X", "heapsize=128k"], firmware_tree)
    assert on_device == report([sys.executable], firmware_tree)
    assert "pack_voltage_mv=15600" in on_device
    assert "checksum" in on_device


DEVICE = """
import sys
sys.path.insert(0, sys.argv[1])
from drivers import jbd
from drivers.frame import Response
driver = jbd.Driver()
with open(sys.argv[2], "r+b") as port:
    for _ in range(3):
        for register, request in zip(driver.registers, driver.requests()):
            port.write(request)
            response = Response(driver, register)
            while (fields := response.feed(port.read(1))) is None:
                pass
            print(register, fields.get("pack_voltage_mv"), fields.get("cell_01_mv"))
"""


@pytest.mark.micropython
async def test_micropython_reads_the_emulated_board_through_a_pty(
    micropython: MicroPython, firmware_tree: Path, tmp_path: Path
) -> None:
    """Recorded frames first, behind noise, then a modelled pack; every byte through a real terminal device."""
    script = tmp_path / "device.py"
    script.write_text(DEVICE)
    pack = BatteryPack(PackParameters(), seed=2)
    board = JbdBoard(FirstThen(Recorded(JBD_4S_5AH, rounds=1), Plant(pack, -10.0, fixed_step(5.0))))
    async with PtyBus(FaultyLine(board, LineFaults(noise=1.0), seed=6)) as bus:
        command = [str(micropython.path), "-X", "heapsize=128k", str(script), str(firmware_tree), bus.path]
        process = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, complaint = await asyncio.wait_for(process.communicate(), 30)
    assert complaint == b""
    lines = output.decode().splitlines()
    assert lines[:2] == ["3 15600 None", "4 None 3430"]
    reading = pack.reading()
    assert lines[-2:] == [
        f"3 {round(reading.pack_voltage_v * 100) * 10} None",
        f"4 None {round(reading.cell_voltages_v[0] * 1000)}",
    ]

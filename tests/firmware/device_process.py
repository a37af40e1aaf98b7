"""Runs `main.py` as a process for the tests: on MicroPython with a bounded heap, or on CPython."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path
from typing import Any

from voltseal_sim.buses.jbd import JbdBoard
from voltseal_sim.buses.source import Recorded
from voltseal_sim.runtimes.interface import Runtime

PACK = bytes.fromhex("DD03001B0A50FDA4B717DAC000002CF300000000000016540308020B7D0B77F8E277")
CELLS = bytes.fromhex("DD0400080D660D610D680D59FE3C77")


def recorded_pack() -> JbdBoard:
    """A JBD board that answers with recorded frames, for ever."""
    return JbdBoard(Recorded({0x03: [PACK], 0x04: [CELLS]}))


def settings(**changes: Any) -> dict[str, Any]:
    """A valid device.json for a fast test; None removes a key."""
    values = {
        "site": "lab",
        "origin": "log.example/lab",
        "broker_host": "127.0.0.1",
        "broker_port": 1883,
        "gateway_receipt_key": "00" * 64,
        "device_class": "bms",
        "hwmodel": "test-pack",
        "driver": "jbd",
        "bus_path": "/dev/null",
        "bus_timeout_ms": 200,
        "bus_retries": 1,
        "period_ms": 50,
        "readings_per_statement": 4,
        "cadence_ms": 5000,
        "receipt_timeout_ms": 500,
        "spool_bytes": 131_072,
        "spool_segment_bytes": 4096,
    }
    values.update(changes)
    return {key: value for key, value in values.items() if value is not None}


class DeviceProcess:
    """One board on one state directory; its log is kept line by line."""

    def __init__(self, runtime: Runtime, directory: Path) -> None:
        self.runtime = runtime
        self.directory = directory
        self.process: asyncio.subprocess.Process | None = None
        self.log = directory.with_suffix(".log")

    def configure(self, **changes: Any) -> None:
        self.directory.mkdir(exist_ok=True)
        (self.directory / "device.json").write_text(json.dumps(settings(**changes)))

    async def start(self, *arguments: str) -> None:
        with self.log.open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                *self.runtime.command(self.directory, *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=self.runtime.environment(),
                cwd=self.directory,
            )

    async def end(self, number: signal.Signals) -> int:
        """Send a signal (nothing if it ended by itself) and return the exit code."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.send_signal(number)
        return await asyncio.wait_for(self.process.wait(), 10)

    async def enrolled(self) -> bytes:
        """Run `enrol` and return the request it wrote."""
        await self.start("enrol")
        assert self.process is not None
        code = await asyncio.wait_for(self.process.wait(), 20)
        assert code == 0, self.text()
        return (self.directory / "enrolment.cbor").read_bytes()

    def text(self) -> str:
        return self.log.read_text(errors="replace")

    def events(self, name: str) -> list[dict[str, str]]:
        """The fields of every log line of this event (values without spaces only)."""
        lines = [line for line in self.text().splitlines() if f" event={name} " in f"{line} "]
        return [dict(word.split("=", 1) for word in line.split() if "=" in word) for line in lines]

    def assert_healthy(self) -> None:
        """No traceback, no task that had to be started again."""
        text = self.text()
        assert "Traceback" not in text, text[-3000:]
        assert "task-failed" not in text, text[-3000:]

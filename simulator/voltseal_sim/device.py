"""One emulated device: its state directory, its serial line, its firmware process. What a bench with one board is."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from voltseal.config import BrokerAddress
from voltseal_sim.buses.faults import FaultyLine
from voltseal_sim.buses.pty import PtyBus
from voltseal_sim.runtimes import FirmwareProcess, Runtime

ENROLMENT_REQUEST = "enrolment.cbor"
_CONFIG = "device.json"


@dataclass(frozen=True, slots=True)
class Reporting:
    """How a device reports: written into its `device.json`."""

    period_ms: int = 200
    readings_per_statement: int = 5
    cadence_ms: int = 5000
    receipt_timeout_ms: int = 5000
    bus_timeout_ms: int = 150
    spool_bytes: int = 1 << 20
    spool_segment_bytes: int = 32_768


@dataclass(frozen=True, slots=True)
class Uplink:
    """Where a device reports to. `gateway_receipt_key`: the pinned public key, x || y in hex."""

    broker: BrokerAddress
    site: str
    origin: str
    gateway_receipt_key: str


class EmulatedDevice:
    """A board on a bench. Owns the bus and the process; the state directory outlives both."""

    def __init__(
        self,
        label: str,
        directory: Path,
        runtime: Runtime,
        line: FaultyLine,
        *,
        driver: str = "jbd",
        device_class: str = "bms",
    ) -> None:
        """Take what to emulate; nothing is written or started yet. `driver`: which dialect `line` speaks."""
        self.label = label
        self.directory = directory
        self.line = line
        self.runtime = runtime
        self._driver = driver
        self._device_class = device_class
        self._bus = PtyBus(line, label)
        self.firmware = FirmwareProcess(runtime, directory, directory.with_suffix(".log"))

    @property
    def spool_directory(self) -> Path:
        """Where the firmware keeps what is not receipted yet."""
        return self.directory / "spool"

    @property
    def enrolment_request(self) -> Path:
        """Where the firmware leaves its signed request."""
        return self.directory / ENROLMENT_REQUEST

    async def make_identity(self, uplink: Uplink, reporting: Reporting) -> None:
        """The first boot: the firmware makes its key and its enrolment request. Raises FirmwareDiedError."""
        self.directory.mkdir(parents=True, exist_ok=True)
        path = await self.start_bus()
        config = {
            "site": uplink.site,
            "origin": uplink.origin,
            "broker_host": uplink.broker.host,
            "broker_port": uplink.broker.port,
            "gateway_receipt_key": uplink.gateway_receipt_key,
            "device_class": self._device_class,
            "hwmodel": "VOLTSEAL-SIM",
            "driver": self._driver,
            "bus_path": path,
            "period_ms": reporting.period_ms,
            "readings_per_statement": reporting.readings_per_statement,
            "cadence_ms": reporting.cadence_ms,
            "bus_timeout_ms": reporting.bus_timeout_ms,
            "receipt_timeout_ms": reporting.receipt_timeout_ms,
            "spool_bytes": reporting.spool_bytes,
            "spool_segment_bytes": reporting.spool_segment_bytes,
        }
        (self.directory / _CONFIG).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        await self.firmware.run_to_end("enrol")

    async def switch_on(self) -> None:
        """Begin to measure and report."""
        await self.firmware.start()

    def reflash(self, runtime: Runtime) -> None:
        """Put other firmware, or other surroundings of it, on the board while it is switched off."""
        assert not self.firmware.running, "a board is reflashed while it is off"
        self.runtime = runtime
        self.firmware = FirmwareProcess(runtime, self.directory, self.directory.with_suffix(".log"))

    async def clone(self, label: str, line: FaultyLine) -> EmulatedDevice:
        """A second board on a copy of this one's flash, at a serial line of its own; switched off."""
        place = self.directory.with_name(label)
        twin = EmulatedDevice(label, place, self.runtime, line, driver=self._driver, device_class=self._device_class)
        shutil.copytree(self.directory, twin.directory)
        path = twin.directory / _CONFIG
        config = json.loads(path.read_text(encoding="utf-8")) | {"bus_path": await twin.start_bus()}
        path.write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
        return twin

    async def start_bus(self) -> str:
        """Plug the serial line in; return its path."""
        return await self._bus.start()

    async def close(self) -> None:
        """Switch off and take the bus away."""
        await self.firmware.stop()
        self._bus.close()

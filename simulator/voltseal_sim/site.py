"""A whole site under one directory: broker, gateway, devices. The stage on which the demo and scenarios play.

async with Site(directory, runtime) as site:
    pack = await site.add_pack(PackChoice(cells=4))
    await site.wait_for_statements(5, timeout_s=30)

directory/
  gateway/    configuration, keys, store, ledger        gateway.log
  devices/    a state directory and a log for each
  maker.pem   the emulated manufacturer's key
  trust.toml  what somebody who checks evidence of this site would believe
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from voltseal.cli.init import make_gateway
from voltseal.config import BrokerAddress
from voltseal.store.interface import StoredDevice
from voltseal.store.reader import SqliteReader
from voltseal_sim.broker import EmbeddedBroker
from voltseal_sim.buses.faults import FaultyLine
from voltseal_sim.device import EmulatedDevice, Reporting, Uplink
from voltseal_sim.errors import SimulatorError
from voltseal_sim.gateway_process import GatewayProcess, voltseal
from voltseal_sim.packs import PackChoice, jbd_line
from voltseal_sim.runtimes import Runtime

MAKER_NAME = "Voltseal Simulator"
_POLL_S = 0.1  # the store of another process cannot be awaited
_CONFIG = """\
# Written by the simulator: small batches, so that there is something to see soon.
[gateway]
origin = "{origin}"
site = "{site}"

[broker]
url = "{broker}"

[log]
checkpoint_entries = 32
checkpoint_s = 1.0

[[anchor]]
uri = "ledger:anchors.ledger"
every_s = 1.0
"""
_FIRMWARE = """
[[firmware]]
name = "as measured on the bench"
measurement = "{measurement}"
status = "known"
"""


class SiteError(SimulatorError):
    """What the site waited for did not come."""

    code: ClassVar[str] = "site"


@dataclass(frozen=True, slots=True)
class SiteSettings:
    """`broker_url` None: a broker embedded in this process. `seed` decides plants and rides."""

    origin: str = "voltseal.example/demo"
    site: str = "demo"
    broker_url: str | None = None
    seed: int = 1
    reporting: Reporting = field(default_factory=Reporting)


class Site:
    """Owns everything that runs; leaving the context stops all of it, whatever happened."""

    def __init__(self, directory: Path, runtime: Runtime, settings: SiteSettings | None = None) -> None:
        """Take an empty or missing directory; nothing starts yet."""
        self.directory = directory
        self.settings = settings or SiteSettings()
        self.devices: list[EmulatedDevice] = []
        self.strangers: list[EmulatedDevice] = []  # boards that nobody enrolled: clones
        self.gateway = GatewayProcess(directory / "gateway" / "voltseal.toml", directory / "gateway.log")
        self.trust_path = directory / "trust.toml"
        self._runtime = runtime
        self._broker: EmbeddedBroker | None = None
        self._broker_url = self.settings.broker_url

    @property
    def broker_url(self) -> str:
        """Where the broker listens, as a URL."""
        assert self._broker_url is not None, "start() comes first"
        return self._broker_url

    @property
    def embedded_broker(self) -> EmbeddedBroker:
        """The broker in this process. Raises SiteError where the site uses another one."""
        if self._broker is None:
            raise SiteError("the broker of this site is not ours to touch", hint="leave `broker_url` out")
        return self._broker

    @property
    def broker(self) -> BrokerAddress:
        """Where the broker listens."""
        return BrokerAddress.parse(self.broker_url)

    async def start(self) -> None:
        """Broker, keys, configuration, gateway, trust file. Raises `VoltsealError`."""
        if self._broker_url is None:
            self._broker = EmbeddedBroker()
            self._broker_url = await self._broker.start()
        config_path = self.gateway.config_path
        config_path.parent.mkdir(parents=True)
        settings = self.settings
        make_gateway(config_path, _CONFIG.format(origin=settings.origin, site=settings.site, broker=self._broker_url))
        maker = self.directory / "maker.pem"
        await voltseal("maker", "init", maker, "--name", MAKER_NAME, "--append", config_path)
        await self.gateway.start()

    async def write_trust_file(self, measurements: Iterable[bytes] = ()) -> None:
        """What somebody who checks this site's evidence believes; the ledger's key exists since the first anchor.

        `measurements`: of the firmware that they know.
        """
        await voltseal("trust", "init", "--from-gateway", self.gateway.config_path.parent, "-o", self.trust_path)
        tables = [_FIRMWARE.format(measurement=known.hex()) for known in sorted(measurements)]
        with self.trust_path.open("a", encoding="utf-8") as file:
            file.writelines(tables)

    async def add_pack(self, choice: PackChoice, *, not_before: str = "0") -> EmulatedDevice:
        """A new pack: first boot, endorsement by the maker, enrolment, switched on.

        `not_before`: see `voltseal device enrol`.
        """
        number = len(self.devices) + 1
        line = jbd_line(choice, self.settings.seed * 1000 + number)
        return await self.add_device(f"pack-{number}", line, not_before=not_before)

    async def add_device(
        self,
        label: str,
        line: FaultyLine,
        *,
        driver: str = "jbd",
        device_class: str = "bms",
        runtime: Runtime | None = None,
        not_before: str = "0",
    ) -> EmulatedDevice:
        """A new board whose serial line ends at `line`; `runtime`: other than the site's."""
        place = self.directory / "devices" / label
        device = EmulatedDevice(label, place, runtime or self._runtime, line, driver=driver, device_class=device_class)
        self.devices.append(device)
        await device.make_identity(self._uplink(), self.settings.reporting)
        maker = ("--maker-key", str(self.directory / "maker.pem"))
        config = ("--config", str(self.gateway.config_path))
        validity = ("--not-before", not_before)
        await voltseal("device", "enrol", device.enrolment_request, *maker, *validity, "--label", label, *config)
        await device.switch_on()
        return device

    def _uplink(self) -> Uplink:
        config = self.gateway.config
        key = config.receipt.key_file.with_suffix(".pub").read_text(encoding="utf-8").strip()
        return Uplink(self.broker, config.gateway.site, config.gateway.origin, key)

    def stored(self) -> dict[str, StoredDevice]:
        """What the gateway has of each device, by label."""
        reader = self.gateway.reader()
        try:
            return {device.label: device for device in reader.devices()}
        finally:
            reader.close()

    async def wait_for(self, what: str, ready: Callable[[SqliteReader], bool], timeout_s: float) -> None:
        """Return once `ready` holds of the store. Raises SiteError, and FirmwareDiedError's text if a board died."""
        deadline = time.monotonic() + timeout_s
        reader = self.gateway.reader()
        try:
            while not ready(reader):
                if time.monotonic() > deadline:
                    logs = "\n".join(f"{d.label}: {d.firmware.log_tail(4)}" for d in self.devices)
                    raise SiteError(
                        f"{what}: not within {timeout_s:.0f} s\n{logs}", hint=f"the logs lie in {self.directory}"
                    )
                await asyncio.sleep(_POLL_S)
        finally:
            reader.close()

    async def wait_for_statements(
        self, count: int, timeout_s: float, on_progress: Callable[[dict[str, int]], None] | None = None
    ) -> None:
        """Return once every device has `count` statements in the log. Raises SiteError."""

        def enough(reader: SqliteReader) -> bool:
            counts = {device.label: device.statements for device in reader.devices()}
            if on_progress is not None:
                on_progress(counts)
            return len(counts) == len(self.devices) and all(value >= count for value in counts.values())

        await self.wait_for(f"{count} statements of each device", enough, timeout_s)

    async def wait_for_anchor(self, tree_size: int, timeout_s: float) -> None:
        """Return once a checkpoint of at least `tree_size` leaves is anchored. Raises SiteError."""

        def anchored(reader: SqliteReader) -> bool:
            anchor = reader.latest_anchor()
            return anchor is not None and anchor.tree_size >= tree_size

        await self.wait_for(f"an anchor over {tree_size} entries", anchored, timeout_s)

    async def stop_devices(self) -> None:
        """Switch all boards off, gently."""
        await asyncio.gather(*(device.close() for device in (*self.devices, *self.strangers)))

    async def stop(self) -> None:
        """Stop everything that runs."""
        await self.stop_devices()
        await self.gateway.stop()
        if self._broker is not None:
            await self._broker.stop()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

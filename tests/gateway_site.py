"""A gateway's directory with keys, a maker and enrolled devices, for tests and benchmarks of the gateway."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from voltseal.cli.device import carry_out
from voltseal.cli.init import make_gateway
from voltseal.cli.maker import maker_table
from voltseal.config import Config, load
from voltseal.gateway import Gateway
from voltseal.ingest.registrar import enrol_request
from voltseal.keys import read_log_key
from voltseal.log.note_key import Ed25519Verifier
from voltseal.store.reader import SqliteReader
from voltseal.wire import enrolment
from voltseal.wire.keys import SigningKey
from voltseal_sim.load import LoadClient, LoadDevice, LoadMessage

ORIGIN = "example.org/test"
SITE = "test"
MAKER = "Example Batteries"


class GatewaySite:
    """One gateway's directory. `more` is TOML that goes into the configuration's last tables."""

    def __init__(self, directory: Path, broker_url: str = "mqtt://127.0.0.1:1", more: str = "") -> None:
        self.maker = SigningKey.generate()
        self.config_path = directory / "voltseal.toml"
        text = f'[gateway]\norigin = "{ORIGIN}"\nsite = "{SITE}"\n[broker]\nurl = "{broker_url}"\n'
        make_gateway(self.config_path, text + maker_table(MAKER, self.maker.public.cose_key) + more)
        self.directory = directory
        self._processes: list[subprocess.Popen[str]] = []

    @property
    def config(self) -> Config:
        """What a gateway started now would read."""
        return load(self.config_path)

    @property
    def gateway_xy(self) -> bytes:
        """The receipt key that devices pin."""
        return bytes.fromhex((self.directory / "keys" / "receipt.pub").read_text())

    def endorse(self, device: LoadDevice, not_before_ms: int = 0) -> bytes:
        """The maker's endorsement of the device."""
        request = device.enrolment_request()
        return enrolment.endorse(
            request, self.maker, not_before_ms=not_before_ms, maker_name=MAKER, origin=device.origin
        )

    def fleet(self, count: int) -> list[LoadDevice]:
        """New devices, enrolled."""
        devices = [LoadDevice(ORIGIN, SITE, seed) for seed in range(count)]
        for number, device in enumerate(devices):
            carry_out(self.config, "enrol", enrol_request(self.endorse(device), f"pack-{number}"))
        return devices

    def gateway(self) -> Gateway:
        """A gateway in this process, opened, not started."""
        return Gateway(self.config)

    def process(self, **environment: str) -> subprocess.Popen[str]:
        """`voltseal run` as a process of its own; its log goes to `gateway.log`."""
        with (self.directory / "gateway.log").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "voltseal.cli", "run", "--config", self.config_path],
                stderr=log,
                stdout=log,
                text=True,
                env=os.environ | environment,
            )
        self._processes.append(process)
        return process

    async def open_session(self) -> None:
        """Start and stop a gateway, so that the broker keeps from now on what is published for it."""
        async with self.gateway() as gateway:
            await gateway.wait_connected()

    def end_processes(self) -> None:
        """Kill what a failed test left running."""
        for process in self._processes:
            process.kill()
            process.wait()

    def reader(self) -> SqliteReader:
        """The store, read-only."""
        return SqliteReader.open(self.config.store.path)

    def log_text(self) -> str:
        """What gateway processes have logged."""
        return (self.directory / "gateway.log").read_text()

    @property
    def log_key(self) -> Ed25519Verifier:
        """The log's public key."""
        return read_log_key(self.config).verifier


def run_cli(*arguments: object) -> tuple[int, str, str]:
    """Run `voltseal` as a process of its own: exit code, standard output, standard error."""
    command = [sys.executable, "-m", "voltseal.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout, done.stderr


@asynccontextmanager
async def load_client(broker_url: str, fleet: Iterable[LoadDevice]) -> AsyncIterator[LoadClient]:
    """A connected `LoadClient`, without blocking the event loop that a broker or gateway runs on."""
    client = LoadClient(broker_url, SITE, fleet)
    await asyncio.to_thread(client.open)
    try:
        yield client
    finally:
        await asyncio.to_thread(client.close)


async def send_and_wait(client: LoadClient, messages: Iterable[LoadMessage]) -> None:
    """Publish, and return when all is receipted."""
    await asyncio.to_thread(client.send, messages)
    await asyncio.to_thread(client.wait_receipted)


async def wait_until(condition: Callable[[], bool], timeout_s: float = 10) -> None:
    """Poll until the condition holds; TimeoutError if it never does."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)

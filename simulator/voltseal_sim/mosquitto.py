"""Runs a real Mosquitto on a free loopback port, in a directory of its own: the broker that a site would use.

    async with Mosquitto() as broker:
        connect(broker.url)

Needs the program (`apt-get install mosquitto`, not its service). Nothing is persisted: what `stop` ends is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path
from typing import ClassVar

from voltseal_sim.errors import SimulatorError

_log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_START_WITHIN_S = 5.0
_STOP_WITHIN_S = 3.0
_ATTEMPTS = 3


class MosquittoError(SimulatorError):
    """Mosquitto is not there or does not start; the message says what it said."""

    code: ClassVar[str] = "mosquitto-failed"


def find_mosquitto() -> Path | None:
    """The program, or None. Debian puts it in /usr/sbin, which is not on everybody's PATH."""
    found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin")
    return Path(found) if found else None


class Mosquitto:
    """One broker process with one anonymous listener on the loopback interface. Owns the process and its directory."""

    def __init__(self, extra_configuration: str = "") -> None:
        self.port = 0
        self._extra = extra_configuration
        self._process: asyncio.subprocess.Process | None = None
        self._directory: tempfile.TemporaryDirectory[str] | None = None

    @property
    def url(self) -> str:
        """Where clients connect, as mqtt://host:port."""
        return f"mqtt://{_HOST}:{self.port}"

    @property
    def pid(self) -> int:
        """The process. Precondition: it runs."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> str:
        """Start and wait until it takes connections; return the url. Raises MosquittoError."""
        if self._process is not None:
            raise MosquittoError(f"mosquitto runs already, at {self.url}")
        program = find_mosquitto()
        if program is None:
            raise MosquittoError("mosquitto is not installed", hint="apt-get install mosquitto")
        self._directory = tempfile.TemporaryDirectory(prefix="voltseal-mosquitto-")
        # The port is free when it is picked and may be taken when Mosquitto asks for it: then another is tried.
        for attempt in range(1, _ATTEMPTS + 1):
            self.port = _free_port()
            try:
                await self._launch(program, Path(self._directory.name))
            except MosquittoError:
                await self.stop(keep_directory=attempt < _ATTEMPTS)
                if attempt == _ATTEMPTS:
                    raise
            else:
                break
        _log.info("mosquitto started url=%s", self.url)
        return self.url

    async def _launch(self, program: Path, directory: Path) -> None:
        configuration, output = directory / "mosquitto.conf", directory / "mosquitto.log"
        configuration.write_text(self._configuration())
        with output.open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                program, "-c", configuration, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = asyncio.get_running_loop().time() + _START_WITHIN_S
        while not await _accepts(self.port):
            ended = self._process.returncode is not None
            if ended or asyncio.get_running_loop().time() > deadline:
                said = output.read_text(errors="replace").strip().splitlines()[-3:]
                raise MosquittoError(f"mosquitto {'ended' if ended else 'is not reachable'}: {' | '.join(said)}")
            await asyncio.sleep(0.01)
        # Whoever answers on the port may be a stranger that took it first; then our process has ended.
        await asyncio.sleep(0.02)
        if self._process.returncode is not None:
            raise MosquittoError(f"port {self.port} was taken")

    def _configuration(self) -> str:
        # Started by root it would become the user `mosquitto`, who may not read a private directory.
        user = f"user {pwd.getpwuid(os.geteuid()).pw_name}\n" if os.geteuid() == 0 else ""
        return (
            f"listener {self.port} {_HOST}\nallow_anonymous true\npersistence false\nlog_dest stderr\n"
            f"max_queued_messages 100000\n{user}{self._extra}\n"
        )

    async def stop(self, keep_directory: bool = False) -> None:
        """End the process, by force if it must be; fine when it does not run."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                await asyncio.wait_for(self._process.wait(), _STOP_WITHIN_S)
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
            self._process = None
        if self._directory is not None and not keep_directory:
            self._directory.cleanup()
            self._directory = None

    async def __aenter__(self) -> Mosquitto:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


async def _accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(_HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return True

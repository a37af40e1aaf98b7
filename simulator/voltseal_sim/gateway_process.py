"""A gateway as its operator runs it: the `voltseal` command in processes of its own.

The simulator never reaches into a running gateway. It reads the store beside it, as `voltseal status` does.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from voltseal.config import Config, load
from voltseal.store.reader import SqliteReader
from voltseal_sim import child
from voltseal_sim.errors import SimulatorError

_COMMAND = (sys.executable, "-m", "voltseal.cli")
_SUBSCRIBED = " filter=voltseal/1/"  # what the gateway logs when messages can arrive
_START_SECONDS = 20.0
_STOP_SECONDS = 10.0


class GatewayFailedError(SimulatorError):
    """A `voltseal` command failed; the message quotes what it said."""

    code: ClassVar[str] = "gateway-failed"


async def voltseal(*words: str | Path, expect: int | None = 0) -> tuple[int, str]:
    """Run one command to its end; return its exit code and standard output.

    Raises GatewayFailedError if the code is not `expect` (None: any).
    """
    code, output, _ = await _run(words, expect)
    return code, output


async def voltseal_json(*words: str | Path, expect: int | None = 0) -> Any:
    """Run one command with --json; return what it printed. Raises GatewayFailedError, also if that is no JSON."""
    code, output, errors = await _run((*words, "--json"), expect)
    try:
        return json.loads(output)
    except ValueError:
        raise _failed(words, code, errors or output) from None


async def _run(words: Sequence[str | Path], expect: int | None) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    process = await asyncio.create_subprocess_exec(
        *_COMMAND,
        *map(str, words),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    code = process.returncode
    assert code is not None
    if expect is not None and code != expect:
        raise _failed(words, code, (errors or output).decode(errors="replace"))
    return code, output.decode(errors="replace"), errors.decode(errors="replace")


def _failed(words: Sequence[str | Path], code: int, said: str) -> GatewayFailedError:
    return GatewayFailedError(f"`voltseal {' '.join(map(str, words))}` ended with code {code}: {said.strip()}")


class GatewayProcess:
    """`voltseal run` on one configuration. Owns the process and its log file."""

    def __init__(self, config_path: Path, log_path: Path) -> None:
        """Take an existing configuration; nothing starts yet."""
        self.config_path = config_path
        self._log_path = log_path
        self._process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Config:
        """What the configuration says."""
        return load(self.config_path)

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process number. Raises GatewayFailedError while it does not run."""
        if self._process is None or self._process.returncode is not None:
            raise GatewayFailedError("the gateway does not run")
        return self._process.pid

    def reader(self) -> SqliteReader:
        """The store, read-only; the caller closes it."""
        return SqliteReader.open(self.config.store.path)

    async def start(self) -> None:
        """Start, and return once messages can arrive. Raises GatewayFailedError."""
        begin = self._log_path.stat().st_size if self._log_path.exists() else 0
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *_COMMAND,
                "run",
                "--config",
                str(self.config_path),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while _SUBSCRIBED not in self._log_from(begin):
            if not self.running or time.monotonic() > deadline:
                await self.kill()
                raise GatewayFailedError(f"the gateway did not start:\n{self._log_from(begin)[-2000:]}")
            await asyncio.sleep(0.05)  # another process's log file cannot be awaited

    async def stop(self) -> None:
        """Ask it to drain and end (SIGTERM); after some seconds, kill it."""
        await child.end(self._process, _STOP_SECONDS)

    async def kill(self) -> None:
        """kill -9."""
        await child.kill(self._process)

    def _log_from(self, offset: int) -> str:
        with self._log_path.open("rb") as log:
            log.seek(offset)
            return log.read().decode(errors="replace")

"""A firmware process: started, stopped gently, or cut off like a board that loses power.

This module owns the process and its log file. After `power_cut` the state directory is exactly what the process had
handed to the file system: what a board's flash would hold.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

from voltseal_sim import child
from voltseal_sim.errors import SimulatorError
from voltseal_sim.runtimes.interface import Runtime

STOP_SECONDS = 5.0


class FirmwareDiedError(SimulatorError):
    """The firmware ended by itself; the message quotes the end of its log."""

    code = "firmware-died"


class FirmwareProcess:
    """One board: `main.py` on a runtime and a state directory, with its output appended to `log_path`."""

    def __init__(self, runtime: Runtime, state_directory: Path, log_path: Path) -> None:
        """Take what to run where; nothing starts yet."""
        self._runtime = runtime
        self._state_directory = state_directory
        self._log_path = log_path
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """The process number while it is known."""
        return self._process.pid if self._process else None

    async def start(self, *arguments: str) -> None:
        """Switch the board on. Raises FirmwareDiedError if it is on already."""
        if self.running:
            raise FirmwareDiedError(f"{self._state_directory.name} is switched on already")
        with self._log_path.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._runtime.command(self._state_directory.resolve(), *arguments),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=asyncio.subprocess.STDOUT,
                env=self._runtime.environment(),
                cwd=self._state_directory,
                start_new_session=True,  # Ctrl-C on the terminal is ours to pass on, not the board's to see
            )

    async def run_to_end(self, *arguments: str, timeout_s: float = 60.0) -> None:
        """Run the firmware with `arguments` until it ends by itself.

        Raises FirmwareDiedError if it fails or takes longer than `timeout_s` seconds.
        """
        await self.start(*arguments)
        assert self._process is not None
        try:
            code = await asyncio.wait_for(self._process.wait(), timeout_s)
        except TimeoutError:
            await self.power_cut()
            raise FirmwareDiedError(f"firmware did not end within {timeout_s:.0f} s\n{self.log_tail()}") from None
        if code != 0:
            raise FirmwareDiedError(f"firmware ended with code {code}\n{self.log_tail()}")

    async def stop(self) -> None:
        """Ask the firmware to end (SIGTERM); after some seconds, cut it off."""
        await child.end(self._process, STOP_SECONDS)

    async def power_cut(self) -> None:
        """Cut the power: SIGKILL, no warning."""
        await child.kill(self._process)

    def log_tail(self, lines: int = 12) -> str:
        """The end of the log, for error messages."""
        if not self._log_path.exists():
            return ""
        return "\n".join(self._log_path.read_text(errors="replace").splitlines()[-lines:])

"""Serves a responder on a pseudo-terminal: the firmware opens `path` as if it were its serial port.

The line is raw 8-bit; no baud rate is kept, bytes are there as soon as they are written. Linux and macOS.
"""

from __future__ import annotations

import asyncio
import logging
import os
import tty
from types import TracebackType

from voltseal_sim.buses.faults import Responder

_log = logging.getLogger(__name__)
_READ_BYTES = 4096


class PtyBus:
    """One serial line. `async with PtyBus(board) as bus: firmware(port=bus.path)`.

    Owns both ends: its own file descriptor on the device's end keeps the line open while the firmware reboots, as a
    wire stays plugged in.
    """

    def __init__(self, responder: Responder, name: str = "bus") -> None:
        self.responder = responder
        self.name = name
        self.received_bytes = 0
        self.sent_bytes = 0
        self.lost_bytes = 0
        self._path: str | None = None
        self._descriptors: tuple[int, int] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def path(self) -> str:
        """The port for the firmware, such as /dev/pts/3. Raises RuntimeError when the bus is not open."""
        if self._path is None:
            raise RuntimeError(f"bus {self.name} is not open")
        return self._path

    async def start(self) -> str:
        """Open the pseudo-terminal and begin to answer; return its path."""
        if self._descriptors is not None:
            raise RuntimeError(f"bus {self.name} is already open")
        ours, theirs = os.openpty()
        try:
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            self._path = os.ttyname(theirs)
            self._loop = asyncio.get_running_loop()
            self._loop.add_reader(ours, self._readable, ours)
        except BaseException:
            os.close(ours)
            os.close(theirs)
            raise
        self._descriptors = ours, theirs
        _log.debug("bus open name=%s path=%s", self.name, self._path)
        return self._path

    def close(self) -> None:
        """Stop answering and give both descriptors back; closing twice is fine."""
        if self._descriptors is None or self._loop is None:
            return
        ours, theirs = self._descriptors
        self._loop.remove_reader(ours)
        os.close(theirs)
        os.close(ours)
        self._descriptors = self._loop = self._path = None
        _log.debug("bus closed name=%s received=%d sent=%d", self.name, self.received_bytes, self.sent_bytes)

    def _readable(self, ours: int) -> None:
        try:
            received = os.read(ours, _READ_BYTES)
        except BlockingIOError:
            return
        self.received_bytes += len(received)
        answer = self.responder.respond(received)
        if not answer:
            return
        # A full buffer means that nobody reads. A UART would lose these bytes as well; waiting would stall every bus.
        try:
            sent = os.write(ours, answer)
        except BlockingIOError:
            sent = 0
        self.sent_bytes += sent
        self.lost_bytes += len(answer) - sent

    async def __aenter__(self) -> PtyBus:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

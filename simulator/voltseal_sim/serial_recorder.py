"""Stands between a host and a real serial device, passes every byte on, and writes down who said what when.

The host (the firmware under a runtime, a vendor's program) opens the recorder's pseudo-terminal in place of the port.
Owner of the recording: it is written line by line, so a recorder that is killed leaves whole lines.
"""

from __future__ import annotations

import asyncio
import os
import tty
from typing import TextIO

from voltseal_sim.serial_conversation import Piece, Side, head_line, piece_line

_READ_BYTES = 4096


class SerialRecorder:
    """`async with SerialRecorder(fd, port, baud, file) as recorder: point the host at recorder.path`."""

    def __init__(self, device: int, port: str, baud: int, recording: TextIO) -> None:
        """`device`: the open port, raw and at its speed; the caller closes it and `recording`."""
        self._device = device
        self._port = port
        self._baud = baud
        self._recording = recording
        self._ours = self._theirs = -1
        self._began_s: float | None = None
        self.path = ""
        self.counts: dict[Side, int] = {"host": 0, "device": 0}
        self.ended = asyncio.Event()
        """Set when the device is gone."""

    async def __aenter__(self) -> SerialRecorder:
        self._ours, self._theirs = os.openpty()  # holding the far end open keeps the line up between two hosts
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)
        for descriptor in (self._ours, self._device):
            os.set_blocking(descriptor, False)
        self._recording.write(head_line(self._port, self._baud))
        self._recording.flush()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._ours, self._pass_on, self._ours, self._device, "host")
        loop.add_reader(self._device, self._pass_on, self._device, self._ours, "device")
        return self

    async def __aexit__(self, *_: object) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._ours)
        loop.remove_reader(self._device)
        os.close(self._ours)
        os.close(self._theirs)

    def _pass_on(self, source: int, target: int, side: Side) -> None:
        try:
            content = os.read(source, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            content = b""  # a pseudo-terminal says EIO when its other end is closed, a USB port when it is unplugged
        if not content:
            asyncio.get_running_loop().remove_reader(source)
            self.ended.set()
            return
        self._note(side, content)
        try:
            os.write(target, content)
        except BlockingIOError:
            return  # nobody reads: a UART would lose it as well, and it is on record

    def _note(self, side: Side, content: bytes) -> None:
        now_s = asyncio.get_running_loop().time()
        self._began_s = now_s if self._began_s is None else self._began_s
        self.counts[side] += len(content)
        self._recording.write(piece_line(Piece(round((now_s - self._began_s) * 1000), side, content)))
        self._recording.flush()


async def wait_for_any(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Return when one of the events is set, or after so many seconds."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()

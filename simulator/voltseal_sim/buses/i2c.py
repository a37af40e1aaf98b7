"""An I2C bus behind a serial line: the other end of firmware/voltseal_device/port/i2c_bridge.py.

request   "W" address length bytes, or "R" address length
answer    "A" (after a read with the bytes), or "N" where nothing acknowledges
"""

from __future__ import annotations

from typing import Protocol

_WRITE, _READ = ord("W"), ord("R")


class I2cTarget(Protocol):
    """A device on an I2C bus. It hears every address, because some are woken by one that is not theirs."""

    def write(self, address: int, content: bytes) -> bool:
        """A write with a stop behind it; whether this device acknowledged."""
        ...

    def read(self, address: int, count: int) -> bytes | None:
        """`count` bytes, or None where this device does not acknowledge."""
        ...


class I2cBridge:
    """Serves one device to a process, sans I/O: put it behind a `PtyBus`. `carried` is all that went over the bus."""

    def __init__(self, target: I2cTarget) -> None:
        self.target = target
        self.carried = bytearray()
        self._pending = b""

    def respond(self, received: bytes) -> bytes:
        """Answer every whole request in the bytes so far; what begins with neither letter is skipped."""
        self._pending += received
        answer = b""
        while len(self._pending) >= 3:
            kind, address, length = self._pending[:3]
            if kind not in (_WRITE, _READ):
                self._pending = self._pending[1:]
                continue
            end = 3 + (length if kind == _WRITE else 0)
            if len(self._pending) < end:
                break
            content, self._pending = self._pending[3:end], self._pending[end:]
            answer += self._write(address, content) if kind == _WRITE else self._read(address, length)
        return answer

    def _write(self, address: int, content: bytes) -> bytes:
        self.carried += content
        return b"A" if self.target.write(address, content) else b"N"

    def _read(self, address: int, count: int) -> bytes:
        content = self.target.read(address, count)
        if content is None:
            return b"N"
        self.carried += content
        return b"A" + content

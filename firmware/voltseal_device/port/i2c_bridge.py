"""`machine.I2C` over a serial line, for a process that has no bus; emulated devices are at its other end.

request   "W" address length bytes      write, and a stop
          "R" address length            read so many bytes
answer    "A", after a read the bytes   acknowledged
          "N"                           nobody there
"""

from . import sleep_ms, ticks_diff, ticks_ms

_TIMEOUT_MS = 500
_ENODEV, _ETIMEDOUT = 19, 110


class I2cBridge:
    """The part of `machine.I2C` that the firmware uses. At most 255 bytes at a time."""

    def __init__(self, line) -> None:
        self._line = line

    def writeto(self, address: int, content: bytes) -> None:
        """Raises OSError(ENODEV) if nothing acknowledges, OSError(ETIMEDOUT) if the bridge is gone."""
        self._ask(b"W" + bytes((address, len(content))) + content, 0)

    def readfrom_into(self, address: int, target: bytearray) -> None:
        """Fill `target`. Raises OSError as `writeto` does."""
        target[:] = self._ask(b"R" + bytes((address, len(target))), len(target))

    def _ask(self, request: bytes, length: int) -> bytes:
        while self._line.read(64):
            pass  # the rest of an exchange that a reset cut short
        self._line.write(request)
        answer = b""
        start = ticks_ms()
        while len(answer) <= length:
            if ticks_diff(ticks_ms(), start) > _TIMEOUT_MS:
                raise OSError(_ETIMEDOUT, "I2C bridge")
            answer += self._line.read(1 + length - len(answer)) or b""
            if answer[:1] == b"N":
                raise OSError(_ENODEV, "I2C bridge")
            if len(answer) <= length:
                sleep_ms(1)
        return answer[1:]

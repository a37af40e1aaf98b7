"""Serial lines and ptys of an operating system; a board's UART is in `uart.py`."""

import os
import sys
import termios

from . import MICROPYTHON

# MicroPython's termios names only a few speeds; these are Linux's numbers (asm-generic/termbits-common.h).
_LINUX_SPEEDS = {1200: 9, 2400: 11, 4800: 12, 19200: 14, 38400: 15}


def open_serial(path: str, baud_rate: int):
    """A serial line or pty, 8N1, raw: `read(n)` gives at once what is there (b"" or None if nothing), `write(bytes)`.

    Raises OSError if it cannot be opened and ValueError for a speed that the platform has no constant for.
    """
    speed = getattr(termios, "B%d" % baud_rate, None)
    if speed is None and sys.platform == "linux":
        speed = _LINUX_SPEEDS.get(baud_rate)
    if speed is None:
        raise ValueError("no serial speed " + str(baud_rate))
    if MICROPYTHON:
        line = open(path, "r+b", 0)
        termios.setraw(line.fileno())
    else:
        import tty

        flags = os.O_RDWR | os.O_NOCTTY  # pyright: ignore[reportAttributeAccessIssue]
        line = open(os.open(path, flags), "r+b", 0)
        tty.setraw(line.fileno())
    attributes = termios.tcgetattr(line.fileno())
    attributes[4] = attributes[5] = speed
    attributes[6][5] = attributes[6][6] = 0  # VTIME, VMIN on Linux: a read never waits
    termios.tcsetattr(line.fileno(), termios.TCSANOW, attributes)
    return line


class SerialHost:
    """A process of an operating system in a board's place."""

    def __init__(self, path: str, baud_rate: int) -> None:
        self._path = path
        self._baud_rate = baud_rate

    def open_line(self):
        """The serial line. Raises OSError."""
        return open_serial(self._path, self._baud_rate)

    def reset_cause(self) -> int:
        """0, unknown: a process does not know."""
        return 0

    def watchdog(self):
        """A function that feeds nothing."""
        return lambda: None

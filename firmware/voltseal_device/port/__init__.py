"""The one place that knows which Python runs the firmware: MicroPython on a board, its unix port, or CPython.

Everything else in the tree uses what these three share. Here are clocks and randomness; beside this file, one file
each for files, serial lines, a board's UART, TLS and signals, so that each loads only what it has, and forgets what
only boot needs.
"""

import os
import sys
import time

MICROPYTHON = sys.implementation.name == "micropython"
UNIX = sys.platform in ("linux", "darwin")  # a process of an operating system, not a board

_EPOCH_2000_S = 946_684_800  # 2000-01-01 in Unix time: the epoch of MicroPython on the ESP32
_EPOCH_OFFSET_MS = 0 if time.gmtime(0)[0] == 1970 else _EPOCH_2000_S * 1000

if MICROPYTHON:
    ticks_ms = time.ticks_ms  # pyright: ignore[reportAssignmentType]
    ticks_diff = time.ticks_diff  # pyright: ignore[reportAssignmentType]
    sleep_ms = time.sleep_ms  # pyright: ignore[reportAssignmentType]
else:

    def ticks_ms() -> int:
        """Milliseconds on a clock that no one sets; wraps on MicroPython, so compare with `ticks_diff` only."""
        return time.monotonic_ns() // 1_000_000  # pyright: ignore[reportAttributeAccessIssue]

    def ticks_diff(later: int, earlier: int) -> int:
        """Milliseconds between two values of `ticks_ms` less than six days apart."""
        return later - earlier

    def sleep_ms(duration_ms: int) -> None:
        """Wait, and let nothing else run meanwhile: only for what takes milliseconds."""
        time.sleep(duration_ms / 1000)


def epoch_ms() -> int:
    """The system clock, milliseconds since 1970; a board that lost its clock starts in 2000."""
    return time.time_ns() // 1_000_000 + _EPOCH_OFFSET_MS


def random_bytes(count: int) -> bytes:
    """From the system's or the chip's random source."""
    return os.urandom(count)


def print_exception(error: BaseException) -> None:
    """The traceback, for whoever watches the console: only for what should not have happened."""
    if MICROPYTHON:
        sys.print_exception(error)
    else:
        import traceback

        traceback.print_exception(error)


def is_absent(error: OSError) -> bool:
    """Whether this error says that there is no such file."""
    return error.errno == 2  # ENOENT on all three

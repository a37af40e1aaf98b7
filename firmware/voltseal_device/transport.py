"""Request and response over a serial line: timeout and repeats. What the bytes mean is the driver's matter.

A line is an object with `read(count) -> bytes | None`, which returns at once with what is there, and `write(bytes)`:
`machine.UART`, what `port.open_serial` gives, or a simulated bus.
"""

import asyncio

from drivers.frame import FrameError, Response

from . import port

_POLL_S = 0.005  # at 9600 baud five bytes arrive meanwhile
_CHUNK_BYTES = 256
_MAX_STALE_BYTES = 4096


class Transport:
    """Owns the line, and opens it again when it broke; one exchange at a time."""

    def __init__(self, open_line, timeout_ms: int, retries: int) -> None:
        """`open_line()` gives a line or raises OSError.

        `timeout_ms` is for each try, `retries` come after the first.
        """
        self._open_line = open_line
        self._line = None
        self._timeout_ms = timeout_ms
        self._retries = retries

    async def exchange(self, driver, register: int, request: bytes) -> dict:
        """The fields of the response. Raises FrameError (the last try's reason) or OSError (the line is broken)."""
        for attempt in range(self._retries + 1):
            try:
                return await self._try(driver, register, request)
            except FrameError as error:
                # A device that says "no" in good form will say so again.
                if attempt == self._retries or error.reason == "status":
                    raise
            except OSError:
                self.close()
                raise
        raise FrameError("truncated")  # not reached: the loop returns or raises

    def close(self) -> None:
        """Release the line; the next exchange opens it again."""
        line, self._line = self._line, None
        if line is not None and hasattr(line, "close"):
            try:
                line.close()
            except OSError:
                pass  # a line that is gone cannot be closed

    async def _try(self, driver, register: int, request: bytes) -> dict:
        if self._line is None:
            self._line = self._open_line()
        line = self._line
        _discard_stale(line)
        line.write(request)
        response = Response(driver, register)
        started = port.ticks_ms()
        while port.ticks_diff(port.ticks_ms(), started) < self._timeout_ms:
            await asyncio.sleep(_POLL_S)
            fields = response.feed(line.read(_CHUNK_BYTES))
            if fields is not None:
                return fields
        return response.close()


def _discard_stale(line) -> None:
    """Drop what a late answer to an earlier request left in the buffer.

    A line that never falls silent is read anyway.
    """
    dropped = 0
    while dropped < _MAX_STALE_BYTES:
        stale = line.read(_CHUNK_BYTES)
        if not stale:
            return
        dropped += len(stale)

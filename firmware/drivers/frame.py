"""What every dialect shares: the error, reading a field table, and finding a response in a noisy byte stream.

A driver is an object with

- `name` (str) and `baud_rate` (int),
- `registers`: what one reading polls, in order,
- `requests() -> tuple` of the request frames, one for each of `registers`, in the same order,
- `parse(register, frame) -> dict` of field name -> int, str or None (absent); raises `FrameError`,
- `frame_length(register, candidate) -> int`: the length of the frame that begins at candidate[0]; 0 while more bytes
  are needed to tell; -1 if no response to `register` begins like this.

The transport (UART, pty, socket) owns the port, the timeout and the repeats; it uses the driver like this:

    for register, request in zip(driver.registers, driver.requests()):
        port.write(request)
        response = Response(driver, register)
        while (fields := response.feed(port.read())) is None and not timed_out:
            pass
        if fields is None:
            fields = response.close()  # raises FrameError and says what was wrong

Runs on MicroPython and on CPython.
"""

REASONS = ("start", "register", "length", "truncated", "end", "checksum", "status")


class FrameError(ValueError):
    """A frame that is refused. `reason` is one of REASONS and stable; the message may add numbers for a person."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason + ": " + detail if detail else reason)
        self.reason = reason


def unsigned(payload: bytes, offset: int, size: int) -> int:
    """Big-endian unsigned integer of `size` bytes; the caller has checked that the payload is long enough."""
    return int.from_bytes(payload[offset : offset + size], "big")


def read_fields(table, payload: bytes) -> dict:
    """Read every row (name, offset, size, signed, scale, bias) of a field table: value = raw * scale + bias.

    Raises FrameError('length') when the payload ends before a row does: a short answer must not read as zeros.
    """
    fields = {}
    for name, offset, size, signed, scale, bias in table:
        if offset + size > len(payload):
            raise FrameError("length", "no room for " + name)
        raw = unsigned(payload, offset, size)
        if signed and raw >> (8 * size - 1):
            raw -= 1 << (8 * size)
        fields[name] = raw * scale + bias
    return fields


class Response:
    """Finds the response to one request in bytes that arrive in pieces and may begin with noise."""

    def __init__(self, driver, register: int) -> None:
        self._driver = driver
        self._register = register
        self._pending = b""
        self._refused = None

    def feed(self, chunk: bytes | None) -> dict | None:
        """Take what the port had (None or b"" is fine) and return the fields once a whole good frame is there.

        A frame that is refused is dropped and the search goes on behind its first byte, so noise that looks like a
        beginning cannot hide the frame that follows. Only an answer in good form that says "no" raises at once:
        FrameError('status').
        """
        self._pending += chunk or b""
        while self._pending:
            length = self._driver.frame_length(self._register, self._pending)
            if length == 0 or length > len(self._pending):
                return None
            if length > 0:
                try:
                    fields = self._driver.parse(self._register, self._pending[:length])
                    self._pending = self._pending[length:]
                    return fields
                except FrameError as error:
                    if error.reason == "status":
                        raise
                    self._refused = self._refused or error
            self._pending = self._pending[1:]
        return None

    def close(self) -> dict:
        """No more bytes will come: return the fields of a frame hidden behind a false beginning, or raise FrameError.

        The reason is that of the first frame refused; 'truncated' if none was ever complete.
        """
        self._refused = self._refused or FrameError("truncated", "%d bytes without an end" % len(self._pending))
        while self._pending:
            self._pending = self._pending[1:]
            fields = self.feed(None)
            if fields is not None:
                return fields
        raise self._refused

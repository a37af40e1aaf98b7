"""The ATECC608 on its I2C bus: wake, send, wait, read, sleep. Every wait and every repeat is bounded.

The bus is an object with `writeto(address, bytes)` and `readfrom_into(address, bytearray)` that raise OSError when
nothing acknowledges, such as `machine.I2C` at 100 kHz or slower: the element is woken by a byte of zeros to address 0,
which at that speed holds SDA low for the 60 us it needs.

The element's own watchdog puts it to sleep about a second after it woke, whatever it does. So each use is a session
of its own, `with link:`, far shorter than that, and ends in sleep, which also forgets the message to be signed.
"""

from voltseal_device import port

from .atecc608_packets import AWAKE, LONGEST_MS, NOT_EXECUTED, ElementError, answer_bytes, command, payload_of

ADDRESS = 0x60
TRIES = 3
_POLL_MS = 2
_WAKE_MS = 3  # the data sheet asks for 1.5
_RESET, _SLEEP, _IDLE, _COMMAND = b"\x00", b"\x01", b"\x02", b"\x03"  # word addresses


class Link:
    """One element. A context manager: awake inside, asleep outside."""

    def __init__(self, i2c, address: int = ADDRESS) -> None:
        self._i2c = i2c
        self._address = address

    def __enter__(self):
        self._wake()
        return self

    def __exit__(self, *_) -> None:
        self._tell(_SLEEP)

    def execute(self, opcode: int, p1: int, p2: int, length: int, data: bytes = b"") -> bytes:
        """Send a command and return its payload of `length` bytes. Raises ElementError.

        Sent again only where the element says that it did not carry it out: a counter must not step twice.
        """
        packet = _COMMAND + command(opcode, p1, p2, data)
        for left in range(TRIES - 1, -1, -1):
            try:
                self._send(packet)
                return self._receive(length, LONGEST_MS[opcode])
            except ElementError as error:
                if error.reason not in NOT_EXECUTED or not left:
                    raise
                if error.reason != "command-checksum":
                    self._tell(_IDLE)  # unlike sleep, this keeps what a Nonce command has put there
                    self._wake()
        raise ElementError("timeout")  # not reached: the last try returns or raises

    def _wake(self) -> None:
        reason = "absent"
        answer = bytearray(len(AWAKE))
        for _ in range(TRIES):
            try:
                self._i2c.writeto(0, b"\x00")
            except OSError:
                pass  # nothing acknowledges address 0; the pulse is what counts
            port.sleep_ms(_WAKE_MS)
            try:
                self._i2c.readfrom_into(self._address, answer)
            except OSError:
                continue
            if answer == AWAKE:
                return
            reason = "wake"  # it was awake already, in the middle of something that a reset cut short
            self._tell(_SLEEP)
        raise ElementError(reason, "no ATECC608 wakes at I2C address 0x%02x" % self._address)

    def _send(self, packet: bytes) -> None:
        try:
            self._i2c.writeto(self._address, packet)
        except OSError as error:
            raise ElementError("absent", "it does not acknowledge a command") from error

    def _receive(self, length: int, longest_ms: int) -> bytes:
        """The payload; an answer that came damaged is read again, which does not carry out the command again."""
        answer = bytearray(answer_bytes(length))
        for left in range(TRIES - 1, -1, -1):
            self._read(answer, longest_ms)
            try:
                return payload_of(answer, length)
            except ElementError as error:
                if error.reason not in ("length", "checksum") or not left:
                    raise
            self._tell(_RESET)
        raise ElementError("timeout")  # not reached, as above

    def _read(self, answer: bytearray, longest_ms: int) -> None:
        """Ask until it acknowledges, which it does not while it computes."""
        for _ in range(longest_ms // _POLL_MS + 1):
            port.sleep_ms(_POLL_MS)
            try:
                self._i2c.readfrom_into(self._address, answer)
            except OSError:
                continue
            return
        raise ElementError("timeout", "no answer within %d ms" % longest_ms)

    def _tell(self, word: bytes) -> None:
        try:
            self._i2c.writeto(self._address, word)
        except OSError:
            pass  # asleep already, or gone: the next wake or command tells

"""Pylontech low-voltage modules (US2000, US3000, US5000 and alike) on RS-485: ASCII frames, 9600 or 115200 8N1.

Source: "RS485 protocol Pylon, low voltage", V3.3. All but the first and the last character are hexadecimal digits in
capitals, two a byte; numbers are big-endian.

    request   ~ 20 address 46 42 length address        checksum CR
    response  ~ 20 address 46 00 length information    checksum CR      00: understood; else why not

The length counts the digits of the information, in 12 bits, below 4 bits that make the sum of its nibbles zero. The
checksum is the two's complement of the sum of all characters between ~ and itself.

A charging current is positive. A module of more than 65 Ah says so with four user-defined items instead of two, and its
capacities stand at the end in 24 bits. The first temperature is the board's, the others are groups of cells. The state
of charge is not among the analogue values, so it is absent; nor are alarms read. Has not run on a module of ours.
"""

from drivers.frame import FrameError, unsigned

ANALOG = 0x42

CELL_FIELDS = tuple("cell_%02d_mv" % number for number in range(1, 17))
TEMPERATURE_FIELDS = tuple("temp_%d_dc" % number for number in range(1, 5))
_HEAD = 13  # characters before the information
_TAIL = 5
_DIGITS = b"0123456789ABCDEF"
_ZERO_CELSIUS_DK = 2731

# (name, offset behind the temperatures, bytes, signed, scale)
PACK_TABLE = (
    ("pack_current_ma", 0, 2, True, 100),
    ("pack_voltage_mv", 2, 2, False, 1),
    ("cycle_count", 9, 2, False, 1),
)
SMALL_TABLE = (("remaining_capacity_mah", 4, 2, False, 1), ("full_capacity_mah", 7, 2, False, 1))
LARGE_TABLE = (("remaining_capacity_mah", 11, 3, False, 1), ("full_capacity_mah", 14, 3, False, 1))


def checksum(covered: bytes) -> bytes:
    """Four digits."""
    return b"%04X" % (-sum(covered) & 0xFFFF)


def length_word(digits: int) -> int:
    """The length of so many digits of information, with its own check in the upper four bits."""
    nibbles = (digits & 15) + (digits >> 4 & 15) + (digits >> 8)
    return (-nibbles & 15) << 12 | digits


def request(address: int) -> bytes:
    """Ask one module for its analogue values."""
    body = b"20%02X46%02X%04X%02X" % (address, ANALOG, length_word(2), address)
    return b"~" + body + checksum(body) + b"\r"


def information_of(address: int, frame: bytes) -> bytes:
    """Check one response from its first character to its last and return its information. Raises FrameError."""
    if len(frame) < _HEAD + _TAIL:
        raise FrameError("truncated", "%d characters" % len(frame))
    if frame[:3] != b"~20":
        raise FrameError("start", "not ~20")
    if frame[3:7] != b"%02X46" % address:
        raise FrameError("register", "from another address or device")
    digits = len(frame) - _HEAD - _TAIL
    if digits > 0xFFF or frame[9:_HEAD] != b"%04X" % length_word(digits):
        raise FrameError("length", "%d digits" % digits)
    if frame[-1:] != b"\r":
        raise FrameError("end", "0x%02X" % frame[-1])
    expected = checksum(frame[1:-_TAIL])
    if frame[-_TAIL:-1] != expected:
        raise FrameError("checksum", "should be " + expected.decode())
    if frame[7:9] != b"00":
        raise FrameError("status", "return code " + _shown(frame[7:9]))
    information = frame[_HEAD:-_TAIL]
    if digits % 2 or not _all_digits(information):
        raise FrameError("length", "no whole bytes")
    return bytes([int(information[at : at + 2].decode(), 16) for at in range(0, digits, 2)])


def analog(information: bytes) -> dict:
    """The analogue values of one module. Raises FrameError('length') if they end early."""
    cells, at = _words(information, 2)
    temperatures, at = _words(information, at)
    fields: dict = {"cell_count": len(cells), "temperature_count": len(temperatures)}
    for index, name in enumerate(CELL_FIELDS):
        fields[name] = cells[index] if index < len(cells) else None
    for index, name in enumerate(TEMPERATURE_FIELDS):
        fields[name] = temperatures[index] - _ZERO_CELSIUS_DK if index < len(temperatures) else None
    if at + 11 > len(information):
        raise FrameError("length", "no room for the pack's values")
    for name, offset, size, signed, scale in PACK_TABLE + (LARGE_TABLE if information[at + 6] > 2 else SMALL_TABLE):
        if at + offset + size > len(information):
            raise FrameError("length", "no room for " + name)
        raw = unsigned(information, at + offset, size)
        if signed and raw >> (8 * size - 1):
            raw -= 1 << (8 * size)
        fields[name] = raw * scale
    return fields


def _words(information: bytes, at: int) -> tuple:
    """A count and so many words: (words, where they end)."""
    count = information[at] if at < len(information) else 0
    end = at + 1 + 2 * count
    if end > len(information):
        raise FrameError("length", "no room for %d values" % count)
    return [unsigned(information, at + 1 + 2 * index, 2) for index in range(count)], end


def _all_digits(text: bytes) -> bool:
    return all(character in _DIGITS for character in text)


def _shown(text: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in text)


class Driver:
    """The driver interface of drivers/frame.py for one module."""

    name = "pylontech"
    baud_rate = 9600

    def __init__(self, address: int = 2) -> None:
        """`address`: 2 is the first module of a stack."""
        self.registers = (ANALOG,)
        self._address = address

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return (request(self._address),)

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        head = b"~20%02X46" % self._address
        if candidate[:7] != head[: len(candidate[:7])]:
            return -1
        if len(candidate) < _HEAD:
            return 0
        if not _all_digits(candidate[9:_HEAD]):
            return -1
        word = int(candidate[9:_HEAD].decode(), 16)
        return _HEAD + (word & 0xFFF) + _TAIL if word == length_word(word & 0xFFF) else -1

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response. Raises FrameError."""
        return analog(information_of(self._address, frame))

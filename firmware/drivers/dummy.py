"""A dialect that no device speaks: the shortest whole driver, to copy (docs/how-to/add-a-driver.md).

Source: name the document, its version and the device your frames were recorded from.

    request   3F register             "?" and the register
    response  21 register v v sum     "!", the register, a signed number, and the low 8 bits of the sum of all before
"""

from drivers.frame import FrameError, read_fields

STATE = 0x01

# (name, offset in the payload, bytes, signed, scale, bias): the device counts 10 mA, we speak mA.
STATE_TABLE = (("pack_current_ma", 0, 2, True, 10, 0),)

_LENGTH = 5


class Driver:
    """The driver interface of drivers/frame.py."""

    name = "dummy"
    baud_rate = 9600
    registers = (STATE,)

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return tuple(bytes((0x3F, register)) for register in self.registers)

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        if candidate[0] != 0x21 or (len(candidate) > 1 and candidate[1] != register):
            return -1
        return _LENGTH

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response. Check everything the dialect lets you check, most telling reason first."""
        if len(frame) != _LENGTH:
            raise FrameError("length", "%d bytes" % len(frame))
        if frame[0] != 0x21:
            raise FrameError("start", "0x%02X" % frame[0])
        if frame[1] != register:
            raise FrameError("register", "asked 0x%02X, got 0x%02X" % (register, frame[1]))
        if frame[-1] != sum(frame[:-1]) & 0xFF:
            raise FrameError("checksum")
        return read_fields(STATE_TABLE, frame[2:-1])

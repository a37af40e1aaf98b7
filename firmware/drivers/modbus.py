"""Modbus RTU: reading blocks of registers or coils from one unit on a serial line. Drivers bring the tables.

Source: "MODBUS Application Protocol Specification" V1.1b3, sections 6.1-6.4 and 7; "MODBUS over Serial Line" V1.02,
section 2.5.1 and appendix B (CRC). All numbers are big-endian but the CRC.

    request    unit function address(2) count(2) crc(2)
    response   unit function bytes data crc(2)
    exception  unit function+80 code crc(2)

A response does not tell which address it answers: that it has the length that was asked for is all there is to check,
so blocks of one driver should differ in length, and late answers are thrown away before the next request.
"""

from collections import namedtuple

from drivers.frame import FrameError

READ_COILS = 1
READ_HOLDING = 3
READ_INPUT = 4

Block = namedtuple("Block", ("function", "address", "count"))
"""What one request reads: `count` registers of two bytes, or coils, eight a byte."""

# Half a byte at a time: 16 entries instead of 256, and four times as fast as bit by bit.
_CRC_TABLE = (
    0x0000, 0xCC01, 0xD801, 0x1400, 0xF001, 0x3C00, 0x2800, 0xE401,
    0xA001, 0x6C00, 0x7800, 0xB401, 0x5000, 0x9C01, 0x8801, 0x4400,
)  # fmt: skip


def crc16(covered: bytes) -> int:
    """CRC-16/MODBUS: polynomial 0xA001 reflected, initial 0xFFFF."""
    crc = 0xFFFF
    for byte in covered:
        crc = crc >> 4 ^ _CRC_TABLE[(crc ^ byte) & 15]
        crc = crc >> 4 ^ _CRC_TABLE[(crc ^ byte >> 4) & 15]
    return crc


def request(unit: int, block: Block) -> bytes:
    """Read request, 8 bytes."""
    body = bytes((unit, block.function)) + block.address.to_bytes(2, "big") + block.count.to_bytes(2, "big")
    return body + crc16(body).to_bytes(2, "little")


def data_bytes(block: Block) -> int:
    """How many bytes of data answer the block."""
    return (block.count + 7) // 8 if block.function == READ_COILS else 2 * block.count


def frame_length(unit: int, block: Block, candidate: bytes) -> int:
    """For the driver interface: length of the response that begins here, 0 if not yet known, -1 if none does."""
    if candidate[0] != unit:
        return -1
    if len(candidate) < 2:
        return 0
    if candidate[1] == block.function | 0x80:
        return 5
    if candidate[1] != block.function:
        return -1
    if len(candidate) < 3:
        return 0
    return 5 + candidate[2] if candidate[2] == data_bytes(block) else -1


def payload_of(unit: int, block: Block, frame: bytes) -> bytes:
    """Check one response from its first byte to its last and return its data. Raises FrameError.

    FrameError('status') is an exception response: the unit has understood and says no.
    """
    if len(frame) < 5:
        raise FrameError("truncated", "%d bytes" % len(frame))
    if frame[0] != unit:
        raise FrameError("start", "unit %d" % frame[0])
    if frame[1] & 0x7F != block.function:
        raise FrameError("register", "function 0x%02X" % frame[1])
    refused = frame[1] != block.function
    if len(frame) != (5 if refused else 5 + frame[2]):
        raise FrameError("length", "%d bytes" % len(frame))
    expected = crc16(frame[:-2])
    if int.from_bytes(frame[-2:], "little") != expected:
        raise FrameError("checksum", "should be 0x%04X" % expected)
    if refused:
        raise FrameError("status", "exception %d" % frame[2])
    if frame[2] != data_bytes(block):
        raise FrameError("length", "asked for %d bytes of data, got %d" % (data_bytes(block), frame[2]))
    return frame[3:-2]

"""Packets of Microchip's ATECC608 (data sheet, "Security Commands"), sans I/O: bytes of commands, and what answers say.

    command  count opcode p1 p2(LE) data crc(LE)      count covers itself and the check sum
    answer   count payload crc(LE)                    a count of 4 is a status, one byte

The check sum is a CRC-16 with polynomial 0x8005 from 0, least significant bit first.
"""

from voltseal_device.errors import DeviceError

READ, WRITE, NONCE, LOCK, RANDOM, COUNTER, INFO, GENKEY, SIGN = 0x02, 0x12, 0x16, 0x17, 0x1B, 0x24, 0x30, 0x40, 0x41

# Longest execution times of the data sheet, milliseconds, and a tenth more for a clock that runs slow.
LONGEST_MS = {READ: 6, NONCE: 22, RANDOM: 26, COUNTER: 28, INFO: 6, GENKEY: 127, SIGN: 127}

AWAKE = b"\x04\x11\x33\x43"  # what the element says first after waking
_POLYNOMIAL = 0x8005

# What a status byte says. The first four name a command that was not carried out, so that it may be sent again.
_STATUS = {
    0x11: "woken",
    0xEE: "watchdog",
    0xFF: "command-checksum",
    0x03: "parse",
    0x01: "miscompare",
    0x05: "ecc-fault",
    0x0F: "execution",
}
NOT_EXECUTED = ("woken", "watchdog", "command-checksum")

REASONS = NOT_EXECUTED + (
    "parse", "miscompare", "ecc-fault", "execution", "status",  # refusals of the element
    "absent", "wake", "timeout", "length", "checksum",  # the bus
    "revision", "unlocked", "slot", "random", "signature", "counter", "digest",  # not what a signer can rest on
)  # fmt: skip


class ElementError(DeviceError):
    """What the secure element refused, or what was wrong with its answer.

    `reason` is one of REASONS and stable; `code` is the same behind `element-`.
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__("element-" + reason, text or "ATECC608")
        self.reason = reason


def crc16(covered) -> int:
    """The check sum over these bytes."""
    crc = 0
    for byte in covered:
        for bit in range(8):
            carry = (crc >> 15) ^ (byte >> bit & 1)
            crc = crc << 1 & 0xFFFF
            if carry:
                crc ^= _POLYNOMIAL
    return crc


def command(opcode: int, p1: int, p2: int, data: bytes = b"") -> bytes:
    """A whole command packet, without the word address in front of it."""
    body = bytes((len(data) + 7, opcode, p1, p2 & 0xFF, p2 >> 8)) + data
    return body + crc16(body).to_bytes(2, "little")


def answer_bytes(length: int) -> int:
    """How many bytes to read for a payload of `length` bytes; 0 for a command that answers with a status only."""
    return length + 3 if length else 4


def payload_of(answer, length: int) -> bytes:
    """The payload, `length` bytes, of an answer; b"" where a status of success was to come.

    `answer` is `answer_bytes(length)` long; behind a short answer the element sends 0xFF. Raises ElementError.
    """
    count = answer[0]
    if count not in (4, answer_bytes(length)) or len(answer) < count:
        raise ElementError("length", "an answer of %d bytes" % count)
    body = bytes(answer[: count - 2])
    if crc16(body).to_bytes(2, "little") != bytes(answer[count - 2 : count]):
        raise ElementError("checksum")
    if count > 4:
        return body[1:]
    if body[1]:
        raise ElementError(_STATUS.get(body[1], "status"), "status 0x%02x" % body[1])
    if length:
        raise ElementError("length", "success without a payload")
    return b""

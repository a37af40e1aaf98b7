"""One file of the spool: a header, then records `length | crc32 | message`, only ever appended to, in one boot.

    header  "VSP1" | boot count (4) | first (8) | head before it + 1 (8) | digest of that head (32) | crc32 (4)
    record  length (4) | crc32 of the message (4) | message

Big-endian. Records carry consecutive sequence numbers from `first` on, so that the index needs no entry for each. The
header names the chain's head before this segment, so older segments can go without the head going with them.
"""

import struct
from binascii import crc32

from .sequence import Head

HEADER_BYTES = 60
RECORD_HEAD_BYTES = 8
MAX_MESSAGE_BYTES = 16384  # the specification's limit of a message on `up`
MAX_RECORDS = 255  # bounds the index entry: `done` has a bit for each

MAGIC = b"VSP1"
HEADER = ">4sIQQ32s"
SUFFIX = ".seg"


class Segment:
    """The index entry of one file, kept small: there is one for each as long as it exists.

    `done` has bit i set when record i needs no sending any more.
    """

    def __init__(self, first: int) -> None:
        self.first = first
        self.count = 0
        self.size = HEADER_BYTES
        self.done = 0

    def name(self) -> str:
        """The file's name; names sort as the numbers do."""
        return "%012x%s" % (self.first, SUFFIX)

    def last(self) -> int:
        """The last sequence number in it (first - 1 if it is empty)."""
        return self.first + self.count - 1

    def complete(self) -> bool:
        """Whether nothing in it needs sending any more."""
        return self.done == (1 << self.count) - 1

    def pending(self) -> list:
        """(first, last) runs of the numbers that still need sending."""
        runs = []
        for index in range(self.count):
            sequence = self.first + index
            if self.done >> index & 1:
                continue
            if runs and runs[-1][1] == sequence - 1:
                runs[-1] = (runs[-1][0], sequence)
            else:
                runs.append((sequence, sequence))
        return runs

    def mark(self, first: int, last: int) -> int:
        """Mark the numbers first..last, as far as they are in it, as done. Returns how many were not yet."""
        marked = 0
        for sequence in range(max(first, self.first), min(last, self.last()) + 1):
            bit = 1 << sequence - self.first
            if not self.done & bit:
                self.done |= bit
                marked += 1
        return marked


def header(first: int, boot_count: int, before: Head) -> bytes:
    """The bytes that a file begins with."""
    body = struct.pack(HEADER, MAGIC, boot_count, first, before.sequence + 1, before.digest)
    return body + crc32(body).to_bytes(4, "big")


def record_head(message: bytes) -> bytes:
    """What stands before a message. Raises ValueError if it is longer than the specification allows."""
    if not 0 < len(message) <= MAX_MESSAGE_BYTES:
        raise ValueError("message length")
    return struct.pack(">II", len(message), crc32(message))


def read_head(file, offset: int, size: int) -> tuple | None:
    """(length, crc32) of the record at `offset` in a file of `size` bytes; None if no whole record can stand there."""
    if offset + RECORD_HEAD_BYTES >= size:
        return None
    file.seek(offset)
    head = file.read(RECORD_HEAD_BYTES)
    if len(head) != RECORD_HEAD_BYTES:
        return None
    length, check = struct.unpack(">II", head)
    if not 0 < length <= MAX_MESSAGE_BYTES or offset + RECORD_HEAD_BYTES + length > size:
        return None
    return length, check


def read_message(file, offset: int, size: int) -> bytes | None:
    """The message of the record at `offset`, or None if it fails its check sum."""
    head = read_head(file, offset, size)
    if head is None:
        return None
    message = file.read(head[0])
    return message if crc32(message) == head[1] else None

"""Boot only: what the last power cut left in the state directory, made into losses, spool and counters.

Reads everything once; changes nothing but what a cut left half done. A cut in the middle of this leaves the same to do.
"""

import struct
from binascii import crc32
from hashlib import sha256

from . import durable, losses, segment, sequence
from .errors import DeviceError
from .journal import say
from .losses import SPOOL_DAMAGED, SPOOL_FULL, Losses
from .segment import HEADER_BYTES, Segment
from .sequence import NO_HEAD, Head
from .spool import Spool


def read_losses(files, directory: str) -> Losses:
    """The losses on record.

    If it is damaged its ranges are gone, and will show as an unexplained gap, which is the truth.
    """
    rows = []
    stored = _read(files, directory + "/" + losses.FILE) or b""
    for at in range(0, len(stored), losses.ROW_BYTES):
        rows.append(struct.unpack(losses.FORMAT, stored[at : at + losses.ROW_BYTES]))
    return Losses(files, directory, rows)


def read_spool(files, directory: str, lost: Losses, max_bytes: int, segment_bytes: int) -> Spool:
    """The spool in this directory, torn tails cut off, interrupted drops finished, damage recorded in `lost`."""
    files.make_directory(directory)
    found, befores, head, boot_count = [], [], NO_HEAD, 0
    for name in reversed(files.names(directory)):
        first = first_of(name)
        if first is None:
            continue
        entry, begun, message = _read_segment(files, directory + "/" + name, first, not found)
        if entry is None:
            files.remove(directory + "/" + name)
            files.sync_directory(directory)
            continue
        if message is not None:
            head = Head(entry.last(), sha256(statement_in(message)).digest())
        boot_count = max(boot_count, begun[0])
        found.append(entry)
        befores.append(begun[1].sequence)
    found.reverse()
    befores.reverse()
    while len(found) > 1 and lost.reason(found[0].first) == SPOOL_FULL:
        files.remove(directory + "/" + found.pop(0).name())
        files.sync_directory(directory)
        befores.pop(0)
    drop_refused(found, befores)
    damage = find_damage(found, befores)
    if damage:
        lost.add(damage)
    spool = Spool(files, directory, lost, max_bytes, segment_bytes)
    spool.recovered(found, head, boot_count)
    return spool


def read_counters(files, directory: str, spool: Spool, block: int) -> tuple:
    """(boot count, first number, head) for `Numbers.begin`: this boot, and the first number that was never reserved.

    The head is the later of the spool's and the one on record. If the record is damaged, what the spool knows takes its
    place: only statements that were spooled have ever left the device, so behind the spool's head and a whole block all
    numbers are unused. Raises DeviceError('state-lost') when neither is left.
    """
    head = spool.head
    stored = _read(files, directory + "/" + sequence.FILE)
    if stored is None:
        if head.sequence < 0:
            raise DeviceError("state-lost", "counters and spool are gone: enrol this board anew")
        return spool.boot_count + 2, head.sequence + 1 + block, head  # one boot may have signed without spooling
    boot_count, reserved_end, after_head, digest = struct.unpack(sequence.FORMAT, stored)
    if after_head - 1 > head.sequence:
        head = Head(after_head - 1, digest)
    return boot_count + 1, max(reserved_end, head.sequence + 1), head


def create_counters(files, directory: str) -> None:
    """Write the record of a device that has never booted. Only before the device has a key: see `identity`."""
    durable.write(files, directory + "/" + sequence.FILE, sequence.pack(0, 0, NO_HEAD))


def first_of(name: str) -> int | None:
    """The first number of the segment with this file name, or None if the name is not one of ours."""
    if len(name) != 12 + len(segment.SUFFIX) or not name.endswith(segment.SUFFIX):
        return None
    try:
        return int(name[:12], 16)
    except ValueError:
        return None


def drop_refused(found: list, befores: list) -> None:
    """Stop counting records behind the head that the next header names.

    The file system refused them when they were written, so the chain went on without them, and they are declared as
    lost. That they reached the disk after all must not bring them back.
    """
    for index in range(len(found) - 1):
        entry, before = found[index], befores[index + 1]
        if entry.first <= before < entry.last():
            entry.count = before - entry.first + 1


def find_damage(found: list, befores: list) -> list:
    """What is missing although a later header names it as safe: `befores[i]` is the head before segment i."""
    damage = []
    for index in range(len(found) - 1):
        if found[index].last() < befores[index + 1]:
            damage.append((found[index].last() + 1, befores[index + 1], SPOOL_DAMAGED))
    return damage


def statement_in(message: bytes) -> bytes:
    """The statement in an `up` message of ours: the byte string (24 to 65,535 bytes) behind a one-byte array head."""
    start = 3 if message[1] == 0x58 else 4
    length = int.from_bytes(message[2:start], "big")
    return message[start : start + length]


def _read(files, path: str) -> bytes | None:
    try:
        return durable.read(files, path)
    except DeviceError as error:
        say("damaged", error=str(error))
        return None


def _read_segment(files, path: str, first: int, newest: bool) -> tuple:
    """(index entry, (boot count, head before it), last message if it is the newest).

    (None, None, None) for a newest one in which nothing is safe.
    """
    size = files.size(path)
    entry, message = Segment(first), None
    with files.open(path, "rb") as file:
        begun = read_header(file, first)
        if begun is not None:
            message = scan(file, entry, size, newest)
    if newest:
        if not entry.count:
            return None, None, None  # cut before its first record was safe: nothing in it was ever promised
        with files.open(path, "ab") as file:
            files.sync(file)  # what was read may still be in a cache that the next cut empties
        files.sync_directory(path.rpartition("/")[0])
    if begun is None:
        entry.size = size
        begun = (0, NO_HEAD)
    return entry, begun, message


def read_header(file, first: int) -> tuple | None:
    """(boot count, head before it) of the segment that begins with `first`; None if its header is not sound."""
    header = file.read(HEADER_BYTES)
    body = header[:-4]
    if len(header) != HEADER_BYTES or crc32(body).to_bytes(4, "big") != header[-4:] or body[:4] != segment.MAGIC:
        return None
    _, boot_count, stored_first, after_before, digest = struct.unpack(segment.HEADER, body)
    return (boot_count, Head(after_before - 1, digest)) if stored_first == first else None


def scan(file, entry: Segment, size: int, check_messages: bool) -> bytes | None:
    """Count the records of a file. With `check_messages` only up to the last whose check sum is right, and return it.

    What follows is the tail that a power cut tore, and is cut off here: it is not counted, and nothing is ever appended
    to a segment of an earlier boot.
    """
    offset = HEADER_BYTES
    index = 0
    last_message = None
    while index < segment.MAX_RECORDS and (head := segment.read_head(file, offset, size)) is not None:
        following = offset + segment.RECORD_HEAD_BYTES + head[0]
        message = segment.read_message(file, offset, size) if check_messages else None
        index += 1
        offset = following
        if message is not None or not check_messages:
            entry.count = index
            entry.size = following
            last_message = message
    return last_message

"""Small records that survive a power cut: either the old one or the new one is there, never half of one.

A record is `crc32 (4 bytes, big-endian) | content`. Written to `<path>.new`, made durable, then renamed: a cut before
the rename leaves the old record and a stray `.new` that the next write replaces.
"""

from binascii import crc32

from .errors import DeviceError
from .port import is_absent

_SUFFIX = ".new"


def write(files, path: str, content: bytes) -> None:
    """Replace the record. Durable once this returns."""
    replace(files, path, crc32(content).to_bytes(4, "big") + content)


def read(files, path: str) -> bytes | None:
    """The record's content, or None if there is none.

    Raises DeviceError('damaged-record') if its check sum is wrong.
    """
    try:
        file = files.open(path, "rb")
    except OSError as error:
        if is_absent(error):
            return None
        raise
    with file:
        record = file.read()
    content = record[4:]
    if len(record) < 4 or int.from_bytes(record[:4], "big") != crc32(content):
        raise DeviceError("damaged-record", path + " fails its check sum")
    return content


def replace(files, path: str, content: bytes) -> None:
    """Replace a whole file (without a check sum) in one step."""
    temporary = path + _SUFFIX
    file = files.open(temporary, "wb")
    with file:
        file.write(content)
        files.sync(file)
    files.rename(temporary, path)
    files.sync_directory(path.rsplit("/", 1)[0] or "/")

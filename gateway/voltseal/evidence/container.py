"""The file around a bundle's text: plain or gzip, from a path, from bytes or from a pipe. Reads; never writes.

A verifier walks over the text more than once, so everything here can be opened again. Decompression is by small steps
and the text's form is checked line by line, so a compression bomb costs no memory and ends at its first wrong line.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final, TypeAlias, cast

from voltseal.evidence.errors import MalformedBundleError

Opener: TypeAlias = Callable[[], BinaryIO]
"""Gives the bundle's text from its start each time it is called; the caller closes it."""

GZIP_MAGIC: Final = b"\x1f\x8b"
_READ_BYTES: Final = 65_536
_GZIP_WINDOW_BITS: Final = 31  # 15 bits of window, 16 to ask for gzip's frame and checksum


def opener_of_bytes(raw: bytes) -> Opener:
    """The text of a bundle held in memory."""
    return lambda: _text(io.BytesIO(raw))


def opener_of_path(path: Path) -> Opener:
    """The text of a bundle in a file; opening it raises `OSError`."""
    return lambda: _text(path.open("rb"))


def _text(stream: BinaryIO) -> BinaryIO:
    magic = stream.read(len(GZIP_MAGIC))
    stream.seek(0)
    if magic != GZIP_MAGIC:
        return stream
    # typeshed does not count BufferedReader as BinaryIO, though it has all of its methods
    return cast("BinaryIO", io.BufferedReader(GzipMember(stream), _READ_BYTES))


class GzipMember(io.RawIOBase):
    """The content of a file that is exactly one gzip member (RFC 1952), decompressed step by step.

    Raises `MalformedBundleError` while reading when it is damaged, cut off, or followed by anything. It owns `stream`.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__()
        self._stream = stream
        self._inflate = zlib.decompressobj(wbits=_GZIP_WINDOW_BITS)

    def readable(self) -> bool:
        """Always true."""
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]  # typeshed's WriteableBuffer is private
        """Fill `target` as far as one step goes; 0 at the end."""
        while not self._inflate.eof:
            pending = self._inflate.unconsumed_tail or self._stream.read(_READ_BYTES)
            try:
                piece = self._inflate.decompress(pending, len(target))
            except zlib.error as error:
                raise MalformedBundleError(f"the gzip file is damaged: {error}") from error
            if piece:
                target[: len(piece)] = piece
                return len(piece)
            if not pending:
                raise MalformedBundleError("the gzip file is cut off")
        if self._inflate.unused_data or self._stream.read(1):
            raise MalformedBundleError("there are bytes after the gzip file's end")
        return 0

    def close(self) -> None:
        """Close the file beneath as well."""
        self._stream.close()
        super().close()

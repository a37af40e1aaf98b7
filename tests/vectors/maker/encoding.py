"""A tiny CBOR writer that can also write what the specification forbids. Every function returns encoded bytes."""

from __future__ import annotations

from collections.abc import Sequence


def head(major: int, value: int, width: int | None = None) -> bytes:
    """The head of an item. `width` (0, 1, 2, 4, 8 argument bytes) overrides the shortest form."""
    if width is None:
        width = next(
            size for size, limit in ((0, 24), (1, 1 << 8), (2, 1 << 16), (4, 1 << 32), (8, 1 << 64)) if value < limit
        )
    if width == 0:
        return bytes([major << 5 | value])
    code = {1: 24, 2: 25, 4: 26, 8: 27}[width]
    return bytes([major << 5 | code]) + value.to_bytes(width, "big")


def integer(value: int, width: int | None = None) -> bytes:
    """Major type 0 or 1."""
    return head(0, value, width) if value >= 0 else head(1, -1 - value, width)


def bstr(content: bytes, width: int | None = None) -> bytes:
    """Major type 2."""
    return head(2, len(content), width) + content


def tstr(content: str) -> bytes:
    """Major type 3."""
    encoded = content.encode()
    return head(3, len(encoded)) + encoded


def array(items: Sequence[bytes], width: int | None = None) -> bytes:
    """Major type 4 of items that are encoded already."""
    return head(4, len(items), width) + b"".join(items)


def mapping(pairs: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Major type 5, in the order given."""
    return head(5, len(pairs)) + b"".join(key + value for key, value in pairs)


NULL = b"\xf6"
TRUE = b"\xf5"
FALSE = b"\xf4"
UNDEFINED = b"\xf7"
HALF_ONE = b"\xf9\x3c\x00"
DOUBLE_ONE = b"\xfb\x3f\xf0" + bytes(6)
MAX_INT = (1 << 53) - 1

"""The deterministic CBOR subset of the specification ("Conventions and limits"; RFC 8949 section 4.2.1).

Encoded: integers of +-(2 ** 53 - 1), byte strings, text, arrays (list or tuple), maps and null; nothing else, so no
floats and no booleans. Decoded is only what a device receives on `down`: integers, byte strings, arrays and null.
"""

from .errors import WireError

MAX_INT = (1 << 53) - 1
MAX_DEPTH = 8

_UNSIGNED, _NEGATIVE, _BYTES, _TEXT, _ARRAY, _MAP = range(6)
_NULL = 0xF6


class CborError(WireError):
    """A value outside the subset, or bytes that are not its deterministic encoding."""


def encode(value: object) -> bytes:
    """The one encoding of `value`. Raises CborError for what the subset does not hold."""
    out = bytearray()
    append(out, value)
    return bytes(out)


def append(out: bytearray, value: object, depth: int = 0) -> None:
    """Encode `value` at the end of `out`, which saves the copies that nested `encode` calls would make."""
    if value is None:
        out.append(_NULL)
    elif value is True or value is False:
        raise CborError("no booleans on the wire")
    elif isinstance(value, int):
        _append_int(out, value)
    elif isinstance(value, (bytes, bytearray, memoryview)):
        append_head(out, _BYTES, len(value))
        out.extend(value)
    elif isinstance(value, str):
        text = value.encode()
        append_head(out, _TEXT, len(text))
        out.extend(text)
    elif depth == MAX_DEPTH:
        raise CborError("nested too deeply")
    elif isinstance(value, (list, tuple)):
        append_head(out, _ARRAY, len(value))
        for item in value:
            append(out, item, depth + 1)
    elif isinstance(value, dict):
        _append_map(out, value, depth + 1)
    else:
        raise CborError("no such type on the wire")


def append_array_head(out: bytearray, count: int) -> None:
    """Begin an array of `count` items, which the caller appends."""
    append_head(out, _ARRAY, count)


def append_bytes_head(out: bytearray, length: int) -> None:
    """Begin a byte string of `length` bytes, which the caller appends."""
    append_head(out, _BYTES, length)


def append_head(out: bytearray, major: int, argument: int) -> None:
    """The head of an item, in its shortest form (RFC 8949 section 3)."""
    major <<= 5
    if argument < 24:
        out.append(major | argument)
    elif argument < 0x100:
        out.append(major | 24)
        out.append(argument)
    elif argument < 0x10000:
        out.append(major | 25)
        out.extend(argument.to_bytes(2, "big"))
    elif argument < 0x100000000:
        out.append(major | 26)
        out.extend(argument.to_bytes(4, "big"))
    else:
        out.append(major | 27)
        out.extend(argument.to_bytes(8, "big"))


def _append_int(out: bytearray, value: int) -> None:
    if not -MAX_INT <= value <= MAX_INT:
        raise CborError("integer out of range")
    if value < 0:
        append_head(out, _NEGATIVE, -1 - value)
    else:
        append_head(out, _UNSIGNED, value)


def _append_map(out: bytearray, value: dict[object, object], depth: int) -> None:
    """Entries in the bytewise order of their encoded keys, whatever order the dict has (the two Pythons differ)."""
    encoded = {}
    for key, item in value.items():
        encoded[encode(key)] = item
    append_head(out, _MAP, len(encoded))
    for key_bytes in sorted(encoded):
        out.extend(key_bytes)
        append(out, encoded[key_bytes], depth)


def decode(encoded: bytes, max_bytes: int) -> object:
    """The one item that `encoded` is: int, bytes, list or None.

    Raises CborError for anything that is not deterministic, has bytes left over, is longer than `max_bytes` or deeper
    than 8, or holds a type that no `down` message uses (text, maps, tags, simple values).
    """
    if len(encoded) > max_bytes:
        raise CborError("oversize")
    value, end = _decode_item(encoded, 0, 0)
    if end != len(encoded):
        raise CborError("trailing bytes")
    return value


def _decode_item(encoded: bytes, start: int, depth: int) -> tuple[object, int]:
    """The item at `start`, and where the next one begins."""
    if start < len(encoded) and encoded[start] == _NULL:
        return None, start + 1
    major, argument, at = _decode_head(encoded, start)
    if major in (_UNSIGNED, _NEGATIVE):
        value = argument if major == _UNSIGNED else -1 - argument
        if not -MAX_INT <= value <= MAX_INT:
            raise CborError("integer out of range")
        return value, at
    if argument > len(encoded) - at:  # each item of an array takes a byte at least
        raise CborError("truncated")
    if major == _BYTES:
        return bytes(encoded[at : at + argument]), at + argument
    if major != _ARRAY:
        raise CborError("type not used here")
    if depth == MAX_DEPTH:
        raise CborError("nested too deeply")
    items = []
    for _ in range(argument):
        item, at = _decode_item(encoded, at, depth + 1)
        items.append(item)
    return items, at


def _decode_head(encoded: bytes, start: int) -> tuple[int, int, int]:
    """Major type, argument, and the offset behind the head; only the shortest form passes."""
    if start >= len(encoded):
        raise CborError("truncated")
    major = encoded[start] >> 5
    argument = encoded[start] & 31
    at = start + 1
    if argument < 24:
        return major, argument, at
    if argument > 27:
        raise CborError("indefinite length or reserved head")
    size = 1 << argument - 24
    if size > len(encoded) - at:
        raise CborError("truncated")
    argument = int.from_bytes(encoded[at : at + size], "big")
    if argument < (24 if size == 1 else 1 << 4 * size):
        raise CborError("not the shortest form")
    return major, argument, at + size

"""A second strict decoder, by hand and by the letter of the specification: the judge of the fast one."""

from __future__ import annotations

MAX_INT = (1 << 53) - 1


class Refused(Exception):
    """Not one item of the subset."""


def decode(data: bytes, max_depth: int = 8) -> object:
    """The value of the one item that `data` is."""
    value, end = _item(data, 0, max_depth)
    if end != len(data):
        raise Refused("bytes after the item")
    return value


def _item(data: bytes, at: int, depth: int) -> tuple[object, int]:
    if data[at : at + 1] == b"\xf6":
        return None, at + 1
    major, argument, at = _head(data, at)
    if major <= 1:
        if argument > MAX_INT - major:
            raise Refused("too large")
        return (argument if major == 0 else -1 - argument), at
    if major in (2, 3):
        content = data[at : at + argument]
        if len(content) != argument:
            raise Refused("cut short")
        return (content if major == 2 else _text(content)), at + argument
    if depth == 0 or argument > len(data):
        raise Refused("too deep or too long")
    if major == 4:
        items = []
        for _ in range(argument):
            value, at = _item(data, at, depth - 1)
            items.append(value)
        return items, at
    return _map(data, at, argument, depth)


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[object, int]:
    result: dict[object, object] = {}
    last = b""
    for _ in range(count):
        start = at
        key, at = _item(data, at, depth - 1)
        if data[start:at] <= last:
            raise Refused("order of keys")
        last = data[start:at]
        value, at = _item(data, at, depth - 1)
        if isinstance(key, (list, dict)):
            raise Refused("a container as key")
        result[key] = value
    return result, at


def _head(data: bytes, at: int) -> tuple[int, int, int]:
    if at >= len(data):
        raise Refused("cut short")
    major, low = data[at] >> 5, data[at] & 31
    if major > 5:
        raise Refused("tag, float or simple value")
    if low < 24:
        return major, low, at + 1
    if low > 27:
        raise Refused("indefinite or reserved")
    width = 1 << low - 24
    content = data[at + 1 : at + 1 + width]
    argument = int.from_bytes(content, "big")
    if len(content) != width or argument < (24, 1 << 8, 1 << 16, 1 << 32)[low - 24]:
        raise Refused("cut short or not the shortest form")
    return major, argument, at + 1 + width


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise Refused("not UTF-8") from None

"""Checks of decoded items against the types of the specification. Each returns the item, typed, or raises WireError.

`name` is the specification's name of the element, for the reason.
"""

from __future__ import annotations

from voltseal.wire.cbor import Item
from voltseal.wire.errors import malformed
from voltseal.wire.limits import MAX_INT, MAX_TEXT_BYTES


def uint(item: Item, name: str, lowest: int = 0, highest: int = MAX_INT) -> int:
    """An integer from `lowest` to `highest`."""
    if not isinstance(item, int) or not lowest <= item <= highest:
        raise malformed(f"{name} is not an integer from {lowest} to {highest}")
    return item


def bstr(item: Item, name: str, shortest: int, longest: int | None = None) -> bytes:
    """A byte string of `shortest` to `longest` bytes (exactly `shortest` where `longest` is left out)."""
    if not isinstance(item, bytes) or not shortest <= len(item) <= (shortest if longest is None else longest):
        raise malformed(f"{name} is not a byte string of the specified length")
    return item


def text(item: Item, name: str, longest_bytes: int = MAX_TEXT_BYTES) -> str:
    """A text of 1 to `longest_bytes` bytes."""
    if not isinstance(item, str) or not 1 <= len(item.encode()) <= longest_bytes:
        raise malformed(f"{name} is not a text of 1 to {longest_bytes} bytes")
    return item


def array(item: Item, name: str, shortest: int, longest: int | None = None) -> list[Item]:
    """An array of `shortest` to `longest` elements (exactly `shortest` where `longest` is left out)."""
    if not isinstance(item, list) or not shortest <= len(item) <= (shortest if longest is None else longest):
        raise malformed(f"{name} is not an array of the specified length")
    return item

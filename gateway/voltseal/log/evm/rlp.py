"""Recursive Length Prefix (Ethereum Yellow Paper, appendix B): nested lists of byte strings. Pure, strict.

Every value has exactly one encoding, and the decoder refuses all others: lengths that are not shortest, a single byte
below 0x80 with a prefix, and bytes left over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from voltseal.log.errors import EvmProofError

Item: TypeAlias = "bytes | list[Item]"
Encodable: TypeAlias = "bytes | int | Sequence[Encodable]"

_STRING, _LIST = 0x80, 0xC0
_LONG: Final = 55
_MAX_DEPTH: Final = 16


def integer_bytes(value: int) -> bytes:
    """A whole number as RLP has it: big-endian without leading zeros, zero is empty."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode(value: Encodable) -> bytes:
    """Encode bytes, whole numbers (0 or more) and sequences of these."""
    if isinstance(value, int):
        value = integer_bytes(value)
    if isinstance(value, bytes):
        return value if len(value) == 1 and value[0] < _STRING else _prefix(_STRING, len(value)) + value
    return encode_list_of(b"".join(map(encode, value)))


def encode_list_of(body: bytes) -> bytes:
    """A list whose items are encoded already and stand in `body`."""
    return _prefix(_LIST, len(body)) + body


def _prefix(offset: int, length: int) -> bytes:
    if length <= _LONG:
        return bytes([offset + length])
    size = integer_bytes(length)
    return bytes([offset + _LONG + len(size)]) + size


def decode(raw: bytes) -> Item:
    """Decode one item that is all of `raw`; raises `EvmProofError`."""
    item, end = _decode(raw, 0, 0)
    if end != len(raw):
        raise EvmProofError("RLP: bytes after the end")
    return item


def decode_list(raw: bytes) -> list[Item]:
    """Decode one list that is all of `raw`; raises `EvmProofError`."""
    item = decode(raw)
    if not isinstance(item, list):
        raise EvmProofError("RLP: not a list")
    return item


def octets(item: Item, length: int | None = None) -> bytes:
    """`item` as a byte string, of `length` bytes if given; raises `EvmProofError`."""
    if not isinstance(item, bytes) or (length is not None and len(item) != length):
        raise EvmProofError(f"RLP: not a string of {length or 'any number of'} bytes")
    return item


def integer(item: Item, bits: int = 64) -> int:
    """`item` as a whole number below 2^bits; raises `EvmProofError`."""
    raw = octets(item)
    if raw[:1] == b"\0" or len(raw) * 8 > bits:
        raise EvmProofError(f"RLP: not a whole number below 2^{bits}")
    return int.from_bytes(raw, "big")


def items(item: Item, length: int | None = None) -> list[Item]:
    """`item` as a list, of `length` items if given; raises `EvmProofError`."""
    if not isinstance(item, list) or (length is not None and len(item) != length):
        raise EvmProofError(f"RLP: not a list of {length or 'any number of'} items")
    return item


def _decode(raw: bytes, at: int, depth: int) -> tuple[Item, int]:
    if depth > _MAX_DEPTH or at >= len(raw):
        raise EvmProofError("RLP: nested too deep, or cut off")
    first = raw[at]
    if first < _STRING:
        return raw[at : at + 1], at + 1
    offset = _LIST if first >= _LIST else _STRING
    start, end = _extent(raw, at, first - offset)
    if offset == _STRING:
        content = raw[start:end]
        if len(content) == 1 and content[0] < _STRING:
            raise EvmProofError("RLP: a single byte with a prefix")
        return content, end
    found: list[Item] = []
    while start < end:
        item, start = _decode(raw[:end], start, depth + 1)
        found.append(item)
    return found, end


def _extent(raw: bytes, at: int, length: int) -> tuple[int, int]:
    """Where the content of the item at `at` begins and ends."""
    start = at + 1
    if length > _LONG:
        size = raw[start : start + length - _LONG]
        start += length - _LONG
        length = int.from_bytes(size, "big")
        if size[:1] == b"\0" or length <= _LONG:
            raise EvmProofError("RLP: a length that is not shortest")
    if start + length > len(raw):
        raise EvmProofError("RLP: cut off")
    return start, start + length

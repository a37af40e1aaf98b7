"""The deterministic subset of CBOR (specification, "Conventions and limits"; RFC 8949 section 4.2.1).

Contract: `decode` returns an `Item` that `encode` turns into exactly the same bytes, or raises WireError(malformed). It
recurses no deeper than `max_depth`, and needs memory in proportion to the bytes received, not to lengths they declare.

Parsing is cbor2's, which is fast and lenient. Strictness is shown afterwards: only plain types are let through, map
keys must ascend, and what cbor2 writes for the value, always in shortest form, must be the bytes received. Tags never
reach cbor2's own meanings (shared references could expand a small message without bound): each is refused where met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

import cbor2

from voltseal.wire.errors import WireError, malformed
from voltseal.wire.limits import MAX_DEPTH, MAX_INT

Item: TypeAlias = int | bytes | str | list["Item"] | dict["Item", "Item"] | None

# Every tag that cbor2 gives a meaning of its own; the rest goes to its tag_hook. A test tries all that are assigned.
_INTERPRETED_TAGS: Final = (
    *range(6), 21, 22, 23, 24, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799,
)  # fmt: skip


def _refuse_tag(*_: object) -> object:
    raise malformed("a tag where none belongs")


_TAG_REFUSERS: Final = dict.fromkeys(_INTERPRETED_TAGS, _refuse_tag)


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> Item:
    """The value of `data`, which must be one item of the subset and nothing else.

    Integers lie in -(2^53-1)..2^53-1; there are no tags, floats, booleans. Raises WireError(malformed).
    """
    try:
        value: object = cbor2.loads(
            data,
            max_depth=max_depth,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_TAG_REFUSERS,
            tag_hook=_refuse_tag,
        )
    except (cbor2.CBORError, WireError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise malformed(f"not CBOR of the allowed kind: {_innermost(error)}") from None
    item = _check(value, max_depth)
    if cbor2.dumps(item) != data:
        raise malformed("not the shortest encoding, or bytes after the item")
    return item


def encode(value: object) -> bytes:
    """The one encoding of `value`, made of int, bytes, str, None, lists, tuples and mappings.

    Raises WireError(malformed) for anything else, integers out of range, or nesting deeper than 8.
    """
    return cbor2.dumps(_check(_canonical(value, MAX_DEPTH), MAX_DEPTH))


def _check(value: object, depth: int) -> Item:
    """`value`, if it is of the subset's types throughout. Exact types: a bool is an int to isinstance."""
    kind = type(value)
    if kind is int:
        if not -MAX_INT <= value <= MAX_INT:  # type: ignore[operator]
            raise malformed("integer beyond 2^53-1")
    elif kind is list:
        if not depth:
            raise malformed("nested too deeply")
        for element in value:  # type: ignore[attr-defined]
            if type(element) is not bytes:  # most of what comes in: not worth a call
                _check(element, depth - 1)
    elif kind is dict:
        _check_map(value, depth)  # type: ignore[arg-type]
    elif kind is not bytes and kind is not str and value is not None:
        raise malformed(f"no {kind.__name__} allowed")
    return value  # type: ignore[return-value]


def _check_map(value: dict[object, object], depth: int) -> None:
    if not depth:
        raise malformed("nested too deeply")
    last = b""
    for key, element in value.items():
        encoded = cbor2.dumps(_check(key, depth - 1))
        if encoded <= last:
            raise malformed("map keys out of order")
        last = encoded
        _check(element, depth - 1)


def _canonical(value: object, depth: int) -> object:
    """`value` with maps sorted by their encoded keys, and sequences as lists."""
    if isinstance(value, (list, tuple, Mapping)) and not depth:
        raise malformed("nested too deeply")
    if isinstance(value, (list, tuple)):
        return [_canonical(element, depth - 1) for element in value]
    if isinstance(value, Mapping):
        pairs = [(_canonical(key, depth - 1), _canonical(element, depth - 1)) for key, element in value.items()]
        return dict(sorted(pairs, key=lambda pair: cbor2.dumps(pair[0])))
    return value


def _innermost(error: BaseException) -> str:
    """What went wrong at the bottom: cbor2 wraps what a hook raised."""
    while error.__cause__ is not None:
        error = error.__cause__
    return error.reason if isinstance(error, WireError) else str(error)

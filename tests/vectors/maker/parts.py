"""Builders: each makes one structure of the specification from its parts, and lets any part be replaced.

A mutation replaces one part and keeps all else true to it (it signs again, commits again), so that nothing but what its
name says is wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from .cast import BOOT_RECEIPT, DEVICE, DEVICE_UEID, ORIGIN, STATED_MS, Key, some_bytes
from .encoding import NULL, array, bstr, head, integer, mapping, tstr

Value = int | None
Range = tuple[int, int, int]

STATEMENT = "voltseal/1 statement"
ENROLMENT = "voltseal/1 enrolment"
ENDORSEMENT = "voltseal/1 endorsement"
ROTATION = "voltseal/1 rotation"

SCHEMA = 1
FIELD_COUNT = 30
BOOT_COUNT = 7
SEQUENCE = 41
PREV = some_bytes("voltseal vectors: previous statement", 32)
SEED = some_bytes("voltseal vectors: seed", 16)
BOOTSEED = some_bytes("voltseal vectors: bootseed", 32)
MEASUREMENT = some_bytes("voltseal vectors: measurement", 32)


def external_aad(context: str, origin: str) -> bytes:
    return array([tstr(context), tstr(origin)])


def protected(key: Key) -> bytes:
    return mapping([(integer(1), integer(-7)), (integer(4), bstr(key.kid))])


def sign1(
    payload: bytes,
    *,
    key: Key = DEVICE,
    context: str = STATEMENT,
    origin: str = ORIGIN,
    header: bytes | None = None,
    unprotected: bytes = b"\xa0",
    tag: bytes = b"\xd2",
    array_head: bytes = b"\x84",
    high_s: bool = False,
    signature: bytes | None = None,
    suffix: bytes = b"",
) -> bytes:
    """A COSE_Sign1; `header` is the content of the protected header, `signature` an encoded item."""
    content = protected(key) if header is None else header
    if signature is None:
        signed = array([tstr("Signature1"), bstr(content), bstr(external_aad(context, origin)), bstr(payload)])
        signature = bstr(key.sign(signed, high_s=high_s))
    return tag + array_head + bstr(content) + unprotected + bstr(payload) + signature + suffix


def common(record_type: int, replaced: dict[int, bytes] | None = None) -> list[bytes]:
    """The first eight elements of a payload."""
    items = [
        integer(record_type), integer(SCHEMA), integer(BOOT_COUNT), integer(SEQUENCE), integer(STATED_MS),
        integer(2), integer(250), bstr(PREV),
    ]  # fmt: skip
    for index, item in (replaced or {}).items():
        items[index] = item
    return items


def column(values: Sequence[Value]) -> bytes:
    """One field over the readings, as the specification's "Columns" says."""
    deltas: list[Value] = []
    last: Value = None
    for value in values:
        deltas.append(value if value is None or last is None else value - last)
        last = last if value is None else value
    if last is None:
        return NULL
    first = next(index for index, delta in enumerate(deltas) if delta is not None)
    while len(deltas) - 1 > first and deltas[-1] == 0:
        deltas.pop()
    if len(deltas) == 1:
        return integer(last if deltas[0] is None else deltas[0])
    return array([NULL if delta is None else integer(delta) for delta in deltas])


def columns_of(readings: Sequence[Sequence[Value]]) -> list[bytes]:
    return [column([reading[field] for reading in readings]) for field in range(len(readings[0]))]


def salt(seed: bytes, index: int) -> bytes:
    return sha256(seed + index.to_bytes(2, "big")).digest()[:16]


def leaf_hash(seed: bytes, index: int, content: bytes) -> bytes:
    return sha256(b"\x00" + salt(seed, index) + content).digest()


def tree_hash(leaves: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, by its own recursion."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_hash(leaves[:split]) + tree_hash(leaves[split:])).digest()


def commitment(seed: bytes, columns: Sequence[bytes]) -> bytes:
    return tree_hash([leaf_hash(seed, index, content) for index, content in enumerate(columns)])


def telemetry_payload(reading_count: int, root: bytes, replaced: dict[int, bytes] | None = None) -> bytes:
    items = [*common(1), integer(reading_count), bstr(root)]
    for index, item in (replaced or {}).items():
        items[index] = item
    return array(items)


def claims(replaced: dict[int, bytes | None] | None = None, *, nonce: bytes | None = None) -> bytes:
    """The claims map; `replaced` gives encoded values by label, None to leave one out."""
    values: dict[int, bytes | None] = {
        10: None if nonce is None else bstr(nonce),
        256: bstr(DEVICE_UEID),
        259: bstr(b"voltseal-c3"),
        267: integer(BOOT_COUNT),
        268: bstr(BOOTSEED),
        270: tstr("voltseal"),
        271: array([tstr("0.1.0")]),
        -70001: bstr(MEASUREMENT),
        -70002: integer(1),
        -70003: integer(1),
        -70004: array([]),
        -70005: integer(60_000),
        -70006: bstr(BOOT_RECEIPT.compressed),
    }
    values.update(replaced or {})
    pairs = [(integer(label), value) for label, value in values.items() if value is not None]
    return mapping(sorted(pairs))


def ranges(listed: Sequence[Range]) -> bytes:
    return array([array([integer(number) for number in one]) for one in listed])


def boot_payload(claims_map: bytes | None = None, replaced: dict[int, bytes] | None = None) -> bytes:
    return array([*common(2, replaced), claims() if claims_map is None else claims_map])


def loss_payload(listed: bytes, replaced: dict[int, bytes] | None = None) -> bytes:
    return array([*common(3, replaced), listed])


def full_message(statement: bytes, seed: bytes, columns: Sequence[bytes]) -> bytes:
    return array([bstr(statement), bstr(seed), array(columns)])


def bare_message(statement: bytes) -> bytes:
    return array([bstr(statement)])


def oversize_columns(total: int, count: int) -> list[bytes]:
    """`count` columns of one reading's nulls, but the last one is a text that fills up to `total` bytes."""
    filler = total - len(head(4, count)) - (count - 1)
    return [NULL] * (count - 1) + [bstr(bytes(filler - 3), 2)]

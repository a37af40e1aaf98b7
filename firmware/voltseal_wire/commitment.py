"""Columns, salts and the Merkle root over them (specification, "Commitment and disclosure").

Encoding goes column by column straight into its bytes; beside these there are never more than two integers and a few
hashes in memory.
"""

from hashlib import sha256

from . import cbor
from .errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Sequence

    Readings = Sequence[Sequence[int | None]]

SEED_BYTES = 16
SALT_BYTES = 16
MAX_COLUMNS = 64
MAX_READINGS = 256
MAX_COLUMNS_BYTES = 12288


def encode_columns(readings: "Readings", field_count: int) -> list[bytes]:
    """The encoded columns of `readings`, each of which holds one value (or None) per field of the schema, in its order.

    Field 0 is `time_offset_ms`. Raises WireError if a count, a length or field 0 breaks the specification's rules, and
    CborError if a value or a difference leaves +-(2 ** 53 - 1).
    """
    if not 0 < field_count <= MAX_COLUMNS:
        raise WireError("columns")
    if not 0 < len(readings) <= MAX_READINGS:
        raise WireError("readings")
    for reading in readings:
        if len(reading) != field_count:
            raise WireError("values in a reading")
    _check_time_offsets(readings)
    columns = []
    total = len(cbor.encode([None] * field_count)) - field_count
    for field in range(field_count):
        columns.append(encode_column(readings, field))
        total += len(columns[field])
    if total > MAX_COLUMNS_BYTES:
        raise WireError("columns too long")
    return columns


def encode_column(readings: "Readings", field: int) -> bytes:
    """One field over all readings: its first value, then the differences, without the trailing ones that are zero."""
    kept = 0
    last: int | None = None
    for i in range(len(readings)):
        value = readings[i][field]
        if value is None or value != last:
            kept = i + 1
        if value is not None:
            last = value
    out = bytearray()
    if last is None or kept == 1:
        cbor.append(out, last)
        return bytes(out)
    cbor.append_array_head(out, kept)
    last = None
    for i in range(kept):
        value = readings[i][field]
        if value is None:
            cbor.append(out, None)
        else:
            _check_range(value)
            cbor.append(out, value if last is None else value - last)
            last = value
    return bytes(out)


def commitment(seed: bytes, columns: list[bytes]) -> bytes:
    """The 32-byte RFC 6962 root over the salted columns. `seed` is 16 random bytes that no other statement has."""
    if len(seed) != SEED_BYTES:
        raise WireError("seed length")
    if not columns:
        raise WireError("columns")
    # subtrees[k] is the root of a full subtree; they get smaller to the right, as the bits of the leaf count do.
    subtrees: list[bytes] = []
    for index in range(len(columns)):
        subtrees.append(leaf_hash(salt(seed, index), columns[index]))
        count = index + 1
        while not count & 1:
            right = subtrees.pop()
            subtrees.append(node_hash(subtrees.pop(), right))
            count >>= 1
    root = subtrees.pop()
    while subtrees:
        root = node_hash(subtrees.pop(), root)
    return root


def salt(seed: bytes, index: int) -> bytes:
    """The 16 bytes that keep column `index` from being guessed out of its leaf hash."""
    return sha256(seed + index.to_bytes(2, "big")).digest()[:SALT_BYTES]


def leaf_hash(leaf_salt: bytes, column: bytes) -> bytes:
    """RFC 6962 section 2.1, over salt || column."""
    digest = sha256(b"\x00" + leaf_salt)
    digest.update(column)
    return digest.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def _check_time_offsets(readings: "Readings") -> None:
    last = 0
    for i in range(len(readings)):
        offset = readings[i][0]
        if offset is None or offset < last or (i == 0 and offset):
            raise WireError("time offset")
        last = offset


def _check_range(value: int) -> None:
    if not -cbor.MAX_INT <= value <= cbor.MAX_INT:
        raise cbor.CborError("integer out of range")

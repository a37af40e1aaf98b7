"""The commitment: an RFC 6962 root over salted columns (specification, "Commitment and disclosure").

Columns themselves are in `voltseal.wire.columns`; here they are opaque bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from voltseal.wire.errors import WireError, malformed
from voltseal.wire.limits import MAX_COLUMNS, SALT_BYTES, SEED_BYTES
from voltseal.wire.outcome import Outcome

_INDEXES: Final = tuple(index.to_bytes(2, "big") for index in range(MAX_COLUMNS))


def commitment(seed: bytes, columns: Sequence[bytes]) -> bytes:
    """The 32-byte root over 1 to 64 encoded columns, salted from the 16-byte `seed`.

    WireError(malformed) for other counts or lengths.
    """
    if len(seed) != SEED_BYTES:
        raise malformed("seed is not 16 bytes")
    if not 1 <= len(columns) <= MAX_COLUMNS:
        raise malformed("not 1 to 64 columns")
    level = [
        sha256(b"\x00" + sha256(seed + index).digest()[:SALT_BYTES] + column).digest()
        for index, column in zip(_INDEXES, columns, strict=False)
    ]
    # Level by level; an odd last node moves up as it is, which gives RFC 6962's split at the largest power of two.
    while len(level) > 1:
        pairs = [sha256(b"\x01" + level[at] + level[at + 1]).digest() for at in range(0, len(level) - 1, 2)]
        if len(level) & 1:
            pairs.append(level[-1])
        level = pairs
    return level[0]


def check(committed: bytes, seed: bytes, columns: Sequence[bytes]) -> None:
    """Return if `seed` and `columns` give the commitment; else WireError(bad-commitment)."""
    if not compare_digest(commitment(seed, columns), committed):
        raise WireError(Outcome.BAD_COMMITMENT, "seed and columns do not give the statement's commitment")


def salt(seed: bytes, index: int) -> bytes:
    """The 16-byte salt of column `index`: what a partial disclosure shows beside the column."""
    return sha256(seed + _INDEXES[index]).digest()[:SALT_BYTES]


def leaf_data(column_salt: bytes, column: bytes) -> bytes:
    """What a leaf of the commitment's tree hashes."""
    return column_salt + column


def leaf_hash(column_salt: bytes, column: bytes) -> bytes:
    """RFC 6962 section 2.1, over the leaf data."""
    return sha256(b"\x00" + column_salt + column).digest()

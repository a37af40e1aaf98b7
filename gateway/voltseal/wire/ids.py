"""The identifiers that everything else passes around, as types of their own."""

from __future__ import annotations

import re
from typing import NewType

from voltseal.wire.errors import malformed
from voltseal.wire.limits import UEID_BYTES

Ueid = NewType("Ueid", bytes)
"""17 bytes: 0x01 (type RAND, RFC 9711 section 4.2.1) and 16 random ones. Names a device through all its keys."""

Kid = NewType("Kid", bytes)
"""First 8 bytes of the SHA-256 of a COSE_Key. Names a key."""

StatementHash = NewType("StatementHash", bytes)
"""SHA-256 of a complete statement; what the next one carries as `prev`."""

ZERO_HASH = StatementHash(bytes(32))
"""`prev` of a device's first statement."""

_UEID_RAND = 0x01
_HEX = re.compile(r"01[0-9a-f]{32}")


def as_ueid(raw: bytes) -> Ueid:
    """`raw` as a ueid; WireError(malformed) unless it is 17 bytes of type RAND."""
    if len(raw) != UEID_BYTES or raw[0] != _UEID_RAND:
        raise malformed("a ueid is 0x01 and 16 bytes")
    return Ueid(raw)


def ueid_hex(ueid: Ueid) -> str:
    """The device's name in topics, configuration and bundles: 34 lower-case hex digits."""
    return ueid.hex()


def ueid_from_hex(text: str) -> Ueid:
    """The inverse of `ueid_hex`; WireError(malformed) for anything that it cannot have written."""
    if not _HEX.fullmatch(text):
        raise malformed("a device is named by the 34 lower-case hex digits of its ueid, which begin with 01")
    return Ueid(bytes.fromhex(text))

"""Receipts: what the gateway tells a device that it has durably stored (specification, "MQTT topics and messages")."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import ECDH, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from voltseal.wire import cbor, shape
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Ueid
from voltseal.wire.keys import PublicKey, SigningKey, check_origin, compressed_point
from voltseal.wire.limits import MAC_BYTES, MAX_BOOT_COUNT, MAX_DOWN_BYTES, MAX_RECEIPT_RANGES, MAX_SEQUENCE
from voltseal.wire.outcome import Outcome

RECEIPT_CONTEXT: Final = "voltseal/1 receipt"
_RECEIPT: Final = 1
_KEY_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class ReceiptKey:
    """The gateway's receipt key: a P-256 pair whose public half every device has pinned."""

    public: PublicKey
    _private: EllipticCurvePrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_private(cls, private: EllipticCurvePrivateKey) -> ReceiptKey:
        """Wrap a key of `cryptography`. KeyFileError if it is not on P-256."""
        return cls(SigningKey.from_private(private).public, private)

    @property
    def public_xy(self) -> bytes:
        """x || y, 64 bytes: the form in which devices pin it."""
        return self.public.xy

    def session_key(self, receipt_key: bytes, bootseed: bytes, origin: str, ueid: Ueid) -> bytes:
        """The 32-byte MAC key of the boot whose statement has `receipt_key` and `bootseed`. WireError(malformed)."""
        return session_key(self._private, receipt_key, bootseed, origin, ueid)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Ranges of sequence numbers, inclusive, that are durably stored; authenticated with the key of `boot_count`."""

    boot_count: int
    ranges: tuple[tuple[int, int], ...]


def session_key(
    gateway_private: EllipticCurvePrivateKey, receipt_key: bytes, bootseed: bytes, origin: str, ueid: Ueid
) -> bytes:
    """ECDH, then HKDF-SHA256 (RFC 5869). The other side computes the same from its private and our public key.

    Raises WireError(malformed) if `receipt_key` (33 bytes) is no compressed point.
    """
    shared = gateway_private.exchange(ECDH(), compressed_point(receipt_key))
    info = cbor.encode([RECEIPT_CONTEXT, check_origin(origin), ueid])
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=bootseed, info=info).derive(shared)


def encode(key: bytes, boot_count: int, ranges: Sequence[tuple[int, int]]) -> bytes:
    """The `down` payload of a receipt: 1 to 16 ranges, ascending, with a gap between. WireError(malformed)."""
    if not 1 <= boot_count <= MAX_BOOT_COUNT:
        raise malformed("boot_count out of range")
    body = cbor.encode([_RECEIPT, boot_count, [list(pair) for pair in _checked(ranges)]])
    return cbor.encode([body, mac(key, body)])


def decode(key: bytes, payload: bytes) -> Receipt:
    """What a device makes of a `down` payload: for tests and simulation.

    Raises WireError: malformed, bad-signature (the MAC), or unsupported (another message type).
    """
    if len(payload) > MAX_DOWN_BYTES:
        raise WireError(Outcome.OVERSIZE, f"payload is longer than {MAX_DOWN_BYTES} bytes")
    body_item, mac_item = shape.array(cbor.decode(payload), "down message", 2)
    body = shape.bstr(body_item, "body", 0, MAX_DOWN_BYTES)
    if not hmac.compare_digest(shape.bstr(mac_item, "mac", MAC_BYTES), mac(key, body)):
        raise WireError(Outcome.BAD_SIGNATURE, "the MAC is not of this boot's key")
    items = shape.array(cbor.decode(body), "body", 1, MAX_DOWN_BYTES)
    if shape.uint(items[0], "message type") != _RECEIPT:
        raise WireError(Outcome.UNSUPPORTED, "message type is not known")
    _, boot_count, listed = shape.array(items, "receipt", 3)
    pairs = (shape.array(pair, "range", 2) for pair in shape.array(listed, "ranges", 1, MAX_RECEIPT_RANGES))
    ranges = [(shape.uint(first, "first"), shape.uint(last, "last")) for first, last in pairs]
    return Receipt(shape.uint(boot_count, "boot_count", 1, MAX_BOOT_COUNT), _checked(ranges))


def mac(key: bytes, body: bytes) -> bytes:
    """The first 16 bytes of HMAC-SHA256 over the encoded body."""
    return hmac.digest(key, body, sha256)[:MAC_BYTES]


def _checked(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    result = tuple(ranges)
    if not 1 <= len(result) <= MAX_RECEIPT_RANGES:
        raise malformed("not 1 to 16 ranges")
    lowest = 0
    for first, last in result:
        if not lowest <= first <= last <= MAX_SEQUENCE:
            raise malformed("ranges are not ascending and apart")
        lowest = last + 2
    return result

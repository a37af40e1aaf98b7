"""Receipts on `down`: the key of a boot, and the check of a message (specification, "MQTT topics and messages").

A device ignores what does not pass; the errors here say why, for its own log.
"""

from . import cbor, kdf, p256
from .errors import WireError

CONTEXT = "voltseal/1 receipt"
RECEIPT = 1
MAC_BYTES = 16
MAX_MESSAGE_BYTES = 4096
MAX_RANGES = 16


class ReceiptError(WireError):
    """A `down` message whose form, MAC or boot count is wrong."""


def receipt_key(private: bytes, peer_public: bytes, bootseed: bytes, origin: str, ueid: bytes) -> bytes:
    """The 32-byte MAC key of one boot, the same from both ends: own private key and the peer's public one (x || y).

    Raises P256Error if the peer's key is no point of the curve. Costs about three signatures; once a boot.
    """
    shared = p256.ecdh(private, peer_public)
    return kdf.hkdf_sha256(shared, bootseed, cbor.encode([CONTEXT, origin, ueid]), 32)


def open_down(key: bytes, message: bytes) -> list[object]:
    """The authenticated body of a `down` message: a list that begins with the message type.

    Raises ReceiptError or CborError. The MAC is checked before the body is parsed.
    """
    outer = cbor.decode(message, MAX_MESSAGE_BYTES)
    if not isinstance(outer, list) or len(outer) != 2:
        raise ReceiptError("down message")
    body, mac = outer
    if not isinstance(body, bytes) or not isinstance(mac, bytes):
        raise ReceiptError("down message")
    if not kdf.equal(mac, down_mac(key, body)):
        raise ReceiptError("mac")
    items = cbor.decode(body, MAX_MESSAGE_BYTES)
    if not isinstance(items, list) or not items or not _is_uint(items[0]):
        raise ReceiptError("body")
    return items


def receipt_ranges(body: list[object], boot_count: int) -> list[tuple[int, int]]:
    """The (first, last) sequence numbers that a receipt names as durably stored, ascending, both inclusive.

    Raises ReceiptError if `body` is no receipt for this boot. Let no other type come here: a device ignores those.
    """
    if len(body) != 3 or body[0] != RECEIPT or not isinstance(body[2], list):
        raise ReceiptError("receipt")
    if body[1] != boot_count:
        raise ReceiptError("boot count")
    if not 0 < len(body[2]) <= MAX_RANGES:
        raise ReceiptError("ranges")
    ranges = []
    lowest = 0
    for pair in body[2]:
        if not isinstance(pair, list) or len(pair) != 2 or not _is_uint(pair[0]) or not _is_uint(pair[1]):
            raise ReceiptError("range")
        first, last = pair
        if not lowest <= first <= last:
            raise ReceiptError("range order")
        ranges.append((first, last))
        lowest = last + 2  # at least one number between two ranges, or they would be one
    return ranges


def down_mac(key: bytes, body: bytes) -> bytes:
    """The 16-byte MAC over the encoded body."""
    return kdf.hmac_sha256(key, body)[:MAC_BYTES]


def _is_uint(value: object) -> bool:
    return isinstance(value, int) and value >= 0

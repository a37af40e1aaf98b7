"""HMAC-SHA256 (RFC 2104) and HKDF-SHA256 (RFC 5869); MicroPython ships neither."""

from hashlib import sha256

from .errors import WireError

HASH_BYTES = 32
_BLOCK_BYTES = 64


def hmac_sha256(key: bytes, message: bytes) -> bytes:
    """The 32-byte HMAC of `message` (RFC 2104 section 2)."""
    if len(key) > _BLOCK_BYTES:
        key = sha256(key).digest()
    inner = bytearray(b"\x36" * _BLOCK_BYTES)
    outer = bytearray(b"\x5c" * _BLOCK_BYTES)
    for i in range(len(key)):
        inner[i] ^= key[i]
        outer[i] ^= key[i]
    digest = sha256(inner)
    digest.update(message)
    outermost = sha256(outer)
    outermost.update(digest.digest())
    return outermost.digest()


def hkdf_sha256(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """Extract and expand (RFC 5869 sections 2.2 and 2.3).

    `length` is in bytes, at most 255 * 32; raises WireError beyond. An empty `salt` means 32 zero bytes, as the RFC
    says (HMAC pads a short key with zeros, so nothing is to be done).
    """
    if not 0 <= length <= 255 * HASH_BYTES:
        raise WireError("hkdf length")
    pseudorandom_key = hmac_sha256(salt, secret)
    block = b""
    out = b""
    counter = 1
    while len(out) < length:
        block = hmac_sha256(pseudorandom_key, block + info + bytes([counter]))
        out += block
        counter += 1
    return out[:length]


def equal(left: bytes, right: bytes) -> bool:
    """Compare two MACs without stopping at the first difference (MicroPython has no hmac.compare_digest)."""
    if len(left) != len(right):
        return False
    difference = 0
    for i in range(len(left)):
        difference |= left[i] ^ right[i]
    return difference == 0

"""ECDSA and ECDH on P-256 in pure Python (FIPS 186-5, SEC 1), for boards without anything better (key tier `software`).

Contract: keys and signatures are fixed-length big-endian bytes: private key 32, public key x || y 64, signature r || s
64 with s in the lower half of the order. Nonces are deterministic (RFC 6979): a weak random source cannot leak the key.

Not constant time: big-integer arithmetic takes a time that depends on the numbers. Whoever can time single signatures
very precisely, or measure the chip's power, may learn the key. Who stands that near can as well read it from the flash,
which is why the tier is called `software`; but nobody far away should be given exact signing times. What is cheap
against it is done: the digits of the scalar are +-1, so every signature runs the same sequence of doublings and
additions; the coordinates start from a random representation; and the nonce is inverted only after multiplication by a
random number. The result does not depend on that randomness.
"""

import os

from . import p256_table
from .errors import WireError
from .kdf import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Iterator

FIELD = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
_WINDOW_BITS = 4  # of the arbitrary-point multiplication
_WINDOWS = 64


class P256Error(WireError):
    """A key, point or digest that the curve does not admit."""


def generate() -> bytes:
    """A private key from the system's random source, uniform in [1, n-1] by rejection (FIPS 186-5 A.2.2)."""
    while True:
        private = os.urandom(32)
        if 0 < int.from_bytes(private, "big") < ORDER:
            return private


def public_key(private: bytes) -> bytes:
    """x || y of the public key. Raises P256Error if the private key is out of range."""
    scalar = _scalar(private)
    x, y = _multiply_generator(scalar)
    return x.to_bytes(32, "big") + y.to_bytes(32, "big")


def sign(private: bytes, digest: bytes) -> bytes:
    """r || s over a SHA-256 digest (FIPS 186-5 6.4.1, nonce by RFC 6979 3.2), s normalised to at most n // 2.

    Raises P256Error if the private key is out of range or the digest is not 32 bytes long.
    """
    if len(digest) != 32:
        raise P256Error("digest length")
    secret = _scalar(private)
    message = int.from_bytes(digest, "big")
    for nonce in _nonces(private, message % ORDER):
        r = _multiply_generator(nonce)[0] % ORDER
        blind = _random_below(ORDER)
        s = _inverse(nonce * blind % ORDER, ORDER) * ((message + r * secret) % ORDER * blind % ORDER) % ORDER
        if r and s:
            break
    if s > ORDER >> 1:
        s = ORDER - s
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def ecdh(private: bytes, peer_public: bytes) -> bytes:
    """The shared secret: x, 32 bytes, of private * peer (SEC 1 3.3.1).

    `peer_public` is x || y. Raises P256Error if it is no point of the curve: else a forged point would leak the key.
    """
    point = _point(peer_public)
    return _multiply_point(_scalar(private), point)[0].to_bytes(32, "big")


def check_public(public: bytes) -> None:
    """Raise P256Error unless `public` (x || y) is a point of the curve; the cofactor is 1, so that is all."""
    _point(public)


def _scalar(private: bytes) -> int:
    value = int.from_bytes(private, "big")
    if len(private) != 32 or not 0 < value < ORDER:
        raise P256Error("private key")
    return value


def _point(public: bytes) -> tuple[int, int]:
    x = int.from_bytes(public[:32], "big")
    y = int.from_bytes(public[32:], "big")
    if len(public) != 64 or x >= FIELD or y >= FIELD or (y * y - (x * x - 3) * x - _B) % FIELD:
        raise P256Error("public key")
    return x, y


def _nonces(private: bytes, reduced: int) -> "Iterator[int]":
    """Candidates for k, in the order of RFC 6979 3.2; all but never is the second one needed."""
    seed = private + reduced.to_bytes(32, "big")
    value = b"\x01" * 32
    key = hmac_sha256(bytes(32), value + b"\x00" + seed)
    value = hmac_sha256(key, value)
    key = hmac_sha256(key, value + b"\x01" + seed)
    value = hmac_sha256(key, value)
    while True:
        value = hmac_sha256(key, value)
        nonce = int.from_bytes(value, "big")
        if 0 < nonce < ORDER:
            yield nonce
        key = hmac_sha256(key, value + b"\x00")
        value = hmac_sha256(key, value)


def _random_below(modulus: int) -> int:
    """Non-zero; for blinding only, where the slight bias does not matter."""
    return int.from_bytes(os.urandom(32), "big") % (modulus - 1) + 1


def _inverse(value: int, modulus: int) -> int:
    """By Euclid: a tenth of what Fermat's power costs here. (MicroPython's pow(a, -1, m) silently returns 0.)"""
    r0, r1, t0, t1 = modulus, value, 0, 1
    while r1:
        quotient, remainder = divmod(r0, r1)
        r0, r1 = r1, remainder
        t0, t1 = t1, t0 - quotient * t1
    return t0 % modulus


def _multiply_generator(scalar: int) -> tuple[int, int]:
    """Affine scalar * G for 0 < scalar < n, by a signed comb (Lim and Lee 1994; teeth as in Hedabou et al. 2005).

    An odd k < 2 ** L is the sum of s(i) * 2 ** i over i < L with s(i) = +-1: +1 where bit i + 1 of k is set, and the
    last is +1. For an even scalar n - scalar is odd, and its point is the negative.
    """
    spacing = p256_table.SPACING
    blocks = p256_table.BLOCKS
    step = spacing // blocks
    odd = scalar if scalar & 1 else ORDER - scalar
    signs = odd >> 1 | 1 << p256_table.TEETH * spacing - 1
    teeth = []
    for _ in range(p256_table.TEETH):
        teeth.append(signs & (1 << spacing) - 1)
        signs >>= spacing
    x = y = z = 0
    for column in range(step - 1, -1, -1):
        if z:
            x, y, z = _double(x, y, z)
        for block in range(blocks):
            qx, qy = _comb_point(teeth, block, block * step + column)
            if z:
                x, y, z = _add(x, y, z, qx, qy)
            else:
                x, y, z = _randomised(qx, qy)
    return _affine(x, y if odd == scalar else FIELD - y, z)


def _comb_point(teeth: list[int], block: int, column: int) -> tuple[int, int]:
    """The table's entry for one column of sign bits, negated where the last tooth's sign is minus."""
    count = p256_table.TEETH - 1
    pattern = 0
    for tooth in range(count):
        pattern |= (teeth[tooth] >> column & 1) << tooth
    negative = not teeth[count] >> column & 1
    if negative:
        pattern ^= (1 << count) - 1
    offset = ((block << count) + pattern) * 64
    points = p256_table.POINTS
    y = int.from_bytes(points[offset + 32 : offset + 64], "big")
    return int.from_bytes(points[offset : offset + 32], "big"), FIELD - y if negative else y


def _multiply_point(scalar: int, point: tuple[int, int]) -> tuple[int, int]:
    """Affine scalar * point: windows of odd signed digits (Joye and Tunstall 2009), 252 doublings, 63 additions."""
    px, py = point
    odd = scalar if scalar & 1 else ORDER - scalar
    twice_x, twice_y = _affine(*_double(px, py, 1))
    multiples = [point]
    x, y, z = px, py, 1
    for _ in range((1 << _WINDOW_BITS - 1) - 1):
        x, y, z = _add(x, y, z, twice_x, twice_y)
        multiples.append(_affine(x, y, z))
    digits = []
    rest = odd
    for _ in range(_WINDOWS - 1):
        digit = (rest & (2 << _WINDOW_BITS) - 1) - (1 << _WINDOW_BITS)
        digits.append(digit)
        rest = rest - digit >> _WINDOW_BITS
    x, y, z = _randomised(*multiples[rest >> 1])
    for digit in reversed(digits):
        for _ in range(_WINDOW_BITS):
            x, y, z = _double(x, y, z)
        qx, qy = multiples[abs(digit) >> 1]
        x, y, z = _add(x, y, z, qx, qy if digit > 0 else FIELD - qy)
    return _affine(x, y if odd == scalar else FIELD - y, z)


def _randomised(x: int, y: int) -> tuple[int, int, int]:
    """A random Jacobian representation (x * z ** 2, y * z ** 3, z) of an affine point."""
    z = _random_below(FIELD)
    square = z * z % FIELD
    return x * square % FIELD, y * square % FIELD * z % FIELD, z


def _affine(x: int, y: int, z: int) -> tuple[int, int]:
    """Raises P256Error at infinity, which no multiple below n of a point of the curve reaches."""
    if not z:
        raise P256Error("infinity")
    inverse = _inverse(z, FIELD)
    square = inverse * inverse % FIELD
    return x * square % FIELD, y * square % FIELD * inverse % FIELD


def _double(x: int, y: int, z: int) -> tuple[int, int, int]:
    """Jacobian doubling for a = -3 (Bernstein and Lange, "dbl-2001-b")."""
    field = FIELD
    delta = z * z % field
    gamma = y * y % field
    beta = x * gamma % field
    alpha = 3 * (x - delta) * (x + delta) % field
    x3 = (alpha * alpha - 8 * beta) % field
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % field, 2 * y * z % field


def _add(x: int, y: int, z: int, qx: int, qy: int) -> tuple[int, int, int]:
    """Jacobian plus affine point; complete: equal points are doubled, opposite ones give z = 0, z = 0 gives q."""
    if not z:
        return qx, qy, 1
    field = FIELD
    square = z * z % field
    h = (qx * square - x) % field
    r = (qy * square % field * z - y) % field
    if not h:
        return _double(x, y, z) if not r else (1, 1, 0)
    hh = h * h % field
    hhh = h * hh % field
    v = x * hh % field
    x3 = (r * r - hhh - 2 * v) % field
    return x3, (r * (v - x3) - y * hhh) % field, z * h % field

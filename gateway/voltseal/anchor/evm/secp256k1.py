"""Recoverable ECDSA signatures on secp256k1 (SEC 2, section 2.4.1; Ethereum Yellow Paper, appendix F).

`cryptography` signs. It does not tell which of two points the signature's `r` stands for, which Ethereum wants to know,
so that is worked out afterwards, from public values only: the nonce's point is u1 G + u2 Q, as a verifier computes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from voltseal.log.evm.keccak import keccak256

P: Final = 2**256 - 2**32 - 977
N: Final = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
G: Final = (
    0x79BE667E_F9DCBBAC_55A06295_CE870B07_029BFCDB_2DCE28D9_59F2815B_16F81798,
    0x483ADA77_26A3C465_5DA4FBFC_0E1108A8_FD17B448_A6855419_9C47D08F_FB10D4B8,
)
Point: TypeAlias = tuple[int, int]
_Jacobian: TypeAlias = tuple[int, int, int]
_INFINITY: Final = (0, 1, 0)


@dataclass(frozen=True, slots=True)
class Signature:
    """`s` is in the lower half (EIP-2); `y_parity`: whether the nonce point's y is odd."""

    r: int
    s: int
    y_parity: int


class SigningKey:
    """An account's private key. It shows its address only: not in `repr`, not in messages."""

    __slots__ = ("_key", "_public", "address")

    def __init__(self, secret: bytes) -> None:
        """`secret`: 32 bytes. Raises `ValueError` if it is no private key."""
        number = int.from_bytes(secret, "big")
        if len(secret) != 32 or not 0 < number < N:
            raise ValueError("not a private key of secp256k1")
        self._key = ec.derive_private_key(number, ec.SECP256K1())
        numbers = self._key.public_key().public_numbers()
        self._public = numbers.x, numbers.y
        self.address = address_of(self._public)

    def __repr__(self) -> str:
        return f"SigningKey(0x{self.address.hex()})"

    def sign(self, digest: bytes) -> Signature:
        """Sign 32 bytes. Deterministic (RFC 6979), so that signing again gives the same transaction."""
        algorithm = ec.ECDSA(utils.Prehashed(hashes.SHA256()), deterministic_signing=True)
        r, s = utils.decode_dss_signature(self._key.sign(digest, algorithm))
        s = min(s, N - s)
        inverse = pow(s, -1, N)
        point = _sum_of_products(int.from_bytes(digest, "big") * inverse % N, G, r * inverse % N, self._public)
        if point[0] != r:  # it would have to be r + N, which happens once in 2^127 signatures; or a fault
            raise ArithmeticError("a signature that does not verify")
        return Signature(r, s, point[1] & 1)


def address_of(public: Point) -> bytes:
    """An account's address: the last 20 bytes of its public key's hash."""
    return keccak256(public[0].to_bytes(32, "big") + public[1].to_bytes(32, "big"))[-20:]


def _sum_of_products(a: int, first: Point, b: int, second: Point) -> Point:
    """a * first + b * second, bit by bit with one run of doublings. Public values only: it takes varying time."""
    one, two = (*first, 1), (*second, 1)
    table: tuple[_Jacobian, ...] = (_INFINITY, one, two, _add(one, two))
    total: _Jacobian = _INFINITY
    for bit in range(255, -1, -1):
        total = _double(total)
        chosen = (a >> bit & 1) | (b >> bit & 1) << 1
        if chosen:
            total = _add(total, table[chosen])
    x, y, z = total
    inverse = pow(z, -1, P)
    return x * inverse * inverse % P, y * inverse * inverse * inverse % P


def _double(point: _Jacobian) -> _Jacobian:
    """On y^2 = x^3 + 7, in Jacobian coordinates (x / z^2, y / z^3)."""
    x, y, z = point
    yy = y * y % P
    s = 4 * x * yy % P
    m = 3 * x * x % P
    nx = (m * m - 2 * s) % P
    return nx, (m * (s - nx) - 8 * yy * yy) % P, 2 * y * z % P


def _add(p: _Jacobian, q: _Jacobian) -> _Jacobian:
    if not p[2]:
        return q
    if not q[2]:
        return p
    zz_p, zz_q = p[2] * p[2] % P, q[2] * q[2] % P
    u_p, u_q = p[0] * zz_q % P, q[0] * zz_p % P
    s_p, s_q = p[1] * zz_q * q[2] % P, q[1] * zz_p * p[2] % P
    h, r = (u_q - u_p) % P, (s_q - s_p) % P
    if not h:
        return _INFINITY if r else _double(p)
    hh = h * h % P
    hhh, v = h * hh % P, u_p * hh % P
    x = (r * r - hhh - 2 * v) % P
    return x, (r * (v - x) - s_p * hhh) % P, h * p[2] * q[2] % P

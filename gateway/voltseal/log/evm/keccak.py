"""Keccak-256 as Ethereum uses it (Ethereum Yellow Paper, appendix B): SHA3-256 before FIPS 202 changed the padding.

Own code, because neither hashlib nor `cryptography` has the original padding, and a verifier that anyone shall run
should need no further binary package for one hash. About 0.1 ms for each 136 bytes. The tests compare the permutation
with hashlib's SHA3-256, which differs in one padding byte.
"""

from __future__ import annotations

import struct
from typing import Final

HASH_BYTES: Final = 32
_RATE_BYTES: Final = 136
_PADDING: Final = 0x01  # FIPS 202 has 0x06
_MASK: Final = (1 << 64) - 1
_ROUNDS: Final = 24


def _round_constants() -> tuple[int, ...]:
    """FIPS 202, section 3.2.5: bits of a linear feedback shift register at the positions 2^j - 1."""
    constants = []
    register = 1
    for _ in range(_ROUNDS):
        constant = 0
        for j in range(7):
            if register & 1:
                constant |= 1 << ((1 << j) - 1)
            register = (register << 1) ^ (0x171 if register & 0x80 else 0)
        constants.append(constant)
    return tuple(constants)


def _lane_moves() -> tuple[tuple[int, int, int], ...]:
    """FIPS 202, sections 3.2.2 and 3.2.3: (from lane, to lane, bits to rotate by), lanes numbered x + 5 y."""
    moves = [(0, 0, 0)]
    x, y = 1, 0
    for t in range(24):
        moves.append((x + 5 * y, y + 5 * ((2 * x + 3 * y) % 5), (t + 1) * (t + 2) // 2 % 64))
        x, y = y, (2 * x + 3 * y) % 5
    return tuple(moves)


_CONSTANTS: Final = _round_constants()
_MOVES: Final = _lane_moves()


def _permute(lanes: list[int]) -> list[int]:
    """Keccak-f[1600] over 25 lanes of 64 bits."""
    for constant in _CONSTANTS:
        parity = [lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20] for x in range(5)]
        mixed = [parity[x - 1] ^ (((up := parity[x - 4]) << 1 | up >> 63) & _MASK) for x in range(5)]
        moved = [0] * 25
        for source, target, bits in _MOVES:
            lane = lanes[source] ^ mixed[source % 5]
            moved[target] = (lane << bits | lane >> (64 - bits)) & _MASK
        lanes = [
            moved[row + x] ^ (~moved[row + (x + 1) % 5] & moved[row + (x + 2) % 5])
            for row in range(0, 25, 5)
            for x in range(5)
        ]
        lanes[0] ^= constant
    return lanes


def sponge(message: bytes, padding: int) -> bytes:
    """The sponge with 256 bits of output; `padding` is the byte that tells Keccak-256 from SHA3-256."""
    fill = bytearray(_RATE_BYTES - len(message) % _RATE_BYTES)
    fill[0] ^= padding
    fill[-1] ^= 0x80
    padded = message + bytes(fill)
    lanes = [0] * 25
    for start in range(0, len(padded), _RATE_BYTES):
        for index, lane in enumerate(struct.unpack_from("<17Q", padded, start)):
            lanes[index] ^= lane
        lanes = _permute(lanes)
    return struct.pack("<4Q", *lanes[:4])


def keccak256(message: bytes) -> bytes:
    """The hash, 32 bytes."""
    return sponge(message, _PADDING)

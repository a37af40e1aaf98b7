"""Who appears in the vectors: keys from labelled seeds, their names, and the times at which things happen."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from .encoding import bstr, integer, mapping

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
FIELD = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF

ORIGIN = "vectors.voltseal.example/log"
OTHER_ORIGIN = "vectors.voltseal.example/other-log"
SITE = "site-1"

ENDORSED_MS = 1_700_000_000_000  # every key's not_before_ms
STATED_MS = 1_750_000_000_000  # the time of most statements
REVOKED_MS = 1_760_000_000_000  # effective_ms of the one revocation
ARRIVED_MS = 1_770_000_000_000  # the gateway's clock when messages arrive


@dataclass(frozen=True, slots=True)
class Key:
    """A key pair whose private scalar is SHA-256 of a label."""

    label: str
    scalar: int
    x: int
    y: int

    @classmethod
    def of(cls, label: str) -> Key:
        """The key of this label."""
        scalar = int.from_bytes(sha256(label.encode()).digest(), "big") % (ORDER - 1) + 1
        numbers = ec.derive_private_key(scalar, ec.SECP256R1()).public_key().public_numbers()
        return cls(label, scalar, numbers.x, numbers.y)

    @property
    def private(self) -> bytes:
        """32 bytes, big-endian."""
        return self.scalar.to_bytes(32, "big")

    @property
    def xy(self) -> bytes:
        """The public point, 64 bytes."""
        return self.x.to_bytes(32, "big") + self.y.to_bytes(32, "big")

    @property
    def compressed(self) -> bytes:
        """The public point, SEC 1 compressed, 33 bytes."""
        return bytes([2 | self.y & 1]) + self.x.to_bytes(32, "big")

    @property
    def cose_key(self) -> bytes:
        """The 75 bytes of the COSE_Key."""
        return cose_key(self.x.to_bytes(32, "big"), self.y.to_bytes(32, "big"))

    @property
    def kid(self) -> bytes:
        """8 bytes."""
        return sha256(self.cose_key).digest()[:8]

    def sign(self, signed: bytes, *, high_s: bool = False) -> bytes:
        """ECDSA with the nonce of RFC 6979, as r || s with low s."""
        private = ec.derive_private_key(self.scalar, ec.SECP256R1())
        r, s = decode_dss_signature(private.sign(signed, ec.ECDSA(SHA256(), deterministic_signing=True)))
        s = max(s, ORDER - s) if high_s else min(s, ORDER - s)
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def cose_key(x: bytes, y: bytes) -> bytes:
    """{1: 2, -1: 1, -2: x, -3: y}"""
    return mapping(
        [(integer(1), integer(2)), (integer(-1), integer(1)), (integer(-2), bstr(x)), (integer(-3), bstr(y))]
    )


def some_bytes(label: str, count: int) -> bytes:
    """Bytes that look random and are always the same."""
    return sha256(label.encode()).digest()[:count]


def ueid_of(label: str) -> bytes:
    """A ueid of type RAND."""
    return b"\x01" + some_bytes(label, 16)


DEVICE = Key.of("voltseal vectors: device")
NEIGHBOUR = Key.of("voltseal vectors: neighbour")  # another enrolled device
RETIRED = Key.of("voltseal vectors: retired")  # its key is revoked
STRANGER = Key.of("voltseal vectors: stranger")  # nobody enrolled it
MAKER = Key.of("voltseal vectors: maker")
FALSE_MAKER = Key.of("voltseal vectors: false maker")
BOOT_RECEIPT = Key.of("voltseal vectors: receipt key of a boot")
GATEWAY_RECEIPT = Key.of("voltseal vectors: receipt key of the gateway")

DEVICE_UEID = ueid_of("voltseal vectors: ueid of device")
NEIGHBOUR_UEID = ueid_of("voltseal vectors: ueid of neighbour")
RETIRED_UEID = ueid_of("voltseal vectors: ueid of retired")


def topic_of(ueid: bytes, direction: str = "up") -> str:
    """The device's topic."""
    return f"voltseal/1/{SITE}/{ueid.hex()}/{direction}"

"""P-256 keys: public keys as COSE_Keys, their kid, ES256 verification; private keys of makers and gateways.

(Specification, "Keys and enrolment"; RFC 9052 section 7, RFC 9053 section 2.1, RFC 9679.) Verification is
`cryptography`'s, which releases the GIL: several threads verify at once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from voltseal.errors import VoltsealError
from voltseal.wire import cbor
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Kid
from voltseal.wire.limits import COMPRESSED_POINT_BYTES, COSE_KEY_BYTES, KID_BYTES, MAX_ORIGIN_BYTES, SIGNATURE_BYTES
from voltseal.wire.outcome import Outcome

STATEMENT_CONTEXT: Final = "voltseal/1 statement"
ENROLMENT_CONTEXT: Final = "voltseal/1 enrolment"
ENDORSEMENT_CONTEXT: Final = "voltseal/1 endorsement"
ROTATION_CONTEXT: Final = "voltseal/1 rotation"

# SEC 2, section 2.4.2
P256_FIELD: Final = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

_HALF_ORDER: Final = P256_ORDER // 2
_COSE_KEY_HEAD: Final = bytes.fromhex("a401022001215820")
_COSE_KEY_Y: Final = bytes.fromhex("225820")
_COORDINATE: Final = 32
_VERIFY_ALGORITHM: Final = ECDSA(SHA256())
_SIGN_ALGORITHM: Final = ECDSA(SHA256(), deterministic_signing=True)
_ORIGIN: Final = re.compile(r"[!-*,-~]{1,128}")  # 0x21..0x7E without "+"


class KeyFileError(VoltsealError):
    """A private key file cannot be used."""

    code: ClassVar[str] = "bad-key-file"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A point of P-256 with its names. Equal if the COSE_Key bytes are."""

    cose_key: bytes
    kid: Kid
    _verifier: EllipticCurvePublicKey = field(repr=False, compare=False)

    @classmethod
    def from_cose_key(cls, raw: bytes) -> PublicKey:
        """From the 75 bytes `{1: 2, -1: 1, -2: x, -3: y}`. WireError(malformed) if they are others, or no point."""
        x_end = len(_COSE_KEY_HEAD) + _COORDINATE
        y_start = x_end + len(_COSE_KEY_Y)
        if (
            len(raw) != COSE_KEY_BYTES
            or raw[: len(_COSE_KEY_HEAD)] != _COSE_KEY_HEAD
            or raw[x_end:y_start] != _COSE_KEY_Y
        ):
            raise malformed("not a P-256 COSE_Key of 75 bytes")
        x = int.from_bytes(raw[len(_COSE_KEY_HEAD) : x_end], "big")
        y = int.from_bytes(raw[y_start:], "big")
        if x >= P256_FIELD or y >= P256_FIELD:
            raise malformed("coordinate of a public key out of range")
        try:
            verifier = EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key()
        except ValueError:
            raise malformed("public key is not on the curve") from None
        return cls(raw, _kid(raw), verifier)

    @property
    def xy(self) -> bytes:
        """x || y, 64 bytes."""
        x_end = len(_COSE_KEY_HEAD) + _COORDINATE
        return self.cose_key[len(_COSE_KEY_HEAD) : x_end] + self.cose_key[x_end + len(_COSE_KEY_Y) :]

    def verify(self, signed: bytes, signature: bytes) -> None:
        """Return if `signature` (r || s, 64 bytes, low s) is ours over `signed`; else WireError(bad-signature)."""
        if len(signature) != SIGNATURE_BYTES:
            raise WireError(Outcome.BAD_SIGNATURE, "signature is not 64 bytes")
        r = int.from_bytes(signature[:_COORDINATE], "big")
        s = int.from_bytes(signature[_COORDINATE:], "big")
        if not 1 <= r < P256_ORDER or not 1 <= s < P256_ORDER:
            raise WireError(Outcome.BAD_SIGNATURE, "r or s out of range")
        if s > _HALF_ORDER:
            raise WireError(Outcome.BAD_SIGNATURE, "s is not low")
        try:
            self._verifier.verify(encode_dss_signature(r, s), signed, _VERIFY_ALGORITHM)
        except InvalidSignature:
            raise WireError(Outcome.BAD_SIGNATURE, "signature does not verify") from None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private P-256 key of a maker (endorsements) or, in tests and simulation, of a device."""

    public: PublicKey
    _signer: EllipticCurvePrivateKey = field(repr=False, compare=False)

    @classmethod
    def from_private(cls, private: EllipticCurvePrivateKey) -> SigningKey:
        """Wrap a key of `cryptography`; KeyFileError if it is of another curve."""
        numbers = private.public_key().public_numbers()
        if not isinstance(numbers.curve, SECP256R1):
            raise KeyFileError(f"the key is on {numbers.curve.name}, not on P-256")
        raw = cose_key_bytes(numbers.x, numbers.y)
        return cls(PublicKey(raw, _kid(raw), private.public_key()), private)

    @classmethod
    def generate(cls) -> SigningKey:
        """A new random key."""
        return cls.from_private(generate_private_key(SECP256R1()))

    def sign(self, signed: bytes) -> bytes:
        """r || s with low s and the nonce of RFC 6979: the same input gives the same 64 bytes."""
        r, s = decode_dss_signature(self._signer.sign(signed, _SIGN_ALGORITHM))
        return r.to_bytes(_COORDINATE, "big") + min(s, P256_ORDER - s).to_bytes(_COORDINATE, "big")

    def to_pem(self) -> bytes:
        """PKCS #8 PEM, not encrypted: for a file that only its owner can read."""
        return self._signer.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def load_private(path: Path) -> EllipticCurvePrivateKey:
    """The P-256 key of an unencrypted PKCS #8 PEM file.

    KeyFileError if it cannot be read, may be read by others than its owner, or is of another kind.
    """
    try:
        if path.stat().st_mode & 0o077:
            raise KeyFileError(f"{path} may be read by others", hint=f"chmod 600 {path}")
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyFileError(f"cannot read key file {path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise KeyFileError(f"{path} is not an unencrypted PEM private key") from None
    if not isinstance(key, EllipticCurvePrivateKey) or not isinstance(key.curve, SECP256R1):
        raise KeyFileError(f"{path} holds a key of another kind; P-256 is needed")
    return key


def load_signing_key(path: Path) -> SigningKey:
    """`load_private`, ready to sign."""
    return SigningKey.from_private(load_private(path))


def cose_key_bytes(x: int, y: int) -> bytes:
    """The 75 bytes of the COSE_Key with these coordinates."""
    return _COSE_KEY_HEAD + x.to_bytes(_COORDINATE, "big") + _COSE_KEY_Y + y.to_bytes(_COORDINATE, "big")


def compressed_point(raw: bytes) -> EllipticCurvePublicKey:
    """The point that 33 bytes of SEC 1 (section 2.3.4, compressed) name. WireError(malformed) if there is none."""
    if len(raw) != COMPRESSED_POINT_BYTES or raw[0] not in (2, 3) or int.from_bytes(raw[1:], "big") >= P256_FIELD:
        raise malformed("not a compressed P-256 point")
    try:
        return EllipticCurvePublicKey.from_encoded_point(SECP256R1(), raw)
    except ValueError:
        raise malformed("compressed point is not on the curve") from None


def check_origin(origin: str) -> str:
    """`origin`, if it is 1 to 128 characters from `!` to `~` without `+`; else WireError(malformed)."""
    if not _ORIGIN.fullmatch(origin):
        raise malformed(f"an origin has 1 to {MAX_ORIGIN_BYTES} printable ASCII characters, no space and no '+'")
    return origin


@lru_cache(maxsize=64)
def external_aad(context: str, origin: str) -> bytes:
    """What binds a signature to its purpose and its log: the encoded `[context, origin]`."""
    return cbor.encode([context, check_origin(origin)])


def _kid(cose_key: bytes) -> Kid:
    return Kid(sha256(cose_key).digest()[:KID_BYTES])

"""COSE_Key, `kid` and COSE_Sign1 in the one profile of the specification ("Keys and enrolment"; RFC 9052).

A signer is any callable that takes the 32-byte SHA-256 digest of the Sig_structure and gives r || s, 64 bytes: the same
for pure Python, native code and a secure element.
"""

from hashlib import sha256

from . import cbor
from .errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Callable

KID_BYTES = 8
SIGNATURE_BYTES = 64
MAX_ORIGIN_BYTES = 128

_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_TAG_SIGN1 = b"\xd2"
_EMPTY_MAP = b"\xa0"


def cose_key(public: bytes) -> bytes:
    """The 77 bytes of a P-256 COSE_Key (RFC 9052 section 7, parameters of RFC 9679); `public` is x || y, 64 bytes."""
    if len(public) != 64:
        raise WireError("public key length")
    return cbor.encode({1: 2, -1: 1, -2: public[:32], -3: public[32:]})


def kid(encoded_key: bytes) -> bytes:
    """The 8-byte key identifier of an encoded COSE_Key."""
    return sha256(encoded_key).digest()[:KID_BYTES]


def external_aad(context: str, origin: str) -> bytes:
    """Names the signature's purpose and the log it is made for, so that it counts in no other log."""
    if not 0 < len(origin) <= MAX_ORIGIN_BYTES:
        raise WireError("origin length")
    for char in origin:
        if not "!" <= char <= "~" or char == "+":
            raise WireError("origin character")
    return cbor.encode([context, origin])


def sign1(payload: bytes, aad: bytes, key_id: bytes, signer: "Callable[[bytes], bytes]") -> bytes:
    """The tagged COSE_Sign1 over `payload`, signed through `signer(digest)`.

    The signature is brought to low s here, whoever made it: a secure element does not, and a verifier refuses high s.
    """
    protected = protected_header(key_id)
    signature = low_s(signer(signature_digest(protected, aad, payload)))
    out = bytearray(_TAG_SIGN1)
    cbor.append_array_head(out, 4)
    cbor.append(out, protected)
    out.extend(_EMPTY_MAP)
    cbor.append(out, payload)
    cbor.append(out, signature)
    return bytes(out)


def compressed(public: bytes) -> bytes:
    """The SEC 1 compressed form, 33 bytes, of x || y."""
    if len(public) != 64:
        raise WireError("public key length")
    return bytes([2 | public[63] & 1]) + public[:32]


def protected_header(key_id: bytes) -> bytes:
    """The 13 bytes of {alg: ES256, kid: key_id}."""
    if len(key_id) != KID_BYTES:
        raise WireError("kid length")
    return cbor.encode({1: -7, 4: key_id})


def signature_digest(protected: bytes, aad: bytes, payload: bytes) -> bytes:
    """SHA-256 of the Sig_structure (RFC 9052 section 4.4), hashed piece by piece, so never built in memory."""
    head = bytearray()
    cbor.append_array_head(head, 4)
    cbor.append(head, "Signature1")
    cbor.append(head, protected)
    cbor.append(head, aad)
    cbor.append_bytes_head(head, len(payload))
    digest = sha256(head)
    digest.update(payload)
    return digest.digest()


def low_s(signature: bytes) -> bytes:
    """r || s with s replaced by n - s where that is smaller; raises WireError if the signature has another length."""
    if len(signature) != SIGNATURE_BYTES:
        raise WireError("signature length")
    s = int.from_bytes(signature[32:], "big")
    if s <= _ORDER >> 1:
        return signature
    return signature[:32] + (_ORDER - s).to_bytes(32, "big")

"""The Sign1 profile: tagged COSE_Sign1 (RFC 9052 section 4.2) of one fixed form (specification, "Sign1 profile").

Nearly all of its bytes are constant, so it is read by comparison, not by a CBOR parser: no tag, no map, no nesting.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voltseal.wire import cbor
from voltseal.wire.cbor import Item
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Kid
from voltseal.wire.limits import KID_BYTES, SIGNATURE_BYTES
from voltseal.wire.outcome import Outcome

ES256: Final = -7
"""RFC 9053 section 2.1."""

_TAG_AND_ARRAY: Final = b"\xd2\x84"  # tag 18, array of 4
_PROTECTED_HEAD: Final = b"\xa2\x01\x26\x04\x48"  # {1: -7, 4: bstr of 8}
_ES256_HEAD: Final = _TAG_AND_ARRAY + b"\x4d" + _PROTECTED_HEAD
_KID_END: Final = len(_ES256_HEAD) + KID_BYTES
_SIG_STRUCTURE_HEAD: Final = b"\x84\x6aSignature1\x4d"
_ALG, _KID = 1, 4


@dataclass(frozen=True, slots=True)
class Sign1:
    """A COSE_Sign1 of the profile, parsed but not verified. `raw` is exactly what was received."""

    raw: bytes
    protected: bytes
    kid: Kid
    alg: int
    payload: bytes
    signature: bytes

    def to_be_signed(self, external_aad: bytes) -> bytes:
        """The Sig_structure (RFC 9052 section 4.4) over the received bytes; `external_aad` is encoded already."""
        return b"".join(
            (
                _SIG_STRUCTURE_HEAD,
                self.protected,
                bstr_head(len(external_aad)),
                external_aad,
                bstr_head(len(self.payload)),
                self.payload,
            )
        )

    @property
    def supported(self) -> bool:
        """Whether `alg` is one that this version verifies."""
        return self.alg == ES256


def parse_sign1(raw: bytes) -> Sign1:
    """The one COSE_Sign1 in `raw`: WireError(malformed), or (unsupported) if only `alg` is not known here."""
    sign1 = read_sign1(raw)
    if not sign1.supported:
        raise WireError(Outcome.UNSUPPORTED, f"alg {sign1.alg} is not supported")
    return sign1


def read_sign1(raw: bytes) -> Sign1:
    """As `parse_sign1`, but an unknown `alg` is let through, for a caller that has more to check for shape first."""
    if raw[: len(_ES256_HEAD)] != _ES256_HEAD:
        return _read_other_alg(raw)
    if raw[_KID_END : _KID_END + 1] != b"\xa0":
        raise malformed("unprotected header is not the empty map")
    payload, end = read_bstr(raw, _KID_END + 1, "payload")
    signature = raw[end + 2 :]
    if raw[end : end + 2] != b"\x58\x40" or len(signature) != SIGNATURE_BYTES:
        raise malformed("signature is not 64 bytes that end the COSE_Sign1")
    return Sign1(raw, raw[3:_KID_END], Kid(raw[len(_ES256_HEAD) : _KID_END]), ES256, payload, signature)


def _read_other_alg(raw: bytes) -> Sign1:
    """The same form with another integer as `alg`, whose signature may then have any length.

    It cannot be ES256: strict decoding leaves that header only the 13 bytes that `read_sign1` has compared with.
    """
    if raw[:2] != _TAG_AND_ARRAY:
        raise malformed("not a COSE_Sign1 with tag 18")
    protected, end = read_bstr(raw, 2, "protected header")
    header = cbor.decode(protected)
    if not isinstance(header, dict) or list(header) != [_ALG, _KID]:
        raise malformed("protected header is not the map of alg and kid")
    alg, kid = header[_ALG], header[_KID]
    if not isinstance(alg, int) or not isinstance(kid, bytes) or len(kid) != KID_BYTES:
        raise malformed("alg or kid in the protected header has the wrong type")
    if raw[end : end + 1] != b"\xa0":
        raise malformed("unprotected header is not the empty map")
    payload, end = read_bstr(raw, end + 1, "payload")
    signature, end = read_bstr(raw, end, "signature")
    if end != len(raw):
        raise malformed("bytes after the COSE_Sign1")
    return Sign1(raw, protected, Kid(kid), alg, payload, signature)


def encode_sign1(kid: Kid, payload: bytes, signature: bytes) -> bytes:
    """The complete COSE_Sign1, tag included."""
    head = _ES256_HEAD + kid + b"\xa0" + bstr_head(len(payload)) + payload
    return head + bstr_head(len(signature)) + signature


def unsigned(kid: Kid, payload: bytes) -> Sign1:
    """A Sign1 that still lacks its signature; its `to_be_signed` is what is to be signed."""
    return Sign1(b"", _PROTECTED_HEAD + kid, kid, ES256, payload, b"")


def read_bstr(raw: bytes, start: int, name: str) -> tuple[bytes, int]:
    """The byte string at `start`, and the offset after it. WireError(malformed) unless in shortest form."""
    head = raw[start : start + 3]
    if not head:
        raise malformed(f"{name} is missing")
    first = head[0]
    if 0x40 <= first <= 0x57:
        begin, length = start + 1, first - 0x40
    elif first == 0x58 and len(head) >= 2 and head[1] >= 24:
        begin, length = start + 2, head[1]
    elif first == 0x59 and len(head) == 3 and head[1]:
        begin, length = start + 3, head[1] << 8 | head[2]
    else:
        raise malformed(f"{name} is not a byte string of shortest form")
    end = begin + length
    if end > len(raw):
        raise malformed(f"{name} is cut short")
    return raw[begin:end], end


def bstr_head(length: int) -> bytes:
    """Major type 2 with a length below 65,536, in shortest form."""
    if length < 24:
        return bytes((0x40 | length,))
    if length < 256:
        return bytes((0x58, length))
    return b"\x59" + length.to_bytes(2, "big")


def decode_payload(sign1: Sign1) -> Item:
    """The payload's one CBOR item."""
    return cbor.decode(sign1.payload)

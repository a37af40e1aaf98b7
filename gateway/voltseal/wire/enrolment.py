"""Enrolment requests and endorsements (specification, "Keys and enrolment")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voltseal.wire import cbor, cose, shape
from voltseal.wire.boot import KeyTier, parse_key_tier
from voltseal.wire.cose import Sign1
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Ueid, as_ueid
from voltseal.wire.keys import (
    ENDORSEMENT_CONTEXT,
    ENROLMENT_CONTEXT,
    ROTATION_CONTEXT,
    PublicKey,
    SigningKey,
    external_aad,
)
from voltseal.wire.limits import COSE_KEY_BYTES, MAX_ENTRY_BYTES, UEID_BYTES
from voltseal.wire.outcome import Outcome

DEVICE_CLASSES: Final = ("bms", "tbox", "inverter")
_VERSION: Final = 1
# An endorsement has to fit into a log entry with its event around it.
_MAX_BYTES: Final = 4_096


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a device asks to be endorsed. Whoever made it holds the private key: its signature has been verified."""

    raw: bytes
    ueid: Ueid
    public_key: PublicKey
    device_class: str
    hwmodel: bytes
    key_tier: KeyTier
    nonce: bytes


@dataclass(frozen=True, slots=True)
class Endorsement:
    """A manufacturer's word that the key in `request` belongs to a device of theirs. Verified only by `verify`."""

    raw: bytes
    request: EnrolmentRequest
    not_before_ms: int
    maker_name: str
    sign1: Sign1


def parse_request(raw: bytes, origin: str) -> EnrolmentRequest:
    """The request, its signature verified with the key it carries.

    WireError: oversize, malformed, unsupported, bad-signature (also one made for another log).
    """
    sign1 = _parse_sign1(raw)
    version, ueid, cose_key, device_class, hwmodel, key_tier, nonce = shape.array(
        cose.decode_payload(sign1), "enrolment request", 7
    )
    if shape.uint(version, "version") != _VERSION:
        raise malformed("version of the enrolment request is not 1")
    key = PublicKey.from_cose_key(shape.bstr(cose_key, "cose_key", COSE_KEY_BYTES))
    request = EnrolmentRequest(
        raw=raw,
        ueid=as_ueid(shape.bstr(ueid, "ueid", UEID_BYTES)),
        public_key=key,
        device_class=_device_class(shape.text(device_class, "device_class")),
        hwmodel=shape.bstr(hwmodel, "hwmodel", 1, 32),
        key_tier=parse_key_tier(key_tier),
        nonce=shape.bstr(nonce, "nonce", 0, 64),
    )
    if sign1.kid != key.kid:
        raise malformed("kid is not that of the key in the request")
    key.verify(sign1.to_be_signed(external_aad(ENROLMENT_CONTEXT, origin)), sign1.signature)
    return request


def parse_endorsement(raw: bytes, origin: str) -> Endorsement:
    """The endorsement, the request in it verified, itself not yet: see `verify`. WireError as `parse_request`."""
    sign1 = _parse_sign1(raw)
    version, request, not_before_ms, maker_name = shape.array(cose.decode_payload(sign1), "endorsement", 4)
    if shape.uint(version, "version") != _VERSION:
        raise malformed("version of the endorsement is not 1")
    start_ms = shape.uint(not_before_ms, "not_before_ms")
    name = shape.text(maker_name, "maker_name")
    inner = parse_request(shape.bstr(request, "request", 1, _MAX_BYTES), origin)
    return Endorsement(raw=raw, request=inner, not_before_ms=start_ms, maker_name=name, sign1=sign1)


def verify(endorsement: Endorsement, maker: PublicKey, origin: str) -> None:
    """Return if `maker` made it for the log `origin`; else WireError(bad-signature)."""
    if endorsement.sign1.kid != maker.kid:
        raise WireError(Outcome.BAD_SIGNATURE, "the endorsement names another maker's key")
    maker.verify(endorsement.sign1.to_be_signed(external_aad(ENDORSEMENT_CONTEXT, origin)), endorsement.sign1.signature)


def parse_consent(raw: bytes) -> Sign1:
    """A device's consent to its next key, not yet verified: see `verify_consent`. WireError as `parse_request`."""
    return _parse_sign1(raw)


def verify_consent(consent: Sign1, request: EnrolmentRequest, old_key: PublicKey, origin: str) -> None:
    """Return if `old_key` consents to give way to the key in `request`, for the log `origin`.

    Else WireError(bad-signature), also where the consent is to another request.
    """
    if consent.kid != old_key.kid or consent.payload != request.raw:
        raise WireError(Outcome.BAD_SIGNATURE, "the consent is another key's, or to another request")
    old_key.verify(consent.to_be_signed(external_aad(ROTATION_CONTEXT, origin)), consent.signature)


def consent(request_raw: bytes, old_key: SigningKey, *, origin: str) -> bytes:
    """The old key's consent to the key in a request, as a device would make it: for tests and tools."""
    parse_request(request_raw, origin)
    return _sign(request_raw, old_key, external_aad(ROTATION_CONTEXT, origin))


def endorse(request_raw: bytes, maker: SigningKey, *, not_before_ms: int, maker_name: str, origin: str) -> bytes:
    """The endorsement of a request, which is verified first. WireError if it, or a value here, is not as specified."""
    parse_request(request_raw, origin)
    shape.text(maker_name, "maker_name")
    shape.uint(not_before_ms, "not_before_ms")
    payload = cbor.encode([_VERSION, request_raw, not_before_ms, maker_name])
    return _sign(payload, maker, external_aad(ENDORSEMENT_CONTEXT, origin))


def request(
    key: SigningKey, *, ueid: Ueid, device_class: str, hwmodel: bytes, key_tier: KeyTier, nonce: bytes, origin: str
) -> bytes:
    """An enrolment request, as a device would make it: for tests and tools."""
    fields = [_VERSION, ueid, key.public.cose_key, device_class, hwmodel, int(key_tier), nonce]
    return _sign(cbor.encode(fields), key, external_aad(ENROLMENT_CONTEXT, origin))


def _sign(payload: bytes, key: SigningKey, aad: bytes) -> bytes:
    unsigned = cose.unsigned(key.public.kid, payload)
    return cose.encode_sign1(key.public.kid, payload, key.sign(unsigned.to_be_signed(aad)))


def _parse_sign1(raw: bytes) -> Sign1:
    if len(raw) > MAX_ENTRY_BYTES:
        raise WireError(Outcome.OVERSIZE, f"longer than {MAX_ENTRY_BYTES} bytes")
    return cose.parse_sign1(raw)


def _device_class(name: str) -> str:
    if name not in DEVICE_CLASSES:
        raise malformed(f"device_class is not one of {', '.join(DEVICE_CLASSES)}")
    return name

"""Enrolment requests, endorsements and registry events: valid and mutated; and the registry that messages are judged by."""

from __future__ import annotations

from typing import Any

from . import parts
from .base import STATEMENT
from .cast import (
    DEVICE,
    DEVICE_UEID,
    ENDORSED_MS,
    FALSE_MAKER,
    FIELD,
    MAKER,
    NEIGHBOUR,
    NEIGHBOUR_UEID,
    OTHER_ORIGIN,
    RETIRED,
    RETIRED_UEID,
    REVOKED_MS,
    STRANGER,
    Key,
    cose_key,
    some_bytes,
)  # fmt: skip
from .encoding import HALF_ONE, NULL, array, bstr, head, integer, mapping, tstr

MAKER_NAME = "Example Batteries"


def request_payload(key: Key, ueid: bytes, replaced: dict[int, bytes] | None = None) -> bytes:
    items = [
        integer(1), bstr(ueid), bstr(key.cose_key), tstr("bms"), bstr(b"voltseal-c3"), integer(1), bstr(b""),
    ]  # fmt: skip
    for index, item in (replaced or {}).items():
        items[index] = item
    return array(items)


def request(
    key: Key = DEVICE, ueid: bytes = DEVICE_UEID, replaced: dict[int, bytes] | None = None, **sign: Any
) -> bytes:
    sign = {"context": parts.ENROLMENT, "key": key} | sign
    return parts.sign1(request_payload(key, ueid, replaced), **sign)


def endorsement(inner: bytes, replaced: dict[int, bytes] | None = None, **sign: Any) -> bytes:
    items = [integer(1), bstr(inner), integer(ENDORSED_MS), tstr(MAKER_NAME)]
    for index, item in (replaced or {}).items():
        items[index] = item
    return parts.sign1(array(items), **({"context": parts.ENDORSEMENT, "key": MAKER} | sign))


def enrol_event(ueid: bytes, endorsed: bytes, time_ms: int = ENDORSED_MS) -> bytes:
    return array([integer(1), integer(time_ms), bstr(ueid), bstr(endorsed)])


def revoke_event(
    key: Key, ueid: bytes, *, time_ms: int = REVOKED_MS, reason: str = "key read out of a sold board"
) -> bytes:
    body = array([bstr(key.kid), integer(REVOKED_MS), tstr(reason)])
    return array([integer(2), integer(time_ms), bstr(ueid), body])


def fleet() -> dict[str, Any]:
    """Three devices; the last one's key is revoked."""
    members = [(DEVICE, DEVICE_UEID), (NEIGHBOUR, NEIGHBOUR_UEID), (RETIRED, RETIRED_UEID)]
    events = [enrol_event(ueid, endorsement(request(key, ueid))) for key, ueid in members]
    events.append(revoke_event(RETIRED, RETIRED_UEID))
    return {
        "makers": [{"name": MAKER_NAME, "cose_key": MAKER.cose_key.hex()}],
        "events": [{"index": index, "entry": event.hex()} for index, event in enumerate(events)],
    }


Row = tuple[str, str, bytes, str]


def requests() -> list[Row]:
    """(name, description, request, expect)"""
    x, y = DEVICE.xy[:32], DEVICE.xy[32:]
    reordered = mapping(
        [(integer(-1), integer(1)), (integer(1), integer(2)), (integer(-2), bstr(x)), (integer(-3), bstr(y))]
    )
    fields = [
        (0, "version-2", "version 2", integer(2)),
        (1, "ueid-16-bytes", "ueid of 16 bytes", bstr(DEVICE_UEID[:16])),
        (1, "ueid-type", "ueid of another type than RAND", bstr(b"\x02" + DEVICE_UEID[1:])),
        (2, "key-as-map", "COSE_Key not in a byte string", DEVICE.cose_key),
        (2, "key-reordered", "COSE_Key in another order", bstr(reordered)),
        (2, "key-with-kid", "COSE_Key with a fifth parameter", bstr(b"\xa5" + DEVICE.cose_key[1:3] + integer(2) + bstr(b"k") + DEVICE.cose_key[3:])),
        (2, "key-off-curve", "y one too large: not on the curve", bstr(cose_key(x, (DEVICE.y + 1).to_bytes(32, "big")))),
        (2, "key-zero", "x and y are 0", bstr(cose_key(bytes(32), bytes(32)))),
        (2, "key-x-too-large", "x is not below p", bstr(cose_key(FIELD.to_bytes(32, "big"), y))),
        (2, "key-short-y", "y of 31 bytes", bstr(mapping([(integer(1), integer(2)), (integer(-1), integer(1)), (integer(-2), bstr(x)), (integer(-3), bstr(y[1:]))]))),
        (3, "class-unknown", "unknown device_class", tstr("toaster")),
        (3, "class-bytes", "device_class as a byte string", bstr(b"bms")),
        (4, "hwmodel-empty", "empty hwmodel", bstr(b"")),
        (4, "hwmodel-33-bytes", "hwmodel of 33 bytes", bstr(bytes(33))),
        (5, "tier-0", "key_tier 0", integer(0)),
        (5, "tier-4", "key_tier 4", integer(4)),
        (6, "nonce-65-bytes", "nonce of 65 bytes", bstr(bytes(65))),
        (6, "nonce-null", "null as nonce", NULL),
    ]  # fmt: skip
    good = request()
    return [
        ("plain", "a request without a challenge", good, "ok"),
        ("challenged", "answers a challenge of 64 bytes", request(replaced={6: bstr(some_bytes("c", 32) * 2)}), "ok"),
        ("inverter", "an inverter with a secure element", request(replaced={3: tstr("inverter"), 5: integer(3)}), "ok"),
        *[(name, breaks, request(replaced={at: item}), "malformed") for at, name, breaks, item in fields],
        ("six-elements", "nonce left out", parts.sign1(head(4, 6) + request_payload(DEVICE, DEVICE_UEID)[1:-1], context=parts.ENROLMENT), "malformed"),
        ("kid-of-other", "kid is not that of the key inside", request(header=parts.protected(NEIGHBOUR)), "malformed"),
        ("no-possession", "signed by another key than the one inside", request(header=parts.protected(DEVICE), key=DEVICE, signature=bstr(STRANGER.sign(b"x"))), "bad-signature"),
        ("key-of-other", "the key inside is another's, with its kid", parts.sign1(request_payload(NEIGHBOUR, DEVICE_UEID), context=parts.ENROLMENT, header=parts.protected(NEIGHBOUR)), "bad-signature"),
        ("other-log", "made for another log", request(origin=OTHER_ORIGIN), "bad-signature"),
        ("other-purpose", "signed as a statement", request(context=parts.STATEMENT), "bad-signature"),
        ("high-s", "s is not low", request(high_s=True), "bad-signature"),
        ("alg-unknown", "unknown alg", request(header=mapping([(integer(1), integer(-8)), (integer(4), bstr(DEVICE.kid))])), "unsupported"),
        ("statement", "a statement instead", STATEMENT, "malformed"),
        ("trailing", "a byte after it", good + b"\x00", "malformed"),
        ("empty", "no bytes", b"", "malformed"),
    ]  # fmt: skip


def endorsements() -> list[Row]:
    inner = request()
    fields = [
        (0, "version-2", "version 2", integer(2)),
        (1, "request-as-item", "request not in a byte string", inner),
        (1, "request-empty", "empty request", bstr(b"")),
        (1, "request-malformed", "a request with a byte after it", bstr(inner + b"\x00")),
        (2, "not-before-negative", "negative not_before_ms", integer(-1)),
        (2, "not-before-2-53", "not_before_ms 2^53", integer(1 << 53)),
        (2, "not-before-float", "not_before_ms as a float", HALF_ONE),
        (3, "name-empty", "empty maker_name", tstr("")),
        (3, "name-65-bytes", "maker_name of 65 bytes", tstr("n" * 65)),
    ]
    good = endorsement(inner)
    return [
        ("plain", "endorsed by the trusted maker", good, "ok"),
        ("longest-name", "maker_name of 64 bytes, not ASCII", endorsement(inner, {3: tstr("电池" * 10 + "abcd")}), "ok"),
        *[(name, breaks, endorsement(inner, {at: item}), "malformed") for at, name, breaks, item in fields],
        ("request-other-log", "the request inside was made for another log", endorsement(request(origin=OTHER_ORIGIN)), "bad-signature"),
        ("request-no-possession", "the request inside is not signed by its key", endorsement(request(signature=bstr(STRANGER.sign(b"x")))), "bad-signature"),
        ("other-log", "made for another log", endorsement(inner, origin=OTHER_ORIGIN), "bad-signature"),
        ("other-purpose", "signed as an enrolment request", endorsement(inner, context=parts.ENROLMENT), "bad-signature"),
        ("false-maker-same-kid", "names the maker's key, signed by another", endorsement(inner, key=FALSE_MAKER, header=parts.protected(MAKER)), "bad-signature"),
        ("high-s", "s is not low", endorsement(inner, high_s=True), "bad-signature"),
        ("unknown-maker", "by a maker who is not trusted", endorsement(inner, key=FALSE_MAKER), "unknown-maker"),
        ("by-device", "signed by the device itself", endorsement(inner, key=DEVICE), "unknown-maker"),
        ("trailing", "a byte after it", good + b"\x00", "malformed"),
    ]  # fmt: skip


def entries() -> list[Row]:
    endorsed = endorsement(request())
    enrol, revoke = enrol_event(DEVICE_UEID, endorsed), revoke_event(DEVICE, DEVICE_UEID)
    consent = parts.sign1(request(STRANGER), key=DEVICE, context=parts.ROTATION)
    kid, effective, reason = bstr(DEVICE.kid), integer(REVOKED_MS), tstr("lost")

    def revoked(*body: bytes) -> bytes:
        return array([integer(2), integer(REVOKED_MS), bstr(DEVICE_UEID), array(body)])

    def rotated(*body: bytes) -> bytes:
        return array([integer(3), integer(REVOKED_MS), bstr(DEVICE_UEID), array(body)])

    return [
        ("enrol", "an enrol event", enrol, "ok"),
        ("revoke", "a revoke event", revoke, "ok"),
        ("statement", "a statement", STATEMENT, "ok"),
        ("revoke-64-bytes", "a reason of 64 bytes", revoked(kid, effective, tstr("r" * 64)), "ok"),
        ("rotate", "a rotate event", rotated(bstr(endorsed), bstr(consent)), "ok"),
        ("rotate-no-consent", "no consent", rotated(bstr(endorsed)), "malformed"),
        ("rotate-three", "a third element in the body", rotated(bstr(endorsed), bstr(consent), NULL), "malformed"),
        ("rotate-consent-empty", "empty consent", rotated(bstr(endorsed), bstr(b"")), "malformed"),
        ("rotate-endorsement-empty", "empty endorsement", rotated(bstr(b""), bstr(consent)), "malformed"),
        ("rotate-consent-item", "consent not in a byte string", rotated(bstr(endorsed), consent), "malformed"),
        ("rotate-body-bytes", "body is a byte string", array([integer(3), integer(1), bstr(DEVICE_UEID), bstr(endorsed)]), "malformed"),
        ("event-unknown", "event_type 4", array([integer(4), integer(1), bstr(DEVICE_UEID), NULL]), "unsupported"),
        ("empty", "no bytes", b"", "malformed"),
        ("message", "an up message", parts.bare_message(STATEMENT), "malformed"),
        ("three-elements", "body left out", array([integer(1), integer(1), bstr(DEVICE_UEID)]), "malformed"),
        ("trailing", "a byte after it", enrol + b"\x00", "malformed"),
        ("long-head", "array length not in shortest form", head(4, 4, 1) + enrol[1:], "malformed"),
        ("tagged", "a tag before it", b"\xc0" + enrol, "malformed"),
        ("time-negative", "negative time_ms", enrol_event(DEVICE_UEID, endorsed, -1), "malformed"),
        ("time-2-53", "time_ms 2^53", enrol_event(DEVICE_UEID, endorsed, 1 << 53), "malformed"),
        ("ueid-16-bytes", "ueid of 16 bytes", enrol_event(DEVICE_UEID[:16], endorsed), "malformed"),
        ("endorsement-empty", "empty endorsement", enrol_event(DEVICE_UEID, b""), "malformed"),
        ("endorsement-item", "endorsement not in a byte string", array([integer(1), integer(1), bstr(DEVICE_UEID), endorsed]), "malformed"),
        ("revoke-kid-7-bytes", "kid of 7 bytes", revoked(bstr(DEVICE.kid[:7]), effective, reason), "malformed"),
        ("revoke-effective-text", "effective_ms as text", revoked(kid, tstr("now"), reason), "malformed"),
        ("revoke-no-reason", "no reason", revoked(kid, effective), "malformed"),
        ("revoke-reason-empty", "empty reason", revoked(kid, effective, tstr("")), "malformed"),
        ("revoke-reason-65-bytes", "reason of 65 bytes", revoked(kid, effective, tstr("r" * 65)), "malformed"),
        ("oversize", "an entry of 65,536 bytes", enrol + bytes(65_536 - len(enrol)), "oversize"),
    ]  # fmt: skip

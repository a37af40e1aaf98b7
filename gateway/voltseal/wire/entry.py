"""Log entries: statements and registry events (specification, "Log entries")."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, TypeAlias

from voltseal.wire import cbor, shape, statement
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Kid, Ueid, as_ueid
from voltseal.wire.limits import KID_BYTES, MAX_ENTRY_BYTES, UEID_BYTES
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement

_STATEMENT_BYTE: Final = 0xD2  # tag 18
_EVENT_BYTE: Final = 0x84  # array of four


class EventType(IntEnum):
    """Element 0 of a registry event."""

    ENROL = 1
    REVOKE = 2
    ROTATE = 3


@dataclass(frozen=True, slots=True)
class Enrol:
    """A device's key begins. `endorsement` is complete, and neither parsed nor verified here."""

    time_ms: int
    ueid: Ueid
    endorsement: bytes


@dataclass(frozen=True, slots=True)
class Revoke:
    """A key ends: statements whose time is `effective_ms` or later do not count."""

    time_ms: int
    ueid: Ueid
    kid: Kid
    effective_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rotate:
    """A device's key gives way to another. Both parts are complete, and neither parsed nor verified here.

    `endorsement` is the new key's; `consent` is signed by the key that gives way (`voltseal.wire.enrolment`).
    """

    time_ms: int
    ueid: Ueid
    endorsement: bytes
    consent: bytes


RegistryEvent: TypeAlias = Enrol | Revoke | Rotate
"""`time_ms` is the gateway's clock at the event."""


def parse_entry(raw: bytes) -> Statement | RegistryEvent:
    """What a leaf of the log is. WireError: oversize, malformed or unsupported."""
    if len(raw) > MAX_ENTRY_BYTES:
        raise WireError(Outcome.OVERSIZE, f"entry is longer than {MAX_ENTRY_BYTES} bytes")
    if raw[:1] == bytes((_STATEMENT_BYTE,)):
        return statement.parse(raw)
    if raw[:1] == bytes((_EVENT_BYTE,)):
        return parse_event(raw)
    raise malformed("first byte is that of no kind of log entry")


def parse_event(raw: bytes) -> RegistryEvent:
    """A registry event. WireError: oversize, malformed, or unsupported for an unknown type."""
    if len(raw) > MAX_ENTRY_BYTES:
        raise WireError(Outcome.OVERSIZE, f"entry is longer than {MAX_ENTRY_BYTES} bytes")
    type_item, time_item, ueid_item, body = shape.array(cbor.decode(raw), "registry event", 4)
    event_type = shape.uint(type_item, "event_type")
    time_ms = shape.uint(time_item, "time_ms")
    ueid = as_ueid(shape.bstr(ueid_item, "ueid", UEID_BYTES))
    if event_type == EventType.ENROL:
        return Enrol(time_ms, ueid, shape.bstr(body, "endorsement", 1, MAX_ENTRY_BYTES))
    if event_type == EventType.REVOKE:
        kid, effective_ms, reason = shape.array(body, "revocation", 3)
        return Revoke(
            time_ms=time_ms,
            ueid=ueid,
            kid=Kid(shape.bstr(kid, "kid", KID_BYTES)),
            effective_ms=shape.uint(effective_ms, "effective_ms"),
            reason=shape.text(reason, "reason"),
        )
    if event_type == EventType.ROTATE:
        endorsement, consent = shape.array(body, "rotation", 2)
        return Rotate(
            time_ms=time_ms,
            ueid=ueid,
            endorsement=shape.bstr(endorsement, "endorsement", 1, MAX_ENTRY_BYTES),
            consent=shape.bstr(consent, "consent", 1, MAX_ENTRY_BYTES),
        )
    raise WireError(Outcome.UNSUPPORTED, f"event_type {event_type} is not known")


def encode_event(event: RegistryEvent) -> bytes:
    """The entry's bytes. WireError(malformed or oversize) if a value is not as specified."""
    if isinstance(event, Enrol):
        raw = cbor.encode([EventType.ENROL.value, event.time_ms, event.ueid, event.endorsement])
    elif isinstance(event, Rotate):
        raw = cbor.encode([EventType.ROTATE.value, event.time_ms, event.ueid, [event.endorsement, event.consent]])
    else:
        body = [event.kid, event.effective_ms, event.reason]
        raw = cbor.encode([EventType.REVOKE.value, event.time_ms, event.ueid, body])
    parse_event(raw)
    return raw

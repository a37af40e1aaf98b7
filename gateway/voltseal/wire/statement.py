"""Statements: from received bytes to a typed value (specification, "Statement").

`parse` needs no key; `verify` checks the signature. Neither re-encodes anything: digest and signature are over the
bytes as received, which stay in `raw`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Final

from voltseal.wire import boot, cose, shape
from voltseal.wire.boot import Boot, Loss, LostRange
from voltseal.wire.cbor import Item
from voltseal.wire.cose import Sign1
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Kid, StatementHash
from voltseal.wire.keys import STATEMENT_CONTEXT, PublicKey, external_aad
from voltseal.wire.limits import (
    HASH_BYTES,
    MAX_BOOT_COUNT,
    MAX_READINGS,
    MAX_SCHEMA,
    MAX_SEQUENCE,
    MAX_STATEMENT_BYTES,
)
from voltseal.wire.outcome import Outcome
from voltseal.wire.schemas import SCHEMAS

_COMMON: Final = 8
_OWN_SCHEMA: Final = 1


class RecordType(IntEnum):
    """Element 0 of the payload."""

    TELEMETRY = 1
    BOOT = 2
    LOSS = 3


class TimeQuality(IntEnum):
    """Element 5: whose word the time is."""

    NONE = 0
    RTC = 1
    NTP = 2
    GNSS = 3
    CHALLENGED = 4


@dataclass(frozen=True, slots=True)
class Telemetry:
    """`reading_count` readings (1..256), committed to by a 32-byte root over their columns."""

    reading_count: int
    commitment: bytes


@dataclass(frozen=True, slots=True)
class Statement:
    """A well-formed statement. Times are milliseconds since 1970, or since the boot where `time_quality` is 0."""

    raw: bytes
    digest: StatementHash
    kid: Kid
    record_type: int
    schema: int
    boot_count: int
    sequence: int
    time_ms: int
    time_quality: int
    time_uncertainty_ms: int
    prev: StatementHash
    body: Telemetry | Boot | Loss
    sign1: Sign1

    @property
    def time_known(self) -> bool:
        """Whether `time_ms` is a time of day."""
        return self.time_quality != TimeQuality.NONE

    @property
    def lost(self) -> tuple[LostRange, ...]:
        """The numbers that this statement declares lost; empty for telemetry."""
        match self.body:
            case Boot(claims):
                return claims.lost
            case Loss(ranges):
                return ranges
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Unsupported:
    """What is known of a statement that is well-formed as far as its shape is known here, and no further.

    `record_type` and `reading_count` are given where the shape of the message around it follows from them.
    """

    reason: str
    record_type: int | None
    reading_count: int | None

    def error(self) -> WireError:
        """The refusal, to be raised once nothing is left that could be malformed."""
        return WireError(Outcome.UNSUPPORTED, self.reason)


def parse(raw: bytes) -> Statement:
    """The statement in `raw`. WireError: oversize, malformed or unsupported, in this order."""
    found = examine(raw)
    if isinstance(found, Unsupported):
        raise found.error()
    return found


def verify(statement: Statement, key: PublicKey, origin: str) -> None:
    """Return if `statement` was signed by `key` for the log `origin`; else WireError(bad-signature)."""
    if statement.kid != key.kid:
        raise WireError(Outcome.BAD_SIGNATURE, "the statement names another key")
    key.verify(statement.sign1.to_be_signed(external_aad(STATEMENT_CONTEXT, origin)), statement.sign1.signature)


def examine(raw: bytes) -> Statement | Unsupported:
    """As `parse`, but what is merely unsupported is returned: its caller may have more to find malformed."""
    if len(raw) > MAX_STATEMENT_BYTES:
        raise WireError(Outcome.OVERSIZE, f"statement is longer than {MAX_STATEMENT_BYTES} bytes")
    sign1 = cose.read_sign1(raw)
    items = shape.array(cose.decode_payload(sign1), "payload", _COMMON, MAX_STATEMENT_BYTES)
    record_type = shape.uint(items[0], "record_type")
    schema = shape.uint(items[1], "schema", 1, MAX_SCHEMA)
    boot_count = shape.uint(items[2], "boot_count", 1, MAX_BOOT_COUNT)
    sequence = shape.uint(items[3], "sequence", 0, MAX_SEQUENCE)
    time_ms = shape.uint(items[4], "time_ms")
    quality = shape.uint(items[5], "time_quality", TimeQuality.NONE, TimeQuality.CHALLENGED)
    uncertainty_ms = shape.uint(items[6], "time_uncertainty_ms")
    if quality == TimeQuality.NONE and uncertainty_ms:
        raise malformed("time_uncertainty_ms is not 0, but the time is not known")
    prev = shape.bstr(items[7], "prev", HASH_BYTES)
    body = _body(items, record_type, schema, boot_count, sequence)
    if isinstance(body, Unsupported):
        return body
    if not sign1.supported:
        count = body.reading_count if isinstance(body, Telemetry) else None
        return Unsupported(f"alg {sign1.alg} is not supported", record_type, count)
    return Statement(
        raw=raw,
        digest=StatementHash(sha256(raw).digest()),
        kid=sign1.kid,
        record_type=record_type,
        schema=schema,
        boot_count=boot_count,
        sequence=sequence,
        time_ms=time_ms,
        time_quality=quality,
        time_uncertainty_ms=uncertainty_ms,
        prev=StatementHash(prev),
        body=body,
        sign1=sign1,
    )


def _body(
    items: list[Item], record_type: int, schema: int, boot_count: int, sequence: int
) -> Telemetry | Boot | Loss | Unsupported:
    """The elements from 8 on, whose shape depends on record type and, for boot and loss, on the schema."""
    if record_type == RecordType.TELEMETRY:
        if len(items) != _COMMON + 2:
            raise malformed("telemetry has 10 elements")
        reading_count = shape.uint(items[8], "reading_count", 1, MAX_READINGS)
        commitment = shape.bstr(items[9], "commitment", HASH_BYTES)
        if schema not in SCHEMAS:
            return Unsupported(f"schema {schema} is not known", record_type, reading_count)
        return Telemetry(reading_count, commitment)
    if record_type not in (RecordType.BOOT, RecordType.LOSS):
        return Unsupported(f"record_type {record_type} is not known", None, None)
    if len(items) != _COMMON + 1:
        raise malformed("boot and loss statements have 9 elements")
    if schema != _OWN_SCHEMA:
        return Unsupported(f"schema {schema} of boot and loss statements is not known", record_type, None)
    if record_type == RecordType.BOOT:
        return Boot(boot.parse_claims(items[8], boot_count, sequence))
    return Loss(boot.parse_ranges(items[8], sequence, fewest=1))

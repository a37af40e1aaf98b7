"""Messages on `up`, and the topics they come on (specification, "MQTT topics and messages")."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from voltseal.wire import cbor, commitment, cose, statement
from voltseal.wire import columns as column_codec
from voltseal.wire.cose import read_bstr
from voltseal.wire.errors import WireError, malformed
from voltseal.wire.ids import Ueid, ueid_from_hex, ueid_hex
from voltseal.wire.limits import MAX_UP_BYTES, SEED_BYTES
from voltseal.wire.outcome import Outcome
from voltseal.wire.schemas import SCHEMAS
from voltseal.wire.statement import RecordType, Statement, Telemetry, Unsupported

_PREFIX: Final = "voltseal/1"
_SITE: Final = re.compile(r"[a-z0-9-]{1,32}")
_TOPIC: Final = re.compile(r"voltseal/1/([a-z0-9-]{1,32})/(01[0-9a-f]{32})/up")
_BARE, _FULL = 0x81, 0x83  # array of 1, of 3


@dataclass(frozen=True, slots=True)
class UpMessage:
    """A well-formed message: a statement, and for telemetry what its commitment is over.

    `columns` are the encoded columns, as many as the schema has fields; `columns_raw` is the encoded array of them.
    """

    statement: Statement
    seed: bytes | None
    columns: tuple[bytes, ...] | None
    columns_raw: bytes | None


@dataclass(frozen=True, slots=True)
class UpTopic:
    """Where a message came in."""

    site: str
    ueid: Ueid


def parse_up(payload: bytes) -> UpMessage:
    """The message in `payload`. WireError: oversize, malformed or unsupported, in this order; no key is needed."""
    if len(payload) > MAX_UP_BYTES:
        raise WireError(Outcome.OVERSIZE, f"payload is longer than {MAX_UP_BYTES} bytes")
    if payload[:1] not in (b"\x81", b"\x83"):
        raise malformed("not an array of one or three elements")
    raw, at = read_bstr(payload, 1, "statement")
    found = statement.examine(raw)
    if isinstance(found, Unsupported):
        _check_unsupported(payload, at, found)
        raise found.error()
    if not isinstance(found.body, Telemetry):
        _check_bare(payload, at)
        return UpMessage(found, None, None, None)
    seed, columns_raw = _seed_and_columns(payload, at)
    columns = column_codec.split(columns_raw, found.body.reading_count)
    if len(columns) != len(SCHEMAS[found.schema].fields):
        raise malformed("not as many columns as the schema has fields")
    return UpMessage(found, seed, columns, columns_raw)


def check_commitment(message: UpMessage) -> None:
    """Return if seed and columns give the statement's commitment, or it has none; else WireError(bad-commitment)."""
    body = message.statement.body
    if isinstance(body, Telemetry):
        assert message.seed is not None
        assert message.columns is not None
        commitment.check(body.commitment, message.seed, message.columns)


def parse_disclosure(seed: bytes, columns_raw: bytes, of: Statement) -> UpMessage:
    """Seed and columns that were kept apart from their statement, together again. WireError(malformed)."""
    if not isinstance(of.body, Telemetry):
        raise malformed("only telemetry has columns")
    if len(seed) != SEED_BYTES:
        raise malformed("seed is not 16 bytes")
    columns = column_codec.split(columns_raw, of.body.reading_count)
    if len(columns) != len(SCHEMAS[of.schema].fields):
        raise malformed("not as many columns as the schema has fields")
    return UpMessage(of, seed, columns, columns_raw)


def encode_up(statement_raw: bytes, seed: bytes | None = None, columns_raw: bytes | None = None) -> bytes:
    """The payload that `parse_up` reads; seed and columns for telemetry only."""
    item = cose.bstr_head(len(statement_raw)) + statement_raw
    if seed is None or columns_raw is None:
        return bytes((_BARE,)) + item
    return bytes((_FULL,)) + item + cose.bstr_head(len(seed)) + seed + columns_raw


def parse_up_topic(topic: str) -> UpTopic:
    """Site and device of `voltseal/1/<site>/<device>/up`. WireError(wrong-topic) for any other topic."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise WireError(Outcome.WRONG_TOPIC, "not a topic of the form voltseal/1/<site>/<device>/up")
    return UpTopic(found[1], ueid_from_hex(found[2]))


def up_topic(site: str, ueid: Ueid) -> str:
    """Where the device publishes. WireError(malformed) if `site` is not 1 to 32 of a-z, 0-9 and `-`."""
    return f"{_PREFIX}/{check_site(site)}/{ueid_hex(ueid)}/up"


def down_topic(site: str, ueid: Ueid) -> str:
    """Where the gateway publishes to the device."""
    return f"{_PREFIX}/{check_site(site)}/{ueid_hex(ueid)}/down"


def up_filter(site: str | None = None) -> str:
    """The MQTT topic filter for every device's `up`, of one site or of all."""
    return f"{_PREFIX}/{'+' if site is None else check_site(site)}/+/up"


def check_site(site: str) -> str:
    """`site`, if it can stand in a topic; else WireError(malformed)."""
    if not _SITE.fullmatch(site):
        raise malformed("a site is 1 to 32 characters of a-z, 0-9 and '-'")
    return site


def _seed_and_columns(payload: bytes, at: int) -> tuple[bytes, bytes]:
    if payload[0] != _FULL:
        raise malformed("a telemetry message has three elements")
    seed, at = read_bstr(payload, at, "seed")
    if len(seed) != SEED_BYTES:
        raise malformed("seed is not 16 bytes")
    return seed, payload[at:]


def _check_bare(payload: bytes, at: int) -> None:
    if payload[0] != _BARE or at != len(payload):
        raise malformed("a boot or loss message is an array of the statement alone")


def _check_unsupported(payload: bytes, at: int, found: Unsupported) -> None:
    """Of a message whose statement is not supported, check what is known of its shape. WireError(malformed)."""
    if found.record_type is None:
        # Nothing is known of the other elements, but that they are CBOR of the subset.
        cbor.decode(payload)
    elif found.record_type == RecordType.TELEMETRY and found.reading_count is not None:
        _, columns_raw = _seed_and_columns(payload, at)
        column_codec.split(columns_raw, found.reading_count)
    else:
        _check_bare(payload, at)

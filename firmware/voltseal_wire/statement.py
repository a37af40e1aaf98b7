"""Statements and the `up` message around them (specification, "Statement" and "MQTT topics and messages")."""

from collections import namedtuple
from hashlib import sha256

from . import cbor, cose
from .commitment import MAX_READINGS, SEED_BYTES
from .errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Callable

CONTEXT = "voltseal/1 statement"

TELEMETRY = 1
BOOT = 2
LOSS = 3

TIME_NONE = 0
TIME_RTC = 1
TIME_NTP = 2
TIME_GNSS = 3
TIME_CHALLENGED = 4

HASH_BYTES = 32
FIRST_PREV = bytes(HASH_BYTES)
MAX_STATEMENT_BYTES = 1536
MAX_MESSAGE_BYTES = 16384
MAX_BOOT_COUNT = (1 << 32) - 1
MAX_SEQUENCE = (1 << 48) - 1
MAX_TEXT_BYTES = 64

Position = namedtuple("Position", ("boot_count", "sequence", "time_ms", "time_quality", "time_uncertainty_ms", "prev"))
"""Where a statement stands in the device's life: integers, and `prev`, the digest of the statement before it."""


def sign(payload: bytes, origin: str, key_id: bytes, signer: "Callable[[bytes], bytes]") -> bytes:
    """The statement: `payload` as a COSE_Sign1 for the log called `origin`. `signer(digest)` gives r || s.

    Raises WireError if the statement would be longer than 1,536 bytes.
    """
    statement = cose.sign1(payload, cose.external_aad(CONTEXT, origin), key_id, signer)
    if len(statement) > MAX_STATEMENT_BYTES:
        raise WireError("statement too long")
    return statement


def telemetry_payload(schema: int, position: Position, reading_count: int, commitment: bytes) -> bytes:
    """The payload of a telemetry statement; `commitment` is the 32-byte root over its columns."""
    if not 0 < schema < 0x10000:
        raise WireError("schema")
    if not 0 < reading_count <= MAX_READINGS:
        raise WireError("readings")
    if len(commitment) != HASH_BYTES:
        raise WireError("commitment length")
    return cbor.encode(common_elements(TELEMETRY, schema, position) + [reading_count, commitment])


def common_elements(record_type: int, schema: int, position: Position) -> list[object]:
    """The first eight elements, which all payloads share. Raises WireError for a value outside its limits."""
    if not 0 < position.boot_count <= MAX_BOOT_COUNT:
        raise WireError("boot count")
    if not 0 <= position.sequence <= MAX_SEQUENCE:
        raise WireError("sequence")
    if not TIME_NONE <= position.time_quality <= TIME_CHALLENGED:
        raise WireError("time quality")
    if position.time_ms < 0 or position.time_uncertainty_ms < 0:
        raise WireError("time")
    if position.time_quality == TIME_NONE and position.time_uncertainty_ms:
        raise WireError("uncertainty of no time")
    if len(position.prev) != HASH_BYTES:
        raise WireError("prev length")
    elements: list[object] = [record_type, schema]
    elements.extend(position)
    return elements


def chain_digest(statement: bytes) -> bytes:
    """`prev` of the statement that comes after this one."""
    return sha256(statement).digest()


def telemetry_message(statement: bytes, seed: bytes, columns: list[bytes]) -> bytes:
    """The `up` message [statement, seed, columns]; `columns` are encoded already.

    Raises WireError if it would be longer than 16,384 bytes.
    """
    if len(seed) != SEED_BYTES:
        raise WireError("seed length")
    out = bytearray()
    cbor.append_array_head(out, 3)
    cbor.append(out, statement)
    cbor.append(out, seed)
    cbor.append_array_head(out, len(columns))
    for column in columns:
        out.extend(column)
    if len(out) > MAX_MESSAGE_BYTES:
        raise WireError("message too long")
    return bytes(out)


def bare_message(statement: bytes) -> bytes:
    """The `up` message [statement] of a boot or loss statement."""
    return cbor.encode([statement])

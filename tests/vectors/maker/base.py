"""The valid messages that mutations start from."""

from __future__ import annotations

from typing import Any

from . import parts
from .cast import Key
from .readings import pack_readings

READINGS = pack_readings(4)
COLUMNS = parts.columns_of(READINGS)
ROOT = parts.commitment(parts.SEED, COLUMNS)
PAYLOAD = parts.telemetry_payload(len(READINGS), ROOT)
STATEMENT = parts.sign1(PAYLOAD)
MESSAGE = parts.full_message(STATEMENT, parts.SEED, COLUMNS)
BOOT = parts.sign1(parts.boot_payload())
BOOT_MESSAGE = parts.bare_message(BOOT)


def signed(payload: bytes, **replaced: Any) -> bytes:
    """A statement with this payload."""
    return parts.sign1(payload, **replaced)


def telemetry(statement: bytes) -> bytes:
    """The message of a telemetry statement that commits to `COLUMNS`."""
    return parts.full_message(statement, parts.SEED, COLUMNS)


def telemetry_with(elements: dict[int, bytes], **replaced: Any) -> bytes:
    """The message of telemetry with some payload elements replaced (encoded)."""
    return telemetry(parts.sign1(parts.telemetry_payload(len(READINGS), ROOT, elements), **replaced))


def committed(
    columns: list[bytes],
    reading_count: int = len(READINGS),
    elements: dict[int, bytes] | None = None,
    array_of: bytes | None = None,
) -> bytes:
    """The message of telemetry that commits to other columns; `array_of` replaces the encoded array of them."""
    root = parts.commitment(parts.SEED, columns) if columns else bytes(32)
    statement = parts.sign1(parts.telemetry_payload(reading_count, root, elements))
    message = parts.full_message(statement, parts.SEED, columns)
    return message if array_of is None else message[: -len(parts.array(columns))] + array_of


def boot_with(
    claims: dict[int, bytes | None], elements: dict[int, bytes] | None = None, key: Key = parts.DEVICE
) -> bytes:
    """The message of a boot statement with some claims (encoded; None leaves one out) and elements replaced."""
    return parts.bare_message(parts.sign1(parts.boot_payload(parts.claims(claims), elements), key=key))

"""Boot claims and lost ranges (specification, "Boot and loss statements"; EAT claims of RFC 9711)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from voltseal.wire import shape
from voltseal.wire.cbor import Item
from voltseal.wire.errors import malformed
from voltseal.wire.ids import Ueid, as_ueid
from voltseal.wire.keys import compressed_point
from voltseal.wire.limits import (
    BOOTSEED_BYTES,
    COMPRESSED_POINT_BYTES,
    HASH_BYTES,
    MAX_BOOT_COUNT,
    MAX_LOST_RANGES,
    MAX_SEQUENCE,
    UEID_BYTES,
)

_NONCE, _UEID, _HWMODEL, _BOOTCOUNT, _BOOTSEED, _SWNAME, _SWVERSION = 10, 256, 259, 267, 268, 270, 271
_MEASUREMENT, _RESET_CAUSE, _KEY_TIER, _LOST, _CADENCE_MS, _RECEIPT_KEY = range(-70001, -70007, -1)
_REQUIRED: Final = (
    _UEID, _HWMODEL, _BOOTCOUNT, _BOOTSEED, _SWNAME, _SWVERSION,
    _MEASUREMENT, _RESET_CAUSE, _KEY_TIER, _LOST, _CADENCE_MS, _RECEIPT_KEY,
)  # fmt: skip
_WITH_NONCE: Final = (_NONCE, *_REQUIRED)


class LostReason(IntEnum):
    """Why numbers will never arrive."""

    POWER_CUT = 1
    SPOOL_FULL = 2
    SPOOL_DAMAGED = 3

    @property
    def label(self) -> str:
        """The name that bundles and verdicts use, for example `power-cut`."""
        return self.name.lower().replace("_", "-")


class ResetCause(IntEnum):
    """Why the device booted."""

    UNKNOWN = 0
    POWER_ON = 1
    HARD = 2
    WATCHDOG = 3
    DEEP_SLEEP = 4
    SOFT = 5
    BROWN_OUT = 6


class KeyTier(IntEnum):
    """How well the device key is kept (specification, "Key tiers")."""

    SOFTWARE = 1
    PROTECTED = 2
    SECURE_ELEMENT = 3

    @property
    def label(self) -> str:
        """The specification's name, for example `secure-element`."""
        return self.name.lower().replace("_", "-")


@dataclass(frozen=True, slots=True)
class LostRange:
    """The sequence numbers `first`..`last`, inclusive, will never arrive, by the device's own word."""

    first: int
    last: int
    reason: LostReason


@dataclass(frozen=True, slots=True)
class BootClaims:
    """What a device says of itself at boot. `receipt_key` is a compressed point of P-256 (33 bytes, on the curve)."""

    nonce: bytes | None
    ueid: Ueid
    hwmodel: bytes
    bootcount: int
    bootseed: bytes
    swname: str
    swversion: str
    measurement: bytes
    reset_cause: ResetCause
    key_tier: KeyTier
    lost: tuple[LostRange, ...]
    cadence_ms: int
    receipt_key: bytes


@dataclass(frozen=True, slots=True)
class Boot:
    """Body of record type 2."""

    claims: BootClaims


@dataclass(frozen=True, slots=True)
class Loss:
    """Body of record type 3: what was lost since the last boot or loss statement; at least one range."""

    ranges: tuple[LostRange, ...]


def parse_claims(item: Item, boot_count: int, sequence: int) -> BootClaims:
    """The claims map of a boot statement with these numbers. WireError(malformed)."""
    if not isinstance(item, dict) or tuple(item) not in (_REQUIRED, _WITH_NONCE):
        raise malformed("boot claims are not exactly the specified labels")
    bootcount = shape.uint(item[_BOOTCOUNT], "bootcount", 1, MAX_BOOT_COUNT)
    if bootcount != boot_count:
        raise malformed("bootcount claim differs from boot_count")
    receipt_key = shape.bstr(item[_RECEIPT_KEY], "receipt_key", COMPRESSED_POINT_BYTES)
    compressed_point(receipt_key)
    return BootClaims(
        nonce=shape.bstr(item[_NONCE], "nonce", 8, 64) if _NONCE in item else None,
        ueid=as_ueid(shape.bstr(item[_UEID], "ueid", UEID_BYTES)),
        hwmodel=shape.bstr(item[_HWMODEL], "hwmodel", 1, 32),
        bootcount=bootcount,
        bootseed=shape.bstr(item[_BOOTSEED], "bootseed", BOOTSEED_BYTES),
        swname=shape.text(item[_SWNAME], "swname"),
        swversion=shape.text(shape.array(item[_SWVERSION], "swversion", 1)[0], "swversion"),
        measurement=shape.bstr(item[_MEASUREMENT], "measurement", HASH_BYTES),
        reset_cause=ResetCause(shape.uint(item[_RESET_CAUSE], "reset_cause", min(ResetCause), max(ResetCause))),
        key_tier=parse_key_tier(item[_KEY_TIER]),
        lost=parse_ranges(item[_LOST], sequence),
        cadence_ms=shape.uint(item[_CADENCE_MS], "cadence_ms", 1),
        receipt_key=receipt_key,
    )


def parse_key_tier(item: Item) -> KeyTier:
    """A key tier of boot claims or enrolment request. WireError(malformed) for an unknown one."""
    return KeyTier(shape.uint(item, "key_tier", min(KeyTier), max(KeyTier)))


def parse_ranges(item: Item, sequence: int, *, fewest: int = 0) -> tuple[LostRange, ...]:
    """Lost ranges: at least `fewest`, at most 32, ascending, disjoint, all below `sequence`. WireError(malformed)."""
    ranges = []
    lowest = 0
    for element in shape.array(item, "lost", fewest, MAX_LOST_RANGES):
        first_item, last_item, reason = shape.array(element, "lost range", 3)
        first = shape.uint(first_item, "first of a lost range", 0, MAX_SEQUENCE)
        last = shape.uint(last_item, "last of a lost range", 0, MAX_SEQUENCE)
        if not lowest <= first <= last < sequence:
            raise malformed("lost ranges are not ascending, disjoint and below the statement's own sequence")
        known = LostReason(shape.uint(reason, "reason of a lost range", min(LostReason), max(LostReason)))
        ranges.append(LostRange(first, last, known))
        lowest = last + 1
    return tuple(ranges)

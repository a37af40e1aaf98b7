"""Payloads of boot and loss statements (specification, "Boot and loss statements"; EAT claims of RFC 9711)."""

from collections import namedtuple
from hashlib import sha256

from . import cbor, cose
from .errors import WireError
from .statement import BOOT, LOSS, MAX_TEXT_BYTES, Position, common_elements

TYPE_CHECKING = False
if TYPE_CHECKING:  # MicroPython has no typing; annotations in quotes are never evaluated
    from collections.abc import Sequence

SCHEMA = 1
MAX_RANGES = 32
UEID_BYTES = 17

RESET_UNKNOWN = 0
RESET_POWER_ON = 1
RESET_HARD = 2
RESET_WATCHDOG = 3
RESET_DEEP_SLEEP = 4
RESET_SOFT = 5
RESET_BROWN_OUT = 6

TIER_SOFTWARE = 1
TIER_PROTECTED = 2
TIER_SECURE_ELEMENT = 3

LOST_POWER_CUT = 1
LOST_SPOOL_FULL = 2
LOST_SPOOL_DAMAGED = 3

Claims = namedtuple(
    "Claims",
    (
        "nonce",  # 8..64 bytes, or None where nobody asked
        "ueid",  # 17 bytes
        "hwmodel",  # 1..32 bytes
        "bootseed",  # 32 random bytes
        "swname",
        "swversion",
        "measurement",  # 32 bytes, see `measurement`
        "reset_cause",
        "key_tier",
        "lost",  # ranges (first, last, reason)
        "cadence_ms",
        "receipt_key",  # x || y, 64 bytes
    ),
)
"""What a device says of itself at boot; the boot count stands in the statement's `Position`."""


def boot_payload(position: Position, claims: Claims) -> bytes:
    """The payload of a boot statement. Raises WireError for a claim outside the specification's limits."""
    _check_claims(claims)
    _check_ranges(claims.lost, position.sequence)
    labelled = {
        256: claims.ueid,
        259: claims.hwmodel,
        267: position.boot_count,
        268: claims.bootseed,
        270: claims.swname,
        271: [claims.swversion],
        -70001: claims.measurement,
        -70002: claims.reset_cause,
        -70003: claims.key_tier,
        -70004: claims.lost,
        -70005: claims.cadence_ms,
        -70006: cose.compressed(claims.receipt_key),
    }
    if claims.nonce is not None:
        labelled[10] = claims.nonce
    return cbor.encode(common_elements(BOOT, SCHEMA, position) + [labelled])


def loss_payload(position: Position, ranges: "Sequence[tuple[int, int, int]]") -> bytes:
    """The payload of a loss statement: (first, last, reason) of numbers that will never arrive, at least one range."""
    if not ranges:
        raise WireError("no range")
    _check_ranges(ranges, position.sequence)
    return cbor.encode(common_elements(LOSS, SCHEMA, position) + [ranges])


def measurement(files: "Sequence[tuple[str, bytes]]") -> bytes:
    """The digest over all that can run.

    `files` are (path from the firmware's root, SHA-256 of the content), in any order.
    """
    digest = sha256()
    for path, content in sorted([(path.encode(), content) for path, content in files]):
        for byte in content:
            digest.update(b"%02x" % byte)
        digest.update(b"  " + path + b"\n")
    return digest.digest()


def check_text(text: str) -> None:
    """Raise WireError unless `text` has 1 to 64 bytes."""
    if not 0 < len(text.encode()) <= MAX_TEXT_BYTES:
        raise WireError("text length")


def check_ueid(ueid: bytes) -> None:
    """Raise WireError unless `ueid` is 0x01 (type RAND) and 16 bytes (RFC 9711 section 4.2.1)."""
    if len(ueid) != UEID_BYTES or ueid[0] != 1:
        raise WireError("ueid")


def _check_claims(claims: Claims) -> None:
    check_text(claims.swname)
    check_text(claims.swversion)
    check_ueid(claims.ueid)
    for name, value, shortest, longest in (
        ("nonce", claims.nonce, 8, 64),
        ("hwmodel", claims.hwmodel, 1, 32),
        ("bootseed", claims.bootseed, 32, 32),
        ("measurement", claims.measurement, 32, 32),
    ):
        if value is not None and not shortest <= len(value) <= longest:
            raise WireError(name + " length")
    if not RESET_UNKNOWN <= claims.reset_cause <= RESET_BROWN_OUT:
        raise WireError("reset cause")
    if not TIER_SOFTWARE <= claims.key_tier <= TIER_SECURE_ELEMENT:
        raise WireError("key tier")
    if claims.cadence_ms < 1:
        raise WireError("cadence")


def _check_ranges(ranges: "Sequence[tuple[int, int, int]]", sequence: int) -> None:
    """Ascending, disjoint, and all below the statement's own sequence."""
    if len(ranges) > MAX_RANGES:
        raise WireError("too many ranges")
    lowest = 0
    for first, last, reason in ranges:
        if not lowest <= first <= last < sequence:
            raise WireError("range order")
        if not LOST_POWER_CUT <= reason <= LOST_SPOOL_DAMAGED:
            raise WireError("range reason")
        lowest = last + 1

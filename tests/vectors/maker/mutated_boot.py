"""Mutations of boot and loss statements. All are signed again."""

from __future__ import annotations

from . import parts
from .base import boot_with, signed
from .case import Case, malformed
from .cast import DEVICE, FIELD, some_bytes
from .encoding import MAX_INT, NULL, array, bstr, head, integer, mapping, tstr

TOO_LARGE = integer(MAX_INT + 1)


def boot_and_loss_cases() -> list[Case]:
    return [*_boot_claims(), *_boot_claim_map(), *_ranges(), *_boot_and_loss_form()]


def _boot_claims() -> list[Case]:
    off_curve = next(x for x in range(5, 99) if not _is_x_of_a_point(x)).to_bytes(32, "big")
    receipt = parts.BOOT_RECEIPT.compressed
    rows: list[tuple[int, str, str, bytes]] = [
        (10, "nonce-7-bytes", "nonce of 7 bytes", bstr(bytes(7))),
        (10, "nonce-65-bytes", "nonce of 65 bytes", bstr(bytes(65))),
        (10, "nonce-null", "null as nonce", NULL),
        (256, "ueid-16-bytes", "ueid of 16 bytes", bstr(parts.DEVICE_UEID[:16])),
        (256, "ueid-18-bytes", "ueid of 18 bytes", bstr(parts.DEVICE_UEID + b"\0")),
        (256, "ueid-type-2", "ueid of another type than RAND", bstr(b"\x02" + parts.DEVICE_UEID[1:])),
        (259, "hwmodel-empty", "empty hwmodel", bstr(b"")),
        (259, "hwmodel-33-bytes", "hwmodel of 33 bytes", bstr(bytes(33))),
        (259, "hwmodel-text", "hwmodel as text", tstr("voltseal-c3")),
        (267, "bootcount-differs", "bootcount differs from boot_count", integer(parts.BOOT_COUNT + 1)),
        (268, "bootseed-31-bytes", "bootseed of 31 bytes", bstr(bytes(31))),
        (270, "swname-empty", "empty swname", tstr("")),
        (270, "swname-65-bytes", "swname of 65 bytes in 64 characters", tstr("n" * 63 + "ä")),
        (270, "swname-bytes", "swname as a byte string", bstr(b"voltseal")),
        (270, "swname-not-utf8", "swname is not UTF-8", b"\x62\xc3\x28"),
        (271, "swversion-text", "swversion not in an array", tstr("0.1.0")),
        (271, "swversion-scheme", "swversion with a scheme", array([tstr("0.1.0"), integer(16384)])),
        (271, "swversion-empty", "empty swversion array", array([])),
        (-70001, "measurement-20-bytes", "measurement of 20 bytes", bstr(bytes(20))),
        (-70002, "reset-cause-7", "unknown reset_cause", integer(7)),
        (-70003, "key-tier-0", "key_tier 0", integer(0)),
        (-70003, "key-tier-4", "key_tier 4", integer(4)),
        (-70004, "lost-null", "null as lost", NULL),
        (-70005, "cadence-0", "cadence_ms 0", integer(0)),
        (-70005, "cadence-2-53", "cadence_ms 2^53", TOO_LARGE),
        (-70006, "receipt-key-32-bytes", "receipt_key of 32 bytes", bstr(receipt[1:])),
        (-70006, "receipt-key-uncompressed", "receipt_key not compressed", bstr(b"\x04" + parts.BOOT_RECEIPT.xy)),
        (-70006, "receipt-key-prefix-4", "receipt_key with prefix 4", bstr(b"\x04" + receipt[1:])),
        (-70006, "receipt-key-off-curve", "receipt_key whose x belongs to no point", bstr(b"\x02" + off_curve)),
        (-70006, "receipt-key-x-too-large", "receipt_key whose x is not below p", bstr(b"\x02" + (FIELD + 5).to_bytes(32, "big"))),
    ]  # fmt: skip
    return malformed("boot", [(name, breaks, boot_with({label: item})) for label, name, breaks, item in rows])


def _is_x_of_a_point(x: int) -> bool:
    """Euler's criterion on x^3 - 3x + b."""
    b = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
    return pow(x**3 - 3 * x + b, (FIELD - 1) // 2, FIELD) == 1


def _boot_claim_map() -> list[Case]:
    pairs = parts.claims()[1:]
    required = [256, 259, 267, 268, 270, 271, *range(-70001, -70007, -1)]
    missing = [(f"without-{label}", f"claim {label} missing", boot_with({label: None})) for label in required]
    nonce = integer(10) + bstr(some_bytes("nonce", 8))
    rows = [
        ("unknown-label", "an unknown claim", boot_with({11: integer(0)})),
        ("unknown-negative-label", "an unknown claim of a private label", boot_with({-70007: integer(0)})),
        ("unsorted", "nonce after the other claims", _boot(head(5, 13) + pairs + nonce)),
        ("duplicate-label", "nonce twice", _boot(head(5, 14) + nonce + nonce + pairs)),
        ("label-text", "a claim with a text label", _boot(head(5, 13) + pairs + tstr("x") + integer(0))),
        ("claims-array", "an array instead of the map", _boot(array([]))),
        ("claims-empty", "no claims", _boot(mapping([]))),
        ("claims-indefinite", "map of indefinite length", _boot(b"\xbf" + pairs + b"\xff")),
        ("claims-wrapped", "claims as a byte string", _boot(bstr(parts.claims()))),
    ]
    return malformed("boot", [*missing, *rows])


def _boot(claims: bytes) -> bytes:
    return parts.bare_message(signed(parts.boot_payload(claims)))


def _ranges() -> list[Case]:
    """Of a loss statement; a boot statement's `lost` has the same form."""
    one = array([integer(3), integer(5), integer(1)])
    rows = [
        ("empty", "no range", array([])),
        ("33", "33 ranges", parts.ranges([(index, index, 1) for index in range(33)])),
        ("first-after-last", "first greater than last", parts.ranges([(5, 4, 1)])),
        ("own-number", "reaches its own number", parts.ranges([(3, parts.SEQUENCE, 1)])),
        ("future", "beyond its own number", parts.ranges([(parts.SEQUENCE + 1, parts.SEQUENCE + 2, 1)])),
        ("overlap", "ranges overlap", parts.ranges([(3, 5, 1), (5, 6, 1)])),
        ("descending", "ranges not ascending", parts.ranges([(8, 9, 1), (3, 5, 1)])),
        ("reason-0", "reason 0", parts.ranges([(3, 5, 0)])),
        ("reason-4", "reason 4", parts.ranges([(3, 5, 4)])),
        ("negative", "negative number", parts.ranges([(-1, 5, 1)])),
        ("two-elements", "range without reason", array([array([integer(3), integer(5)])])),
        ("four-elements", "range with an element too many", array([array([integer(3), integer(5), integer(1), integer(1)])])),
        ("flat", "range not in an array of ranges", one),
        ("null", "null as ranges", NULL),
    ]  # fmt: skip
    cases = malformed(
        "loss", [(name, breaks, parts.bare_message(signed(parts.loss_payload(item)))) for name, breaks, item in rows]
    )
    own = parts.ranges([(3, parts.SEQUENCE, 1)])
    return [
        *cases,
        *malformed("boot", [("lost-own-number", "a lost range reaches its own number", boot_with({-70004: own}))]),
    ]


def _boot_and_loss_form() -> list[Case]:
    boot = [*parts.common(2), parts.claims()]
    return malformed("boot", [
        ("eight-elements", "no claims element", parts.bare_message(signed(array(boot[:8])))),
        ("ten-elements", "an element too many", parts.bare_message(signed(array([*boot, integer(0)])))),
        ("as-telemetry", "record_type 1 with claims", parts.bare_message(signed(array([integer(1), *boot[1:]])))),
        ("as-loss", "record_type 3 with claims", parts.bare_message(signed(array([integer(3), *boot[1:]])))),
        ("kid-of-nobody-malformed", "claims map empty, by an unknown key", parts.bare_message(parts.sign1(parts.boot_payload(mapping([])), key=DEVICE.of("nobody")))),
    ])  # fmt: skip

"""Mutations of a statement's payload, of columns, and of boot and loss statements. All are signed again, and commit again."""

from __future__ import annotations

from . import parts
from .base import COLUMNS, PAYLOAD, READINGS, ROOT, boot_with, committed, signed, telemetry, telemetry_with
from .case import Case, malformed
from .cast import DEVICE, FIELD, some_bytes
from .encoding import (
    DOUBLE_ONE,
    FALSE,
    HALF_ONE,
    MAX_INT,
    NULL,
    TRUE,
    UNDEFINED,
    array,
    bstr,
    head,
    integer,
    mapping,
    tstr,
)
from .valid import largest_columns

TOO_LARGE = integer(MAX_INT + 1)
TOO_SMALL = integer(-MAX_INT - 1)


def content_cases() -> list[Case]:
    return [
        *_payload_form(), *_payload_elements(), *_unknown_kinds(), *_columns(), *_column_encoding(), *_time_column(),
        *_boot_claims(), *_boot_claim_map(), *_ranges(), *_boot_and_loss_form(),
    ]  # fmt: skip


def _payload_form() -> list[Case]:
    items = [*parts.common(1), integer(len(READINGS)), bstr(ROOT)]
    rows = [
        ("map", "payload is a map", mapping([(integer(0), integer(1))])),
        ("integer", "payload is an integer", integer(1)),
        ("empty-array", "payload is an empty array", array([])),
        ("seven-elements", "only seven elements", array(items[:7])),
        ("nine-elements", "commitment left out", array(items[:9])),
        ("eleven-elements", "an element too many", array([*items, integer(0)])),
        ("trailing", "a byte after the array", PAYLOAD + b"\x00"),
        ("cut", "last byte missing", PAYLOAD[:-1]),
        ("indefinite", "array of indefinite length", b"\x9f" + PAYLOAD[1:] + b"\xff"),
        ("long-head", "array length not in shortest form", array(items, 1)),
        ("tagged", "a tag before the array", b"\xd9\xd9\xf7" + PAYLOAD),
        ("shared-reference", "a shared value and references to it", array([b"\xd8\x1c" + array([b"\xd8\x1d\x00"]), *items[1:]])),
        ("nested-in-bstr", "the array wrapped in another byte string", bstr(PAYLOAD)),
        ("deep", "an element nested 9 deep", array([*items[:8], b"\x81" * 9 + b"\x00", items[9]])),
    ]  # fmt: skip
    return malformed("payload", [(name, breaks, telemetry(signed(payload))) for name, breaks, payload in rows])


def _payload_elements() -> list[Case]:
    """Rows are (element, name, what is broken, encoded replacement)."""
    rows = [
        (0, "record-type-negative", "negative record_type", integer(-1)),
        (0, "record-type-text", "record_type as text", tstr("1")),
        (0, "record-type-true", "true as record_type", TRUE),
        (0, "record-type-long", "record_type not in shortest form", integer(1, 1)),
        (1, "schema-0", "schema 0", integer(0)),
        (1, "schema-65536", "schema 65,536", integer(65_536)),
        (1, "schema-null", "null as schema", NULL),
        (2, "boot-count-0", "boot_count 0", integer(0)),
        (2, "boot-count-2-32", "boot_count 2^32", integer(1 << 32)),
        (2, "boot-count-long", "boot_count not in shortest form", integer(7, 4)),
        (3, "sequence-negative", "negative sequence", integer(-1)),
        (3, "sequence-2-48", "sequence 2^48", integer(1 << 48)),
        (3, "sequence-long", "sequence not in shortest form", integer(41, 8)),
        (3, "sequence-float", "sequence as a float", DOUBLE_ONE),
        (3, "sequence-bignum", "sequence as a bignum", b"\xc2" + bstr(b"\x29")),
        (3, "sequence-null", "null as sequence", NULL),
        (3, "sequence-array", "sequence as an array", array([integer(41)])),
        (4, "time-2-53", "time_ms 2^53", TOO_LARGE),
        (4, "time-negative", "negative time_ms", integer(-1)),
        (4, "time-tagged", "time_ms as tagged epoch time", b"\xc1" + integer(1_700_000_000)),
        (4, "time-text", "time_ms as text", tstr("2025-06-15T15:06:40Z")),
        (5, "time-quality-5", "unknown time_quality", integer(5)),
        (5, "time-quality-negative", "negative time_quality", integer(-1)),
        (5, "time-quality-false", "false as time_quality", FALSE),
        (5, "time-quality-none-but-uncertain", "time_quality 0 with an uncertainty", integer(0)),
        (6, "uncertainty-negative", "negative time_uncertainty_ms", integer(-1)),
        (6, "uncertainty-2-53", "time_uncertainty_ms 2^53", TOO_LARGE),
        (7, "prev-31-bytes", "prev of 31 bytes", bstr(parts.PREV[:31])),
        (7, "prev-33-bytes", "prev of 33 bytes", bstr(parts.PREV + b"\0")),
        (7, "prev-null", "null as prev", NULL),
        (7, "prev-text", "prev as text", tstr("p" * 32)),
        (8, "reading-count-0", "reading_count 0", integer(0)),
        (8, "reading-count-257", "reading_count 257", integer(257)),
        (8, "reading-count-undefined", "undefined as reading_count", UNDEFINED),
        (8, "reading-count-half", "reading_count as a half-precision float", HALF_ONE),
        (9, "commitment-31-bytes", "commitment of 31 bytes", bstr(ROOT[:31])),
        (9, "commitment-33-bytes", "commitment of 33 bytes", bstr(ROOT + b"\0")),
        (9, "commitment-chunks", "commitment in chunks", b"\x5f" + bstr(ROOT) + b"\xff"),
        (9, "commitment-long-head", "commitment's length not in shortest form", bstr(ROOT, 2)),
    ]
    return malformed("payload", [(name, breaks, telemetry_with({at: item})) for at, name, breaks, item in rows])


def _unknown_kinds() -> list[Case]:
    def bare(payload: bytes) -> bytes:
        return parts.bare_message(signed(payload))

    fourth = array([*parts.common(4), tstr("anything")])
    return [
        Case("record-type-unknown", "record_type 4", bare(fourth), "unsupported"),
        Case("record-type-unknown-no-body", "record_type 0 with eight elements", bare(array(parts.common(0))), "unsupported"),
        Case("record-type-unknown-in-three", "record_type 4 in a message of three", telemetry(signed(fourth)), "unsupported"),
        Case("schema-unknown", "telemetry of a schema that is not known", telemetry_with({1: integer(65_535)}), "unsupported"),
        Case("schema-unknown-two-columns", "unknown schema, which may have two columns", committed(COLUMNS[:2], elements={1: integer(77)}), "unsupported"),
        Case("boot-schema-unknown", "boot statement of schema 2", boot_with({}, {1: integer(2)}), "unsupported"),
        Case("loss-schema-unknown", "loss statement of schema 2", bare(parts.loss_payload(integer(0), {1: integer(2)})), "unsupported"),
        Case("record-type-unknown-malformed", "record_type 4, but prev of 31 bytes", bare(array([*parts.common(4, {7: bstr(bytes(31))}), NULL])), "malformed"),
        Case("record-type-unknown-float", "record_type 4, but a float in its body", bare(array([*parts.common(4), HALF_ONE])), "malformed"),
        Case("schema-unknown-malformed-column", "unknown schema, but a column of text", committed([COLUMNS[0], tstr("x")], elements={1: integer(77)}), "malformed"),
        Case("schema-unknown-no-time-column", "unknown schema, but column 0 does not begin with 0", committed([integer(1), *COLUMNS[1:]], elements={1: integer(77)}), "malformed"),
    ]  # fmt: skip


def _columns() -> list[Case]:
    long_text = parts.oversize_columns(12_289, 30)
    return malformed("columns", [
        ("none", "no columns", committed([])),
        ("29", "a column too few", committed(COLUMNS[:29])),
        ("31", "a column too many", committed([*COLUMNS, NULL])),
        ("65", "65 columns", committed([*COLUMNS, *[NULL] * 35])),
        ("head-29", "array says 29, but 30 follow", committed(COLUMNS, array_of=head(4, 29) + b"".join(COLUMNS))),
        ("head-31", "array says 31, but 30 follow", committed(COLUMNS, array_of=head(4, 31) + b"".join(COLUMNS))),
        ("head-long", "array length not in shortest form", committed(COLUMNS, array_of=array(COLUMNS, 2))),
        ("12289-bytes", "encoded columns array of 12,289 bytes", committed(_too_long_columns(), 256)),
        ("12289-bytes-text", "12,289 bytes, one column a byte string", committed(long_text, 1)),
        ("trailing", "a byte after the columns", committed(COLUMNS, array_of=array(COLUMNS) + b"\x00")),
    ])  # fmt: skip


def _too_long_columns() -> list[bytes]:
    columns = parts.columns_of(largest_columns())
    columns[-1] = integer(24)  # a byte longer than the 0 that was there
    return columns


def _column_encoding() -> list[Case]:
    """Column 5 replaced, in a statement of four readings."""
    rows = [
        ("one-element", "array of a single element", array([integer(5)])),
        ("empty-array", "empty array", array([])),
        ("five-elements", "array longer than the readings", array([integer(1)] * 5)),
        ("all-null", "array without an integer", array([NULL, NULL])),
        ("trailing-zero", "array ends in a difference of 0", array([integer(5), integer(1), integer(0)])),
        ("constant-as-array", "constant as an array", array([integer(5), integer(0)])),
        ("late-constant-trailing-zero", "ends in 0 after its first integer", array([NULL, integer(5), integer(0)])),
        ("late-zero-trailing-zero", "ends in 0 after its first integer, which is 0", array([NULL, integer(0), integer(0)])),
        ("long-integer", "integer not in shortest form", integer(5, 1)),
        ("long-difference", "difference not in shortest form", array([integer(500), integer(5, 2)])),
        ("long-array-head", "array length not in shortest form", array([integer(5), integer(1)], 1)),
        ("indefinite", "array of indefinite length", b"\x9f" + integer(5) + integer(1) + b"\xff"),
        ("float", "float", HALF_ONE),
        ("float-difference", "float as a difference", array([integer(5), DOUBLE_ONE])),
        ("true", "true", TRUE),
        ("undefined", "undefined", UNDEFINED),
        ("undefined-difference", "undefined for an absent value", array([integer(5), UNDEFINED])),
        ("simple-22-long", "null in two bytes", b"\xf8\x16"),
        ("text", "text", tstr("5")),
        ("bytes", "byte string", bstr(b"\x05")),
        ("map", "map", mapping([(integer(0), integer(5))])),
        ("nested", "array in an array", array([integer(5), array([integer(1)])])),
        ("tag", "tagged integer", b"\xc1" + integer(5)),
        ("bignum", "bignum", b"\xc2" + bstr(b"\x05")),
        ("value-2-53", "value 2^53", TOO_LARGE),
        ("value-minus-2-53", "value -2^53", TOO_SMALL),
        ("sum-2-53", "difference leads to 2^53", array([integer(MAX_INT), integer(1)])),
        ("sum-minus-2-53", "difference leads to -2^53", array([integer(-MAX_INT), integer(-1)])),
        ("sum-too-large-between", "leaves the range and comes back", array([integer(MAX_INT), integer(7), integer(-7)])),
        ("difference-2-53", "a difference of 2^53, between values in range", array([integer(-1), TOO_LARGE])),
        ("integer-2-64", "integer 2^64-1", integer((1 << 64) - 1)),
        ("huge-array", "array that declares 2^32 elements", head(4, 1 << 32) + integer(5)),
    ]  # fmt: skip
    cases = [(name, breaks, committed([*COLUMNS[:5], item, *COLUMNS[6:]])) for name, breaks, item in rows]
    single = parts.columns_of(READINGS[:1])
    single[5] = array([integer(5), integer(1)])
    return malformed(
        "column", [*cases, ("array-of-single-reading", "array where there is one reading", committed(single, 1))]
    )


def _time_column() -> list[Case]:
    rows = [
        ("absent", "time_offset_ms absent", NULL),
        ("first-1", "first offset is not 0", array([integer(1), integer(1)])),
        ("constant-5", "all offsets are 5", integer(5)),
        ("negative", "first offset is negative", integer(-1)),
        ("falls", "an offset smaller than the one before", array([integer(0), integer(9), integer(-1)])),
        ("absent-within", "an offset absent", array([integer(0), NULL, integer(9)])),
        ("absent-first", "first offset absent", array([NULL, integer(0)])),
        ("absent-last", "last offset absent", array([integer(0), integer(5), integer(5), NULL])),
    ]
    return malformed("time-column", [(name, breaks, committed([item, *COLUMNS[1:]])) for name, breaks, item in rows])


def _boot_claims() -> list[Case]:
    off_curve = b"\x02" + (5).to_bytes(32, "big")  # x = 5 belongs to a point; 1 less or more may not: searched below
    while _is_x_of_a_point(int.from_bytes(off_curve[1:], "big")):
        off_curve = b"\x02" + (int.from_bytes(off_curve[1:], "big") + 1).to_bytes(32, "big")
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
        (-70006, "receipt-key-off-curve", "receipt_key whose x belongs to no point", bstr(off_curve)),
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

"""Mutations of a statement's payload and of columns. All are signed again, and commit again."""

from __future__ import annotations

from . import parts
from .base import COLUMNS, PAYLOAD, READINGS, ROOT, boot_with, committed, signed, telemetry, telemetry_with
from .case import Case, malformed
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
        Case("record-type-unknown-in-two", "record_type 4 in a message of two", array([bstr(signed(fourth)), NULL]), "malformed"),
        Case("record-type-unknown-trailing", "record_type 4, a byte after the message", bare(fourth) + b"\x00", "malformed"),
        Case("record-type-unknown-element", "record_type 4, a float after the statement", array([bstr(signed(fourth)), NULL, HALF_ONE]), "malformed"),
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
        ("long-integer-23", "23 in two bytes", integer(23, 1)),
        ("long-integer-255", "255 in three bytes", integer(255, 2)),
        ("long-integer-65535", "65,535 in five bytes", integer(65_535, 4)),
        ("long-integer-2-32", "2^32-1 in nine bytes", integer((1 << 32) - 1, 8)),
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
    of_single = [
        ("array-of-single-reading", "array where there is one reading", array([integer(5), integer(1)])),
        ("minus-2-53-of-single-reading", "value -2^53 of a single reading", TOO_SMALL),
        ("long-integer-of-single-reading", "integer not in shortest form, of a single reading", integer(23, 1)),
    ]
    cases += [(name, breaks, committed([*single[:5], item, *single[6:]], 1)) for name, breaks, item in of_single]
    return malformed("column", cases)


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

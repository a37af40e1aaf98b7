"""Single CBOR items: of the subset, or outside it."""

from __future__ import annotations

from typing import Any

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


def items() -> list[dict[str, Any]]:
    """Every way that is known to be not deterministic, or not of the subset, and the boundaries of what is."""
    return [_vector(name, item, "ok") for name, item in _good()] + [
        _vector(name, item, "malformed") for name, item in _bad()
    ]


def _vector(name: str, item: bytes, expect: str) -> dict[str, Any]:
    return {"name": name, "input": {"item": item.hex()}, "expect": expect}


def _good() -> list[tuple[str, bytes]]:
    numbers = [0, 23, 24, 255, 256, 65_535, 65_536, (1 << 32) - 1, 1 << 32, MAX_INT]
    return [
        *[(f"integer {number}", integer(number)) for number in numbers],
        *[(f"integer {-number}", integer(-number)) for number in numbers[1:]],
        *[(f"byte string of {size}", bstr(bytes(size))) for size in (0, 23, 24, 255, 256)],
        *[(f"array of {size}", array([NULL] * size)) for size in (0, 23, 24, 255, 256)],
        ("null", NULL),
        ("text", tstr("ä電🔋")),
        ("empty text", tstr("")),
        ("map, keys in bytewise order", mapping([(integer(10), NULL), (integer(256), NULL), (integer(-1), NULL), (bstr(b"a"), NULL), (tstr("a"), NULL)])),
        ("nested 8 deep", b"\x81" * 7 + b"\x80"),
        ("maps nested 8 deep", b"\xa1\x00" * 7 + b"\xa0"),
    ]  # fmt: skip


def _bad() -> list[tuple[str, bytes]]:
    pair = (integer(1), NULL), (integer(2), NULL)
    return [
        ("empty", b""),
        ("nested 9 deep", b"\x81" * 8 + b"\x80"),
        ("maps nested 9 deep", b"\xa1\x00" * 8 + b"\xa0"),
        ("integer 2^53", integer(MAX_INT + 1)),
        ("integer -2^53", integer(-MAX_INT - 1)),
        ("integer 2^64-1", integer((1 << 64) - 1)),
        *[(f"integer 1 in {width} bytes", integer(1, width)) for width in (1, 2, 4, 8)],
        *[(f"integer {most} in {width} bytes", integer(most, width)) for most, width in _just_too_wide()],
        *[(f"integer {-1 - most} in {width} bytes", integer(-1 - most, width)) for most, width in _just_too_wide()],
        *[(f"integer -1 in {width} bytes", integer(-1, width)) for width in (1, 2, 4, 8)],
        *[(f"byte string length in {width} bytes", bstr(b"a", width)) for width in (1, 2, 4, 8)],
        *[(f"array length in {width} bytes", array([NULL], width)) for width in (1, 2, 4, 8)],
        ("text length in 1 byte", head(3, 1, 1) + b"a"),
        ("map length in 1 byte", head(5, 1, 1) + integer(1) + NULL),
        ("indefinite byte string", b"\x5f\x41a\xff"),
        ("indefinite text", b"\x7f\x61a\xff"),
        ("indefinite array", b"\x9f\x01\xff"),
        ("indefinite map", b"\xbf\x01\x02\xff"),
        ("break", b"\xff"),
        ("true", TRUE),
        ("false", FALSE),
        ("undefined", UNDEFINED),
        ("simple value 0", b"\xe0"),
        ("simple value 255", b"\xf8\xff"),
        ("simple value 20 in two bytes", b"\xf8\x14"),
        ("half float", HALF_ONE),
        ("single float", b"\xfa\x3f\x80\x00\x00"),
        ("double float", DOUBLE_ONE),
        ("not a number", b"\xf9\x7e\x00"),
        ("infinity", b"\xf9\x7c\x00"),
        ("map keys swapped", mapping([pair[1], pair[0]])),
        ("map key twice", mapping([pair[0], pair[0]])),
        ("map keys by length first", mapping([(integer(-1), NULL), (integer(256), NULL)])),
        ("map key not shortest", mapping([(integer(1, 1), NULL)])),
        ("map without last value", head(5, 1) + integer(1)),
        ("text not UTF-8", b"\x62\xc3\x28"),
        ("text with surrogate", b"\x63\xed\xa0\x80"),
        ("text with overlong NUL", b"\x62\xc0\x80"),
        ("array cut", head(4, 2) + NULL),
        ("byte string cut", head(2, 5) + b"abc"),
        ("array of 2^64-1", head(4, (1 << 64) - 1)),
        ("byte string of 2^64-1", head(2, (1 << 64) - 1) + b"a"),
        ("text of 2^63-1", head(3, (1 << 63) - 1) + b"a"),
        ("map of 2^63", head(5, 1 << 63)),
        ("trailing byte", NULL + b"\x00"),
        ("two items", NULL + NULL),
        ("10,000 arrays", b"\x81" * 10_000),
        ("10,000 tags", b"\xc1" * 10_000 + b"\x00"),
        ("reserved additional information", b"\x1c"),
        ("reserved in array", b"\x9d"),
        *[(f"tag {tag}", head(6, tag) + content) for tag, content in _tags()],
        ("tag 18 in shortest form, twice", b"\xd2\xd2\x00"),
        ("tag with long head", head(6, 1, 1) + integer(0)),
        ("indefinite tag", b"\xdf\x00"),
        ("cyclic reference", b"\xd8\x1c\x81\xd8\x1d\x00"),
    ]


def _just_too_wide() -> list[tuple[int, int]]:
    """The largest number that the next shorter form holds, and the bytes of the longer one."""
    return [(23, 1), (255, 2), (65_535, 4), ((1 << 32) - 1, 8)]


def _tags() -> list[tuple[int, bytes]]:
    """Tags that general decoders interpret, with content they accept."""
    return [
        (0, tstr("2013-03-21T20:04:00Z")),
        (1, integer(1)),
        (2, bstr(b"\x01")),
        (3, bstr(b"\x01")),
        (4, array([integer(1), integer(1)])),
        (5, array([integer(1), integer(1)])),
        (18, array([])),
        (21, bstr(b"a")),
        (24, bstr(b"\x00")),
        (25, integer(0)),
        (28, array([])),
        (29, integer(0)),
        (30, array([integer(1), integer(2)])),
        (32, tstr("http://example")),
        (35, tstr("(((((a*)*)*)*)*)*")),
        (36, tstr("Content-Type: text/plain\n\nx")),
        (37, bstr(bytes(16))),
        (52, bstr(bytes(4))),
        (54, bstr(bytes(16))),
        (100, integer(1)),
        (256, array([])),
        (258, array([integer(1)])),
        (260, bstr(bytes(4))),
        (261, mapping([(bstr(bytes(4)), integer(8))])),
        (1004, tstr("2013-03-21")),
        (43000, array([integer(1), integer(2)])),
        (55799, integer(0)),
    ]

"""Mutations of the message around a statement, and of the COSE_Sign1."""

from __future__ import annotations

from . import parts
from .base import BOOT, COLUMNS, PAYLOAD, STATEMENT, signed, telemetry
from .case import Case, malformed
from .cast import DEVICE, MAKER, some_bytes
from .encoding import HALF_ONE, NULL, array, bstr, head, integer, mapping, tstr

SEED = bstr(parts.SEED)
VALID = array([bstr(STATEMENT), SEED, array(COLUMNS)])


def structure_cases() -> list[Case]:
    return [*_oversize(), *_message_form(), *_message_encoding(), *_sign1_form(), *_headers(), *_tail(), *_other_alg()]


def _oversize() -> list[Case]:
    large = head(4, 3) + bstr(STATEMENT) + SEED + array([bstr(bytes(16_384 - 198))])
    large += bytes(16_385 - len(large))
    long_statement = signed(array([*parts.common(3), parts.ranges([(1, 2, 1)])]) + bytes(1_300))
    long_statement += bytes(1_537 - len(long_statement))
    at_the_limit = malformed("message", [
        ("longest-garbage", "16,384 bytes of nested arrays", b"\x81" * 16_384),
        ("statement-longest-garbage", "statement of 1,536 bytes, nearly all of them beyond its end", parts.bare_message(STATEMENT + bytes(1_536 - len(STATEMENT)))),
    ])  # fmt: skip
    return [
        *at_the_limit,
        Case("oversize-payload", "payload of 16,385 bytes", large, "oversize"),
        Case("oversize-payload-garbage", "16,385 zero bytes: too long before it is malformed", bytes(16_385), "oversize"),
        Case("oversize-statement", "statement of 1,537 bytes", parts.bare_message(long_statement), "oversize"),
        Case("oversize-statement-then-garbage", "statement of 1,537 bytes, and bytes after the message", parts.bare_message(long_statement) + b"\x00", "oversize"),
    ]  # fmt: skip


def _message_form() -> list[Case]:
    statement, columns = bstr(STATEMENT), array(COLUMNS)
    return malformed("message", [
        ("empty", "no bytes", b""),
        ("null", "null instead of an array", NULL),
        ("statement-alone", "the statement without the array around it", STATEMENT),
        ("map", "a map instead of an array", mapping([(integer(0), statement)])),
        ("text", "text instead of an array", tstr("[]")),
        ("json", "JSON instead of CBOR", b'{"soc":98}'),
        ("no-elements", "array of no elements", array([])),
        ("two-elements", "columns left out", array([statement, SEED])),
        ("four-elements", "an element too many", array([statement, SEED, columns, NULL])),
        ("telemetry-bare", "telemetry without seed and columns", array([statement])),
        ("boot-with-columns", "a boot statement with seed and columns", array([bstr(BOOT), SEED, columns])),
        ("statement-text", "statement as text", array([tstr("x" * 40), SEED, columns])),
        ("statement-not-wrapped", "statement as an item, not a byte string", array([STATEMENT, SEED, columns])),
        ("statement-empty", "empty statement", array([bstr(b""), SEED, columns])),
        ("statement-null", "null as statement", array([NULL, SEED, columns])),
        ("seed-15-bytes", "seed of 15 bytes", array([statement, bstr(parts.SEED[:15]), columns])),
        ("seed-17-bytes", "seed of 17 bytes", array([statement, bstr(parts.SEED + b"\0"), columns])),
        ("seed-text", "seed as text", array([statement, tstr("s" * 16), columns])),
        ("seed-null", "null as seed", array([statement, NULL, columns])),
        ("seed-last", "seed after the columns", array([statement, columns, SEED])),
        ("columns-wrapped", "columns as a byte string", array([statement, SEED, bstr(columns)])),
        ("columns-null", "null as columns", array([statement, SEED, NULL])),
        ("columns-map", "columns as a map", array([statement, SEED, mapping([(integer(0), integer(0))])])),
        ("tagged", "a tag before the message", b"\xd9\xd9\xf7" + VALID),
        ("boot-two-elements", "a boot statement and something else", array([bstr(BOOT), NULL])),
        ("boot-trailing", "a byte after the message of a boot statement", array([bstr(BOOT)]) + b"\x00"),
        ("boot-cut", "last byte missing from the message of a boot statement", array([bstr(BOOT)])[:-1]),
        ("boot-tagged-statement", "a tag before the statement's byte string", array([b"\xd8\x18" + bstr(BOOT)])),
    ])  # fmt: skip


def _message_encoding() -> list[Case]:
    columns = array(COLUMNS)
    after_head = VALID[1:]
    return malformed("message", [
        ("trailing-byte", "a zero byte after the message", VALID + b"\x00"),
        ("twice", "the message twice", VALID + VALID),
        ("leading-byte", "a zero byte before the message", b"\x00" + VALID),
        ("cut-last-byte", "last byte missing", VALID[:-1]),
        ("cut-in-statement", "ends within the statement", VALID[:100]),
        ("cut-after-head", "ends after the first byte", VALID[:1]),
        ("long-array-head", "array length not in shortest form", head(4, 3, 1) + after_head),
        ("indefinite-array", "array of indefinite length", b"\x9f" + after_head + b"\xff"),
        ("break-alone", "a break code", b"\xff"),
        ("reserved-head", "reserved additional information 28", b"\x9c" + after_head),
        ("long-statement-head", "statement's length not in shortest form", array([bstr(STATEMENT, 2), SEED, columns])),
        ("longer-statement-head", "statement's length in four bytes", array([bstr(STATEMENT, 4), SEED, columns])),
        ("indefinite-statement", "statement in chunks", array([b"\x5f" + bstr(STATEMENT) + b"\xff", SEED, columns])),
        ("long-seed-head", "seed's length not in shortest form", array([bstr(STATEMENT), bstr(parts.SEED, 1), columns])),
        ("indefinite-columns", "columns of indefinite length", array([bstr(STATEMENT), SEED, b"\x9f" + b"".join(COLUMNS) + b"\xff"])),
        ("huge-array", "array that declares 2^64-1 elements", head(4, (1 << 64) - 1) + after_head),
        ("huge-statement", "statement that declares 2^63 bytes", b"\x83" + head(2, 1 << 63) + STATEMENT),
        ("huge-columns", "columns that declare 2^32 elements", b"\x83" + bstr(STATEMENT) + SEED + head(4, 1 << 32)),
        ("deep-arrays", "10,000 arrays in one another", b"\x81" * 10_000 + b"\x00"),
        ("deep-maps", "5,000 maps in one another", b"\xa1\x00" * 5_000 + b"\x00"),
        ("deep-tags", "10,000 tags in one another", b"\xd2" * 10_000 + b"\x00"),
    ])  # fmt: skip


def _sign1_form() -> list[Case]:
    items = [bstr(parts.protected(DEVICE)), mapping([]), bstr(PAYLOAD), STATEMENT[-66:]]
    tagged = STATEMENT[1:]
    rows = [
        ("untagged", "no tag", tagged),
        ("tag-17", "tag of COSE_Mac0", b"\xd1" + tagged),
        ("tag-98", "tag of COSE_Sign", b"\xd8\x62" + tagged),
        ("tag-twice", "tag 18 twice", b"\xd2" + STATEMENT),
        ("tag-long", "tag not in shortest form", b"\xd8\x12" + tagged),
        ("three-elements", "signature left out", b"\xd2" + array(items[:3])),
        ("five-elements", "an element too many", b"\xd2" + array([*items, NULL])),
        ("indefinite", "array of indefinite length", b"\xd2\x9f" + b"".join(items) + b"\xff"),
        ("long-array-head", "array length not in shortest form", b"\xd2" + array(items, 1)),
        ("map", "a map instead of an array", b"\xd2" + mapping([(items[0], items[1]), (items[2], items[3])])),
    ]
    return malformed("sign1", [(name, breaks, telemetry(raw)) for name, breaks, raw in rows])


def _headers() -> list[Case]:
    alg, kid = (integer(1), integer(-7)), (integer(4), bstr(DEVICE.kid))
    raw_kid = parts.protected(DEVICE)
    protected = [
        ("empty", "empty protected header", b""),
        ("empty-map", "empty map as protected header", mapping([])),
        ("no-alg", "no alg", mapping([kid])),
        ("no-kid", "no kid", mapping([alg])),
        ("reversed", "kid before alg", mapping([kid, alg])),
        ("duplicate-alg", "alg twice", mapping([alg, alg, kid])),
        ("duplicate-kid", "kid twice", mapping([alg, kid, kid])),
        ("extra", "a third parameter (content type)", mapping([alg, (integer(3), integer(60)), kid])),
        ("crit", "crit parameter", mapping([alg, (integer(2), array([integer(4)])), kid])),
        ("kid-7-bytes", "kid of 7 bytes", mapping([alg, (integer(4), bstr(DEVICE.kid[:7]))])),
        ("kid-9-bytes", "kid of 9 bytes", mapping([alg, (integer(4), bstr(DEVICE.kid + b"\0"))])),
        ("kid-text", "kid as text", mapping([alg, (integer(4), tstr("12345678"))])),
        ("alg-text", "alg as text", mapping([(integer(1), tstr("ES256")), kid])),
        ("alg-null", "null as alg", mapping([(integer(1), NULL), kid])),
        ("alg-long", "alg not in shortest form", mapping([(integer(1), integer(-7, 1)), kid])),
        ("label-long", "label not in shortest form", mapping([(integer(1, 1), integer(-7)), kid])),
        ("kid-long", "kid's length not in shortest form", mapping([alg, (integer(4), bstr(DEVICE.kid, 1))])),
        ("trailing", "a byte after the map", raw_kid + b"\x00"),
        ("array", "an array instead of a map", array([integer(1), integer(-7), integer(4), bstr(DEVICE.kid)])),
        ("indefinite", "map of indefinite length", b"\xbf" + raw_kid[1:] + b"\xff"),
    ]  # fmt: skip
    cases = malformed(
        "protected", [(name, breaks, telemetry(signed(PAYLOAD, header=content))) for name, breaks, content in protected]
    )
    unprotected = [
        ("kid", "kid repeated in the unprotected header", mapping([kid])),
        ("anything", "something in the unprotected header", mapping([(integer(5), bstr(b"iv"))])),
        ("null", "null as unprotected header", NULL),
        ("array", "an array as unprotected header", array([])),
        ("missing", "no unprotected header", b""),
    ]
    rows = [(name, breaks, telemetry(signed(PAYLOAD, unprotected=item))) for name, breaks, item in unprotected]
    bare = b"\xd2\x84" + raw_kid + b"\xa0" + bstr(PAYLOAD) + STATEMENT[-66:]
    return [*cases, *malformed("unprotected", rows), *malformed("protected", [("not-wrapped", "a map, not a byte string", telemetry(bare))])]  # fmt: skip


def _tail() -> list[Case]:
    """Payload and signature, as items of the COSE_Sign1."""
    start = STATEMENT[: 2 + 14 + 1]
    signature = STATEMENT[-64:]
    rows = [
        ("payload-detached", "null as payload", start + NULL + STATEMENT[-66:]),
        ("payload-text", "payload as text", start + tstr("x" * 40) + STATEMENT[-66:]),
        ("payload-not-wrapped", "payload as an array, not a byte string", start + PAYLOAD + STATEMENT[-66:]),
        ("payload-long-head", "payload's length not in shortest form", start + bstr(PAYLOAD, 2) + STATEMENT[-66:]),
        ("payload-empty", "empty payload", signed(b"")),
        ("signature-63-bytes", "signature of 63 bytes", signed(PAYLOAD, signature=bstr(signature[:63]))),
        ("signature-65-bytes", "signature of 65 bytes", signed(PAYLOAD, signature=bstr(signature + b"\0"))),
        ("signature-empty", "empty signature", signed(PAYLOAD, signature=bstr(b""))),
        ("signature-null", "null as signature", signed(PAYLOAD, signature=NULL)),
        ("signature-long-head", "signature's length not in shortest form", signed(PAYLOAD, signature=bstr(signature, 2))),
        ("signature-der", "signature in DER", signed(PAYLOAD, signature=bstr(b"\x30\x44\x02\x20" + signature[:32] + b"\x02\x20" + signature[32:]))),
        ("trailing", "a byte after the COSE_Sign1", signed(PAYLOAD, suffix=b"\x00")),
        ("twice", "the COSE_Sign1 twice", STATEMENT + STATEMENT),
        ("cut", "last byte of the signature missing", STATEMENT[:-1]),
    ]  # fmt: skip
    return malformed("sign1", [(name, breaks, telemetry(raw)) for name, breaks, raw in rows])


def _other_alg() -> list[Case]:
    def with_alg_alone(alg: int, signature: bytes, payload: bytes = PAYLOAD, unprotected: bytes = b"\xa0") -> bytes:
        header = mapping([(integer(1), integer(alg)), (integer(4), bstr(DEVICE.kid))])
        return signed(payload, header=header, signature=bstr(signature), unprotected=unprotected)

    def with_alg(alg: int, signature: bytes, payload: bytes = PAYLOAD) -> bytes:
        return telemetry(with_alg_alone(alg, signature, payload))

    long_signature = some_bytes("long signature", 32) * 3
    return [
        Case("alg-eddsa", "alg EdDSA, which is not supported", with_alg(-8, long_signature[:64]), "unsupported"),
        Case("alg-es384", "alg ES384 with its longer signature", with_alg(-35, long_signature), "unsupported"),
        Case("alg-large", "alg with a number of four bytes", with_alg(-65_700, long_signature), "unsupported"),
        Case("alg-positive", "alg of HMAC", with_alg(5, MAKER.sign(b"")[:32]), "unsupported"),
        Case("alg-unknown-malformed-payload", "unknown alg, but a payload that is no array", with_alg(-8, long_signature, HALF_ONE), "malformed"),
        Case("alg-unknown-signature-cut", "unknown alg, last byte of the signature missing", telemetry(with_alg_alone(-8, long_signature)[:-1]), "malformed"),
        Case("alg-unknown-trailing", "unknown alg, a byte after the COSE_Sign1", telemetry(with_alg_alone(-8, long_signature) + b"\x00"), "malformed"),
        Case("alg-unknown-unprotected", "unknown alg, something in the unprotected header", telemetry(with_alg_alone(-8, long_signature, unprotected=mapping([(integer(5), NULL)]))), "malformed"),
        Case("alg-unknown-malformed-columns", "unknown alg, but columns of one element", _without_columns(with_alg(-8, long_signature)), "malformed"),
    ]  # fmt: skip


def _without_columns(message: bytes) -> bytes:
    """Drop all columns but the first, which stays an array of one."""
    return message[: message.rindex(array(COLUMNS))] + head(4, 2) + COLUMNS[0]

"""Well-formed messages that are refused, or stored with an alarm, for what they stand against: keys, topic, log, chain."""

from __future__ import annotations

from hashlib import sha256

from . import parts
from .base import BOOT_MESSAGE, COLUMNS, MESSAGE, PAYLOAD, READINGS, ROOT, boot_with, signed, telemetry, telemetry_with
from .case import Case
from .cast import (
    DEVICE,
    DEVICE_UEID,
    ENDORSED_MS,
    NEIGHBOUR,
    NEIGHBOUR_UEID,
    ORDER,
    OTHER_ORIGIN,
    RETIRED,
    RETIRED_UEID,
    REVOKED_MS,
    SITE,
    STRANGER,
    Key,
    some_bytes,
    topic_of,
)
from .encoding import array, bstr, integer
from .parts import PREV, SEED

NEIGHBOUR_TOPIC = topic_of(NEIGHBOUR_UEID)
RETIRED_TOPIC = topic_of(RETIRED_UEID)


def standing_cases() -> list[Case]:
    return [*_topics(), *_signatures(), *_keys_in_time(), *_commitments(), *_chain(), *_order()]


def _topics() -> list[Case]:
    by_neighbour = telemetry_with({}, key=NEIGHBOUR)
    device = DEVICE_UEID.hex()
    wrong = [
        ("neighbour", "on the topic of another device", NEIGHBOUR_TOPIC),
        ("down", "on the device's down", topic_of(DEVICE_UEID, "down")),
        ("version-2", "on a topic of another version", f"voltseal/2/{SITE}/{device}/up"),
        ("upper-case", "device in upper-case hex", f"voltseal/1/{SITE}/{device.upper()}/up"),
        ("no-site", "topic without a site", f"voltseal/1/{device}/up"),
        ("longer", "topic with a level too many", f"voltseal/1/{SITE}/{device}/up/x"),
    ]
    return [
        Case("unknown-device", "signed by a key that nobody enrolled", telemetry_with({}, key=STRANGER), "unknown-device"),
        Case("unknown-device-boot", "a boot statement of a key that nobody enrolled", boot_with({}, key=STRANGER), "unknown-device"),
        Case("unknown-kid", "kid of nobody, signed by an enrolled key", telemetry(signed(PAYLOAD, header=parts.protected(STRANGER))), "unknown-device"),
        *[Case(f"topic-{name}", breaks, MESSAGE, "wrong-topic", topic) for name, breaks, topic in wrong],
        Case("topic-of-device-by-neighbour", "another device's statement on this topic", by_neighbour, "wrong-topic"),
        Case("boot-ueid-of-neighbour", "boot statement with another device's ueid", boot_with({256: bstr(NEIGHBOUR_UEID)}), "wrong-topic"),
        Case("neighbour-on-own-topic", "valid: another device on its own topic", by_neighbour, "accepted", NEIGHBOUR_TOPIC),
    ]  # fmt: skip


def _signatures() -> list[Case]:
    good = parts.sign1(PAYLOAD)[-64:]
    r, s = good[:32], good[32:]
    zero, order = bytes(32), ORDER.to_bytes(32, "big")
    rows = [
        ("r-bit", "a bit of r changed", bytes([r[0] ^ 1]) + r[1:] + s),
        ("s-bit", "a bit of s changed", r + s[:-1] + bytes([s[-1] ^ 1])),
        ("zero", "64 zero bytes", zero + zero),
        ("r-0", "r is 0", zero + s),
        ("s-0", "s is 0", r + zero),
        ("r-order", "r is n", order + s),
        ("s-order", "s is n", r + order),
        ("r-all-ones", "r is 2^256-1", b"\xff" * 32 + s),
        ("swapped", "s before r", s + r),
        ("one-one", "r and s are 1", (1).to_bytes(32, "big") * 2),
    ]
    cases = [(name, breaks, telemetry(signed(PAYLOAD, signature=bstr(item)))) for name, breaks, item in rows]
    cases += [
        ("high-s", "n - s instead of s: valid ECDSA, but not low", telemetry(signed(PAYLOAD, high_s=True))),
        ("other-log", "made for another log", telemetry(signed(PAYLOAD, origin=OTHER_ORIGIN))),
        ("other-purpose", "made as an enrolment request", telemetry(signed(PAYLOAD, context=parts.ENROLMENT))),
        ("stranger", "names the device's key, signed by another", telemetry(signed(PAYLOAD, key=STRANGER, header=parts.protected(DEVICE)))),
        ("moved", "signature of another statement", telemetry_with({3: integer(99)}, signature=bstr(good))),
        ("payload-alone", "over the payload, without the Sig_structure", telemetry(signed(PAYLOAD, signature=bstr(DEVICE.sign(PAYLOAD))))),
        ("boot-bit", "boot statement with a bit of the signature changed", BOOT_MESSAGE[:-1] + bytes([BOOT_MESSAGE[-1] ^ 1])),
    ]  # fmt: skip
    return [Case(f"signature-{name}", breaks, payload, "bad-signature") for name, breaks, payload in cases]


def _keys_in_time() -> list[Case]:
    def at(time_ms: int, key: Key = DEVICE, quality: int = 2) -> bytes:
        uncertainty = {6: integer(0)} if quality == 0 else {}
        return telemetry_with({4: integer(time_ms), 5: integer(quality)} | uncertainty, key=key)

    return [
        Case("not-before-minus-1", "one millisecond before the key's not_before_ms", at(ENDORSED_MS - 1), "not-yet-valid-key"),
        Case("not-before-1970", "clock at 1970, which claims to be set", at(0, quality=1), "not-yet-valid-key"),
        Case("not-before-exact", "valid: at not_before_ms", at(ENDORSED_MS), "accepted"),
        Case("not-before-untimed", "valid: no known time, so not before anything", at(1_000, quality=0), "accepted"),
        Case("revoked-exact", "at the revocation's effective_ms", at(REVOKED_MS, RETIRED), "revoked-key", RETIRED_TOPIC),
        Case("revoked-later", "long after the revocation", at(REVOKED_MS * 2, RETIRED), "revoked-key", RETIRED_TOPIC),
        Case("revoked-untimed", "no known time: comes after the revocation", at(1_000, RETIRED, 0), "revoked-key", RETIRED_TOPIC),
        Case("revoked-before", "valid: one millisecond before the revocation", at(REVOKED_MS - 1, RETIRED), "accepted", RETIRED_TOPIC),
    ]  # fmt: skip


def _commitments() -> list[Case]:
    statement = signed(PAYLOAD)
    other_seed = some_bytes("other seed", 16)
    changed = parts.columns_of([[*row[:5], 999, *row[6:]] for row in READINGS])
    swapped = [*COLUMNS[:5], COLUMNS[6], COLUMNS[5], *COLUMNS[7:]]
    unsalted = parts.tree_hash([sha256(b"\x00" + column).digest() for column in COLUMNS])
    rows = [
        ("seed", "another seed", parts.full_message(statement, other_seed, COLUMNS)),
        ("column-changed", "a value changed in column 5", parts.full_message(statement, SEED, changed)),
        ("columns-swapped", "columns 5 and 6 swapped", parts.full_message(statement, SEED, swapped)),
        ("root-bit", "a bit of the commitment changed, signed so", telemetry_with({9: bstr(bytes([ROOT[0] ^ 1]) + ROOT[1:])})),
        ("unsalted", "commitment without salts", telemetry_with({9: bstr(unsalted)})),
        ("zero", "commitment of 32 zero bytes", telemetry_with({9: bstr(bytes(32))})),
    ]  # fmt: skip
    return [Case(f"commitment-{name}", breaks, payload, "bad-commitment") for name, breaks, payload in rows]


def _chained(sequence: int, previous: bytes, boot_count: int = parts.BOOT_COUNT) -> bytes:
    return signed(
        parts.telemetry_payload(
            len(READINGS), ROOT, {2: integer(boot_count), 3: integer(sequence), 7: bstr(sha256(previous).digest())}
        )
    )


def _chain() -> list[Case]:
    first = signed(PAYLOAD)  # number 41, boot 7
    second = _chained(42, first)
    third = _chained(43, second)
    loose = _chained(42, b"something else")
    older_boot = _chained(42, first, parts.BOOT_COUNT - 1)
    far_older_boot = _chained(60, b"unknown", parts.BOOT_COUNT - 1)
    newer_boot_between = _chained(42, first, parts.BOOT_COUNT + 1)
    twin = telemetry_with({4: integer(parts.STATED_MS + 1)})
    messages = {name: telemetry(raw) for name, raw in (("first", first), ("second", second), ("third", third))}
    return [
        Case("duplicate", "the same message again", MESSAGE, "duplicate", before=(MESSAGE,)),
        Case("duplicate-older", "a message again, after a later one", messages["first"], "duplicate", before=(messages["first"], messages["second"])),
        Case("equivocation", "another statement with a number that is stored", twin, "equivocation", before=(MESSAGE,)),
        Case("equivocation-boot", "a boot statement with the number of stored telemetry", BOOT_MESSAGE, "equivocation", before=(MESSAGE,)),
        Case("broken-chain", "prev is not the digest of the stored statement before", telemetry(loose), "broken-chain", before=(messages["first"],)),
        Case("broken-chain-late", "fills a gap, but the stored next one names another prev", telemetry(loose), "broken-chain", before=(messages["first"], messages["third"])),
        Case("boot-regression", "boot_count smaller than that of the statement before", telemetry(older_boot), "boot-regression", before=(messages["first"],)),
        Case("boot-regression-over-gap", "boot_count smaller than before a gap", telemetry(far_older_boot), "boot-regression", before=(messages["first"],)),
        Case("broken-chain-before-boot-regression", "fills a gap with a greater boot_count; its digest is not the next one's prev", telemetry(newer_boot_between), "broken-chain", before=(messages["first"], messages["third"])),
        Case("next-in-chain", "valid: the next number, chained", messages["second"], "accepted", before=(messages["first"],)),
        Case("fills-gap", "valid: late, fits between its neighbours", messages["second"], "accepted", before=(messages["first"], messages["third"])),
        Case("after-gap", "valid: numbers are missing before it", messages["third"], "accepted", before=(messages["first"],)),
    ]  # fmt: skip


def _order() -> list[Case]:
    """Two things wrong at once: the first check decides."""
    stranger_unsupported = telemetry_with({1: integer(2)}, key=STRANGER)
    malformed_unsupported = telemetry_with({1: integer(2), 7: bstr(PREV[:31])})
    stranger_malformed = telemetry_with({3: integer(-1)}, key=STRANGER)
    early = {4: integer(ENDORSED_MS - 1)}
    late = {4: integer(REVOKED_MS)}
    other_columns = array([bstr(signed(PAYLOAD, origin=OTHER_ORIGIN)), bstr(bytes(16)), array(COLUMNS)])
    early_statement = signed(parts.telemetry_payload(len(READINGS), ROOT, early))
    return [
        Case("order-malformed-unsupported", "unknown schema and prev of 31 bytes", malformed_unsupported, "malformed"),
        Case("order-malformed-unknown-device", "negative sequence by a stranger", stranger_malformed, "malformed"),
        Case("order-unsupported-unknown-device", "unknown schema by a stranger", stranger_unsupported, "unsupported"),
        Case("order-unknown-device-wrong-topic", "a stranger on another device's topic", telemetry_with({}, key=STRANGER), "unknown-device", NEIGHBOUR_TOPIC),
        Case("order-wrong-topic-bad-signature", "wrong topic and made for another log", telemetry_with({}, origin=OTHER_ORIGIN), "wrong-topic", NEIGHBOUR_TOPIC),
        Case("order-bad-signature-not-yet-valid", "made for another log, before not_before_ms", telemetry_with(early, origin=OTHER_ORIGIN), "bad-signature"),
        Case("order-bad-signature-revoked", "made for another log, with a revoked key", telemetry_with(late, key=RETIRED, origin=OTHER_ORIGIN), "bad-signature", RETIRED_TOPIC),
        Case("order-bad-signature-bad-commitment", "made for another log, with another seed", other_columns, "bad-signature"),
        Case("order-not-yet-valid-bad-commitment", "before not_before_ms, with another seed", parts.full_message(early_statement, bytes(16), COLUMNS), "not-yet-valid-key"),
        Case("order-revoked-bad-commitment", "revoked key and zero commitment", telemetry_with(late | {9: bstr(bytes(32))}, key=RETIRED), "revoked-key", RETIRED_TOPIC),
        Case("order-bad-commitment-equivocation", "another seed, with a number that is stored", parts.full_message(_twin(), bytes(16), COLUMNS), "bad-commitment", before=(MESSAGE,)),
    ]  # fmt: skip


def _twin() -> bytes:
    """A statement with the number of `MESSAGE`, a millisecond later."""
    return signed(parts.telemetry_payload(len(READINGS), ROOT, {4: integer(parts.STATED_MS + 1)}))

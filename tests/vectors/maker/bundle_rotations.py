"""Registry events of type 3: a key gives way to another, rightly or not (steps 5 and 6)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from . import parts
from .bundle_case import Case, invalid, unchecked, valid
from .bundle_world import LOGGED_MS, STEP_MS, Device, World, endorsement, enrol, request_of, revoke
from .cast import (
    DEVICE,
    DEVICE_UEID,
    NEIGHBOUR,
    NEIGHBOUR_UEID,
    OTHER_ORIGIN,
    RETIRED,
    STATED_MS,
    STRANGER,
    Key,
)
from .encoding import array, bstr, integer

TAKES_OVER_MS = STATED_MS + 3 * STEP_MS  # between the old key's number 2 and the new key's number 3


def cases() -> Iterator[Case]:
    yield from _valid()
    yield from _histories()
    yield from _statements()


def consent(old: Key = DEVICE, new: Key = RETIRED, **sign: Any) -> bytes:
    """The old key's signature over the new key's request."""
    return parts.sign1(request_of(new, DEVICE_UEID), **({"key": old, "context": parts.ROTATION} | sign))


def rotate(endorsed: bytes, agreed: bytes, ueid: bytes = DEVICE_UEID) -> bytes:
    return array([integer(3), integer(LOGGED_MS), bstr(ueid), array([bstr(endorsed), bstr(agreed)])])


def taking_over(key: Key = RETIRED, ueid: bytes = DEVICE_UEID, **changed: Any) -> bytes:
    """The endorsement of the new key."""
    return endorsement(key, ueid, **({"not_before_ms": TAKES_OVER_MS} | changed))


GOOD = rotate(taking_over(), consent())


def begun() -> tuple[World, Device]:
    """A device that has said 0 to 2 with its first key."""
    world, device = World(), Device(DEVICE, DEVICE_UEID)
    world.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    for told in (device.boot(), device.telemetry(), device.telemetry()):
        world.add(device.ueid, told)
    return world, device


def successor(device: Device, key: Key = RETIRED) -> Device:
    """The same device, going on with another key."""
    return Device(key, device.ueid, device.boot_count, device.sequence, device.prev, device.time_quality)


def _valid() -> Iterator[Case]:
    world, first = begun()
    world.add(first.ueid, GOOD)
    second = successor(first)
    world.add(first.ueid, second.boot())
    world.add(first.ueid, second.telemetry())
    keys = [[DEVICE.kid.hex(), 3, 0], [RETIRED.kid.hex(), 2, 0]]
    yield valid(
        "rotated", "the key gave way to another", world.draft(first, [(0, 4)]), keys=keys, completeness="complete"
    )
    yield unchecked(
        "rotated-unknown-maker",
        "a rotation, no maker is trusted",
        world.draft(first, [(0, 4)]),
        5,
        "unknown-maker",
        "no-maker",
    )
    third = successor(second, STRANGER)
    world.add(first.ueid, rotate(taking_over(STRANGER), consent(RETIRED, STRANGER)))
    world.add(first.ueid, third.boot())
    keys = [*keys, [STRANGER.kid.hex(), 1, 0]]
    yield valid("rotated-twice", "and that one to a third", world.draft(first, [(0, 5)]), keys=keys)
    world, first = begun()
    second = successor(first)
    second.sequence = 4
    world.add(first.ueid, GOOD)
    first.time_ms = TAKES_OVER_MS - 1
    world.add(first.ueid, first.telemetry())
    second.prev = first.prev
    world.add(first.ueid, second.boot())
    yield valid(
        "rotated-late-arrival",
        "the old key's statement reached the log after the rotation, with a time before the new key's first day",
        world.draft(first, [(0, 4)]),
        keys=[[DEVICE.kid.hex(), 4, 0], [RETIRED.kid.hex(), 1, 0]],
        completeness="complete",
    )
    world, first = begun()
    first.time_ms = TAKES_OVER_MS + 1
    world.add(first.ueid, first.telemetry())
    world.add(first.ueid, GOOD)
    yield valid(
        "rotated-clock-ahead",
        "the old key's statement names a later time, but was in the log before the rotation",
        world.draft(first, [(0, 3)]),
        keys=[[DEVICE.kid.hex(), 4, 0]],
    )
    world, first = begun()
    world.add(first.ueid, GOOD)
    world.add(first.ueid, revoke(first.ueid, DEVICE.kid, TAKES_OVER_MS))
    yield valid(
        "rotated-then-revoked",
        "the old key was revoked afterwards",
        world.draft(first, [(0, 2)]),
        completeness="complete",
    )


def _histories() -> Iterator[Case]:
    def case(name: str, description: str, code: str, *events: bytes) -> Case:
        world, device = begun()
        for event in events:
            world.add(device.ueid, event)
        return invalid(name, description, world.draft(device, [(0, 2)]), 5, code)

    broken = consent()[:-1] + bytes([consent()[-1] ^ 1])
    yield case(
        "rotation-without-consent", "the consent is no COSE_Sign1", "malformed-entry", rotate(taking_over(), b"\x01")
    )
    yield case(
        "rotation-neighbours",
        "the neighbour's rotation",
        "foreign-entry",
        rotate(taking_over(), consent(), NEIGHBOUR_UEID),
    )
    yield case(
        "rotation-to-neighbours-key",
        "the new key is endorsed for the neighbour",
        "foreign-entry",
        rotate(taking_over(NEIGHBOUR, NEIGHBOUR_UEID), consent()),
    )
    yield case(
        "rotation-false-maker",
        "another maker signed under the maker's name",
        "bad-endorsement",
        rotate(taking_over(origin=OTHER_ORIGIN), consent()),
    )
    yield case(
        "rotation-consent-changed", "a wrong signature of the old key", "bad-rotation", rotate(taking_over(), broken)
    )
    yield case(
        "rotation-other-request",
        "the old key agreed to another new key",
        "bad-rotation",
        rotate(taking_over(), consent(new=STRANGER)),
    )
    yield case(
        "rotation-other-purpose",
        "the old key signed for another purpose",
        "bad-rotation",
        rotate(taking_over(), consent(context=parts.STATEMENT)),
    )
    yield case(
        "rotation-other-log",
        "the old key agreed for another log",
        "bad-rotation",
        rotate(taking_over(), consent(origin=OTHER_ORIGIN)),
    )
    yield case(
        "rotation-by-stranger",
        "a stranger's key agreed under the old key's name",
        "bad-rotation",
        rotate(taking_over(), consent(STRANGER, header=parts.protected(DEVICE))),
    )
    yield case(
        "rotation-by-unknown-key",
        "a stranger's key agreed",
        "bad-key-history",
        rotate(taking_over(), consent(STRANGER)),
    )
    yield case(
        "rotation-by-new-key",
        "the new key agreed to itself",
        "bad-key-history",
        rotate(taking_over(), consent(RETIRED)),
    )
    yield case(
        "rotation-to-itself",
        "a key gives way to itself",
        "bad-key-history",
        rotate(taking_over(DEVICE), consent(new=DEVICE)),
    )
    yield case("rotation-repeated", "one rotation twice", "bad-key-history", GOOD, GOOD)
    yield case(
        "rotation-of-rotated",
        "a key gives way twice",
        "bad-key-history",
        GOOD,
        rotate(taking_over(STRANGER), consent(new=STRANGER)),
    )
    yield case(
        "rotation-of-revoked",
        "a revoked key agreed",
        "bad-key-history",
        revoke(DEVICE_UEID, DEVICE.kid, TAKES_OVER_MS),
        GOOD,
    )


def _statements() -> Iterator[Case]:
    def case(  # noqa: PLR0917
        name: str, description: str, code: str, speaker: Key, time_ms: int, quality: int = 2
    ) -> Case:
        world, first = begun()
        world.add(first.ueid, GOOD)
        second = successor(first, speaker)
        second.time_ms, second.time_quality = time_ms, quality
        world.add(first.ueid, second.telemetry())
        return invalid(name, description, world.draft(first, [(0, 3)]), 6, code)

    yield case("rotated-key-used", "the old key speaks after its rotation", "revoked-key", DEVICE, TAKES_OVER_MS)
    yield case("rotated-key-used-untimed", "the same, without a known time", "revoked-key", DEVICE, 1, 0)
    yield case(
        "rotation-new-key-early",
        "the new key names a time before it took over",
        "not-yet-valid-key",
        RETIRED,
        TAKES_OVER_MS - 1,
    )
    world, first = begun()
    second = successor(first)
    world.add(first.ueid, second.telemetry())
    world.add(first.ueid, GOOD)
    yield invalid(
        "rotation-new-key-logged-before",
        "a statement of the new key was logged before the rotation",
        world.draft(first, [(0, 3)]),
        6,
        "not-yet-valid-key",
    )

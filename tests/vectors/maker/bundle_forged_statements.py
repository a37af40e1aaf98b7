"""Forgeries of statements (step 6): put into the log by its operator, who holds its key but no device's."""

from __future__ import annotations

from collections.abc import Iterator

from . import parts
from .bundle_case import Case, invalid, scene
from .bundle_keys import rotated
from .bundle_text import Draft, b64, multi_proof
from .bundle_world import (
    Device,
    Told,
    World,
    endorsement,
    enrol,
)
from .cast import (
    DEVICE,
    DEVICE_UEID,
    ENDORSED_MS,
    NEIGHBOUR_UEID,
    OTHER_ORIGIN,
    STRANGER,
)
from .encoding import array, bstr, integer


def cases() -> Iterator[Case]:
    yield from _statements()
    yield from _signatures()


def _statements() -> Iterator[Case]:
    def case(name: str, description: str, code: str, world: World, device: Device, *claim: int) -> Case:
        return invalid(name, description, world.draft(device, [(claim[0], claim[-1])]), 6, code)

    world, first, _ = rotated(late_ms=0)
    yield case(
        "revoked-key-used", "a statement whose time is that of its key's revocation", "revoked-key", world, first, 0, 4
    )
    world, first, _ = rotated()
    first.time_quality = 0
    world.add(first.ueid, first.telemetry())
    yield case(
        "revoked-key-no-clock",
        "a statement without time, logged after its key's revocation",
        "revoked-key",
        world,
        first,
        3,
        4,
    )
    s = scene()
    s.device.time_ms = ENDORSED_MS - 1
    s.world.add(s.device.ueid, s.device.telemetry())
    yield case(
        "back-dated",
        "a statement with a time before its key was endorsed",
        "not-yet-valid-key",
        s.world,
        s.device,
        18,
        18,
    )
    early, device = World(), Device(DEVICE, DEVICE_UEID)
    early.add(device.ueid, device.boot())
    early.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    yield case(
        "before-enrolment",
        "a statement that was logged before its key was enrolled",
        "not-yet-valid-key",
        early,
        device,
        0,
        0,
    )
    s = scene()
    s.world.owner[s.world.add(s.neighbour.ueid, s.neighbour.telemetry())] = s.device.ueid
    yield case(
        "devices-mixed",
        "one of the neighbour's statements among the device's",
        "foreign-entry",
        s.world,
        s.device,
        6,
        7,
    )
    s = scene()
    s.world.add(s.device.ueid, s.device.boot(ueid=NEIGHBOUR_UEID))
    yield case(
        "boot-names-other-device",
        "a boot statement with the neighbour's ueid",
        "foreign-entry",
        s.world,
        s.device,
        18,
        18,
    )
    s = scene()
    s.device.origin = OTHER_ORIGIN
    s.world.add(s.device.ueid, s.device.telemetry())
    yield case("other-log", "a statement that was signed for another log", "bad-signature", s.world, s.device, 18, 18)
    s = scene()
    s.world.add(s.device.ueid, s.world.told[s.index(17)])
    yield case("duplicate", "one statement in the log twice", "duplicate-entry", s.world, s.device, 16, 17)
    s = scene()
    draft = s.world.draft(s.device, [(1, 3)], outside=[9])
    yield invalid("outside-claim", "a statement that is not of the claim", draft, 6, "outside-claim")
    draft = s.world.draft(s.device, [(1, 4)], outside=[8])
    yield invalid(
        "outside-claim-declares-nothing",
        "a boot statement outside the claim that declares no gap of it",
        draft,
        6,
        "outside-claim",
    )
    s = scene()
    lone = s.world.draft(s.device, [(3, 3)])
    lone.entries = [entry for entry in lone.entries if entry["index"] != 0]
    _prove(s.world, lone)
    yield invalid("history-left-out", "the key history is missing", lone, 6, "foreign-entry")
    s = scene()
    s.world.add(s.device.ueid, s.device.telemetry(schema=65_535))
    yield case("schema-unknown", "a statement of an unknown schema", "malformed-entry", s.world, s.device, 18, 18)


def _prove(world: World, draft: Draft) -> None:
    draft.inclusion = [b64(node) for node in multi_proof(world.hashes(), [entry["index"] for entry in draft.entries])]


def _signatures() -> Iterator[Case]:
    """The log's operator puts entries of his own making into the log."""
    for name, description, code, sign in (
        (
            "signature-strangers",
            "signed by a stranger under the device's kid",
            "bad-signature",
            {"key": STRANGER, "header": parts.protected(DEVICE)},
        ),
        ("signature-high-s", "the signature's other, equally valid form", "bad-signature", {"high_s": True}),
        (
            "header-critical",
            "an unknown critical header",
            "malformed-entry",
            {"header": b"\xa3\x01\x26\x02\x81\x18\x63\x04\x48" + DEVICE.kid},
        ),
        ("header-unprotected", "an unprotected header", "malformed-entry", {"unprotected": b"\xa1\x18\x63\x01"}),
        (
            "algorithm-unknown",
            "an unknown algorithm",
            "malformed-entry",
            {"header": b"\xa2\x01\x38\x22\x04\x48" + DEVICE.kid},
        ),
        ("bytes-after", "a byte after the statement", "malformed-entry", {"suffix": b"\0"}),
    ):
        s = scene()
        payload = array([*parts.common(1, {3: integer(18), 7: bstr(s.device.prev)}), integer(1), bstr(bytes(32))])
        s.world.add(s.device.ueid, Told(parts.sign1(payload, **sign), 18))
        yield invalid(name, description, s.world.draft(s.device, [(18, 18)]), 6, code)

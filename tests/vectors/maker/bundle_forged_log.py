"""Forgeries of what the log says: proofs and key histories (steps 4 and 5).

All forgeries are well-formed and have right digests; who forges is part of each case. Whoever only sends the bundle can
change its text; whoever runs the log can also sign checkpoints; nobody but the device can sign statements, and nobody
but the maker endorsements.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator

from . import parts
from .bundle_case import Case, Scene, invalid, scene
from .bundle_text import Draft, b64
from .bundle_world import (
    Device,
    World,
    endorsement,
    enrol,
    revoke,
)
from .cast import (
    DEVICE,
    DEVICE_UEID,
    ENDORSED_MS,
    FALSE_MAKER,
    MAKER,
    NEIGHBOUR,
    NEIGHBOUR_UEID,
    OTHER_ORIGIN,
    STRANGER,
)
from .encoding import array, bstr, integer, tstr


def cases() -> Iterator[Case]:
    yield from _inclusions(scene())
    yield from _histories()


def _inclusions(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, draft: Draft, code: str = "not-included") -> Case:
        return invalid(name, description, draft, 4, code)

    draft = s.quiet()
    draft.entries[1], draft.entries[2] = draft.entries[2], draft.entries[1]
    yield case("entries-reordered", "two entries change places", draft, "bad-index")
    draft = s.quiet()
    a, b = draft.entries[1], draft.entries[2]
    a["index"], b["index"] = b["index"], a["index"]
    draft.entries[1], draft.entries[2] = b, a
    yield case("indexes-swapped", "two statements under each other's index", draft)
    draft = s.quiet()
    draft.entries.insert(2, dict(draft.entries[2]))
    yield case("index-twice", "an entry stands twice under its index", draft, "bad-index")
    draft = s.quiet()
    draft.entries[-1]["index"] = len(s.world.leaves)
    yield case("index-beyond-tree", "an index that the tree does not have", draft, "bad-index")
    draft = s.quiet()
    draft.entries[-1]["index"] += 1
    yield case("index-moved", "an index that is another entry's", draft)
    draft = s.quiet()
    draft.inclusion[0], draft.inclusion[1] = draft.inclusion[1], draft.inclusion[0]
    yield case("proof-swapped", "two nodes of the proof change places", draft)
    draft = s.quiet()
    draft.inclusion.pop()
    yield case("proof-short", "the last node of the proof is missing", draft)
    draft = s.quiet()
    draft.inclusion.append(draft.inclusion[0])
    yield case("proof-long", "a node too many", draft)
    draft = s.quiet()
    raw = bytearray(b64decode(draft.entries[-1]["bytes"]))
    raw[-1] ^= 1
    draft.entries[-1]["bytes"] = b64(bytes(raw))
    yield case("statement-bit", "one bit of a statement's signature changed", draft)
    draft = s.quiet()
    del draft.entries[-1]
    yield case("entry-removed", "an entry taken out, the proof left as it was", draft)
    draft = s.quiet()
    old = World()
    for index in range(4):
        old.add(s.world.owner[index], s.world.leaves[index])
    draft.checkpoint, draft.anchors = old.checkpoint(), []
    yield case("checkpoint-older", "an older checkpoint of the same log", draft, "bad-index")


def _histories() -> Iterator[Case]:
    def case(name: str, description: str, code: str, *events: bytes) -> Case:
        world, device = World(), Device(DEVICE, DEVICE_UEID)
        for event in events:
            world.add(device.ueid, event)
        world.add(device.ueid, device.boot())
        return invalid(name, description, world.draft(device, [(0, 0)]), 5, code)

    good = enrol(DEVICE_UEID, endorsement(DEVICE, DEVICE_UEID))
    ended = revoke(DEVICE_UEID, DEVICE.kid, 1)
    forged = endorsement(DEVICE, DEVICE_UEID)[:-1] + bytes([endorsement(DEVICE, DEVICE_UEID)[-1] ^ 1])
    possession = parts.sign1(array([]), key=DEVICE)
    stolen = _request_by_stranger()
    yield case("event-junk", "an entry that is neither statement nor event", "malformed-entry", b"\x84junk")
    yield case("event-other-kind", "an entry whose first byte is of no kind", "malformed-entry", b"\x00")
    yield case(
        "event-type-unknown",
        "an event of an unknown type",
        "malformed-entry",
        array([integer(9), integer(1), bstr(DEVICE_UEID), bstr(b"")]),
    )
    yield case(
        "event-unknown-element",
        "an event with a fifth element",
        "malformed-entry",
        b"\x85" + good[1:] + tstr("critical"),
    )
    yield case(
        "event-neighbours",
        "the neighbour's enrolment among the device's",
        "foreign-entry",
        good,
        enrol(NEIGHBOUR_UEID, endorsement(NEIGHBOUR, NEIGHBOUR_UEID)),
    )
    yield case(
        "endorsement-of-other-device",
        "an endorsement of another device under this device's name",
        "foreign-entry",
        enrol(DEVICE_UEID, endorsement(NEIGHBOUR, NEIGHBOUR_UEID)),
    )
    yield case(
        "endorsement-signature", "the endorsement's signature is wrong", "bad-endorsement", enrol(DEVICE_UEID, forged)
    )
    yield case(
        "endorsement-false-maker",
        "another maker signed under the maker's kid",
        "bad-endorsement",
        enrol(DEVICE_UEID, _by_false_maker()),
    )
    yield case(
        "endorsement-other-log",
        "an endorsement made for another log",
        "bad-endorsement",
        enrol(DEVICE_UEID, endorsement(DEVICE, DEVICE_UEID, origin=OTHER_ORIGIN)),
    )
    yield case(
        "request-no-possession",
        "the request is signed by another key than it carries",
        "bad-endorsement",
        enrol(DEVICE_UEID, endorsement(DEVICE, DEVICE_UEID, request=stolen)),
    )
    yield case(
        "request-malformed",
        "the request is no request",
        "malformed-entry",
        enrol(DEVICE_UEID, endorsement(DEVICE, DEVICE_UEID, request=possession)),
    )
    yield case("enrolled-twice", "one key enrolled twice", "bad-key-history", good, good)
    yield case("revoked-unknown", "a revocation of a key that was not enrolled", "bad-key-history", ended)
    yield case("revoked-twice", "one key revoked twice", "bad-key-history", good, ended, ended)


def _request(payload_key: bytes = DEVICE.cose_key) -> bytes:
    return array(
        [integer(1), bstr(DEVICE_UEID), bstr(payload_key), tstr("bms"), bstr(b"voltseal-c3"), integer(1), bstr(b"")]
    )


def _request_by_stranger() -> bytes:
    return parts.sign1(_request(), key=STRANGER, context=parts.ENROLMENT, header=parts.protected(DEVICE))


def _by_false_maker() -> bytes:
    asked = parts.sign1(_request(), key=DEVICE, context=parts.ENROLMENT)
    payload = array([integer(1), bstr(asked), integer(ENDORSED_MS), tstr("Example Batteries")])
    return parts.sign1(payload, key=FALSE_MAKER, context=parts.ENDORSEMENT, header=parts.protected(MAKER))

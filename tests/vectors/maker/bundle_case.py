"""One bundle vector, and the scene that most of them are played in."""

from __future__ import annotations

import gzip
from base64 import b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .bundle_text import Draft
from .bundle_world import (
    FORGED_LOG_KEY,
    LOG_KEY,
    OTHER_LEDGER_KEY,
    OTHER_LOG_KEY,
    WITNESS_KEY,
    Device,
    World,
    endorsement,
    enrol,
    trust_text,
)
from .cast import DEVICE, DEVICE_UEID, FALSE_MAKER, NEIGHBOUR, NEIGHBOUR_UEID
from .notes import NoteKey

VALID, INVALID, COULD_NOT_CHECK = "valid", "invalid", "could-not-check"


@dataclass(frozen=True)
class Case:
    """A bundle, the trust file it is judged by (a key of `TRUST`), and what must come out.

    `verdict` holds the parts of the verdict that matter here; see `tests/vectors/README.md`.
    """

    name: str
    description: str
    content: str | bytes
    expect: str
    step: int | None = None
    code: str | None = None
    verdict: dict[str, Any] = field(default_factory=dict)
    trust: str = "full"

    def as_json(self) -> dict[str, Any]:
        given = (
            {"bundle": self.content}
            if isinstance(self.content, str)
            else {"bundle_base64": b64encode(self.content).decode()}
        )
        outcome: dict[str, Any] = {"expect": self.expect}
        if self.expect == VALID:
            outcome["verdict"] = self.verdict
        else:
            outcome |= {"step": self.step, "code": self.code}
        return {"name": self.name, "description": self.description, "trust": self.trust} | given | outcome


def invalid(  # noqa: PLR0917
    name: str, description: str, content: str | bytes | Draft, step: int, code: str, trust: str = "full"
) -> Case:
    """A bundle that must be refused at this step for this reason."""
    text = content.text() if isinstance(content, Draft) else content
    return Case(name, description, text, INVALID, step, code, trust=trust)


def valid(name: str, description: str, draft: Draft, trust: str = "full", **verdict: Any) -> Case:
    """A bundle that must be accepted, with parts of its verdict."""
    return Case(name, description, draft.text(), VALID, verdict=verdict, trust=trust)


def unchecked(  # noqa: PLR0917
    name: str, description: str, draft: Draft, step: int, code: str, trust: str
) -> Case:
    """A bundle of which nothing can be said with this trust file."""
    return Case(name, description, draft.text(), COULD_NOT_CHECK, step, code, trust=trust)


def zipped(text: str) -> bytes:
    return gzip.compress(text.encode(), mtime=0)


@dataclass
class Scene:
    """A log in which device and neighbour take turns. The device's numbers:

    0 boot; 1..4 telemetry; 5..7 lost to a power cut, declared by 8, boot; 9..11 telemetry; 12 never arrived;
    13 telemetry; 14..15 dropped by a full spool, declared by 16, loss; 17 telemetry.
    """

    world: World
    device: Device
    neighbour: Device

    def whole(self, show: Any = "all") -> Draft:
        """Everything the device said, anchored."""
        gaps = [(5, 7, "power-cut"), (12, 12, "unexplained"), (14, 15, "spool-full")]
        return self.anchored(self.world.draft(self.device, [(0, 17)], gaps, show=show))

    def quiet(self, show: Any = "all") -> Draft:
        """The statements 0..4, without any gap, anchored."""
        return self.anchored(self.world.draft(self.device, [(0, 4)], show=show))

    def anchored(self, draft: Draft, key: NoteKey | None = None) -> Draft:
        draft.anchors = [self.world.anchor() if key is None else self.world.anchor(key)]
        return draft

    def index(self, sequence: int) -> int:
        """Where the device's statement of this number lies in the log."""
        return next(
            index
            for index, told in self.world.told.items()
            if told.sequence == sequence and self.world.owner[index] == self.device.ueid
        )

    def world_prev(self, sequence: int) -> bytes:
        """The hash of the device's statement of this number."""
        return sha256(self.world.leaves[self.index(sequence)]).digest()


def scene() -> Scene:
    """The usual scene, always the same."""
    world = World()
    device, neighbour = Device(DEVICE, DEVICE_UEID), Device(NEIGHBOUR, NEIGHBOUR_UEID)
    for one in (device, neighbour):
        world.add(one.ueid, enrol(one.ueid, endorsement(one.key, one.ueid)))
        world.add(one.ueid, one.boot())
    for _ in range(4):
        world.add(device.ueid, device.telemetry())
        world.add(neighbour.ueid, neighbour.telemetry())
    device.sequence = 8
    world.add(device.ueid, device.boot([(5, 7, 1)]))
    for _ in range(3):
        world.add(device.ueid, device.telemetry())
    world.add(neighbour.ueid, neighbour.telemetry())
    device.telemetry()  # 12, which the network ate
    world.add(device.ueid, device.telemetry(3))
    device.telemetry()
    device.telemetry()
    world.add(device.ueid, device.loss([(14, 15, 2)]))
    world.add(device.ueid, device.telemetry())
    world.add(neighbour.ueid, neighbour.telemetry())
    return Scene(world, device, neighbour)


def trust_files() -> dict[str, str]:
    """The trust files that vectors name."""
    return {
        "full": trust_text(),
        "none": trust_text(logs=(), makers=(), ledgers=()),
        "no-maker": trust_text(makers=()),
        "other-maker": trust_text(makers=(FALSE_MAKER,)),
        "no-log": trust_text(logs=()),
        "two-log-keys": trust_text(logs=(FORGED_LOG_KEY, LOG_KEY)),
        "no-ledger": trust_text(ledgers=()),
        "other-ledger": trust_text(ledgers=(OTHER_LEDGER_KEY,)),
        "witness": trust_text(witnesses=(WITNESS_KEY,)),
        "witness-no-log": trust_text(logs=(), witnesses=(WITNESS_KEY,)),
        "two-logs": trust_text(logs=(LOG_KEY, OTHER_LOG_KEY)),
        "other-log": trust_text(logs=(OTHER_LOG_KEY,)),
        "firmware-known": trust_text(firmware="known"),
        "firmware-revoked": trust_text(firmware="revoked"),
    }

"""Key histories of more than one key: bundles in which a device changed its key."""

from __future__ import annotations

from collections.abc import Iterator

from .bundle_case import Case, valid
from .bundle_world import STEP_MS, Device, World, endorsement, enrol, revoke
from .cast import DEVICE, DEVICE_UEID, RETIRED, STATED_MS


def rotated(*, late_ms: int | None = None) -> tuple[World, Device, Device]:
    """A device whose first key was revoked and a second enrolled, and that then says one more thing with the first."""
    world = World()
    first = Device(DEVICE, DEVICE_UEID)
    world.add(first.ueid, enrol(first.ueid, endorsement(first.key, first.ueid)))
    for told in (first.boot(), first.telemetry(), first.telemetry()):
        world.add(first.ueid, told)
    effective_ms = STATED_MS + 3 * STEP_MS
    world.add(first.ueid, revoke(first.ueid, first.key.kid, effective_ms))
    second = Device(RETIRED, DEVICE_UEID, boot_count=1, sequence=3, prev=first.prev)
    world.add(first.ueid, enrol(first.ueid, endorsement(second.key, first.ueid, key_tier=3)))
    if late_ms is not None:
        first.time_ms = effective_ms + late_ms
        world.add(first.ueid, first.telemetry())
        second.sequence, second.prev = first.sequence, first.prev
    world.add(first.ueid, second.boot())
    return world, first, second


def cases() -> Iterator[Case]:
    world, first, second = rotated()
    keys = [[first.key.kid.hex(), 3, 0], [second.key.kid.hex(), 1, 0]]
    yield valid(
        "key-rotated",
        "the first key was revoked, a second enrolled; both spoke in their time",
        world.draft(first, [(0, 3)]),
        keys=keys,
        completeness="complete",
    )
    world, device = World(), Device(DEVICE, DEVICE_UEID)
    other = Device(RETIRED, DEVICE_UEID)
    for one in (device, other):
        world.add(device.ueid, enrol(device.ueid, endorsement(one.key, device.ueid)))
    world.add(device.ueid, device.boot())
    yield valid(
        "key-enrolled-over-active",
        "a second key enrolled while the first is active: strange, but no contradiction",
        world.draft(device, [(0, 0)]),
        keys=[[device.key.kid.hex(), 1, 0]],
    )
    world, first, second = rotated(late_ms=-1)
    keys = [[first.key.kid.hex(), 4, 1], [second.key.kid.hex(), 1, 0]]
    yield valid(
        "key-revoked-earlier-time",
        "logged after its key's revocation, but with a time before it: valid, and said",
        world.draft(first, [(0, 4)]),
        keys=keys,
        completeness="complete",
    )

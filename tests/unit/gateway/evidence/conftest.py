"""Worlds of the bundle vectors, put into a real SQLite store as the gateway would have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.vectors.maker.bundle_case import Scene, scene
from tests.vectors.maker.bundle_world import ANCHORED_MS, LOGGED_MS, World
from tests.vectors.maker.encoding import array

from voltseal.anchor.anchorer import AnchorRecord
from voltseal.anchor.interface import AnchorProof, AnchorState, AnchorStrength
from voltseal.anchor.records import SqliteAnchorRecords
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.merkle import leaf_hash
from voltseal.log.note import parse_note
from voltseal.log.sequencer import CutReason, PublishedCheckpoint
from voltseal.log.tree import Tree
from voltseal.store.interface import EntryKind, NewEntry
from voltseal.store.sqlite import SqliteStore
from voltseal.wire import statement

Fill = Callable[..., SqliteStore]


def prefix(world: World, size: int) -> World:
    """The same log when it had `size` leaves."""
    earlier = World(world.origin)
    for index in range(size):
        earlier.add(world.owner[index], world.leaves[index])
    return earlier


def new_entry(world: World, index: int, device_no: int) -> NewEntry:
    """A leaf of the world as the store takes it."""
    raw = world.leaves[index]
    told = world.told.get(index)
    if told is None:
        return NewEntry(EntryKind.REGISTRY_EVENT, device_no, None, None, LOGGED_MS, raw)
    one = statement.parse(raw)
    seed, columns = (told.seed, array(told.columns)) if told.columns else (None, None)
    return NewEntry(EntryKind(one.record_type), device_no, one.sequence, one.boot_count, LOGGED_MS, raw, seed, columns)


def fill_store(path: Path, world: World, checkpoints: dict[int, bool] | None = None) -> SqliteStore:
    """A store with all leaves of a world, and checkpoints of these sizes, anchored or not (default: one, anchored)."""
    store = SqliteStore.create(path)
    with store.transaction():
        devices = {ueid: store.add_device(ueid, f"pack-{ueid.hex()[2:6]}") for ueid in world.owner.values()}
        store.append([new_entry(world, index, devices[world.owner[index]]) for index in range(len(world.leaves))])
        store.commit_tiles(Tree.open(store, 0).stage(leaf_hash(leaf) for leaf in world.leaves))
    for number, (size, anchored) in enumerate((checkpoints or {len(world.leaves): True}).items()):
        publish(store, path, prefix(world, size), number, anchored=anchored)
    return store


@pytest.fixture
def fill(tmp_path: Path) -> Iterator[Fill]:
    """`fill(world, checkpoints)` as `fill_store`, in a file of the test's own."""
    opened: list[SqliteStore] = []

    def make(world: World, checkpoints: dict[int, bool] | None = None) -> SqliteStore:
        opened.append(fill_store(tmp_path / f"store-{len(opened)}.db", world, checkpoints))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def publish(store: SqliteStore, path: Path, world: World, number: int, *, anchored: bool) -> None:
    """Record the checkpoint of a world's size, and its anchor."""
    raw = world.checkpoint().encode()
    checkpoint = Checkpoint.parse(parse_note(raw).text)
    store.record_checkpoint(PublishedCheckpoint(number, checkpoint, raw, LOGGED_MS, CutReason.SIZE))
    if not anchored:
        return
    records = SqliteAnchorRecords.open(path)
    records.save_anchor(
        AnchorRecord(
            target="ledger:test", origin=world.origin, number=number, tree_size=checkpoint.tree_size,
            root_hash=checkpoint.root_hash, note=raw, state=AnchorState.FINAL, planned_ms=LOGGED_MS,
            updated_ms=LOGGED_MS, prepared=b"", attempts=1, next_attempt_ms=0,
            proof=AnchorProof("ledger", AnchorStrength.WEAK, world.anchor()["proof"], ANCHORED_MS),
            superseded_by=None, last_error=None,
        )
    )  # fmt: skip
    records.close()


@pytest.fixture
def played() -> Scene:
    """The usual scene of the vectors."""
    return scene()

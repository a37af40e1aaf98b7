"""What others may read of a log: the newest checkpoint, and the tiles and entry bundles that it covers.

Nothing beyond the checkpoint is ever given out: entries that wait for the next one are not published yet. What is given
out was checked on the way: a damaged store must not spread.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from voltseal.log.errors import TreeStorageError
from voltseal.log.merkle import HASH_BYTES, leaf_hash
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tiles import TILE_WIDTH, TileId, decode_tile, encode_entry_bundle, tile_width
from voltseal.log.tree import NodeStore


class LeafEntry(Protocol):
    """An entry of the log, as far as a tile needs it."""

    @property
    def raw(self) -> bytes:
        """The leaf's bytes."""
        ...


class LogSource(NodeStore, Protocol):
    """The reading side of a store. `voltseal.store.interface.StoreReader` is one."""

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint, or None before the first."""
        ...

    def checkpoints(self, minimum_size: int = 0) -> Iterator[PublishedCheckpoint]:
        """Published checkpoints of at least `minimum_size` leaves, ascending."""
        ...

    def entries(self, first: int, end: int) -> Iterator[LeafEntry]:
        """Leaves first <= leaf_index < end, ascending."""
        ...


def is_covered(tile: TileId, tree_size: int) -> bool:
    """Whether `tile`, at its width, lies wholly within a tree of `tree_size` leaves."""
    return tile.width <= tile_width(tile.level or 0, tile.index, tree_size)


def read_published(source: LogSource, tile: TileId) -> bytes:
    """The bytes of a hash tile or entry bundle. Precondition: `is_covered` by a published checkpoint.

    Raises `TreeStorageError` if the store lacks it, or holds entries that do not hash to their leaves.
    """
    return _hash_tile(source, tile.level, tile) if tile.level is not None else _entry_bundle(source, tile)


def _hash_tile(source: LogSource, level: int, tile: TileId) -> bytes:
    # The stored tile may have grown since the checkpoint; a narrower tile is always a prefix of a wider one.
    raw = (source.read_tile(level, tile.index) or b"")[: tile.width * HASH_BYTES]
    if len(raw) != tile.width * HASH_BYTES:
        raise TreeStorageError(f"{tile.path()} is missing in the store, or short")
    return raw


def _entry_bundle(source: LogSource, tile: TileId) -> bytes:
    first = tile.index * TILE_WIDTH
    entries = [entry.raw for entry in source.entries(first, first + tile.width)]
    leaves = decode_tile(_hash_tile(source, 0, tile), tile.width)
    if [leaf_hash(entry) for entry in entries] != list(leaves):
        raise TreeStorageError(f"{tile.path()}: the store's entries are not those of the tree")
    return encode_entry_bundle(entries)

"""The growing tree over stored tiles: append, roots and proofs with bounded memory.

Who owns what. The store owns the tiles and the tree size, and commits both in one transaction. `Tree` owns only the
right edge (one unfinished tile a level, at most 16 KB each) and a small cache of finished tiles, both derived: after a
crash `Tree.open` rebuilds the edge from the last tile of each level, at most eight reads, whatever the tree's size.

Crash order (stage, commit, integrate, publish): `stage` changes nothing. The store commits the staged tiles together
with the new tree size. `apply` then moves the edge on. A crash before the commit leaves the old tree; one after it
leaves the new tree, which `open` finds. If a commit fails, drop the staged append; the tree is unharmed.

Storage format. A full tile is stored with all the hashing levels inside it: its 256 hashes, then the 128 above, and so
on to the 2 below its root: 510 hashes, 16,320 bytes, of which the first 8,192 are the tile that others read (C2SP
tlog-tiles). An unfinished tile is stored as its bare hashes. docs/decisions/0010-log-node-storage.md measures it.

Not thread-safe: one owner. Readers on other threads open a `Tree` of their own at a committed size.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from voltseal.log.errors import ConsistencyProofError, InclusionProofError, LogError, StaleAppendError, TreeStorageError
from voltseal.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    MAX_TREE_SIZE,
    LeafHash,
    NodeHash,
    RootHash,
    consistency_ranges,
    fold_right,
    inclusion_ranges,
    perfect_ranges,
)
from voltseal.log.multiproof import multi_inclusion
from voltseal.log.tiles import TILE_HEIGHT, TILE_WIDTH, tile_width

STORED_TILE_BYTES = (2 * TILE_WIDTH - 2) * HASH_BYTES
DEFAULT_CACHED_TILES = 128  # 2 MB

# Where each hashing level of a stored full tile begins.
_ROW_OFFSETS = tuple((2 * TILE_WIDTH - (2 * TILE_WIDTH >> row)) * HASH_BYTES for row in range(TILE_HEIGHT))


@dataclass(frozen=True, slots=True)
class TileWrite:
    """One tile to store, replacing what is stored under (level, index).

    `width` hashes, 1 to 256; `blob` is 16,320 bytes if full, else `width` * 32. The first `width` * 32 bytes are the
    tile as served.
    """

    level: int
    index: int
    width: int
    blob: bytes


@dataclass(frozen=True, slots=True)
class StagedAppend:
    """What an append will change: to be committed in one transaction, then given to `Tree.apply`."""

    old_size: int
    new_size: int
    tiles: tuple[TileWrite, ...]
    edge: tuple[_Edge, ...]


class NodeStore(Protocol):
    """Where tiles are kept. The implementation owns transactions.

    Contract of an implementation:
    - within one transaction it stores every `TileWrite` of a `StagedAppend` (insert or replace by level and index) and
      sets the tree size from `old_size` to `new_size`, refusing if the size is not `old_size`;
    - a full tile never changes again, and is never deleted;
    - the tree size it reports after a restart is that of the last committed append.
    """

    def read_tile(self, level: int, index: int) -> bytes | None:
        """The blob last committed for this tile, or None if there is none."""
        ...


class MemoryNodeStore:
    """A `NodeStore` in memory: the contract in its shortest form, for tests and for tools that need no disk."""

    def __init__(self) -> None:
        self.tree_size = 0
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.reads = 0

    def read_tile(self, level: int, index: int) -> bytes | None:
        """See `NodeStore`."""
        self.reads += 1
        return self.tiles.get((level, index))

    def commit(self, staged: StagedAppend) -> None:
        """Store the tiles and the size; raises `StaleAppendError` if staged for another size."""
        if staged.old_size != self.tree_size:
            raise StaleAppendError(f"append staged at size {staged.old_size}, store is at {self.tree_size}")
        self.tiles.update({(tile.level, tile.index): tile.blob for tile in staged.tiles})
        self.tree_size = staged.new_size


@dataclass(frozen=True, slots=True)
class _Edge:
    """The unfinished tile of one level: `rows[k]` holds its hashes k levels up, as far as they exist."""

    index: int
    rows: tuple[bytes, ...] = (b"",) * (TILE_HEIGHT + 1)

    @property
    def width(self) -> int:
        return len(self.rows[0]) // HASH_BYTES

    def extended(self, hashes: bytes) -> _Edge:
        """With more bottom hashes. Precondition: the width stays within 256."""
        grown = [self.rows[0] + hashes]
        for above in self.rows[1:]:
            below = grown[-1]
            begin, end = 2 * len(above), len(below) & ~(2 * HASH_BYTES - 1)
            pairs = range(begin, end, 2 * HASH_BYTES)
            grown.append(above + b"".join([sha256(b"\x01" + below[at : at + 2 * HASH_BYTES]).digest() for at in pairs]))
        return _Edge(self.index, tuple(grown))


class Tree:
    """One log's tree at its committed size, plus proofs at that and every smaller size."""

    def __init__(self, store: NodeStore, edge: Sequence[_Edge], tree_size: int, cached_tiles: int) -> None:
        """Use `Tree.open`."""
        self._store = store
        self._edge = list(edge)
        self._tree_size = tree_size
        self._cache: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._cached_tiles = cached_tiles

    @classmethod
    def open(cls, store: NodeStore, tree_size: int, *, cached_tiles: int = DEFAULT_CACHED_TILES) -> Tree:
        """The tree of `tree_size` committed leaves in `store`; `cached_tiles` bounds the cache, 16 KB each.

        Raises `TreeStorageError` if the last tiles are missing or too short. Whether the tree is still the one that
        was published is for the sequencer to check, by the root.
        """
        edge: list[_Edge] = []
        while width_here := tree_size >> (TILE_HEIGHT * len(edge)):
            level = len(edge)
            index = width_here // TILE_WIDTH
            length = tile_width(level, index, tree_size) * HASH_BYTES
            blob = (store.read_tile(level, index) if length else b"") or b""
            if len(blob) < length:
                raise TreeStorageError(f"tile {level}/{index} is missing or short in a tree of size {tree_size}")
            edge.append(_Edge(index).extended(blob[:length]))
        return cls(store, edge, tree_size, cached_tiles)

    @property
    def tree_size(self) -> int:
        """The number of leaves applied."""
        return self._tree_size

    def stage(self, leaf_hashes: Iterable[LeafHash]) -> StagedAppend:
        """Work out an append of `leaf_hashes` (32 bytes each) without changing anything.

        About 64 bytes of tiles a leaf are held until committed, so cut very long imports into parts. Raises
        `LogError` if a hash is not 32 bytes or the tree would exceed 2^63 - 1 leaves.
        """
        leaves = list(leaf_hashes)
        new_size = self._tree_size + len(leaves)
        if any(len(leaf) != HASH_BYTES for leaf in leaves) or new_size > MAX_TREE_SIZE:
            raise LogError("a leaf hash is not 32 bytes, or the tree is full")
        edge = list(self._edge)
        tiles: list[TileWrite] = []
        incoming = b"".join(leaves)
        level = 0
        while incoming:
            if level == len(edge):
                edge.append(_Edge(0))
            edge[level], written, incoming = _grow(level, edge[level], incoming)
            tiles += written
            level += 1
        return StagedAppend(self._tree_size, new_size, tuple(tiles), tuple(edge))

    def apply(self, staged: StagedAppend) -> None:
        """Take a *committed* append into the tree; raises `StaleAppendError` if it was staged at another size."""
        if staged.old_size != self._tree_size:
            raise StaleAppendError(f"append staged at size {staged.old_size}, tree is at {self._tree_size}")
        self._edge = list(staged.edge)
        self._tree_size = staged.new_size

    def root(self, tree_size: int | None = None) -> RootHash:
        """The root at `tree_size` (default: now). Raises `ConsistencyProofError` for a size not reached yet."""
        size = self._tree_size if tree_size is None else tree_size
        if not 0 <= size <= self._tree_size:
            raise ConsistencyProofError(f"size {size} is beyond the tree's {self._tree_size}")
        return RootHash(self._subtree_root(0, size)) if size else EMPTY_ROOT

    def leaf_hash(self, leaf_index: int) -> LeafHash:
        """The hash of one leaf; raises `InclusionProofError` outside the tree."""
        if not 0 <= leaf_index < self._tree_size:
            raise InclusionProofError(f"leaf index {leaf_index} lies outside a tree of size {self._tree_size}")
        return LeafHash(self._node(0, leaf_index))

    def inclusion_proof(self, leaf_index: int, tree_size: int | None = None) -> tuple[NodeHash, ...]:
        """The proof of one leaf at `tree_size` (default: now), from the leaf upwards; `InclusionProofError`."""
        size = self._known(self._tree_size if tree_size is None else tree_size)
        return tuple([self._subtree_root(begin, end) for begin, end in inclusion_ranges(leaf_index, size)])

    def multi_inclusion_proof(self, leaf_indexes: Sequence[int], tree_size: int | None = None) -> tuple[NodeHash, ...]:
        """The shared proof of strictly ascending `leaf_indexes` at `tree_size`; raises `InclusionProofError`."""
        size = self._known(self._tree_size if tree_size is None else tree_size)
        return multi_inclusion(leaf_indexes, size, self._subtree_root)

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> tuple[NodeHash, ...]:
        """The proof that the tree of `new_size` (default: now) continues the one of `old_size`.

        Raises `ConsistencyProofError` unless 0 <= old_size <= new_size <= the tree's size.
        """
        size = self._tree_size if new_size is None else new_size
        if size > self._tree_size:
            raise ConsistencyProofError(f"size {size} is beyond the tree's {self._tree_size}")
        return tuple([self._subtree_root(begin, end) for begin, end in consistency_ranges(old_size, size)])

    def _known(self, size: int) -> int:
        if size > self._tree_size:
            raise InclusionProofError(f"size {size} is beyond the tree's {self._tree_size}")
        return size

    def _subtree_root(self, begin: int, end: int) -> NodeHash:
        width = end - begin
        if width & (width - 1) == 0:
            return self._node(width.bit_length() - 1, begin // width)
        return fold_right([self._subtree_root(first, last) for first, last in perfect_ranges(begin, end)])

    def _node(self, level: int, index: int) -> NodeHash:
        """The root of the perfect subtree of leaves [index * 2^level, (index + 1) * 2^level), all of them present."""
        tile_level, row = divmod(level, TILE_HEIGHT)
        shift = TILE_HEIGHT - row
        tile_index = index >> shift
        at = (index & ((1 << shift) - 1)) * HASH_BYTES
        edge = self._edge[tile_level]
        if tile_index == edge.index:
            return NodeHash(edge.rows[row][at : at + HASH_BYTES])
        at += _ROW_OFFSETS[row]
        return NodeHash(self._full_tile(tile_level, tile_index)[at : at + HASH_BYTES])

    def _full_tile(self, level: int, index: int) -> bytes:
        key = (level, index)
        blob = self._cache.get(key)
        if blob is not None:
            self._cache.move_to_end(key)
            return blob
        blob = self._store.read_tile(level, index)
        if blob is None or len(blob) != STORED_TILE_BYTES:
            raise TreeStorageError(f"full tile {level}/{index} is missing or not {STORED_TILE_BYTES} bytes")
        self._cache[key] = blob
        if len(self._cache) > self._cached_tiles:
            self._cache.popitem(last=False)
        return blob


def _grow(level: int, edge: _Edge, incoming: bytes) -> tuple[_Edge, list[TileWrite], bytes]:
    """Append `incoming` to one level: the new edge, the tiles to write, and the roots that go one level up."""
    written: list[TileWrite] = []
    roots: list[bytes] = []
    taken = 0
    while taken < len(incoming):
        room = (TILE_WIDTH - edge.width) * HASH_BYTES
        edge = edge.extended(incoming[taken : taken + room])
        taken += room
        if edge.width == TILE_WIDTH:
            written.append(TileWrite(level, edge.index, TILE_WIDTH, b"".join(edge.rows[:TILE_HEIGHT])))
            roots.append(edge.rows[TILE_HEIGHT])
            edge = _Edge(edge.index + 1)
    if edge.width:
        written.append(TileWrite(level, edge.index, edge.width, edge.rows[0]))
    return edge, written, b"".join(roots)

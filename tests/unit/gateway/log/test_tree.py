"""The stored tree against the in-memory mathematics: every proof, restarts, crashes, damage, bounded memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import (
    ConsistencyProofError,
    InclusionProofError,
    LogError,
    StaleAppendError,
    TreeStorageError,
)
from voltseal.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    LeafHash,
    NodeHash,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from voltseal.log.multiproof import verify_multi_inclusion
from voltseal.log.tiles import tile_width
from voltseal.log.tree import STORED_TILE_BYTES, MemoryNodeStore, Tree

BIG = 3 * 65_536 + 513  # three levels of tiles, with unfinished ones


def append(store: MemoryNodeStore, tree: Tree, leaves: list[LeafHash]) -> None:
    staged = tree.stage(leaves)
    store.commit(staged)
    tree.apply(staged)


@pytest.fixture(scope="module")
def big_leaves() -> list[LeafHash]:
    return [leaf_hash(index.to_bytes(4, "big")) for index in range(BIG)]


@pytest.fixture(scope="module")
def big_store(big_leaves: list[LeafHash]) -> MemoryNodeStore:
    store = MemoryNodeStore()
    tree = Tree.open(store, 0)
    rng = random.Random(1)
    at = 0
    while at < BIG:
        count = rng.choice([1, 2, 100, 255, 256, 257, 1000, 5000])
        append(store, tree, big_leaves[at : at + count])
        at += count
    assert tree.tree_size == BIG
    return store


def test_every_proof_of_small_trees_however_they_were_appended(leaf_hashes: list[LeafHash]) -> None:
    for step in (1, 3, len(leaf_hashes)):
        store = MemoryNodeStore()
        tree = Tree.open(store, 0)
        assert tree.root() == EMPTY_ROOT
        for at in range(0, len(leaf_hashes), step):
            append(store, tree, leaf_hashes[at : at + step])
        for size in range(1, len(leaf_hashes) + 1):
            assert tree.root(size) == root_hash(leaf_hashes[:size])
            for index in range(size):
                assert tree.inclusion_proof(index, size) == inclusion_path(leaf_hashes[:size], index)
                assert tree.consistency_proof(index + 1, size) == consistency_path(leaf_hashes[:size], index + 1)


def test_proofs_across_tile_levels(big_leaves: list[LeafHash], big_store: MemoryNodeStore) -> None:
    tree = Tree.open(big_store, BIG)
    frontier = Frontier()
    roots = {}
    interesting = {1, 255, 256, 257, 511, 65_535, 65_536, 65_537, 131_072, 196_608, BIG - 513, BIG - 257, BIG - 1, BIG}
    for size, leaf in enumerate(big_leaves, start=1):
        frontier.append(leaf)
        if size in interesting:
            roots[size] = frontier.root()
    for size, root in roots.items():
        assert tree.root(size) == root
        for index in {0, size // 3, max(0, size - 257), size - 1}:
            assert tree.leaf_hash(index) == big_leaves[index]
            verify_inclusion(big_leaves[index], index, size, tree.inclusion_proof(index, size), root)
        for old in (old for old in roots if old <= size):
            verify_consistency(old, size, tree.consistency_proof(old, size), roots[old], root)
    indexes = sorted(random.Random(2).sample(range(BIG), 500))
    nodes = tree.multi_inclusion_proof(indexes)
    verify_multi_inclusion([(index, big_leaves[index]) for index in indexes], BIG, nodes, roots[BIG])


def test_stored_tiles_are_what_tlog_tiles_serves(big_leaves: list[LeafHash], big_store: MemoryNodeStore) -> None:
    assert big_store.tiles[0, 7][: 256 * HASH_BYTES] == b"".join(big_leaves[7 * 256 : 8 * 256])
    assert big_store.tiles[1, 0][:HASH_BYTES] == root_hash(big_leaves[:256])
    assert big_store.tiles[2, 0][:HASH_BYTES] == root_hash(big_leaves[:65_536])
    for (level, index), blob in big_store.tiles.items():
        width = tile_width(level, index, BIG)
        assert len(blob) == (STORED_TILE_BYTES if width == 256 else width * HASH_BYTES)


def test_restart_reads_only_the_last_tile_of_each_level(big_leaves: list[LeafHash], big_store: MemoryNodeStore) -> None:
    big_store.reads = 0
    tree = Tree.open(big_store, BIG)
    assert big_store.reads <= 3
    assert tree.root() == root_hash(big_leaves)


def test_proof_reads_three_tiles_and_the_cache_stays_bounded(big_store: MemoryNodeStore) -> None:
    tree = Tree.open(big_store, BIG, cached_tiles=4)
    for index in range(0, BIG, 997):
        big_store.reads = 0
        tree.inclusion_proof(index)
        assert big_store.reads <= 2 + 1
        assert len(tree._cache) <= 4


@given(st.lists(st.integers(0, 400), max_size=8), st.data())
def test_reopening_after_any_appends_gives_the_same_tree(counts: list[int], data: st.DataObject) -> None:
    store = MemoryNodeStore()
    tree = Tree.open(store, 0)
    leaves: list[LeafHash] = []
    for count in counts:
        more = [leaf_hash((len(leaves) + at).to_bytes(4, "big")) for at in range(count)]
        append(store, tree, more)
        leaves += more
        if data.draw(st.booleans()):
            tree = Tree.open(store, store.tree_size)
    assert tree.tree_size == len(leaves)
    assert tree.root() == root_hash(leaves)


@pytest.mark.parametrize("crash", ["before commit", "after commit, before apply"])
def test_crash_around_commit_leaves_the_old_or_the_new_tree(crash: str, leaf_hashes: list[LeafHash]) -> None:
    store = MemoryNodeStore()
    tree = Tree.open(store, 0)
    append(store, tree, leaf_hashes[:60])
    staged = tree.stage(leaf_hashes[60:100])
    assert tree.root() == root_hash(leaf_hashes[:60])
    if crash == "after commit, before apply":
        store.commit(staged)
    restarted = Tree.open(store, store.tree_size)
    assert restarted.root() == root_hash(leaf_hashes[: store.tree_size])
    append(store, restarted, leaf_hashes[store.tree_size :])  # the same code path integrates what is left
    assert restarted.root() == root_hash(leaf_hashes)


def test_a_stale_append_is_refused(leaf_hashes: list[LeafHash]) -> None:
    store = MemoryNodeStore()
    tree = Tree.open(store, 0)
    first, second = tree.stage(leaf_hashes[:3]), tree.stage(leaf_hashes[:5])
    store.commit(first)
    tree.apply(first)
    with pytest.raises(StaleAppendError):
        store.commit(second)
    with pytest.raises(StaleAppendError):
        tree.apply(second)
    assert tree.root() == root_hash(leaf_hashes[:3])


def test_an_empty_append_changes_nothing() -> None:
    staged = Tree.open(MemoryNodeStore(), 0).stage([])
    assert (staged.old_size, staged.new_size, staged.tiles) == (0, 0, ())


def test_a_short_leaf_hash_is_refused(leaf_hashes: list[LeafHash]) -> None:
    tree = Tree.open(MemoryNodeStore(), 0)
    with pytest.raises(LogError):
        tree.stage([leaf_hashes[0], LeafHash(NodeHash(b"short"))])


def test_damaged_storage_is_named(big_store: MemoryNodeStore) -> None:
    for key in ((0, BIG // 256), (1, BIG // 65_536), (2, 0)):
        damaged = MemoryNodeStore()
        damaged.tiles = {name: blob for name, blob in big_store.tiles.items() if name != key}
        with pytest.raises(TreeStorageError):
            Tree.open(damaged, BIG)
        damaged.tiles[key] = big_store.tiles[key][:-1]
        with pytest.raises(TreeStorageError):
            Tree.open(damaged, BIG)
    damaged = MemoryNodeStore()
    damaged.tiles = {**big_store.tiles, (0, 5): b"short"}
    with pytest.raises(TreeStorageError):
        Tree.open(damaged, BIG).inclusion_proof(5 * 256)


def test_beyond_the_tree(leaf_hashes: list[LeafHash]) -> None:
    store = MemoryNodeStore()
    tree = Tree.open(store, 0)
    append(store, tree, leaf_hashes[:5])
    for ask in (
        lambda: tree.inclusion_proof(5),
        lambda: tree.inclusion_proof(-1),
        lambda: tree.inclusion_proof(2, 6),
        lambda: tree.multi_inclusion_proof([0, 5]),
        lambda: tree.multi_inclusion_proof([0], 6),
        lambda: tree.leaf_hash(5),
    ):
        with pytest.raises(InclusionProofError):
            ask()
    for ask in (lambda: tree.consistency_proof(3, 6), lambda: tree.consistency_proof(6)):
        with pytest.raises(ConsistencyProofError):
            ask()
    for size in (-1, 6):
        with pytest.raises(ConsistencyProofError):
            tree.root(size)

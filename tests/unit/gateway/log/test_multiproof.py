"""Shared inclusion proofs: every subset of small trees, samples of larger ones, and what must be refused."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import MAX_TREE_SIZE, LeafHash, NodeHash, inclusion_path, leaf_hash, root_hash
from voltseal.log.multiproof import (
    multi_inclusion_path,
    multi_inclusion_ranges,
    root_from_multi_inclusion,
    verify_multi_inclusion,
)


def test_every_subset_of_small_trees(leaf_hashes: list[LeafHash]) -> None:
    for size in range(1, 10):
        tree = leaf_hashes[:size]
        root = root_hash(tree)
        for count in range(1, size + 1):
            for indexes in combinations(range(size), count):
                nodes = multi_inclusion_path(tree, indexes)
                leaves = [(index, tree[index]) for index in indexes]
                verify_multi_inclusion(leaves, size, nodes, root)
                ranges = multi_inclusion_ranges(indexes, size)
                covered = sorted([*ranges, *((index, index + 1) for index in indexes)])
                assert [begin for begin, _ in covered] == [0, *(end for _, end in covered[:-1])]
                assert covered[-1][1] == size
                assert ranges == sorted(ranges)


def test_one_leaf_needs_the_hashes_of_its_rfc_proof(leaf_hashes: list[LeafHash]) -> None:
    for size in range(1, len(leaf_hashes) + 1, 7):
        for index in range(size):
            path = inclusion_path(leaf_hashes[:size], index)
            assert sorted(path) == sorted(multi_inclusion_path(leaf_hashes[:size], [index]))


def test_proof_of_all_leaves_is_empty(leaf_hashes: list[LeafHash]) -> None:
    leaves = list(enumerate(leaf_hashes[:11]))
    assert multi_inclusion_path(leaf_hashes[:11], range(11)) == ()
    assert root_from_multi_inclusion(leaves, 11, ()) == root_hash(leaf_hashes[:11])


def test_neighbours_share_nearly_everything(leaf_hashes: list[LeafHash]) -> None:
    shared = multi_inclusion_path(leaf_hashes[:128], range(40, 72))
    expected = [(0, 32), (32, 40), (72, 80), (80, 96), (96, 128)]  # in place of 32 proofs of 7 hashes each
    assert multi_inclusion_ranges(range(40, 72), 128) == expected
    assert len(shared) == len(expected)
    assert len(multi_inclusion_ranges(range(500_000, 510_000), 1_000_000)) == 16


@pytest.mark.parametrize(
    ("indexes", "tree_size"),
    [
        ([], 5),
        ([1, 1], 5),
        ([2, 1], 5),
        ([0, 3, 3, 4], 5),
        ([5], 5),
        ([-1, 2], 5),
        ([0], 0),
        ([0], -4),
        ([0], MAX_TREE_SIZE + 1),
    ],
)
def test_refuses_indexes(indexes: list[int], tree_size: int, leaf_hashes: list[LeafHash]) -> None:
    with pytest.raises(InclusionProofError):
        multi_inclusion_ranges(indexes, tree_size)
    with pytest.raises(InclusionProofError):
        root_from_multi_inclusion([(index, leaf_hashes[0]) for index in indexes], tree_size, leaf_hashes[:3])


def test_a_leaf_in_the_largest_tree_needs_no_deep_stack() -> None:
    leaf = leaf_hash(b"")
    nodes = [leaf_hash(bytes([at])) for at in range(len(multi_inclusion_ranges([1 << 40], MAX_TREE_SIZE)))]
    assert len(root_from_multi_inclusion([(1 << 40, leaf)], MAX_TREE_SIZE, nodes)) == 32


@given(st.integers(1, 300), st.data())
def test_any_set_verifies_and_any_change_does_not(size: int, data: st.DataObject) -> None:
    tree = [leaf_hash(index.to_bytes(2, "big")) for index in range(size)]
    indexes = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    leaves = [(index, tree[index]) for index in indexes]
    nodes = multi_inclusion_path(tree, indexes)
    root = root_hash(tree)
    verify_multi_inclusion(leaves, size, nodes, root)

    at = data.draw(st.integers(0, len(leaves) - 1))
    swapped = [*leaves[:at], (leaves[at][0], leaf_hash(b"forged")), *leaves[at + 1 :]]
    refused = [
        (swapped, nodes),
        (leaves, (*nodes, nodes[0] if nodes else tree[0])),
        (leaves[:at] + leaves[at + 1 :], nodes),
    ]
    if nodes:
        where = data.draw(st.integers(0, len(nodes) - 1))
        bit = data.draw(st.integers(0, 255))
        flipped = bytearray(nodes[where])
        flipped[bit // 8] ^= 1 << bit % 8
        refused += [
            (leaves, nodes[:where] + nodes[where + 1 :]),
            (leaves, (*nodes[:where], NodeHash(bytes(flipped)), *nodes[where + 1 :])),
            (leaves, (*nodes[:where], NodeHash(nodes[where][1:]), *nodes[where + 1 :])),
        ]
    for changed_leaves, changed_nodes in refused:
        with pytest.raises(InclusionProofError):
            verify_multi_inclusion(changed_leaves, size, changed_nodes, root)

"""Inclusion proofs of many leaves at once, shared hashes stored once. Pure, no I/O.

RFC 6962 proves leaves one by one; evidence over a time range holds thousands that share nearly all of their paths. The
proof of a set of leaves at one tree size is the roots of the *largest subtrees without a leaf of the set*. They do not
overlap and, with the leaves, cover the tree exactly once; so the set is minimal, unique, and has one canonical order:
from left to right. For a single leaf it is the RFC's proof sorted by position. Defined in docs/spec/log.md.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import (
    HASH_BYTES,
    MAX_TREE_SIZE,
    LeafHash,
    LeafRange,
    NodeHash,
    RootHash,
    SubtreeRoot,
    node_hash,
    root_hash,
    split_point,
)


def multi_inclusion_ranges(leaf_indexes: Sequence[int], tree_size: int) -> list[LeafRange]:
    """The subtrees whose roots prove all `leaf_indexes` at `tree_size`, left to right.

    Precondition: indexes strictly ascending, at least one, all below `tree_size`; raises `InclusionProofError`.
    """
    _check_indexes(leaf_indexes, tree_size)
    ranges: list[LeafRange] = []
    # A stack of (subtree, first index, end index); the right half goes on first, so that the left one comes off first.
    pending = [(0, tree_size, 0, len(leaf_indexes))]
    while pending:
        begin, end, first, last = pending.pop()
        if first == last:
            ranges.append((begin, end))
        elif end - begin > 1:
            middle = begin + split_point(end - begin)
            cut = bisect_left(leaf_indexes, middle, first, last)
            pending.append((middle, end, cut, last))
            pending.append((begin, middle, first, cut))
    return ranges


def multi_inclusion(leaf_indexes: Sequence[int], tree_size: int, subtree_root: SubtreeRoot) -> tuple[NodeHash, ...]:
    """The proof of all `leaf_indexes` at `tree_size`; `subtree_root(begin, end)` gives the tree's hashes."""
    return tuple(subtree_root(begin, end) for begin, end in multi_inclusion_ranges(leaf_indexes, tree_size))


def multi_inclusion_path(leaf_hashes: Sequence[LeafHash], leaf_indexes: Sequence[int]) -> tuple[NodeHash, ...]:
    """The proof of all `leaf_indexes` in the tree over `leaf_hashes`, held in memory."""
    return multi_inclusion(leaf_indexes, len(leaf_hashes), lambda begin, end: root_hash(leaf_hashes[begin:end]))


def root_from_multi_inclusion(
    leaves: Sequence[tuple[int, LeafHash]], tree_size: int, nodes: Sequence[NodeHash]
) -> RootHash:
    """The root that `leaves`, pairs of index and hash, and the proof `nodes` lead to, not yet compared with anything.

    Precondition: indexes strictly ascending (so a duplicate is refused), at least one. Raises `InclusionProofError` for
    an index outside the tree, a hash that is not 32 bytes, and too many or too few nodes.
    """
    leaf_indexes = [index for index, _ in leaves]
    _check_indexes(leaf_indexes, tree_size)
    for item in (*(leaf for _, leaf in leaves), *nodes):
        if len(item) != HASH_BYTES:
            raise InclusionProofError(f"a hash has {len(item)} bytes, not {HASH_BYTES}")
    supply = iter(nodes)

    def subtree(begin: int, end: int, first: int, last: int) -> NodeHash:
        if first == last:
            node = next(supply, None)
            if node is None:
                raise InclusionProofError(f"proof of {len(leaves)} leaves has too few hashes ({len(nodes)})")
            return node
        if end - begin == 1:
            return leaves[first][1]
        middle = begin + split_point(end - begin)
        cut = bisect_left(leaf_indexes, middle, first, last)
        left = subtree(begin, middle, first, cut)
        return node_hash(left, subtree(middle, end, cut, last))

    root = subtree(0, tree_size, 0, len(leaves))  # at most 63 deep: the height of the largest tree
    if next(supply, None) is not None:
        raise InclusionProofError(f"proof of {len(leaves)} leaves has too many hashes ({len(nodes)})")
    return RootHash(root)


def verify_multi_inclusion(
    leaves: Sequence[tuple[int, LeafHash]], tree_size: int, nodes: Sequence[NodeHash], root: RootHash
) -> None:
    """Return if `nodes` prove every one of `leaves` in the tree (tree_size, root); else raise `InclusionProofError`."""
    if root_from_multi_inclusion(leaves, tree_size, nodes) != root:
        raise InclusionProofError(f"proof of {len(leaves)} leaves does not lead to the root of size {tree_size}")


def _check_indexes(leaf_indexes: Sequence[int], tree_size: int) -> None:
    if not leaf_indexes:
        raise InclusionProofError("a proof of no leaves proves nothing")
    if tree_size > MAX_TREE_SIZE or leaf_indexes[0] < 0 or leaf_indexes[-1] >= tree_size:
        raise InclusionProofError(f"a leaf index lies outside a tree of size {tree_size}")
    for before, after in pairwise(leaf_indexes):
        if before >= after:
            raise InclusionProofError(f"leaf index {after} after {before}: indexes must ascend strictly")

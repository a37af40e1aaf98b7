"""The root that a multi-proof leads to, computed from streams (docs/spec/log.md, "Multi-proof"). Pure.

The same mathematics as `voltseal.log.multiproof.root_from_multi_inclusion`, which needs all leaves at once. Here leaves
and nodes are pulled as the tree is walked from left to right, so a million entries take memory for 63 hashes.
"""

from __future__ import annotations

from collections.abc import Iterator

from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import LeafHash, NodeHash, RootHash, node_hash, split_point


def root_from_streams(leaves: Iterator[tuple[int, LeafHash]], tree_size: int, nodes: Iterator[NodeHash]) -> RootHash:
    """The root that `leaves` (index and hash) and the proof's `nodes` lead to, not yet compared with anything.

    Precondition: indexes strictly ascend and lie below `tree_size`, and there is at least one. Raises
    `InclusionProofError` for too many or too few nodes.
    """
    return _Walk(leaves, nodes).root(tree_size)


class _Walk:
    """One walk over the tree; owns the two streams and the one leaf that is looked at ahead."""

    def __init__(self, leaves: Iterator[tuple[int, LeafHash]], nodes: Iterator[NodeHash]) -> None:
        self._leaves = leaves
        self._nodes = nodes
        self._next = next(leaves, None)

    def root(self, tree_size: int) -> RootHash:
        root = self._subtree(0, tree_size)  # at most 63 deep: the height of the largest tree
        if self._next is not None:
            raise InclusionProofError(f"leaf {self._next[0]} lies outside a tree of size {tree_size}")
        if next(self._nodes, None) is not None:
            raise InclusionProofError("proof has too many hashes")
        return RootHash(root)

    def _subtree(self, begin: int, end: int) -> NodeHash:
        if self._next is None or self._next[0] >= end:
            node = next(self._nodes, None)
            if node is None:
                raise InclusionProofError("proof has too few hashes")
            return node
        if end - begin == 1:
            leaf = self._next[1]
            self._next = next(self._leaves, None)
            return leaf
        middle = begin + split_point(end - begin)
        left = self._subtree(begin, middle)
        return node_hash(left, self._subtree(middle, end))

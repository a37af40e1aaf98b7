"""RFC 6962 Merkle tree mathematics: hashing, roots, inclusion and consistency proofs. Pure, no I/O.

Definitions are those of RFC 6962 section 2.1 and RFC 9162 section 2.1, over SHA-256. A tree of size n has the leaves
0 <= index < n. A subtree is named by its leaves, the half-open range (begin, end); the root of the tree is the range
(0, n). Functions called `*_ranges` say *which* subtree hashes make up a proof, without touching a hash, so that one
definition serves a list in memory and a tree on disk alike.

Verification never answers with a bool: `verify_*` returns nothing or raises. `root_from_inclusion` computes without
comparing, for callers that look the root up afterwards. All hashes here are public, so they are compared plainly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from typing import NewType, TypeAlias

from voltseal.log.errors import ConsistencyProofError, InclusionProofError, ProofError

NodeHash = NewType("NodeHash", bytes)
LeafHash = NewType("LeafHash", NodeHash)
RootHash = NewType("RootHash", NodeHash)

LeafRange: TypeAlias = tuple[int, int]
SubtreeRoot: TypeAlias = Callable[[int, int], NodeHash]

HASH_BYTES = 32
MAX_TREE_SIZE = 2**63 - 1
EMPTY_ROOT = RootHash(NodeHash(sha256(b"").digest()))


def leaf_hash(entry: bytes) -> LeafHash:
    """The hash of one entry: SHA-256(0x00 || entry), 32 bytes (RFC 6962 section 2.1)."""
    return LeafHash(NodeHash(sha256(b"\x00" + entry).digest()))


def node_hash(left: NodeHash, right: NodeHash) -> NodeHash:
    """The hash of an inner node: SHA-256(0x01 || left || right), 32 bytes (RFC 6962 section 2.1)."""
    return NodeHash(sha256(b"\x01" + left + right).digest())


def root_hash(leaf_hashes: Sequence[LeafHash]) -> RootHash:
    """The root over `leaf_hashes`, in O(n) hashes; `EMPTY_ROOT` for none (RFC 6962 section 2.1).

    Pairing each level and carrying an unpaired last node up unchanged gives the same tree as the RFC's recursion.
    """
    if not leaf_hashes:
        return EMPTY_ROOT
    level: list[NodeHash] = list(leaf_hashes)
    while len(level) > 1:
        above = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return RootHash(level[0])


def split_point(size: int) -> int:
    """The largest power of two smaller than `size`. Precondition: size >= 2 (RFC 6962 section 2.1, `k`)."""
    return 1 << ((size - 1).bit_length() - 1)


def perfect_ranges(begin: int, end: int) -> list[LeafRange]:
    """Cut a subtree into perfect ones, left to right, largest first.

    Precondition: (begin, end) is a subtree of some RFC 6962 tree, so `begin` is a multiple of the power of two that is
    at least `end - begin`. Folding the results' roots from right to left gives the subtree's root.
    """
    ranges = []
    while begin < end:
        width = 1 << ((end - begin).bit_length() - 1)
        ranges.append((begin, begin + width))
        begin += width
    return ranges


def fold_right(hashes: Sequence[NodeHash]) -> RootHash:
    """The root over the roots of `perfect_ranges`, given left to right. Precondition: not empty."""
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return RootHash(root)


def inclusion_ranges(leaf_index: int, tree_size: int) -> list[LeafRange]:
    """The subtrees whose roots form an inclusion proof, from the leaf upwards (RFC 9162 section 2.1.3.1).

    Raises `InclusionProofError` unless 0 <= leaf_index < tree_size <= MAX_TREE_SIZE.
    """
    _check_index(leaf_index, tree_size)
    begin, end = 0, tree_size
    ranges = []
    while end - begin > 1:
        middle = begin + split_point(end - begin)
        if leaf_index < middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    ranges.reverse()
    return ranges


def consistency_ranges(old_size: int, new_size: int) -> list[LeafRange]:
    """The subtrees whose roots form a consistency proof, in proof order (RFC 9162 section 2.1.4.1).

    Empty for old_size 0 and for equal sizes. Raises `ConsistencyProofError` unless
    0 <= old_size <= new_size <= MAX_TREE_SIZE.
    """
    _check_sizes(old_size, new_size)
    if old_size in {0, new_size}:
        return []
    begin, end = 0, new_size
    ranges = []
    while end != old_size:
        middle = begin + split_point(end - begin)
        if old_size <= middle:
            ranges.append((middle, end))
            end = middle
        else:
            ranges.append((begin, middle))
            begin = middle
    if begin:  # the verifier knows the old root itself, so it is left out where the old tree is one perfect subtree
        ranges.append((begin, end))
    ranges.reverse()
    return ranges


def inclusion_path(leaf_hashes: Sequence[LeafHash], leaf_index: int) -> tuple[NodeHash, ...]:
    """The inclusion proof of one leaf in the tree over `leaf_hashes`, from the leaf upwards."""
    return tuple(root_hash(leaf_hashes[begin:end]) for begin, end in inclusion_ranges(leaf_index, len(leaf_hashes)))


def consistency_path(leaf_hashes: Sequence[LeafHash], old_size: int) -> tuple[NodeHash, ...]:
    """The proof that the tree over `leaf_hashes` continues the one over its first `old_size` leaves."""
    return tuple(root_hash(leaf_hashes[begin:end]) for begin, end in consistency_ranges(old_size, len(leaf_hashes)))


def root_from_inclusion(leaf: LeafHash, leaf_index: int, tree_size: int, path: Sequence[NodeHash]) -> RootHash:
    """The root that an inclusion proof leads to (RFC 9162 section 2.1.3.2), not yet compared with anything.

    The path's length is fixed by index and size, so each root has exactly one proof. Raises `InclusionProofError` if
    the index lies outside the tree, a hash is not 32 bytes, or the path is too long or too short.
    """
    _check_index(leaf_index, tree_size)
    # Up to this level the path runs beside the tree's right edge; above it every sibling is a left one.
    inner = (leaf_index ^ (tree_size - 1)).bit_length()
    if len(path) != inner + (leaf_index >> inner).bit_count():
        raise InclusionProofError(
            f"inclusion proof has {len(path)} hashes; leaf {leaf_index} of {tree_size} "
            f"needs {inner + (leaf_index >> inner).bit_count()}"
        )
    _check_hashes((leaf, *path), InclusionProofError)
    current: NodeHash = leaf
    for level, sibling in enumerate(path):
        is_right = level >= inner or leaf_index >> level & 1
        current = node_hash(sibling, current) if is_right else node_hash(current, sibling)
    return RootHash(current)


def verify_inclusion(leaf: LeafHash, leaf_index: int, tree_size: int, path: Sequence[NodeHash], root: RootHash) -> None:
    """Return if `path` proves that `leaf` is leaf number `leaf_index` of the tree (tree_size, root).

    Precondition: the caller trusts `root`. Raises `InclusionProofError` otherwise.
    """
    if root_from_inclusion(leaf, leaf_index, tree_size, path) != root:
        raise InclusionProofError(f"inclusion proof of leaf {leaf_index} does not lead to the root of size {tree_size}")


def verify_consistency(
    old_size: int, new_size: int, path: Sequence[NodeHash], old_root: RootHash, new_root: RootHash
) -> None:
    """Return if `path` proves that (new_size, new_root) continues (old_size, old_root) (RFC 9162 section 2.1.4.2).

    Precondition: the caller trusts both roots to have been signed; the proof shows only that they belong together. A
    tree of size 0 must have the empty root, and is continued by every tree. Raises `ConsistencyProofError` otherwise.
    """
    _check_sizes(old_size, new_size)
    _check_hashes((old_root, new_root, *path), ConsistencyProofError)
    if old_size in {0, new_size}:
        if path:
            raise ConsistencyProofError("consistency proof must be empty for an empty old tree and for equal sizes")
        if old_root != (new_root if old_size else EMPTY_ROOT) or (not new_size and new_root != EMPTY_ROOT):
            raise ConsistencyProofError(f"roots differ at sizes {old_size} and {new_size}")
        return
    level = (old_size & -old_size).bit_length() - 1  # the old tree's rightmost perfect subtree, where the proof starts
    last = (old_size - 1) >> level
    inner = ((old_size - 1) ^ (new_size - 1)).bit_length() - level
    siblings: Sequence[NodeHash] = path
    seed: NodeHash = old_root
    if last:
        if not path:
            raise ConsistencyProofError("consistency proof is empty")
        seed, siblings = path[0], path[1:]
    if len(siblings) != inner + (last >> inner).bit_count():
        raise ConsistencyProofError(f"consistency proof from {old_size} to {new_size} has a wrong number of hashes")
    old_current = new_current = seed
    for step, sibling in enumerate(siblings):
        if step >= inner or last >> step & 1:
            old_current = node_hash(sibling, old_current)
            new_current = node_hash(sibling, new_current)
        else:
            new_current = node_hash(new_current, sibling)
    if old_current != old_root or new_current != new_root:
        raise ConsistencyProofError(f"consistency proof from {old_size} to {new_size} does not lead to both roots")


class Frontier:
    """The compact right edge of a growing tree: roots of its perfect subtrees, at most 63 hashes.

    Owns nothing else: enough to append leaves and compute roots, not to make proofs. About one hash a leaf.
    """

    __slots__ = ("_nodes", "_tree_size")

    def __init__(self, tree_size: int = 0, nodes: Iterable[NodeHash] = ()) -> None:
        """Continue from the roots of `perfect_ranges(0, tree_size)`; raises `ProofError` if their number differs."""
        self._tree_size = tree_size
        self._nodes = list(nodes)
        if not 0 <= tree_size <= MAX_TREE_SIZE or len(self._nodes) != tree_size.bit_count():
            raise ProofError(f"{len(self._nodes)} frontier hashes do not make a tree of size {tree_size}")
        _check_hashes(self._nodes, ProofError)

    @property
    def tree_size(self) -> int:
        """The number of leaves so far."""
        return self._tree_size

    @property
    def nodes(self) -> tuple[NodeHash, ...]:
        """Roots of the perfect subtrees, left to right."""
        return tuple(self._nodes)

    def append(self, leaf: LeafHash) -> None:
        """Add one leaf hash (32 bytes) at index `tree_size`."""
        current: NodeHash = leaf
        size = self._tree_size
        while size & 1:
            current = node_hash(self._nodes.pop(), current)
            size >>= 1
        self._nodes.append(current)
        self._tree_size += 1

    def root(self) -> RootHash:
        """The root of the tree so far."""
        return fold_right(self._nodes) if self._nodes else EMPTY_ROOT


def _check_index(leaf_index: int, tree_size: int) -> None:
    if not 0 <= leaf_index < tree_size <= MAX_TREE_SIZE:
        raise InclusionProofError(f"leaf index {leaf_index} lies outside a tree of size {tree_size}")


def _check_sizes(old_size: int, new_size: int) -> None:
    if not 0 <= old_size <= new_size <= MAX_TREE_SIZE:
        raise ConsistencyProofError(f"no tree of size {new_size} continues one of size {old_size}")


def _check_hashes(hashes: Iterable[bytes], error: type[ProofError]) -> None:
    for item in hashes:
        if len(item) != HASH_BYTES:
            raise error(f"a hash has {len(item)} bytes, not {HASH_BYTES}")

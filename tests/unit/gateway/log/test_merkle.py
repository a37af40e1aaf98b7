"""RFC 6962 mathematics against published vectors, a naive reference, and every small tree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import ConsistencyProofError, InclusionProofError, ProofError
from voltseal.log.merkle import (
    EMPTY_ROOT,
    MAX_TREE_SIZE,
    Frontier,
    LeafHash,
    NodeHash,
    RootHash,
    consistency_path,
    inclusion_path,
    leaf_hash,
    root_from_inclusion,
    root_hash,
    verify_consistency,
    verify_inclusion,
)
from voltseal.log.multiproof import root_from_multi_inclusion

# The inputs and roots that Certificate Transparency implementations have shared since RFC 6962.
RFC6962_INPUTS = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
RFC6962_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
PUBLISHED_INCLUSION = [
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
PUBLISHED_CONSISTENCY = [
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
    (
        6,
        7,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
]


def hashes_of(proof: list[str]) -> tuple[NodeHash, ...]:
    return tuple(NodeHash(bytes.fromhex(item)) for item in proof)


def refuses(error: type[ProofError], verify: Callable[..., None], arguments: list[Any]) -> bool:
    try:
        verify(*arguments)
    except error:
        return True
    return False


@cache
def reference_root(entries: tuple[bytes, ...]) -> bytes:
    """MTH as RFC 6962 section 2.1 writes it, with none of our code."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    middle = reference_split(len(entries))
    return sha256(b"\x01" + reference_root(entries[:middle]) + reference_root(entries[middle:])).digest()


def reference_split(size: int) -> int:
    middle = 1
    while middle * 2 < size:
        middle *= 2
    return middle


def reference_path(entries: tuple[bytes, ...], index: int) -> list[bytes]:
    """PATH as RFC 6962 section 2.1.1 writes it."""
    if len(entries) == 1:
        return []
    middle = reference_split(len(entries))
    if index < middle:
        return [*reference_path(entries[:middle], index), reference_root(entries[middle:])]
    return [*reference_path(entries[middle:], index - middle), reference_root(entries[:middle])]


def reference_subproof(entries: tuple[bytes, ...], size: int, *, complete: bool) -> list[bytes]:
    """SUBPROOF as RFC 6962 section 2.1.2 writes it."""
    if size == len(entries):
        return [] if complete else [reference_root(entries)]
    middle = reference_split(len(entries))
    if size <= middle:
        return [*reference_subproof(entries[:middle], size, complete=complete), reference_root(entries[middle:])]
    below = reference_subproof(entries[middle:], size - middle, complete=False)
    return [*below, reference_root(entries[:middle])]


def test_published_roots() -> None:
    hashes = [leaf_hash(entry) for entry in RFC6962_INPUTS]
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == sha256(b"").digest()
    for size, expected in enumerate(RFC6962_ROOTS, start=1):
        frontier.append(hashes[size - 1])
        assert root_hash(hashes[:size]).hex() == expected
        assert frontier.root().hex() == expected
        assert reference_root(tuple(RFC6962_INPUTS[:size])).hex() == expected


@pytest.mark.parametrize(("leaf_index", "tree_size", "proof"), PUBLISHED_INCLUSION)
def test_published_inclusion_proofs(leaf_index: int, tree_size: int, proof: list[str]) -> None:
    hashes = [leaf_hash(entry) for entry in RFC6962_INPUTS[:tree_size]]
    assert inclusion_path(hashes, leaf_index) == hashes_of(proof)
    root = RootHash(NodeHash(bytes.fromhex(RFC6962_ROOTS[tree_size - 1])))
    verify_inclusion(hashes[leaf_index], leaf_index, tree_size, hashes_of(proof), root)


@pytest.mark.parametrize(("old_size", "new_size", "proof"), PUBLISHED_CONSISTENCY)
def test_published_consistency_proofs(old_size: int, new_size: int, proof: list[str]) -> None:
    hashes = [leaf_hash(entry) for entry in RFC6962_INPUTS[:new_size]]
    assert consistency_path(hashes, old_size) == hashes_of(proof)
    roots = [RootHash(NodeHash(bytes.fromhex(root))) for root in RFC6962_ROOTS]
    verify_consistency(old_size, new_size, hashes_of(proof), roots[old_size - 1], roots[new_size - 1])


def inclusion_mutations(
    leaf: LeafHash, index: int, size: int, path: tuple[NodeHash, ...], root: RootHash
) -> Iterator[tuple[str, LeafHash, int, int, tuple[NodeHash, ...], RootHash]]:
    """Everything that must not verify, named after what it changes."""
    some = NodeHash(sha256(b"some").digest())
    for other in {index - 1, index + 1, index ^ 2, index + size, -index - 1} - {index}:
        yield f"index {other}", leaf, other, size, path, root
    # A longer tree may share the path of a leaf far from its right edge, which is why roots are signed with sizes.
    for other in (0, size // 2 if index >= size // 2 else 0, MAX_TREE_SIZE + 1, -size):
        yield f"size {other}", leaf, index, other, path, root
    yield "other leaf", LeafHash(some), index, size, path, root
    yield "short leaf", LeafHash(NodeHash(leaf[:31])), index, size, path, root
    yield "empty root", leaf, index, size, path, EMPTY_ROOT
    yield "other root", leaf, index, size, path, RootHash(some)
    yield "trailing empty hash", leaf, index, size, (*path, NodeHash(b"")), root
    yield "trailing root", leaf, index, size, (*path, root), root
    yield "preceding root", leaf, index, size, (root, *path), root
    for at, item in enumerate(path):
        flipped = NodeHash(bytes([item[0] ^ 8]) + item[1:])
        yield f"bit in hash {at}", leaf, index, size, (*path[:at], flipped, *path[at + 1 :]), root
        yield f"without hash {at}", leaf, index, size, path[:at] + path[at + 1 :], root
        yield f"hash {at} twice", leaf, index, size, (*path[:at], item, *path[at:]), root
        yield f"hash {at} cut", leaf, index, size, (*path[:at], NodeHash(item[:31]), *path[at + 1 :]), root


def test_inclusion_of_every_leaf_of_every_small_tree(leaf_hashes: list[LeafHash]) -> None:
    for size in range(1, len(leaf_hashes) + 1):
        tree = leaf_hashes[:size]
        root = root_hash(tree)
        for index in range(size):
            path = inclusion_path(tree, index)
            assert root_from_inclusion(tree[index], index, size, path) == root
            if size > 40 and index % 17:  # mutations of every leaf up to 40, of some beyond
                continue
            for name, *mutation in inclusion_mutations(tree[index], index, size, path, root):
                assert refuses(InclusionProofError, verify_inclusion, mutation), (index, size, name)


def consistency_mutations(
    old: int, new: int, path: tuple[NodeHash, ...], old_root: RootHash, new_root: RootHash
) -> Iterator[tuple[str, int, int, tuple[NodeHash, ...], RootHash, RootHash]]:
    some = NodeHash(sha256(b"some").digest())
    for other in {old - 1, old + 1, old ^ 2} - {0}:
        yield f"old size {other}", other, new, path, old_root, new_root
    for other in (old - 1, new // 2 if old > new // 2 else 0, MAX_TREE_SIZE + 1):
        yield f"new size {other}", old, other, path, old_root, new_root
    yield "roots swapped", old, new, path, new_root, old_root
    yield "old root other", old, new, path, RootHash(some), new_root
    yield "new root other", old, new, path, old_root, RootHash(some)
    yield "old root short", old, new, path, RootHash(NodeHash(old_root[1:])), new_root
    yield "empty proof", old, new, (), old_root, new_root
    yield "trailing root", old, new, (*path, new_root), old_root, new_root
    yield "preceding root", old, new, (old_root, *path), old_root, new_root
    for at, item in enumerate(path):
        flipped = NodeHash(item[:-1] + bytes([item[-1] ^ 1]))
        yield f"bit in hash {at}", old, new, (*path[:at], flipped, *path[at + 1 :]), old_root, new_root
        yield f"without hash {at}", old, new, path[:at] + path[at + 1 :], old_root, new_root
        yield f"hash {at} twice", old, new, (*path[:at], item, *path[at:]), old_root, new_root


def test_consistency_of_every_pair_of_small_trees(leaf_hashes: list[LeafHash]) -> None:
    roots = [root_hash(leaf_hashes[:size]) for size in range(len(leaf_hashes) + 1)]
    for new in range(1, len(leaf_hashes) + 1):
        for old in range(1, new + 1):
            path = consistency_path(leaf_hashes[:new], old)
            verify_consistency(old, new, path, roots[old], roots[new])
            if old == new or (new > 40 and (old * new) % 31):
                continue
            for name, *mutation in consistency_mutations(old, new, path, roots[old], roots[new]):
                assert refuses(ConsistencyProofError, verify_consistency, mutation), (old, new, name)


def test_bytes_moved_between_neighbouring_hashes_are_refused(leaf_hashes: list[LeafHash]) -> None:
    """The node's input stays the same, so only the check of lengths stands between this and a forged leaf."""
    tree = leaf_hashes[:8]
    root = root_hash(tree)
    sibling, *above = inclusion_path(tree, 2)
    longer, shorter = LeafHash(NodeHash(tree[2] + sibling[:1])), NodeHash(sibling[1:])
    assert sha256(b"\x01" + longer + shorter).digest() == root_hash(tree[2:4])
    with pytest.raises(InclusionProofError):
        verify_inclusion(longer, 2, 8, (shorter, *above), root)
    with pytest.raises(InclusionProofError):
        root_from_multi_inclusion([(2, longer), (3, LeafHash(shorter))], 4, [root_hash(tree[:2])])
    seed, *rest = consistency_path(tree, 4)
    old = RootHash(NodeHash(root_hash(tree[:4]) + seed[:1]))
    with pytest.raises(ConsistencyProofError):
        verify_consistency(4, 8, (NodeHash(seed[1:]), *rest), old, root)


def test_a_path_of_a_wrong_length_has_no_root(leaf_hashes: list[LeafHash]) -> None:
    for size in range(1, 20):
        for index in range(size):
            path = inclusion_path(leaf_hashes[:size], index)
            for wrong in ((*path, leaf_hashes[0]), path[1:] if path else (leaf_hashes[0],)):
                with pytest.raises(InclusionProofError):
                    root_from_inclusion(leaf_hashes[index], index, size, wrong)


def test_empty_and_equal_trees_need_an_empty_proof(leaf_hashes: list[LeafHash]) -> None:
    root = root_hash(leaf_hashes[:5])
    verify_consistency(0, 5, (), EMPTY_ROOT, root)
    verify_consistency(0, 0, (), EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(5, 5, (), root, root)
    for old_size, new_size, path, old_root, new_root in (
        (0, 5, (), root, root),
        (0, 0, (), EMPTY_ROOT, root),
        (0, 5, (NodeHash(root),), EMPTY_ROOT, root),
        (5, 5, (NodeHash(root),), root, root),
        (5, 5, (), root, EMPTY_ROOT),
        (5, 4, (), root, root),
    ):
        with pytest.raises(ConsistencyProofError):
            verify_consistency(old_size, new_size, path, old_root, new_root)


def test_accumulated_hash_of_every_proof(leaf_hashes: list[LeafHash]) -> None:
    """One hash over all roots and proofs up to size 130, by our code and by the RFC's own recursion."""
    ours, reference = sha256(), sha256()
    for size in range(1, len(leaf_hashes) + 1):
        entries = tuple(index.to_bytes(2, "big") for index in range(size))
        reference.update(reference_root(entries))
        ours.update(root_hash(leaf_hashes[:size]))
        for index in range(size):
            reference.update(b"".join(reference_path(entries, index)))
            reference.update(b"".join(reference_subproof(entries, index + 1, complete=True)))
            ours.update(b"".join(inclusion_path(leaf_hashes[:size], index)))
            ours.update(b"".join(consistency_path(leaf_hashes[:size], index + 1)))
    assert ours.hexdigest() == reference.hexdigest()
    assert ours.hexdigest() == "276a29f39e3376b4fc283061ec7ca5adb5fad196f7cbcf8f01e0ebd3a8ef4490"


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=200), st.data())
def test_any_leaf_of_any_tree_is_provable_and_no_flipped_bit_is(entries: list[bytes], data: st.DataObject) -> None:
    hashes = [leaf_hash(entry) for entry in entries]
    index = data.draw(st.integers(0, len(entries) - 1))
    path = inclusion_path(hashes, index)
    assert root_from_inclusion(hashes[index], index, len(entries), path) == reference_root(tuple(entries))
    whole = bytearray(hashes[index] + b"".join(path))
    bit = data.draw(st.integers(0, len(whole) * 8 - 1))
    whole[bit // 8] ^= 1 << bit % 8
    flipped = [NodeHash(bytes(whole[at : at + 32])) for at in range(0, len(whole), 32)]
    with pytest.raises(InclusionProofError):
        verify_inclusion(LeafHash(flipped[0]), index, len(entries), flipped[1:], root_hash(hashes))


@given(
    st.integers(-3, 2**64),
    st.integers(-3, 2**64),
    st.lists(st.binary(min_size=30, max_size=33), max_size=70),
    st.binary(min_size=31, max_size=33),
)
def test_verification_raises_nothing_but_its_own_errors(
    first: int, second: int, path: list[bytes], root: bytes
) -> None:
    nodes = [NodeHash(item) for item in path]
    top = RootHash(NodeHash(root))
    with pytest.raises(ProofError):
        verify_inclusion(LeafHash(NodeHash(b"\0" * 32)), first, second, nodes, top)
    with pytest.raises(ProofError):
        verify_consistency(first, second, nodes, top, RootHash(NodeHash(b"\0" * 32)))


def test_frontier_continues_from_its_nodes(leaf_hashes: list[LeafHash]) -> None:
    for size in range(len(leaf_hashes) - 1):
        first = Frontier()
        for leaf in leaf_hashes[:size]:
            first.append(leaf)
        second = Frontier(size, first.nodes)
        second.append(leaf_hashes[size])
        assert second.tree_size == size + 1
        assert second.root() == root_hash(leaf_hashes[: size + 1])


def test_frontier_refuses_a_wrong_number_of_nodes(leaf_hashes: list[LeafHash]) -> None:
    for size, nodes in ((3, leaf_hashes[:1]), (4, leaf_hashes[:2]), (-1, []), (1, [NodeHash(b"x")])):
        with pytest.raises(ProofError):
            Frontier(size, nodes)

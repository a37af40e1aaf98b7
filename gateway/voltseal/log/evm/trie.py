"""Merkle Patricia tries of a block's receipts (Ethereum Yellow Paper, appendix D): root, proof, and its check. Pure.

A trie of receipts maps RLP(index) to the receipt's bytes. A node is RLP: a branch has 17 items (16 children, a value),
a leaf or an extension has 2 (a path in hex-prefix coding, a value or a child). A child is named by the Keccak-256 of
its encoding; one whose encoding is shorter than 32 bytes stands in its parent itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Final, TypeAlias

from voltseal.log.errors import EvmProofError
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import HASH_BYTES, keccak256

_BRANCH_ITEMS: Final = 17
_SHORT_ITEMS: Final = 2
_VALUE: Final = 16
Nibbles: TypeAlias = tuple[int, ...]


def receipt_key(index: int) -> bytes:
    """The key of a block's transaction `index`, from 0."""
    return rlp.encode(index)


def prove(values: Mapping[bytes, bytes], key: bytes) -> tuple[bytes, list[bytes]]:
    """The trie's root hash and the encoded nodes on the way to `key`, root first. Precondition: `values` has `key`."""
    pairs = sorted((_nibbles(one), value) for one, value in values.items())
    proof: list[bytes] = []
    root = _build(pairs, _nibbles(key), proof)
    proof.append(root)
    proof.reverse()
    return keccak256(root), proof


def verify_proof(root_hash: bytes, key: bytes, proof: Sequence[bytes]) -> bytes:
    """The value that the trie with this root has under `key`.

    Raises `EvmProofError` if the nodes do not lead there, if one is missing, or if one is not needed.
    """
    path = _nibbles(key)
    wanted: rlp.Item = root_hash
    remaining = list(reversed(proof))
    while True:
        if isinstance(wanted, bytes):
            if len(wanted) != HASH_BYTES or not remaining:
                raise EvmProofError("receipt proof: a node is missing")
            encoded = remaining.pop()
            if keccak256(encoded) != wanted:
                raise EvmProofError("receipt proof: a node has another hash")
            node = rlp.decode_list(encoded)
        else:
            node = wanted
        wanted, path, ended = _descend(node, path)
        if ended:
            if remaining or not wanted:
                raise EvmProofError("receipt proof: nodes left over, or no value")
            return rlp.octets(wanted)


def _descend(node: list[rlp.Item], path: Nibbles) -> tuple[rlp.Item, Nibbles, bool]:
    """One step: the child's name or the value, the path that remains, and whether it was the value."""
    if len(node) == _BRANCH_ITEMS:
        if not path:
            return node[_VALUE], path, True
        return node[path[0]], path[1:], False
    if len(node) != _SHORT_ITEMS:
        raise EvmProofError(f"receipt proof: a node of {len(node)} items")
    prefix = _nibbles(rlp.octets(node[0]))
    kind = prefix[0] if prefix else 0xF
    if kind > 3 or (kind % 2 == 0 and prefix[1] != 0):
        raise EvmProofError("receipt proof: a path in no hex-prefix coding")
    part = prefix[1:] if kind % 2 else prefix[2:]
    if path[: len(part)] != part or (kind >= 2 and len(part) != len(path)):
        raise EvmProofError("receipt proof: it leads to another key")
    return node[1], path[len(part) :], kind >= 2


def _build(pairs: Sequence[tuple[Nibbles, bytes]], wanted: Nibbles | None, proof: list[bytes]) -> bytes:
    """Encode the node over `pairs` (sorted, at least one). Nodes below it on the way to `wanted` go to `proof`."""
    if len(pairs) == 1:
        path, value = pairs[0]
        return rlp.encode([_hex_prefix(path, leaf=True), value])
    first, last = pairs[0][0], pairs[-1][0]
    shared = sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(first, last, strict=False)))
    if shared:
        below = [(path[shared:], value) for path, value in pairs]
        child = _build(below, None if wanted is None else wanted[shared:], proof)
        return rlp.encode_list_of(rlp.encode(_hex_prefix(first[:shared], leaf=False)) + _name(child, wanted, proof))
    children: list[bytes] = []
    for nibble in range(16):
        below = [(path[1:], value) for path, value in pairs if path and path[0] == nibble]
        onward = wanted[1:] if wanted and wanted[0] == nibble else None
        children.append(_name(_build(below, onward, proof), onward, proof) if below else rlp.encode(b""))
    value = next((value for path, value in pairs if not path), b"")
    body = b"".join([*children, rlp.encode(value)])
    return rlp.encode_list_of(body)


def _name(child: bytes, wanted: Nibbles | None, proof: list[bytes]) -> bytes:
    """How a parent names an encoded child: itself if it is short, else its hash."""
    if len(child) < HASH_BYTES:
        return child
    if wanted is not None:
        proof.append(child)
    return rlp.encode(keccak256(child))


def _nibbles(raw: bytes) -> Nibbles:
    return tuple(nibble for byte in raw for nibble in divmod(byte, 16))


def _hex_prefix(path: Nibbles, *, leaf: bool) -> bytes:
    odd = len(path) % 2
    nibbles = (2 * leaf + odd, *path) if odd else (2 * leaf, 0, *path)
    return bytes(high * 16 + low for high, low in zip(nibbles[::2], nibbles[1::2], strict=True))

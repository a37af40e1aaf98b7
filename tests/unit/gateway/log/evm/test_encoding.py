"""Keccak, RLP and receipt tries: against known answers, hashlib, and themselves under change."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import EvmProofError
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import keccak256, sponge
from voltseal.log.evm.trie import prove, receipt_key, verify_proof

_SHA3_PADDING = 0x06


@pytest.mark.parametrize(
    ("message", "digest"),
    [
        (b"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"),
        (b"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"),
        (rlp.encode(b""), "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"),  # the empty trie
    ],
)
def test_keccak_known_answers(message: bytes, digest: str) -> None:
    assert keccak256(message).hex() == digest


@given(st.binary(max_size=600))
def test_the_sponge_is_that_of_sha3_but_for_the_padding(message: bytes) -> None:
    assert sponge(message, _SHA3_PADDING) == hashlib.sha3_256(message).digest()
    assert keccak256(message) != hashlib.sha3_256(message).digest()


_ITEMS: st.SearchStrategy[rlp.Item] = st.recursive(st.binary(max_size=70), lambda one: st.lists(one, max_size=5))


@given(_ITEMS)
def test_rlp_round_trip(item: rlp.Item) -> None:
    assert rlp.decode(rlp.encode(item)) == item


@given(st.binary(max_size=80))
def test_rlp_has_one_encoding_and_one_error(raw: bytes) -> None:
    try:
        item = rlp.decode(raw)
    except EvmProofError:
        return
    assert rlp.encode(item) == raw


@pytest.mark.parametrize(
    "encoded",
    [
        "", "8100", "817f", "b800", "b90001", "f800", "81", "c281", "83aabb", "0000", "c0c0", "b8", "f90000", "c1" * 40,
        "b837" + "00" * 54, "ff" + "ff" * 8,
    ],
)  # fmt: skip
def test_rlp_refuses(encoded: str) -> None:
    with pytest.raises(EvmProofError, match="RLP"):
        rlp.decode(bytes.fromhex(encoded))


@pytest.mark.parametrize("number", [0, 1, 127, 128, 255, 256, 2**63])
def test_numbers(number: int) -> None:
    assert rlp.integer(rlp.decode(rlp.encode(number))) == number


@pytest.mark.parametrize("item", [b"\0", b"\0\1", b"\1" * 9, [b""]])
def test_no_numbers(item: rlp.Item) -> None:
    with pytest.raises(EvmProofError, match="RLP: not a"):
        rlp.integer(item)


@given(st.integers(1, 300), st.data())
def test_every_receipt_of_a_block_can_be_proved(count: int, data: st.DataObject) -> None:
    values = {receipt_key(index): b"receipt %d " % index * (1 + index % 9) for index in range(count)}
    wanted = receipt_key(data.draw(st.integers(0, count - 1)))
    root, nodes = prove(values, wanted)
    assert verify_proof(root, wanted, nodes) == values[wanted]
    place = data.draw(st.integers(0, len(nodes) - 1))
    at = data.draw(st.integers(0, 8 * len(nodes[place]) - 1))
    changed = bytearray(nodes[place])
    changed[at // 8] ^= 1 << at % 8
    wrong = (
        [*nodes[:place], bytes(changed), *nodes[place + 1 :]],
        [*nodes, nodes[-1]],
        nodes[:-1],
        [*nodes[:place], *nodes[place + 1 :]],
    )
    for proof in wrong:
        with pytest.raises(EvmProofError):
            verify_proof(root, wanted, proof)


def test_a_proof_is_of_one_key_only() -> None:
    values = {receipt_key(index): b"receipt %d" % index * 9 for index in range(20)}
    root, nodes = prove(values, receipt_key(3))
    for other in (2, 4, 19, 20, 300):
        with pytest.raises(EvmProofError):
            verify_proof(root, receipt_key(other), nodes)


def test_short_nodes_stand_in_their_parents() -> None:
    values = {bytes([16 + index]): b"v%d" % index for index in range(3)} | {b"\x99": b"far"}
    for wanted, value in values.items():
        root, nodes = prove(values, wanted)
        assert verify_proof(root, wanted, nodes) == value


def test_one_receipt_is_a_trie_as_well() -> None:
    """The root that a block with one transaction has, computed by hand: a leaf with the path 8, 0."""
    value = b"r" * 40
    leaf = rlp.encode([b"\x20\x80", value])
    assert prove({receipt_key(0): value}, receipt_key(0)) == (keccak256(leaf), [leaf])

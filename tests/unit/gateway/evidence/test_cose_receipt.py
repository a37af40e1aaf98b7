"""COSE Receipts: the bytes of RFC 9942, one spelling, and any changed byte is noticed."""

from __future__ import annotations

from dataclasses import replace

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.published_log import ORIGIN, PublishedLog, numbered_entries

from voltseal.evidence.cose_receipt import CoseReceipt, cose_key, receipt_kid, sign_receipt
from voltseal.evidence.entry_proof import prove_entry
from voltseal.evidence.errors import EvidenceError, MalformedProofError, ReceiptSignatureError
from voltseal.log.errors import InclusionProofError, ProofError
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.tree import Tree


@pytest.fixture(scope="module")
def log() -> PublishedLog:
    return PublishedLog.of(numbered_entries(0, 300))


@pytest.fixture(scope="module")
def receipt(log: PublishedLog) -> CoseReceipt:
    return prove_entry(log, 256).to_cose_receipt(log.signer)


def test_the_form(log: PublishedLog, receipt: CoseReceipt) -> None:
    raw = receipt.encode()
    assert raw[0] == 0xD2  # tag 18
    protected, unprotected, payload, signature = cbor2.loads(raw[1:])
    key = log.signer.verifier
    assert cbor2.loads(protected) == {1: -8, 4: receipt_kid(key), 15: {1: ORIGIN}, 395: 1}
    proof = cbor2.dumps([300, 256, list(Tree.open(log, 300).inclusion_proof(256))])
    assert unprotected == {396: {-1: [proof]}}
    assert payload is None
    assert len(signature) == 64
    assert cbor2.loads(cose_key(key)) == {1: 1, 2: receipt_kid(key), 3: -8, -1: 6, -2: key.public_key}


@pytest.mark.parametrize("index", [0, 1, 255, 256, 299])
def test_verifies(log: PublishedLog, index: int) -> None:
    receipt = CoseReceipt.parse(prove_entry(log, index).to_cose_receipt(log.signer).encode())
    assert receipt.verify(log.leaves[index], log.signer.verifier) == log.published[-1].checkpoint.root_hash


def test_refuses(log: PublishedLog, receipt: CoseReceipt) -> None:
    entry, key = log.leaves[256], log.signer.verifier
    stranger = Ed25519Signer(ORIGIN, bytes(31) + b"\1")
    foreign = Ed25519Signer("elsewhere.example/log", log.signer.seed)
    for wrong, shown, trusted in [
        (receipt, log.leaves[257], key),
        (replace(receipt, leaf_index=257), entry, key),
        (replace(receipt, signature=bytes(64)), entry, key),
        (replace(receipt, origin=foreign.name), entry, foreign.verifier),
        (receipt, entry, foreign.verifier),
        (receipt, entry, stranger.verifier),
        (replace(receipt, kid=receipt_kid(stranger.verifier)), entry, stranger.verifier),
    ]:
        with pytest.raises(ReceiptSignatureError):
            wrong.verify(shown, trusted)
    for wrong in (replace(receipt, leaf_index=300), replace(receipt, path=receipt.path[:-1])):
        with pytest.raises(InclusionProofError):
            wrong.verify(entry, key)


def test_signs_only_what_was_published(log: PublishedLog) -> None:
    checkpoint = log.published[-1].checkpoint
    path = Tree.open(log, 300).inclusion_proof(7)
    with pytest.raises(InclusionProofError):
        sign_receipt(log.signer, log.leaves[8], 7, path, checkpoint)
    with pytest.raises(InclusionProofError):
        sign_receipt(log.signer, log.leaves[7], 7, path[:-1], checkpoint)
    with pytest.raises(ReceiptSignatureError):
        sign_receipt(Ed25519Signer("elsewhere.example/log", bytes(32)), log.leaves[7], 7, path, checkpoint)
    with pytest.raises(ProofError, match="one leaf"):
        prove_entry(PublishedLog.of([b"alone"]), 0).to_cose_receipt(log.signer)


def test_malformed(receipt: CoseReceipt) -> None:
    protected, unprotected, _payload, signature = cbor2.loads(receipt.encode()[1:])
    (proof,) = unprotected[396][-1]
    size, index, path = cbor2.loads(proof)

    def encoded(
        header: object = protected, proofs: object = unprotected, payload: object = None, tag: int = 18
    ) -> bytes:
        return cbor2.dumps(cbor2.CBORTag(tag, [header, proofs, payload, signature]))

    def with_proof(value: object) -> bytes:
        return encoded(proofs={396: {-1: [cbor2.dumps(value)]}})

    def with_header(**changes: object) -> bytes:
        header = {1: -8, 4: receipt.kid, 15: {1: receipt.origin}, 395: 1}
        header.update({int(label[1:]): value for label, value in changes.items()})  # type: ignore[dict-item]
        return encoded(header=cbor2.dumps(header))

    assert encoded() == with_proof([size, index, path]) == with_header() == receipt.encode()
    for wrong in [
        b"",
        b"\xd2",
        receipt.encode()[:-1],
        receipt.encode() + b"\0",
        encoded(tag=17),
        encoded(payload=b"root"),
        encoded(proofs={}),
        encoded(proofs={396: {-1: []}}),
        encoded(proofs={396: {-1: [proof, proof]}}),
        encoded(proofs={396: {-1: [proof]}, 33: b""}),
        encoded(proofs={396: {-1: [proof], -2: [proof]}}),
        with_proof([size, index, []]),
        with_proof([size, index, [*path, b"short"]]),
        with_proof([size, -1, path]),
        with_proof([size, index]),
        with_proof({}),
        with_header(_1=-7),
        with_header(_395=2),
        with_header(_4=b"short"),
        with_header(_2=[1]),
        with_header(_15={1: receipt.origin, 2: "x"}),
        encoded(header=b""),
        bytes(20_000),
    ]:
        with pytest.raises(MalformedProofError):
            CoseReceipt.parse(wrong)


@given(st.binary(max_size=200))
def test_parse_raises_nothing_else(junk: bytes) -> None:
    for raw in (junk, b"\xd2" + junk, b"\xd2\x84" + junk):
        with pytest.raises(MalformedProofError):
            CoseReceipt.parse(raw)


@given(data=st.data())
def test_any_change_is_noticed(log: PublishedLog, receipt: CoseReceipt, data: st.DataObject) -> None:
    """Size and index are not signed, so one may change without effect on the path; what is proved stays the same."""
    raw = receipt.encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:place] + bytes([raw[place] ^ data.draw(st.integers(1, 255))]) + raw[place + 1 :]
    try:
        parsed = CoseReceipt.parse(changed)
        root = parsed.verify(log.leaves[256], log.signer.verifier)
    except (EvidenceError, InclusionProofError):
        return
    assert root == log.published[-1].checkpoint.root_hash
    assert replace(parsed, tree_size=300, leaf_index=256) == receipt

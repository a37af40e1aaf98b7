"""`.tlog-proof`: one spelling, and nothing but the right entry under the right checkpoint passes."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.published_log import PublishedLog, numbered_entries

from voltseal.errors import VoltsealError
from voltseal.evidence.entry_proof import prove_entry
from voltseal.evidence.errors import ExportError, MalformedProofError
from voltseal.evidence.tlog_proof import TlogProof
from voltseal.log.cosignature import CosignatureSigner
from voltseal.log.errors import InclusionProofError, NoteSignatureError
from voltseal.log.merkle import NodeHash

WITNESS = CosignatureSigner("witness.example/1", bytes(31) + b"\1")


@pytest.fixture(scope="module")
def log() -> PublishedLog:
    log = PublishedLog()
    log.append(numbered_entries(0, 300))
    log.publish([WITNESS], timestamp_s=1_700_000_000)
    return log


def test_the_form(log: PublishedLog) -> None:
    proof = prove_entry(log, 299).to_tlog_proof()
    lines = proof.encode().decode().split("\n")
    assert lines[:2] == ["c2sp.org/tlog-proof@v1", "index 299"]
    assert lines[2:-7] == [*(b64encode(node).decode() for node in proof.path), ""]
    assert proof.encode().endswith(b"\n\n" + log.published[-1].raw)
    with_extra = replace(proof, extra=b"\xff\x00").encode()
    assert with_extra.startswith(b"c2sp.org/tlog-proof@v1\nextra /wA=\nindex 299\n")
    assert TlogProof.parse(with_extra) == replace(proof, extra=b"\xff\x00")


@pytest.mark.parametrize("index", [0, 1, 255, 256, 298, 299])
def test_verifies(log: PublishedLog, index: int) -> None:
    proof = TlogProof.parse(prove_entry(log, index).to_tlog_proof().encode())
    signed = proof.verify(log.leaves[index], log.signer.verifier, [WITNESS.verifier])
    assert signed.checkpoint == log.published[-1].checkpoint
    assert [one.name for one in signed.cosignatures] == [WITNESS.name]


def test_refuses(log: PublishedLog) -> None:
    proof = prove_entry(log, 256).to_tlog_proof()
    foreign = PublishedLog.of(log.leaves, "elsewhere.example/log")
    fork = PublishedLog.of([b"forked", *log.leaves[1:]])
    key = log.signer.verifier
    with pytest.raises(InclusionProofError):
        proof.verify(log.leaves[257], key)
    with pytest.raises(InclusionProofError):
        replace(proof, leaf_index=257).verify(log.leaves[256], key)
    with pytest.raises(InclusionProofError):
        replace(proof, checkpoint=fork.published[-1].raw).verify(log.leaves[256], key)
    with pytest.raises(NoteSignatureError):
        replace(proof, checkpoint=foreign.published[-1].raw).verify(log.leaves[256], key)
    with pytest.raises(NoteSignatureError):
        proof.verify(log.leaves[256], foreign.signer.verifier)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"c2sp.org/tlog-proof@v1", b"c2sp.org/tlog-proof@v2"),
        (b"index 256", b"index 0256"),
        (b"index 256", b"index -1"),
        (b"index 256", b"index 9223372036854775808"),
        (b"index 256", b"Index 256"),
        (b"index 256\n", b""),
        (b"index 256", b"extra AA==\nextra AA==\nindex 256"),
        (b"index 256", b"extra AB==\nindex 256"),
        (b"index 256", b"extra \xff\nindex 256"),
        (b"index 256\n", b"index 256\nAAAA\n"),
        (b"index 256\n", b"index 256\r\n"),
        (b"index 256\n", b"index 256\n" + (b64encode(bytes(32)) + b"\n") * 64),
        (b"\n\n", b"\n"),
    ],
)
def test_malformed(log: PublishedLog, old: bytes, new: bytes) -> None:
    raw = prove_entry(log, 256).to_tlog_proof().encode()
    assert old in raw
    wrong = raw.replace(old, new) if old == b"\n\n" else raw.replace(old, new, 1)
    with pytest.raises(MalformedProofError):
        TlogProof.parse(wrong)


def test_too_long() -> None:
    with pytest.raises(MalformedProofError, match="more than"):
        TlogProof.parse(bytes(1 << 20))


@given(
    st.integers(0, 2**63 - 1),
    st.lists(st.binary(min_size=32, max_size=32), max_size=63),
    st.none() | st.binary(max_size=99),
    st.binary(max_size=99),
)
def test_round_trip(index: int, path: list[bytes], extra: bytes | None, checkpoint: bytes) -> None:
    proof = TlogProof(index, tuple(map(NodeHash, path)), checkpoint, extra)
    assert TlogProof.parse(proof.encode()) == proof


@given(st.binary(max_size=300), st.integers(0, 299))
def test_parse_raises_nothing_else(junk: bytes, cut: int) -> None:
    for raw in (junk, b"c2sp.org/tlog-proof@v1\n" + junk, b"c2sp.org/tlog-proof@v1\nindex 0\n"[:cut] + junk):
        try:
            proof = TlogProof.parse(raw)
        except MalformedProofError:
            continue
        assert proof.encode() == raw


@given(data=st.data())
def test_any_change_is_noticed(log: PublishedLog, data: st.DataObject) -> None:
    """A changed byte gives no proof of the entry, but within lines of keys that the reader does not know."""
    raw = prove_entry(log, 256).to_tlog_proof().encode()
    place = data.draw(st.integers(0, len(raw) - 1))
    changed = raw[:place] + bytes([raw[place] ^ data.draw(st.integers(1, 255))]) + raw[place + 1 :]
    cosignature_at = raw.index("— witness".encode())
    try:
        signed = TlogProof.parse(changed).verify(log.leaves[256], log.signer.verifier, [WITNESS.verifier])
    except VoltsealError:
        return
    assert place >= cosignature_at
    assert signed.cosignatures == ()


def test_entries_without_a_checkpoint(log: PublishedLog) -> None:
    with pytest.raises(ExportError, match="covers entries 0 to 299, not 300"):
        prove_entry(log, 300)
    with pytest.raises(ExportError, match="covers entries"):
        prove_entry(log, -1)
    with pytest.raises(ExportError, match="no checkpoint yet"):
        prove_entry(PublishedLog(), 0)

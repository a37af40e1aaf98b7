"""Checkpoints and cosignatures: the specification's example, strict parsing, exhaustive bit flips."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.checkpoint import Checkpoint, open_checkpoint, parse_decimal, sign_checkpoint
from voltseal.log.cosignature import CosignatureSigner, CosignatureVerifier, cosigned_message
from voltseal.log.errors import CheckpointFormatError, KeyFormatError, LogError, NoteFormatError, NoteSignatureError
from voltseal.log.merkle import EMPTY_ROOT, MAX_TREE_SIZE, NodeHash, RootHash, leaf_hash, root_hash
from voltseal.log.note import Note, NoteSignature, parse_note, sign_note
from voltseal.log.note_key import Ed25519Signer, KeyId

ORIGIN = "example.com/behind-the-sofa"
# The example of C2SP tlog-checkpoint.
EXAMPLE = f"{ORIGIN}\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
LOG = Ed25519Signer(ORIGIN, bytes(range(32)))
WITNESS = CosignatureSigner("witness.example.com/w1", b"\7" * 32)
CHECKPOINT = Checkpoint.parse(EXAMPLE)
TIME_S = 1679315147


def cosigned() -> bytes:
    note = parse_note(sign_checkpoint(CHECKPOINT, LOG).raw)
    cosignature = WITNESS.cosign(note.text, TIME_S).to_note_signature()
    return Note(note.text, (*note.signatures, cosignature)).encode()


def test_specification_example() -> None:
    assert CHECKPOINT.origin == ORIGIN
    assert CHECKPOINT.tree_size == 20852163
    assert CHECKPOINT.root_hash.hex() == "0ac5186a91863e8e1d90c808014aa89bf5da8e3ee1d9f07630f0378f68f1ab62"
    assert CHECKPOINT.text() == EXAMPLE
    assert cosigned_message(EXAMPLE, TIME_S).decode() == f"cosignature/v1\ntime 1679315147\n{EXAMPLE}"


def test_the_example_in_our_specification(repository_root: Path) -> None:
    page = (repository_root / "docs" / "spec" / "log.md").read_text(encoding="utf-8")
    signer = Ed25519Signer("example.org/site-1", bytes(range(32)))
    root = root_hash([leaf_hash(entry) for entry in (b"", b"\x00", b"\x10")])
    signed = sign_checkpoint(Checkpoint("example.org/site-1", 3, root), signer)
    assert f"```\n{signed.raw.decode()}```" in page
    assert f"`{signer.verifier.encode()}`" in page


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty", ""),
        ("two lines", "\n".join(EXAMPLE.split("\n")[:2]) + "\n"),
        ("no final newline", EXAMPLE[:-1]),
        ("empty origin", EXAMPLE.replace(ORIGIN, "")),
        ("empty extension", EXAMPLE + "\n"),
        ("leading zero", EXAMPLE.replace("20852163", "020852163")),
        ("plus sign", EXAMPLE.replace("20852163", "+20852163")),
        ("negative", EXAMPLE.replace("20852163", "-1")),
        ("underscore", EXAMPLE.replace("20852163", "2_0852163")),
        ("other digits", EXAMPLE.replace("20852163", "２０")),
        ("superscript", EXAMPLE.replace("20852163", "²")),
        ("too large", EXAMPLE.replace("20852163", str(MAX_TREE_SIZE + 1))),
        ("very long number", EXAMPLE.replace("20852163", "9" * 5000)),
        ("empty size", EXAMPLE.replace("20852163", "")),
        ("short root", EXAMPLE.replace("CsUY", "")),
        ("long root", EXAMPLE.replace("CsUY", "CsUYCsUY")),
        ("unpadded root", EXAMPLE.replace("2I=", "2I")),
        ("unused bits", EXAMPLE.replace("2I=", "2J=")),
        ("carriage return", EXAMPLE.replace("\n", "\r\n")),
        ("space before root", EXAMPLE.replace("CsUY", " CsUY")),
    ],
)
def test_refuses_text(name: str, text: str) -> None:
    with pytest.raises(CheckpointFormatError):
        Checkpoint.parse(text)


def test_extension_lines_and_the_empty_tree() -> None:
    checkpoint = Checkpoint(ORIGIN, 0, EMPTY_ROOT, ("one", "two"))
    assert checkpoint.text().endswith("\none\ntwo\n")
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    for extensions in (("",), ("a\nb",), ("a\x01",), ("\ud800",)):
        with pytest.raises(CheckpointFormatError):
            Checkpoint(ORIGIN, 0, EMPTY_ROOT, extensions)


@pytest.mark.parametrize(
    ("origin", "tree_size", "root"),
    [("", 0, EMPTY_ROOT), ("a\nb", 0, EMPTY_ROOT), ("x" * 256, 0, EMPTY_ROOT), (ORIGIN, -1, EMPTY_ROOT),
     (ORIGIN, MAX_TREE_SIZE + 1, EMPTY_ROOT), (ORIGIN, 1, RootHash(NodeHash(b"short")))],
)  # fmt: skip
def test_refuses_to_make(origin: str, tree_size: int, root: RootHash) -> None:
    with pytest.raises(CheckpointFormatError):
        Checkpoint(origin, tree_size, root)


def test_opens_with_log_and_witness() -> None:
    signed = open_checkpoint(cosigned(), LOG.verifier, [WITNESS.verifier], allow_unknown=False)
    assert signed.checkpoint == CHECKPOINT
    assert [(item.name, item.timestamp_s) for item in signed.cosignatures] == [(WITNESS.name, TIME_S)]
    assert open_checkpoint(cosigned(), LOG.verifier).cosignatures == ()
    with pytest.raises(NoteSignatureError):
        open_checkpoint(cosigned(), LOG.verifier, allow_unknown=False)


def test_every_single_bit_change_of_a_signed_checkpoint_is_refused() -> None:
    raw = sign_checkpoint(CHECKPOINT, LOG).raw
    assert open_checkpoint(raw, LOG.verifier).checkpoint == CHECKPOINT
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogError):
            open_checkpoint(bytes(changed), LOG.verifier)


def test_every_single_bit_change_of_a_cosigned_checkpoint_is_refused_where_unknown_keys_are() -> None:
    raw = cosigned()
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogError):
            open_checkpoint(bytes(changed), LOG.verifier, [WITNESS.verifier], allow_unknown=False)


def test_a_checkpoint_needs_its_own_logs_signature() -> None:
    other = Ed25519Signer("example.com/other", b"\1" * 32)
    note = sign_note(EXAMPLE, [other])
    with pytest.raises(NoteSignatureError, match="signed by the key of"):
        open_checkpoint(note.encode(), other.verifier)
    with pytest.raises(NoteSignatureError, match="may not sign"):
        sign_checkpoint(CHECKPOINT, other)
    only_witness = Note(EXAMPLE, (WITNESS.cosign(EXAMPLE, TIME_S).to_note_signature(),))
    with pytest.raises(NoteSignatureError, match="not signed by its log"):
        open_checkpoint(only_witness.encode(), LOG.verifier, [WITNESS.verifier])


def test_a_signed_note_that_is_no_checkpoint() -> None:
    with pytest.raises(CheckpointFormatError):
        open_checkpoint(sign_note("hello\n", [LOG]).encode(), LOG.verifier)


def test_cosignature_binds_time_text_and_shape() -> None:
    verifier = WITNESS.verifier
    good = WITNESS.cosign(EXAMPLE, TIME_S).to_note_signature().signature
    verifier.verify(EXAMPLE, good)
    later = (TIME_S + 1).to_bytes(8, "big") + good[8:]
    plain = Ed25519Signer(WITNESS.name, WITNESS.seed).sign(EXAMPLE)  # a log's signature by the same key
    for text, signature in (
        (EXAMPLE, later),
        (EXAMPLE + "extension\n", good),
        (EXAMPLE, good[:-1]),
        (EXAMPLE, good + b"\0"),
        (EXAMPLE, good[8:]),
        (EXAMPLE, good[:8] + plain),
        (EXAMPLE, b"\x80" + bytes(7) + good[8:]),
    ):
        with pytest.raises(NoteSignatureError):
            verifier.verify(text, signature)
    for timestamp_s in (-1, 2**63):
        with pytest.raises(NoteFormatError):
            WITNESS.cosign(EXAMPLE, timestamp_s)


def test_witness_key_text_form() -> None:
    vkey = WITNESS.verifier.encode()
    assert CosignatureVerifier.parse(vkey) == WITNESS.verifier
    log_vkey = Ed25519Signer(WITNESS.name, WITNESS.seed).verifier.encode()
    assert vkey != log_vkey
    with pytest.raises(KeyFormatError):
        CosignatureVerifier.parse(log_vkey)
    with pytest.raises(KeyFormatError):
        CosignatureVerifier(WITNESS.name, b"short")


def test_a_known_witness_with_a_wrong_cosignature_rejects_the_checkpoint() -> None:
    note = parse_note(cosigned())
    broken = NoteSignature(WITNESS.name, KeyId(WITNESS.verifier.key_id), b"\0" * 72)
    raw = Note(note.text, (note.signatures[0], broken)).encode()
    assert open_checkpoint(raw, LOG.verifier).cosignatures == ()
    with pytest.raises(NoteSignatureError):
        open_checkpoint(raw, LOG.verifier, [WITNESS.verifier])


@given(st.text(max_size=200))
def test_parsing_raises_nothing_but_its_own_error(text: str) -> None:
    try:
        checkpoint = Checkpoint.parse(text)
    except CheckpointFormatError:
        return
    assert checkpoint.text() == text


@given(st.integers(0, MAX_TREE_SIZE))
def test_numbers_have_one_spelling(number: int) -> None:
    assert parse_decimal(str(number)) == number
    with pytest.raises(CheckpointFormatError):
        parse_decimal(f"0{number}")

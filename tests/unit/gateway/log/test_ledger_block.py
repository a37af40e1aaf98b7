"""Ledger blocks: strict parsing, chaining, and every changed bit refused."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import LedgerFormatError, LedgerMismatchError, LogError, NoteSignatureError
from voltseal.log.ledger_block import (
    BLOCK_HEADER,
    MAX_TIME_MS,
    NO_PREVIOUS,
    BlockHash,
    LedgerBlock,
    SignedLedgerBlock,
    block_signer,
    open_ledger_block,
    sign_ledger_block,
    verify_ledger_anchor,
    verify_successor,
)
from voltseal.log.merkle import MAX_TREE_SIZE, NodeHash, RootHash
from voltseal.log.note import Note, parse_note
from voltseal.log.note_key import Ed25519Signer

ORIGIN = "example.com/log"
LEDGER = Ed25519Signer("example.com/ledger", b"\5" * 32)
OTHER = Ed25519Signer("example.com/other", b"\6" * 32)
ROOT = RootHash(NodeHash(bytes(range(32))))
FIRST = sign_ledger_block(LedgerBlock(0, NO_PREVIOUS, 1_700_000_000_000, ORIGIN, 10, ROOT), LEDGER)
SECOND = sign_ledger_block(LedgerBlock(1, FIRST.hash, 1_700_000_060_000, ORIGIN, 11, ROOT), LEDGER)


def test_block_text_is_as_specified() -> None:
    assert FIRST.raw.decode().split("\n")[:8] == [
        "voltseal-ledger/1",
        "0",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "1700000000000",
        "example.com/log",
        "10",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        "",
    ]
    assert FIRST.raw.count(b"\n") == 9
    assert open_ledger_block(FIRST.raw, LEDGER.verifier) == FIRST
    assert block_signer(FIRST.raw) == (LEDGER.name, LEDGER.key_id)


def test_every_single_bit_change_is_refused() -> None:
    checkpoint = Checkpoint(ORIGIN, 11, ROOT)
    assert verify_ledger_anchor(SECOND.raw, LEDGER.verifier, checkpoint) == SECOND
    for bit in range(len(SECOND.raw) * 8):
        changed = bytearray(SECOND.raw)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogError):
            verify_ledger_anchor(bytes(changed), LEDGER.verifier, checkpoint)


@pytest.mark.parametrize(
    "checkpoint",
    [
        Checkpoint(ORIGIN, 12, ROOT),
        Checkpoint("example.com/log2", 11, ROOT),
        Checkpoint(ORIGIN, 11, RootHash(NodeHash(b"\1" * 32))),
    ],
)
def test_an_anchor_of_another_checkpoint_is_refused(checkpoint: Checkpoint) -> None:
    with pytest.raises(LedgerMismatchError):
        verify_ledger_anchor(SECOND.raw, LEDGER.verifier, checkpoint)


def test_blocks_by_strangers_and_blocks_signed_twice_are_refused() -> None:
    with pytest.raises(NoteSignatureError):
        open_ledger_block(FIRST.raw, OTHER.verifier)
    note = parse_note(FIRST.raw)
    twice = Note(note.text, note.signatures * 2).encode()
    with pytest.raises(LedgerFormatError):
        open_ledger_block(twice, LEDGER.verifier)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("other header", FIRST.block.text().replace("ledger/1", "ledger/2")),
        ("missing line", FIRST.block.text().replace("10\n", "", 1)),
        ("further line", FIRST.block.text() + "more\n"),
        ("leading zero", FIRST.block.text().replace("\n10\n", "\n010\n")),
        ("first block with a previous one", FIRST.block.text().replace("AAAAAAAA", "BBBBBBBB", 1)),
        ("later block without a previous one", FIRST.block.text().replace("\n0\n", "\n1\n")),
        ("empty origin", FIRST.block.text().replace(ORIGIN, "")),
        ("time beyond 2^53", FIRST.block.text().replace("1700000000000", str(MAX_TIME_MS + 1))),
        ("no final newline", FIRST.block.text()[:-1]),
        ("short root", FIRST.block.text().replace("AAECAwQF", "")),
    ],
)
def test_refuses_text(name: str, text: str) -> None:
    with pytest.raises(LedgerFormatError):
        LedgerBlock.parse(text)


@pytest.mark.parametrize(
    "change",
    [
        {"origin": BLOCK_HEADER},
        {"origin": "a\nb"},
        {"previous": BlockHash(b"short")},
        {"root_hash": RootHash(NodeHash(b"short"))},
        {"time_ms": -1},
        {"tree_size": MAX_TREE_SIZE + 1},
        {"height": -1},
    ],
)
def test_refuses_to_make(change: dict[str, object]) -> None:
    with pytest.raises(LedgerFormatError):
        replace(SECOND.block, **change)


def test_refuses_an_oversized_block() -> None:
    long_origin = replace(FIRST.block, origin="x" * 2048)
    with pytest.raises(LedgerFormatError):
        sign_ledger_block(long_origin, LEDGER)
    with pytest.raises(LedgerFormatError):
        block_signer(FIRST.raw * 10)


def test_chain() -> None:
    verify_successor(None, FIRST)
    verify_successor(FIRST, SECOND)
    third = LedgerBlock(2, SECOND.hash, 1_700_000_060_000, ORIGIN, 12, ROOT)
    verify_successor(SECOND, sign_ledger_block(third, LEDGER))
    refused = {
        "height": 3,
        "previous": FIRST.hash,
        "time_ms": 1_700_000_059_999,
        "origin": "example.com/log2",
        "tree_size": 11,
    }
    for name, value in refused.items():
        changed = sign_ledger_block(replace(third, **{name: value}), LEDGER)
        with pytest.raises(LedgerMismatchError):
            verify_successor(SECOND, changed)
    with pytest.raises(LedgerMismatchError):
        verify_successor(None, SECOND)
    forged = SignedLedgerBlock(FIRST.block, FIRST.raw.replace(b"10", b"12"))
    with pytest.raises(LedgerMismatchError):
        verify_successor(forged, SECOND)


@given(st.binary(max_size=400))
def test_parsing_raises_nothing_but_its_own_errors(raw: bytes) -> None:
    with pytest.raises(LogError):
        open_ledger_block(raw, LEDGER.verifier)

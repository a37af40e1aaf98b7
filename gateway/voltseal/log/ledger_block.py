"""Blocks of the embedded ledger: hash-chained signed notes that name a checkpoint. Pure, no I/O, no clock.

    voltseal-ledger/1
    <height>
    <SHA-256 of the previous block's bytes, base64; 32 zero bytes at height 0>
    <time_ms>
    <origin>
    <tree size>
    <root hash, base64>

and then, as in every signed note, a blank line and one signature line, by the ledger's key. A block is nine lines.

An anchor in such a ledger is **weak**: whoever holds the ledger's key can write another ledger. It shows what an
outside anchor would show, and protects only as far as key and file are out of the log operator's hands.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import NewType, Self

from voltseal.log.checkpoint import Checkpoint, check_line, parse_decimal, parse_root
from voltseal.log.errors import CheckpointFormatError, LedgerFormatError, LedgerMismatchError
from voltseal.log.merkle import MAX_TREE_SIZE, RootHash
from voltseal.log.note import NoteSigner, NoteVerifier, parse_note, sign_note, verify_note
from voltseal.log.note_key import KeyId

BlockHash = NewType("BlockHash", bytes)

BLOCK_HEADER = "voltseal-ledger/1"
BLOCK_LINES = 9
MAX_BLOCK_BYTES = 2048
MAX_TIME_MS = 2**53 - 1
NO_PREVIOUS = BlockHash(bytes(32))


@dataclass(frozen=True, slots=True)
class LedgerBlock:
    """What one block says. `time_ms`: the ledger's clock, POSIX milliseconds; hashes are 32 bytes.

    Making one that could not be written and read back raises `LedgerFormatError`.
    """

    height: int
    previous: BlockHash
    time_ms: int
    origin: str
    tree_size: int
    root_hash: RootHash

    def __post_init__(self) -> None:
        try:
            check_line(self.origin)
        except CheckpointFormatError as error:
            raise LedgerFormatError(f"ledger block: {error}") from error
        if self.origin == BLOCK_HEADER:  # would let a reader that looks for headers start in the middle of a block
            raise LedgerFormatError("a log may not be named like a ledger block")
        if len(self.previous) != 32 or len(self.root_hash) != 32:
            raise LedgerFormatError("a hash in a ledger block is not 32 bytes")
        in_range = 0 <= self.time_ms <= MAX_TIME_MS and 0 <= self.tree_size <= MAX_TREE_SIZE
        if not in_range or not 0 <= self.height <= MAX_TREE_SIZE:
            raise LedgerFormatError("a number in a ledger block is out of range")
        if (self.height == 0) != (self.previous == NO_PREVIOUS):
            raise LedgerFormatError("the first ledger block, and no other, follows 32 zero bytes")

    def text(self) -> str:
        """The note text, final newline included."""
        previous, root = b64encode(self.previous).decode(), b64encode(self.root_hash).decode()
        numbers = (str(self.height), previous, str(self.time_ms), self.origin, str(self.tree_size), root)
        return "".join(line + "\n" for line in (BLOCK_HEADER, *numbers))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note text; raises `LedgerFormatError`. Every block has exactly one text."""
        lines = text.split("\n")
        if len(lines) != 8 or lines[0] != BLOCK_HEADER or lines[7]:
            raise LedgerFormatError("not the seven lines of a ledger block")
        try:
            return cls(
                height=parse_decimal(lines[1]),
                previous=BlockHash(parse_root(lines[2])),
                time_ms=parse_decimal(lines[3], MAX_TIME_MS),
                origin=lines[4],
                tree_size=parse_decimal(lines[5]),
                root_hash=parse_root(lines[6]),
            )
        except CheckpointFormatError as error:
            raise LedgerFormatError(f"ledger block: {error}") from error


@dataclass(frozen=True, slots=True)
class SignedLedgerBlock:
    """A block with its bytes, signature included. Made by `sign_ledger_block` and `open_ledger_block` only."""

    block: LedgerBlock
    raw: bytes

    @property
    def hash(self) -> BlockHash:
        """What the next block names as `previous`."""
        return BlockHash(sha256(self.raw).digest())


def sign_ledger_block(block: LedgerBlock, signer: NoteSigner) -> SignedLedgerBlock:
    """Sign as the ledger; raises `LedgerFormatError` if the names in it make the block too long."""
    raw = sign_note(block.text(), [signer]).encode()
    if len(raw) > MAX_BLOCK_BYTES:
        raise LedgerFormatError(f"ledger block has {len(raw)} bytes, more than {MAX_BLOCK_BYTES}")
    return SignedLedgerBlock(block, raw)


def block_signer(raw: bytes) -> tuple[str, KeyId]:
    """Name and ID of the key that a block *claims* to be signed by, to look the trusted key up; proves nothing.

    Raises `LedgerFormatError` or `NoteFormatError`.
    """
    if len(raw) > MAX_BLOCK_BYTES:
        raise LedgerFormatError(f"ledger block has {len(raw)} bytes, more than {MAX_BLOCK_BYTES}")
    note = parse_note(raw)
    if len(note.signatures) != 1:
        raise LedgerFormatError("a ledger block has exactly one signature")
    return note.signatures[0].name, note.signatures[0].key_id


def open_ledger_block(raw: bytes, ledger_key: NoteVerifier) -> SignedLedgerBlock:
    """Parse and verify one block. Precondition: `ledger_key` comes from the caller's trust.

    Raises `LedgerFormatError`, `NoteFormatError` or `NoteSignatureError`; every changed bit is refused.
    """
    block_signer(raw)
    note = parse_note(raw)
    verify_note(note, [ledger_key], allow_unknown=False)
    return SignedLedgerBlock(LedgerBlock.parse(note.text), raw)


def verify_successor(previous: SignedLedgerBlock | None, block: SignedLedgerBlock) -> None:
    """Return if `block` may follow `previous` (None: may start a ledger); raises `LedgerMismatchError`.

    Heights count up by one, hashes chain, times do not fall, the log is the same, and its tree grows.
    """
    new = block.block
    if previous is None:
        if new.height != 0:
            raise LedgerMismatchError(f"a ledger starts at height 0, not {new.height}")
        return
    old = previous.block
    if new.height != old.height + 1 or new.previous != previous.hash:
        raise LedgerMismatchError(f"block {new.height} does not follow block {old.height}")
    if new.origin != old.origin or new.time_ms < old.time_ms or new.tree_size <= old.tree_size:
        raise LedgerMismatchError(f"block {new.height} names another log, an earlier time, or a tree that did not grow")


def verify_ledger_anchor(raw: bytes, ledger_key: NoteVerifier, checkpoint: Checkpoint) -> SignedLedgerBlock:
    """The block, if it is the ledger's and anchors exactly `checkpoint`. A weak anchor, whatever its age.

    Precondition: `checkpoint` is verified and `ledger_key` trusted. Raises what `open_ledger_block` raises, and
    `LedgerMismatchError` for another origin, size or root.
    """
    signed = open_ledger_block(raw, ledger_key)
    block = signed.block
    if (block.origin, block.tree_size, block.root_hash) != (
        checkpoint.origin,
        checkpoint.tree_size,
        checkpoint.root_hash,
    ):
        raise LedgerMismatchError(f"block {block.height} anchors another checkpoint than size {checkpoint.tree_size}")
    return signed

"""Checkpoints (C2SP tlog-checkpoint, v1.0.0): a signed note that states a log's size and root. Pure, no I/O.

    <origin>
    <tree size, decimal>
    <root hash, base64>
    [<extension line> ...]

The log's key name equals the origin: one key signs for one log, so a checkpoint cannot be passed off as another log's.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from voltseal.log.cosignature import Cosignature, CosignatureVerifier
from voltseal.log.errors import CheckpointFormatError, NoteFormatError, NoteSignatureError
from voltseal.log.merkle import HASH_BYTES, MAX_TREE_SIZE, NodeHash, RootHash
from voltseal.log.note import NoteSigner, NoteVerifier, check_text, parse_note, sign_note, verify_note
from voltseal.log.note_key import decode_base64

MAX_ORIGIN_BYTES = 255


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log states about itself. `tree_size` in leaves; `root_hash` 32 bytes; lines without their newlines.

    Making one that could not be written and read back raises `CheckpointFormatError`.
    """

    origin: str
    tree_size: int
    root_hash: RootHash
    extensions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for line in (self.origin, *self.extensions):
            check_line(line)
        if len(self.origin.encode()) > MAX_ORIGIN_BYTES:
            raise CheckpointFormatError(f"origin has more than {MAX_ORIGIN_BYTES} bytes")
        if not 0 <= self.tree_size <= MAX_TREE_SIZE:
            raise CheckpointFormatError(f"tree size {self.tree_size} is out of range")
        if len(self.root_hash) != HASH_BYTES:
            raise CheckpointFormatError(f"root hash has {len(self.root_hash)} bytes, not {HASH_BYTES}")

    def text(self) -> str:
        """The note text, final newline included."""
        root = b64encode(self.root_hash).decode()
        return "".join(line + "\n" for line in (self.origin, str(self.tree_size), root, *self.extensions))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a note text; raises `CheckpointFormatError`. Every checkpoint has exactly one text."""
        lines = text.split("\n")
        if len(lines) < 4 or lines.pop():
            raise CheckpointFormatError("checkpoint has fewer than three lines, or does not end in a newline")
        origin, size, root, *extensions = lines
        return cls(origin, parse_decimal(size), parse_root(root), tuple(extensions))


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose log signature was verified, with its verified cosignatures. `raw`: the note's bytes."""

    checkpoint: Checkpoint
    raw: bytes
    cosignatures: tuple[Cosignature, ...] = ()


def sign_checkpoint(checkpoint: Checkpoint, signer: NoteSigner) -> SignedCheckpoint:
    """Sign as the log. Precondition: the caller has shown that it contradicts no checkpoint ever signed.

    Raises `NoteSignatureError` if the key is not named after the origin.
    """
    if signer.name != checkpoint.origin:
        raise NoteSignatureError(f"key {signer.name} may not sign for log {checkpoint.origin}")
    return SignedCheckpoint(checkpoint, sign_note(checkpoint.text(), [signer]).encode())


def open_checkpoint(
    raw: bytes, log_key: NoteVerifier, witnesses: Sequence[CosignatureVerifier] = (), *, allow_unknown: bool = True
) -> SignedCheckpoint:
    """Parse and verify a signed checkpoint of the log that `log_key` stands for.

    Precondition: `log_key` and `witnesses` come from the caller's trust. How many cosignatures are enough is the
    caller's policy. With `allow_unknown` false a signature of any other key is refused, so that no byte of the note can
    change unnoticed. Raises `NoteFormatError`, `CheckpointFormatError` or `NoteSignatureError`.
    """
    note = parse_note(raw)
    verified = verify_note(note, [log_key, *witnesses], allow_unknown=allow_unknown)
    if not any(signature.key_id == log_key.key_id and signature.name == log_key.name for signature in verified):
        raise NoteSignatureError(f"checkpoint is not signed by its log {log_key.name}")
    checkpoint = Checkpoint.parse(note.text)
    if checkpoint.origin != log_key.name:
        raise NoteSignatureError(f"checkpoint of {checkpoint.origin} is signed by the key of {log_key.name}")
    witness_ids = {(witness.name, witness.key_id) for witness in witnesses}
    cosignatures = tuple(
        Cosignature.parse(signature.name, signature.key_id, signature.signature)
        for signature in verified
        if (signature.name, signature.key_id) in witness_ids
    )
    return SignedCheckpoint(checkpoint, raw, cosignatures)


def check_line(line: str) -> None:
    """Return if `line` may stand alone in a note text: not empty, no control character, valid Unicode.

    Raises `CheckpointFormatError`.
    """
    if not line or "\n" in line:
        raise CheckpointFormatError("a line is empty or has a newline")
    try:
        check_text(line + "\n")
    except NoteFormatError as error:
        raise CheckpointFormatError(str(error)) from error


def parse_decimal(text: str, maximum: int = MAX_TREE_SIZE) -> int:
    """A decimal number of ASCII digits without leading zeros, at most `maximum`; raises `CheckpointFormatError`."""
    canonical = text.isascii() and text.isdigit() and (text == "0" or text[0] != "0")
    if not canonical or len(text) > len(str(maximum)) or int(text) > maximum:
        raise CheckpointFormatError(f"not a canonical number up to {maximum}: {text[:32]!r}")
    return int(text)


def parse_root(text: str) -> RootHash:
    """A root hash of 32 bytes in canonical base64; raises `CheckpointFormatError`."""
    try:
        root = decode_base64(text)
    except ValueError as error:
        raise CheckpointFormatError(f"root hash: {error}") from error
    if len(root) != HASH_BYTES:
        raise CheckpointFormatError(f"root hash has {len(root)} bytes, not {HASH_BYTES}")
    return RootHash(NodeHash(root))

"""`.tlog-proof` files (C2SP tlog-proof): one entry's inclusion under a signed checkpoint, as text. Pure, no I/O.

    c2sp.org/tlog-proof@v1
    [extra <base64>]
    index <decimal>
    <base64 of 32 bytes>            one line for each hash, from the leaf upwards
    <blank line>
    <the signed checkpoint, verbatim>

The entry itself is not in it: who checks has it. Cosignatures travel within the checkpoint.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from voltseal.evidence.errors import MalformedProofError
from voltseal.log.checkpoint import SignedCheckpoint, open_checkpoint, parse_decimal, parse_root
from voltseal.log.cosignature import CosignatureVerifier
from voltseal.log.errors import CheckpointFormatError
from voltseal.log.merkle import NodeHash, leaf_hash, verify_inclusion
from voltseal.log.note import MAX_NOTE_BYTES, NoteVerifier
from voltseal.log.note_key import decode_base64

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PATH_HASHES = 63
MAX_EXTRA_BYTES = 65_536
_MAX_BYTES = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES + 64 * 45


@dataclass(frozen=True, slots=True)
class TlogProof:
    """A proof taken apart, not verified. `path`: from the leaf upwards; `checkpoint`: the signed note's bytes.

    `extra` is nobody's word: it is not signed.
    """

    leaf_index: int
    path: tuple[NodeHash, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def encode(self) -> bytes:
        """The file's bytes: `parse` of them gives this proof back."""
        extra = [] if self.extra is None else [f"extra {b64encode(self.extra).decode()}"]
        hashes = [b64encode(node).decode() for node in self.path]
        lines = [HEADER, *extra, f"index {self.leaf_index}", *hashes, ""]
        return "".join(line + "\n" for line in lines).encode() + self.checkpoint

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a whole file; raises `MalformedProofError`. The checkpoint is not looked into."""
        if len(raw) > _MAX_BYTES:
            raise MalformedProofError(f"proof has {len(raw)} bytes, more than {_MAX_BYTES}")
        head, blank, checkpoint = raw.partition(b"\n\n")
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise MalformedProofError("proof is not ASCII before its checkpoint") from error
        if not blank or lines.pop(0) != HEADER:
            raise MalformedProofError(f"proof does not begin with {HEADER}, or has no blank line")
        try:
            extra = decode_base64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
            if not lines or not lines[0].startswith("index ") or len(lines) > 1 + MAX_PATH_HASHES:
                raise MalformedProofError("proof has no index line, or too many hashes")
            return cls(parse_decimal(lines[0][6:]), tuple(map(parse_root, lines[1:])), checkpoint, extra)
        except (ValueError, CheckpointFormatError) as error:
            raise MalformedProofError(f"proof: {error}") from error

    def verify(
        self, entry: bytes, log_key: NoteVerifier, witnesses: Sequence[CosignatureVerifier] = ()
    ) -> SignedCheckpoint:
        """The checkpoint under which `entry` is leaf number `leaf_index`, with the known witnesses' cosignatures.

        Precondition: the keys come from the caller's trust; how many cosignatures are enough is the caller's policy.
        Raises the errors of `open_checkpoint`, and `InclusionProofError`.
        """
        signed = open_checkpoint(self.checkpoint, log_key, witnesses)
        checkpoint = signed.checkpoint
        verify_inclusion(leaf_hash(entry), self.leaf_index, checkpoint.tree_size, self.path, checkpoint.root_hash)
        return signed

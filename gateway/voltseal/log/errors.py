"""Errors of the log, each with a stable code. Codes are part of the public interface and never change."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class LogError(VoltsealError):
    """Root of everything the log raises."""

    code: ClassVar[str] = "log-error"


class ProofError(LogError):
    """A Merkle proof does not fit its tree, or asks for something outside it."""

    code: ClassVar[str] = "bad-proof"


class InclusionProofError(ProofError):
    """An inclusion proof has the wrong shape or leads to another root."""

    code: ClassVar[str] = "bad-inclusion-proof"


class ConsistencyProofError(ProofError):
    """A consistency proof has the wrong shape or leads to another root."""

    code: ClassVar[str] = "bad-consistency-proof"


class NoteFormatError(LogError):
    """Bytes are not one well-formed signed note."""

    code: ClassVar[str] = "malformed-note"


class KeyFormatError(LogError):
    """A key name, verifier key or signer key is not well formed."""

    code: ClassVar[str] = "malformed-note-key"


class NoteSignatureError(LogError):
    """A note carries no valid signature of a required key, or a wrong one of a known key."""

    code: ClassVar[str] = "bad-note-signature"


class CheckpointFormatError(LogError):
    """The text of a note is not a checkpoint."""

    code: ClassVar[str] = "malformed-checkpoint"


class TileFormatError(LogError):
    """A tile path, a tile or an entry bundle is not well formed."""

    code: ClassVar[str] = "malformed-tile"


class TreeStorageError(LogError):
    """The store's tiles do not hold the tree that was committed to it: missing, short or damaged. Not retryable."""

    code: ClassVar[str] = "log-storage-damaged"


class TileExportError(LogError):
    """A directory of tiles cannot be brought up to date; the message says why. Nothing in it was damaged."""

    code: ClassVar[str] = "tile-export"


class StaleAppendError(LogError):
    """A staged append was made for another state of the tree. Stage it again from the committed entries."""

    code: ClassVar[str] = "stale-append"


class LedgerFormatError(LogError):
    """Bytes are not one well-formed block of an embedded ledger."""

    code: ClassVar[str] = "malformed-ledger-block"


class LedgerMismatchError(LogError):
    """A ledger block does not follow the one before it, or speaks of another checkpoint."""

    code: ClassVar[str] = "ledger-mismatch"


class EvmProofError(LogError):
    """An anchor proof of an Ethereum chain is not well formed, or does not prove what it says."""

    code: ClassVar[str] = "bad-evm-proof"


class LogContradictionError(LogError):
    """The tree contradicts a published checkpoint. The log must stop: whatever it signs next would be a fork."""

    code: ClassVar[str] = "log-contradiction"

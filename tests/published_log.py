"""A log in memory that publishes as the gateway does: what the export and HTTP tests read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from voltseal.log.cosignature import CosignatureSigner
from voltseal.log.merkle import leaf_hash
from voltseal.log.note import Note, parse_note
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import BatchPolicy, PublishedCheckpoint, Sequencer
from voltseal.log.tree import MemoryNodeStore, Tree

ORIGIN = "voltseal.example/site-1"


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry, as far as a `LogSource` shows it."""

    raw: bytes


class PublishedLog(MemoryNodeStore):
    """A `LogSource` and `CheckpointStore`. `closed` counts what a server's reader must do in the end."""

    def __init__(self, origin: str = ORIGIN, *, signer: Ed25519Signer | None = None) -> None:
        super().__init__()
        self.signer = signer or Ed25519Signer(origin, sha256(origin.encode()).digest())
        self.leaves: list[bytes] = []
        self.published: list[PublishedCheckpoint] = []
        self.closed = 0
        self._tree = Tree.open(self, 0)
        self._sequencer = Sequencer.open(self._tree, self.signer, self.signer.verifier, self, BatchPolicy())

    @classmethod
    def of(cls, entries: Iterable[bytes], origin: str = ORIGIN, **kwargs: Ed25519Signer) -> PublishedLog:
        """A log of `entries` with one checkpoint."""
        log = cls(origin, **kwargs)
        log.append(entries)
        log.publish()
        return log

    def append(self, entries: Iterable[bytes]) -> None:
        """Store and integrate, without publishing."""
        new = list(entries)
        staged = self._tree.stage(leaf_hash(entry) for entry in new)
        self.leaves += new
        self.commit(staged)
        self._tree.apply(staged)

    def publish(self, witnesses: Sequence[CosignatureSigner] = (), *, timestamp_s: int = 0) -> PublishedCheckpoint:
        """Cut a checkpoint of all that is integrated; `witnesses` cosign it."""
        published = self._sequencer.step(0, force=True)
        assert published is not None
        note = parse_note(published.raw)
        cosigned = [witness.cosign(note.text, timestamp_s).to_note_signature() for witness in witnesses]
        self.published[-1] = replace(published, raw=Note(note.text, (*note.signatures, *cosigned)).encode())
        return self.published[-1]

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """See `LogSource`."""
        return self.published[-1] if self.published else None

    def checkpoints(self, minimum_size: int = 0) -> Iterator[PublishedCheckpoint]:
        """See `LogSource`."""
        return (one for one in self.published if one.checkpoint.tree_size >= minimum_size)

    def entries(self, first: int, end: int) -> Iterator[Leaf]:
        """See `LogSource`."""
        return iter([Leaf(raw) for raw in self.leaves[first:end]])

    def record_checkpoint(self, published: PublishedCheckpoint) -> None:
        """See `CheckpointStore`."""
        self.published.append(published)

    def close(self) -> None:
        """See `ClosableLogSource`."""
        self.closed += 1


def numbered_entries(first: int, end: int) -> list[bytes]:
    """Entries that differ in length and content, such as a log of statements has."""
    return [b"\xd2entry %d " % number + sha256(b"%d" % number).digest() * (number % 7) for number in range(first, end)]

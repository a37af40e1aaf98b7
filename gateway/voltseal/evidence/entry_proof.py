"""Proofs of one entry for other people's tools, made from a store: see `tlog_proof` and `cose_receipt`."""

from __future__ import annotations

from dataclasses import dataclass

from voltseal.evidence.cose_receipt import CoseReceipt, sign_receipt
from voltseal.evidence.errors import ExportError
from voltseal.evidence.tlog_proof import TlogProof
from voltseal.log.merkle import NodeHash
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tile_source import LogSource
from voltseal.log.tree import Tree


@dataclass(frozen=True, slots=True)
class EntryProof:
    """An entry and its inclusion under a published checkpoint. `path`: from the leaf upwards."""

    leaf_index: int
    entry: bytes
    path: tuple[NodeHash, ...]
    published: PublishedCheckpoint

    def to_tlog_proof(self) -> TlogProof:
        """As a `.tlog-proof`."""
        return TlogProof(self.leaf_index, self.path, self.published.raw)

    def to_cose_receipt(self, signer: Ed25519Signer) -> CoseReceipt:
        """As a COSE Receipt, which the log's key has to sign; raises what `sign_receipt` does."""
        return sign_receipt(signer, self.entry, self.leaf_index, self.path, self.published.checkpoint)


def prove_entry(source: LogSource, leaf_index: int) -> EntryProof:
    """The entry number `leaf_index` under the newest checkpoint.

    Raises `ExportError` if no checkpoint covers it yet, and `TreeStorageError` for a damaged store.
    """
    published = source.latest_checkpoint()
    if published is None or not 0 <= leaf_index < published.checkpoint.tree_size:
        size = published.checkpoint.tree_size if published else 0
        raise ExportError(
            f"the newest checkpoint covers entries 0 to {size - 1}, not {leaf_index}" if size else "no checkpoint yet",
            hint="the next checkpoint covers what is stored now",
        )
    tree = Tree.open(source, published.checkpoint.tree_size)
    entry = next(source.entries(leaf_index, leaf_index + 1)).raw
    return EntryProof(leaf_index, entry, tree.inclusion_proof(leaf_index), published)

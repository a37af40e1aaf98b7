"""Step 9: the anchors a bundle brings, one function per backend. Pure."""

from __future__ import annotations

from voltseal.evidence.bundle import AnchorProof
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import LogError
from voltseal.log.evm.proof import EvmAnchorProof
from voltseal.log.ledger_block import LedgerBlock, block_signer, verify_ledger_anchor
from voltseal.log.note import parse_note
from voltseal.verifier.errors import Invalid
from voltseal.verifier.trust import Trust
from voltseal.verifier.verdict import AnchorFinding, AnchorStatus


def judge(anchor: AnchorProof, checkpoint: Checkpoint, trust: Trust) -> AnchorFinding:
    """The finding on one anchor. Raises `Invalid`; an anchor that the trust file does not know is `not-checked`."""
    if anchor.backend == "ledger":
        return _ledger(anchor, checkpoint, trust)
    if anchor.backend == "evm":
        return _evm(anchor, checkpoint, trust)
    return AnchorFinding(anchor.backend, anchor.strength, AnchorStatus.NOT_CHECKED, None, None)


def _ledger(anchor: AnchorProof, checkpoint: Checkpoint, trust: Trust) -> AnchorFinding:
    if anchor.strength != "weak":
        raise Invalid(9, "wrong-strength", f"an anchor in a ledger is weak, not {anchor.strength!r}")
    raw = anchor.proof.encode()
    try:
        name, key_id = block_signer(raw)
        block = LedgerBlock.parse(parse_note(raw).text)
        anchored = (block.origin, block.tree_size, block.root_hash)
        if anchored != (checkpoint.origin, checkpoint.tree_size, checkpoint.root_hash):
            raise Invalid(9, "bad-anchor", f"the ledger block anchors another checkpoint, of size {block.tree_size}")
        known = next((one.key for one in trust.ledgers if (one.key.name, one.key.key_id) == (name, key_id)), None)
        if known is None:
            return AnchorFinding(anchor.backend, anchor.strength, AnchorStatus.NOT_CHECKED, name, None)
        verify_ledger_anchor(raw, known, checkpoint)
    except LogError as error:
        raise Invalid(9, "bad-anchor", str(error)) from error
    return AnchorFinding(anchor.backend, anchor.strength, AnchorStatus.VERIFIED, name, block.time_ms)


def _evm(anchor: AnchorProof, checkpoint: Checkpoint, trust: Trust) -> AnchorFinding:
    """All but one thing is computed: that the chain has a block of this hash, which the trust file must say."""
    if anchor.strength != "strong":
        raise Invalid(9, "wrong-strength", f"an anchor on a chain is strong, not {anchor.strength!r}")
    try:
        proof = EvmAnchorProof.parse(anchor.proof)
        proof.verify(checkpoint)
    except LogError as error:
        raise Invalid(9, "bad-anchor", str(error)) from error
    known = trust.registry(proof.chain_id, proof.registry)
    if known is None or proof.header.block_hash not in known.blocks:
        return AnchorFinding(anchor.backend, anchor.strength, AnchorStatus.NOT_CHECKED, proof.key, None)
    return AnchorFinding(anchor.backend, anchor.strength, AnchorStatus.VERIFIED, proof.key, proof.time_ms)

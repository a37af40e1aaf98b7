"""Anchors on a chain, as the verifier judges them: by vectors, by changed bits, by what is trusted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from voltseal.evidence.bundle import AnchorProof
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.evm.proof import EvmAnchorProof
from voltseal.log.merkle import NodeHash, RootHash
from voltseal.verifier.anchors import judge
from voltseal.verifier.errors import Invalid
from voltseal.verifier.trust import Trust, TrustedEvm, TrustFileError, parse_trust
from voltseal.verifier.verdict import AnchorStatus

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "evm_anchor.json"
BY_NAME: dict[str, dict[str, Any]] = {one["name"]: one for one in json.loads(VECTORS.read_text("utf-8"))["vectors"]}
GOOD = BY_NAME["single-ok"]
NO_TRUST = Trust()


def checkpoint_of(vector: dict[str, Any]) -> Checkpoint:
    return Checkpoint(vector["origin"], vector["tree_size"], RootHash(NodeHash(bytes.fromhex(vector["root_hash"]))))


def anchor_of(vector: dict[str, Any], strength: str = "strong") -> AnchorProof:
    return AnchorProof("evm", strength, vector["proof"])


def trust_in(*blocks: bytes, chain_id: int = 31_337, registry: bytes | None = None) -> Trust:
    registry = EvmAnchorProof.parse(GOOD["proof"]).registry if registry is None else registry
    return Trust(evm=(TrustedEvm(chain_id, registry, frozenset(blocks)),))


@pytest.mark.parametrize("name", BY_NAME)
def test_vector(name: str) -> None:
    vector = BY_NAME[name]
    if vector["expect"] == "ok":
        finding = judge(anchor_of(vector), checkpoint_of(vector), trust_in(bytes.fromhex(vector["block_hash"][2:])))
        assert (finding.status, finding.time_ms) == (AnchorStatus.VERIFIED, vector["time_ms"])
        assert finding.key is not None
        assert finding.key.endswith(vector["block_hash"])
        assert EvmAnchorProof.parse(vector["proof"]).text() == vector["proof"]
        return
    with pytest.raises(Invalid) as caught:
        judge(anchor_of(vector), checkpoint_of(vector), NO_TRUST)
    assert (caught.value.step, caught.value.reason_code) == (9, vector["expect"])


def test_vectors_are_as_generated() -> None:
    subprocess.run([sys.executable, str(VECTORS.with_name("generate_evm_anchor.py")), "--check"], check=True)


def test_every_changed_character_is_noticed() -> None:
    """Refused, or it names another block or chain, which nobody trusts."""
    trust = trust_in(bytes.fromhex(GOOD["block_hash"][2:]))
    text = GOOD["proof"]
    for at in range(len(text)):
        other = "A" if text[at] != "A" else "B"
        changed = AnchorProof("evm", "strong", text[:at] + other + text[at + 1 :])
        try:
            finding = judge(changed, checkpoint_of(GOOD), trust)
        except Invalid:
            continue
        assert finding.status is AnchorStatus.NOT_CHECKED, at


@pytest.mark.parametrize(
    "trust",
    [
        NO_TRUST,
        trust_in(),
        trust_in(bytes(32)),
        trust_in(bytes.fromhex(GOOD["block_hash"][2:]), chain_id=1),
        trust_in(bytes.fromhex(GOOD["block_hash"][2:]), registry=bytes(20)),
    ],
)
def test_without_the_block_it_does_not_count(trust: Trust) -> None:
    finding = judge(anchor_of(GOOD), checkpoint_of(GOOD), trust)
    assert (finding.status, finding.time_ms) == (AnchorStatus.NOT_CHECKED, None)


def test_a_block_can_be_added_to_a_registry_that_is_trusted() -> None:
    proof = EvmAnchorProof.parse(GOOD["proof"])
    added = trust_in().with_block(proof.chain_id, proof.registry, proof.header.block_hash)
    assert judge(anchor_of(GOOD), checkpoint_of(GOOD), added).status is AnchorStatus.VERIFIED
    assert NO_TRUST.with_block(proof.chain_id, proof.registry, proof.header.block_hash) == NO_TRUST


def test_strength_is_the_backends() -> None:
    with pytest.raises(Invalid) as caught:
        judge(anchor_of(GOOD, "weak"), checkpoint_of(GOOD), NO_TRUST)
    assert caught.value.reason_code == "wrong-strength"


CONTRACT = f"31337/0x{'11' * 20}"
BLOCKS = f"0x{'22' * 32} 0x{'33' * 32}"


def table(contract: str = CONTRACT, blocks: str = BLOCKS) -> str:
    return f'[[evm]]\ncontract = "{contract}"\nblocks = "{blocks}"\n'


def test_the_trust_files_table() -> None:
    head = 'format = "voltseal-trust/1"\n'
    trust = parse_trust(head + table())
    assert trust.evm == (TrustedEvm(31_337, b"\x11" * 20, frozenset([b"\x22" * 32, b"\x33" * 32])),)
    assert parse_trust(head + table(blocks="")).evm[0].blocks == frozenset()
    for wrong in (
        table() + table(blocks=""),
        table(contract=f"031337/0x{'11' * 20}"),
        table(contract=f"{2**63}/0x{'11' * 20}"),
        table(contract=f"0x{'11' * 20}"),
        table(contract=f"1/{'11' * 20}"),
        table(contract=f"1/0x{'1A' * 20}"),
        table(contract=f"1/0x{'11' * 20}/"),
        table(blocks="0x22"),
        table(blocks=f"{BLOCKS} "),
        table(blocks=BLOCKS.replace(" ", "  ")),
        "[[evm]]\ncontract = 1\nblocks = []\n",
        f'[[evm]]\ncontract = "{CONTRACT}"\n',
    ):
        with pytest.raises(TrustFileError, match="evm"):
            parse_trust(head + wrong)

"""`voltseal verify --rpc`: ask nodes whether their chain has the blocks that a bundle's anchors name.

A node's word is no proof: it is as good as the node. So it counts only for contracts that the trust file lists, only
where all nodes that were named agree, and the report says who was asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from voltseal.anchor.errors import AnchorError
from voltseal.anchor.evm.rpc import Call, RpcClient, UnusableAnswerError, octets, quantity
from voltseal.evidence.errors import EvidenceError
from voltseal.evidence.layout import BundleReader
from voltseal.log.errors import LogError
from voltseal.log.evm.keccak import HASH_BYTES
from voltseal.log.evm.proof import EvmAnchorProof

if TYPE_CHECKING:
    from voltseal.evidence.container import Opener
    from voltseal.verifier import Trust


def ask_nodes(opener: Opener, trust: Trust, urls: Sequence[str]) -> tuple[Trust, list[str]]:
    """The trust with the blocks that every node has, and what was asked and answered. Raises `OSError`."""
    said: list[str] = []
    for proof in _proofs(opener):
        if trust.registry(proof.chain_id, proof.registry) is None:
            said.append(f"! no node was asked: the trust file lists no registry 0x{proof.registry.hex()}")
            continue
        answers = [_ask(url, proof) for url in urls]
        said += [words for _, words in answers]
        if all(has_it for has_it, _ in answers):
            trust = trust.with_block(proof.chain_id, proof.registry, proof.header.block_hash)
    return trust, said


def _proofs(opener: Opener) -> list[EvmAnchorProof]:
    """Those that can be read. What is wrong with the others is for the steps to find."""
    found = []
    try:
        with opener() as stream:
            anchors = BundleReader(stream).header.anchors
    except EvidenceError:
        return []
    for anchor in anchors:
        if anchor.backend == "evm":
            try:
                found.append(EvmAnchorProof.parse(anchor.proof))
            except LogError:
                continue
    return found


def _ask(url: str, proof: EvmAnchorProof) -> tuple[bool, str]:
    number, host = proof.header.number, "the node"
    try:
        rpc = RpcClient([url], proof.chain_id)
        host = rpc.serving
        try:
            calls = [Call("eth_blockNumber"), Call("eth_getBlockByNumber", (hex(number), False))]
            latest, told = rpc.checked(calls, _read)
        finally:
            rpc.close()
    except AnchorError as error:
        return False, f"! {host} could not be asked: {error}"
    if told is None:
        return False, f"! {host} has no block {number}"
    if told != proof.header.block_hash:
        return False, f"! {host} has ANOTHER block {number}: 0x{told.hex()}"
    return True, f"{host} has block {number} 0x{told.hex()}, {latest - number + 1} deep"


def _read(results: list[Any]) -> tuple[int, bytes | None]:
    """The newest block's number, and the hash of the one asked for, None where there is none."""
    latest, block = results
    if block is None:
        return quantity(latest), None
    if not isinstance(block, dict):
        raise UnusableAnswerError("a block of no known form")
    return quantity(latest), octets(block.get("hash"), HASH_BYTES)

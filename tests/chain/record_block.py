"""Records two blocks with anchors from a real node, for test vectors: `python -m tests.chain.record_block`.

Not run by `make vectors`: hashes depend on the time of recording. What it wrote is committed.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from tests.chain.anvil import OTHER_KEY, Anvil
from tests.chain.chain_site import ORIGIN, ChainSite, deploy
from tests.chain.toolchain import provide

from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.interface import AnchorState
from voltseal.log.evm.proof import EvmAnchorProof

TARGET = Path(__file__).resolve().parents[1] / "vectors" / "maker" / "evm_blocks.json"
NEIGHBOURS = 20


def main() -> None:
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as directory, Anvil(provide()) as node:
        site = ChainSite(Path(directory), deploy(node), node.url)
        blocks = [recorded(site)]
        sender = f"0x{SigningKey(OTHER_KEY).address.hex()}"
        node.automine(on=False)
        for _ in range(NEIGHBOURS):
            node.rpc("eth_sendTransaction", {"from": sender, "to": sender, "value": "0x1"})
        site.publish(20)
        site.step(1_000)
        node.mine()
        site.settle(AnchorState.INCLUDED)
        blocks.append(recorded(site, 20))
        site.close()
    TARGET.write_text(json.dumps({"recorded_from": "anvil 1.7.1", "blocks": blocks}, indent=1) + "\n")


def recorded(site: ChainSite, size: int = 10) -> dict[str, Any]:
    """The proof of the checkpoint of this size, taken apart."""
    record = site.anchor(size) if size not in site.sizes else site.settle(AnchorState.INCLUDED)
    assert record.proof is not None
    proof = EvmAnchorProof.parse(record.proof.proof)
    return {
        "origin": ORIGIN,
        "tree_size": record.tree_size,
        "root_hash": record.root_hash.hex(),
        "chain_id": proof.chain_id,
        "registry": proof.registry.hex(),
        "transaction_index": proof.transaction_index,
        "log_index": proof.log_index,
        "header": proof.header.raw.hex(),
        "nodes": [node.hex() for node in proof.nodes],
    }


if __name__ == "__main__":
    main()

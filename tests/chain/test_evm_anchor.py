"""Anchoring on a real node, when all is well."""

from __future__ import annotations

from tests.chain.anvil import Anvil
from tests.chain.chain_site import ChainSite, anchored_sizes, assert_sound

from voltseal.anchor.interface import AnchorState


def test_anchors_become_final_and_prove_themselves(node: Anvil, site: ChainSite, registry: bytes) -> None:
    for size in (10, 20, 30):
        site.anchor(size)
    node.mine(5)
    site.settle(AnchorState.FINAL)
    assert anchored_sizes(node, registry) == [10, 20, 30]
    assert_sound(site, node)

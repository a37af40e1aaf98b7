"""Shared inputs of the log's tests."""

from __future__ import annotations

import pytest

from voltseal.log.merkle import LeafHash, leaf_hash

TREE_SIZES_UP_TO = 130


@pytest.fixture(scope="session")
def leaf_hashes() -> list[LeafHash]:
    """Leaf hashes of the entries 0, 1, 2, ... as two bytes each."""
    return [leaf_hash(index.to_bytes(2, "big")) for index in range(TREE_SIZES_UP_TO)]

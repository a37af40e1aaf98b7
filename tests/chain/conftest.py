"""Fixtures of the tests that run against real chain software."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chain.anvil import Anvil
from tests.chain.chain_site import ChainSite, deploy
from tests.chain.toolchain import ChainTools, provide

from voltseal_sim.toolchain import UnsupportedPlatformError


@pytest.fixture(scope="session")
def chain_tools() -> ChainTools:
    """Node, compiler, contract test runner. Skips only off Linux or without npm; in CI that is an error."""
    try:
        return provide()
    except UnsupportedPlatformError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no chain software: {error}")


@pytest.fixture
def node(chain_tools: ChainTools) -> Iterator[Anvil]:
    """A chain that makes a block for each transaction, and finality two epochs of one block later."""
    with Anvil(chain_tools, "--slots-in-an-epoch", "1") as running:
        yield running


@pytest.fixture
def registry(node: Anvil) -> bytes:
    """The contract's address."""
    return deploy(node)


@pytest.fixture
def site(node: Anvil, registry: bytes, tmp_path: Path) -> Iterator[ChainSite]:
    """A log that anchors there."""
    made = ChainSite(tmp_path, registry, node.url)
    yield made
    made.close()

"""The backend `evm:`: checkpoints in a contract on an Ethereum chain, over raw JSON-RPC."""

from __future__ import annotations

from voltseal.anchor.evm.backend import EvmBackend, open_uri

__all__ = ["EvmBackend", "open_uri"]

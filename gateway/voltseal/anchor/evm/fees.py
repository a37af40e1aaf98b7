"""Rules about fees, refusals and depth that need no node. Pure."""

from __future__ import annotations

from enum import Enum, auto
from typing import Final

from voltseal.anchor.evm.chain import Depths, Prices
from voltseal.anchor.evm.errors import FeeCapError
from voltseal.anchor.evm.settings import EvmSettings
from voltseal.anchor.evm.transaction import Fee
from voltseal.anchor.interface import AnchorState

REPLACEMENT_PERCENT: Final = 13
"""Nodes want at least 10 % (go-ethereum, hardhat) or 12.5 % (others) more for a replacement."""

# Where a chain does not say what is safe and final: about as deep as Ethereum's own checkpoints lie.
_SAFE_DEPTH: Final = 32
_FINAL_DEPTH: Final = 64


class Refusal(Enum):
    """What a node means by refusing a transaction. There are no agreed error numbers: it is in the words."""

    KNOWN = auto()
    NONCE_USED = auto()
    UNDERPRICED = auto()
    EMPTY = auto()
    OTHER = auto()


_WORDS: Final = (
    (Refusal.EMPTY, ("insufficient funds", "enough funds", "exceeds balance", "insufficient balance")),
    (Refusal.KNOWN, ("already known", "already imported", "known transaction", "already in the")),
    (Refusal.NONCE_USED, ("nonce too low", "nonce has already been used", "invalid nonce")),
    (
        Refusal.UNDERPRICED,
        (
            "underpriced", "fee too low", "gas price too low", "less than block base fee", "below the",
            "fee cap less", "is too low", "too low for the next block",
        ),
    ),
)  # fmt: skip


def classify(reason: str) -> Refusal:
    """What the words of a refusal mean."""
    said = reason.lower()
    return next((refusal for refusal, words in _WORDS if any(word in said for word in words)), Refusal.OTHER)


def capped(fee: Fee, prices: Prices, settings: EvmSettings) -> Fee:
    """The fee within the limit for a unit of gas. Raises `FeeCapError` where even the least fee is above it."""
    most = settings.max_fee_wei
    if most is None or fee.most <= most:
        return fee
    least = prices.gas_price if fee.tip is None else prices.least + 1
    if least > most:
        raise FeeCapError(f"put off: a unit of gas costs {least} wei, the limit is {most}")
    return Fee(most, None if fee.tip is None else min(fee.tip, most - prices.least))


def replacement(before: Fee, offer: Fee, prices: Prices, settings: EvmSettings) -> Fee:
    """The fee that nodes take instead of `before`. Raises `FeeCapError` where the limit leaves no room for it."""
    fee = capped(before.raised(REPLACEMENT_PERCENT, offer), prices, settings)
    if fee.most < before.raised(REPLACEMENT_PERCENT, before).most:
        raise FeeCapError(f"waits: the fee would have to be raised beyond the limit, {settings.max_fee_wei} wei")
    return fee


def depth_state(depths: Depths, block_number: int, confirmations: int | None) -> AnchorState:
    """How far a block is from being undone: by our own count if given, else by the chain's word."""
    depth = depths.latest - block_number + 1
    if confirmations is not None:
        return AnchorState.FINAL if depth >= confirmations else AnchorState.INCLUDED
    is_final = depth > _FINAL_DEPTH if depths.finalized is None else block_number <= depths.finalized
    is_safe = depth > _SAFE_DEPTH if depths.safe is None else block_number <= depths.safe
    return AnchorState.FINAL if is_final else AnchorState.SAFE if is_safe else AnchorState.INCLUDED

"""What the backend asks a node, as values. One batch for each decision, so that one node's view at one time decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from voltseal.anchor.evm.registry import Head, head_call
from voltseal.anchor.evm.rpc import Call, RpcClient, UnusableAnswerError, octets, quantity
from voltseal.anchor.evm.transaction import Fee
from voltseal.log.evm.keccak import HASH_BYTES
from voltseal.log.evm.proof import EVENT_TOPIC, log_id

_DEFAULT_TIP_WEI: Final = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Prices:
    """What gas costs now, in wei. `base_fee` None: the chain has legacy fees only."""

    base_fee: int | None
    tip: int
    gas_price: int

    def fee(self, *, legacy: bool) -> Fee:
        """What is sensible to offer: it stays enough while the base fee doubles."""
        if legacy or self.base_fee is None:
            return Fee(self.gas_price, None)
        return Fee(2 * self.base_fee + self.tip, self.tip)

    @property
    def least(self) -> int:
        """What a transaction must offer to be taken into the next block."""
        return self.base_fee or 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a transaction ended up. `log_index`: that of the registry's event in the receipt, None without one."""

    succeeded: bool
    transaction_hash: bytes
    transaction_index: int
    block_hash: bytes
    block_number: int
    paid_wei: int | None
    log_index: int | None


@dataclass(frozen=True, slots=True)
class Account:
    """`next_nonce` counts pending transactions as well, `used_nonces` those in blocks only."""

    balance_wei: int
    used_nonces: int
    next_nonce: int


@dataclass(frozen=True, slots=True)
class Depths:
    """Block numbers: the newest, and the newest that the chain calls safe and finalized (None: it does not say)."""

    latest: int
    safe: int | None
    finalized: int | None


@dataclass(frozen=True, slots=True)
class View:
    """All that one decision needs. `receipts` in the order of the hashes asked for; `knows_newest`: of the last one."""

    account: Account
    head: Head
    prices: Prices
    depths: Depths
    receipts: tuple[Receipt | None, ...]
    knows_newest: bool


class Chain:
    """Questions to the nodes of one chain, about one contract and one account."""

    def __init__(self, rpc: RpcClient, registry: bytes, account: bytes, origin: str) -> None:
        self._rpc = rpc
        self._registry = f"0x{registry.hex()}"
        self._account = f"0x{account.hex()}"
        self._origin = origin

    def view(self, hashes: Sequence[bytes] = ()) -> View:
        """How things stand, with the transactions of these hashes. Raises `AnchorUnavailableError`s."""
        names = [f"0x{one.hex()}" for one in hashes]
        calls = [
            Call("eth_getBalance", (self._account, "latest")),
            Call("eth_getTransactionCount", (self._account, "latest")),
            Call("eth_getTransactionCount", (self._account, "pending")),
            Call("eth_call", ({"to": self._registry, "data": _text(head_call(self._origin))}, "latest")),
            Call("eth_gasPrice"),
            Call("eth_maxPriorityFeePerGas", optional=True),
            *(Call("eth_getBlockByNumber", (tag, False), optional=tag != "latest") for tag in _TAGS),
            *(Call("eth_getTransactionReceipt", (name,)) for name in names),
            *(Call("eth_getTransactionByHash", (name,)) for name in names[-1:]),
        ]
        return self._rpc.checked(calls, self._read_view)

    def estimate_gas(self, call: bytes) -> int:
        """What a transaction with this call would use. Raises `NodeRefusedError`, with the revert if it would fail."""
        request = {"from": self._account, "to": self._registry, "data": _text(call)}
        return self._rpc.checked([Call("eth_estimateGas", (request,))], lambda results: quantity(results[0]))

    def send(self, raw: bytes) -> None:
        """Hand a signed transaction to a node. Raises `NodeRefusedError` with its reason."""
        self._rpc.call("eth_sendRawTransaction", _text(raw))

    def find_anchor(self, tree_size: int, block_number: int) -> Receipt | None:
        """The anchor of this size in this block, whoever sent it."""
        topics = [_text(EVENT_TOPIC), _text(log_id(self._origin)), _text(tree_size.to_bytes(32, "big"))]
        block = hex(block_number)
        asked = {"address": self._registry, "topics": topics, "fromBlock": block, "toBlock": block}
        found = self._rpc.call("eth_getLogs", asked)
        if not found:
            return None
        call = Call("eth_getTransactionReceipt", (found[0].get("transactionHash"),))
        return self._rpc.checked([call], lambda results: self._read_receipt(results[0]))

    def _read_view(self, results: list[Any]) -> View:
        balance, used, following, head, gas_price, tip, *rest = results
        latest, safe, finalized, pending = rest[: len(_TAGS)]
        found = rest[len(_TAGS) :]
        receipts, known = (found[:-1], found[-1]) if found else ([], None)
        fees = [quantity(one["baseFeePerGas"]) for one in (latest, pending) if _has(one, "baseFeePerGas")]
        return View(
            account=Account(quantity(balance), quantity(used), quantity(following)),
            head=Head.parse(octets(head)),
            prices=Prices(
                base_fee=max(fees, default=None),
                tip=_DEFAULT_TIP_WEI if tip is None else quantity(tip),
                gas_price=quantity(gas_price),
            ),
            depths=Depths(
                latest=_number(latest),
                safe=_number(safe) if _has(safe, "number") else None,
                finalized=_number(finalized) if _has(finalized, "number") else None,
            ),
            receipts=tuple(self._read_receipt(one) for one in receipts),
            knows_newest=known is not None,
        )

    def _read_receipt(self, told: Any) -> Receipt | None:
        if told is None or (isinstance(told, dict) and told.get("blockHash") is None):
            return None
        if not isinstance(told, dict) or not isinstance(told.get("logs"), list):
            raise UnusableAnswerError("a receipt of no known form")
        price = told.get("effectiveGasPrice")
        return Receipt(
            succeeded=quantity(told.get("status")) == 1,
            transaction_hash=octets(told.get("transactionHash"), HASH_BYTES),
            transaction_index=quantity(told.get("transactionIndex")),
            block_hash=octets(told.get("blockHash"), HASH_BYTES),
            block_number=quantity(told.get("blockNumber")),
            paid_wei=None if price is None else quantity(price) * quantity(told.get("gasUsed")),
            log_index=next((n for n, log in enumerate(told["logs"]) if self._is_anchor(log)), None),
        )

    def _is_anchor(self, log: Any) -> bool:
        if not isinstance(log, dict) or str(log.get("address")).lower() != self._registry:
            return False
        topics = log.get("topics")
        wanted = [_text(EVENT_TOPIC), _text(log_id(self._origin))]
        return isinstance(topics, list) and [str(topic).lower() for topic in topics[:2]] == wanted


_TAGS: Final = ("latest", "safe", "finalized", "pending")


def _text(raw: bytes) -> str:
    return f"0x{raw.hex()}"


def _has(block: Any, name: str) -> bool:
    return isinstance(block, dict) and block.get(name) is not None


def _number(block: Any) -> int:
    if not _has(block, "number"):
        raise UnusableAnswerError("a block without a number")
    return quantity(block["number"])

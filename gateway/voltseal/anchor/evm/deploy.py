"""Puts an AnchorRegistry on a chain, and says who may anchor in it. For operators; nothing of it is persisted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from voltseal.anchor.errors import AnchorError, AnchorUnavailableError
from voltseal.anchor.evm.errors import NodeRefusedError, WalletEmptyError
from voltseal.anchor.evm.registry import OWNER_CALL, creation_code, set_submitter_call
from voltseal.anchor.evm.rpc import Call, RpcClient, octets, quantity
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.evm.transaction import Fee, Transaction
from voltseal.log.evm.keccak import keccak256
from voltseal.log.evm.proof import ADDRESS_BYTES

_POLL_S = 0.2


class DeploymentError(AnchorError):
    """A transaction of the owner failed, or is not in the chain after the time given."""

    code = "evm-deployment"


@dataclass(frozen=True, slots=True)
class Deployed:
    """The contract (20 bytes), and what it took."""

    chain_id: int
    registry: bytes
    gas_used: int
    block_number: int


@dataclass(frozen=True, slots=True)
class Owner:
    """The account that owns registries, over a node."""

    rpc: RpcClient
    key: SigningKey
    legacy_fees: bool = False
    timeout_s: float = 120.0

    def deploy(self) -> Deployed:
        """Create a registry. Raises `AnchorError`s."""
        receipt, chain_id = self._carry_out(b"", creation_code())
        registry = octets(receipt["contractAddress"], ADDRESS_BYTES)
        return Deployed(chain_id, registry, quantity(receipt["gasUsed"]), quantity(receipt["blockNumber"]))

    def set_submitter(self, registry: bytes, origin: str, account: bytes, *, allowed: bool) -> int:
        """Let `account` anchor the log of `origin`, or no longer; the gas used. Raises `AnchorError`s."""
        receipt, _ = self._carry_out(registry, set_submitter_call(origin, account, allowed=allowed))
        return quantity(receipt["gasUsed"])

    def owner_of(self, registry: bytes) -> bytes:
        """Who owns a registry. Raises `AnchorError`s."""
        return owner_of(self.rpc, registry)

    def _carry_out(self, to: bytes, call: bytes) -> tuple[dict[str, Any], int]:
        sender = f"0x{self.key.address.hex()}"
        request = {"from": sender, "data": f"0x{call.hex()}"} | ({"to": f"0x{to.hex()}"} if to else {})
        try:
            chain_id, nonce, price, tip, block, gas = self.rpc.batch(
                [
                    Call("eth_chainId"),
                    Call("eth_getTransactionCount", (sender, "pending")),
                    Call("eth_gasPrice"),
                    Call("eth_maxPriorityFeePerGas", optional=True),
                    Call("eth_getBlockByNumber", ("latest", False)),
                    Call("eth_estimateGas", (request,)),
                ]
            )
        except NodeRefusedError as error:
            raise DeploymentError(f"this would fail: {error.reason}", hint=f"is {sender} the owner?") from error
        fee = Fee(quantity(price), None)
        if not self.legacy_fees and block.get("baseFeePerGas") is not None:
            offered = 0 if tip is None else quantity(tip)
            fee = Fee(2 * quantity(block["baseFeePerGas"]) + offered, offered)
        transaction = Transaction(quantity(chain_id), quantity(nonce), fee, quantity(gas) * 5 // 4, to, call)
        return self._await(transaction.sign(self.key).raw), quantity(chain_id)

    def _await(self, raw: bytes) -> dict[str, Any]:
        try:
            self.rpc.call("eth_sendRawTransaction", f"0x{raw.hex()}")
        except NodeRefusedError as error:
            raise WalletEmptyError(f"0x{self.key.address.hex()}: {error.reason}") from error
        name = f"0x{keccak256(raw).hex()}"
        deadline_s = time.monotonic() + self.timeout_s
        while time.monotonic() < deadline_s:
            receipt: dict[str, Any] | None = self.rpc.call("eth_getTransactionReceipt", name)
            if receipt is not None:
                if quantity(receipt["status"]) != 1:
                    raise DeploymentError(f"transaction {name} failed")
                return receipt
            time.sleep(_POLL_S)
        raise AnchorUnavailableError(
            f"transaction {name} is not in the chain after {self.timeout_s:.0f} s; look for it"
        )


def owner_of(rpc: RpcClient, registry: bytes) -> bytes:
    """Who owns a registry, 20 bytes. Raises `AnchorUnavailableError`, also where there is none."""
    call = Call("eth_call", ({"to": f"0x{registry.hex()}", "data": f"0x{OWNER_CALL.hex()}"}, "latest"))
    return rpc.checked([call], lambda results: octets(results[0], 32)[-ADDRESS_BYTES:])

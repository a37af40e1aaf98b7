"""Makes an anchor proof of what a node tells, and believes none of it: header and receipts are hashed again."""

from __future__ import annotations

from typing import Any, Final

from voltseal.anchor.evm.chain import Receipt
from voltseal.anchor.evm.rpc import Call, RpcClient, UnusableAnswerError, octets, quantity
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import EvmProofError
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import keccak256
from voltseal.log.evm.proof import BlockHeader, EvmAnchorProof
from voltseal.log.evm.trie import prove, receipt_key

# Yellow Paper, section 4.3, then in the order of the forks that appended them: EIP-1559, EIP-4895, EIP-4844 (two),
# EIP-4788, EIP-7685. A block has a prefix of this list.
_BYTES_FIELDS: Final = ("parentHash", "sha3Uncles", "miner", "stateRoot", "transactionsRoot", "receiptsRoot")
_NUMBER_FIELDS: Final = ("difficulty", "number", "gasLimit", "gasUsed", "timestamp")
_APPENDED: Final = (
    "baseFeePerGas", "withdrawalsRoot", "blobGasUsed", "excessBlobGas", "parentBeaconBlockRoot", "requestsHash",
)  # fmt: skip
_HASHES: Final = frozenset({"withdrawalsRoot", "parentBeaconBlockRoot", "requestsHash"})
_RECEIPTS_A_BATCH: Final = 100


def make_proof(
    rpc: RpcClient, chain_id: int, registry: bytes, receipt: Receipt, checkpoint: Checkpoint
) -> EvmAnchorProof:
    """The proof that the block of `receipt` has the anchor. Precondition: the receipt has a `log_index`.

    Raises `AnchorUnavailableError`s, also where no endpoint's answers add up.
    """
    name = f"0x{receipt.block_hash.hex()}"
    asked = [Call("eth_getBlockByHash", (name, False)), Call("eth_getBlockReceipts", (name,), optional=True)]

    def accept(results: list[Any]) -> EvmAnchorProof:
        block, receipts = results
        if not isinstance(block, dict) or not isinstance(block.get("transactions"), list):
            raise UnusableAnswerError("it does not have a block of which it has a receipt")
        if not isinstance(receipts, list):
            receipts = _fetch_receipts(rpc, block["transactions"])
        try:
            header = BlockHeader.parse(encode_header(block))
            values = {receipt_key(index): encode_receipt(one) for index, one in enumerate(receipts)}
            root, nodes = prove(values, receipt_key(receipt.transaction_index))
            if header.block_hash != receipt.block_hash or header.receipts_root != root:
                raise UnusableAnswerError("a block that does not have the hash it is named by")
            assert receipt.log_index is not None
            proof = EvmAnchorProof(
                chain_id, registry, receipt.transaction_index, receipt.log_index, header, tuple(nodes)
            )
            proof.verify(checkpoint)
        except (EvmProofError, KeyError, TypeError, AttributeError) as error:
            raise UnusableAnswerError(f"a block that proves no anchor: {error}") from error
        return proof

    return rpc.checked(asked, accept)


def encode_header(block: dict[str, Any]) -> bytes:
    """The RLP of a block's header, from the JSON of a node. Raises `UnusableAnswerError` or `KeyError`."""
    fields: list[rlp.Encodable] = [octets(block[name]) for name in _BYTES_FIELDS]
    fields.append(octets(block["logsBloom"]))
    fields += [quantity(block[name]) for name in _NUMBER_FIELDS]
    fields += [octets(block[name]) for name in ("extraData", "mixHash", "nonce")]
    for name in _APPENDED:
        if block.get(name) is None:
            break
        fields.append(octets(block[name]) if name in _HASHES else quantity(block[name]))
    return rlp.encode(fields)


def encode_receipt(told: dict[str, Any]) -> bytes:
    """A receipt as it stands in the trie (EIP-2718). Raises `UnusableAnswerError` or `KeyError`."""
    logs: list[rlp.Encodable] = [
        [octets(log["address"]), [octets(topic) for topic in log["topics"]], octets(log["data"])]
        for log in told["logs"]
    ]
    status: rlp.Encodable = quantity(told["status"])
    body = rlp.encode([status, quantity(told["cumulativeGasUsed"]), octets(told["logsBloom"]), logs])
    kind = quantity(told.get("type") or "0x0")
    return bytes([kind]) + body if kind else body


def account_of_creation(sender: bytes, nonce: int) -> bytes:
    """The address of a contract that `sender` creates with this nonce (Yellow Paper, section 7)."""
    return keccak256(rlp.encode([sender, nonce]))[-20:]


def _fetch_receipts(rpc: RpcClient, transactions: list[Any]) -> list[Any]:
    """One by one, but not one after the other: not all nodes have eth_getBlockReceipts."""
    found: list[Any] = []
    for start in range(0, len(transactions), _RECEIPTS_A_BATCH):
        some = transactions[start : start + _RECEIPTS_A_BATCH]
        found += rpc.batch([Call("eth_getTransactionReceipt", (name,)) for name in some])
    if any(one is None for one in found):
        raise UnusableAnswerError("a block whose receipts it does not have")
    return found

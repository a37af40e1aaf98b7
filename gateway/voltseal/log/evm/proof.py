"""The anchor proof of backend `evm` (docs/spec/evm-anchor.md): block header, receipt proof, event. Pure, no I/O.

    voltseal-evm-anchor/1
    <chain id>
    <registry's address>
    <transaction's index in the block>
    <log's index in the receipt>
    <block header, RLP, base64>
    <node of the receipt trie, base64>      one line for each, the root's first

What is left to trust, and cannot be found in the proof, is that the chain has a block of this hash.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from typing import Final, Self

from voltseal.log.checkpoint import Checkpoint, parse_decimal
from voltseal.log.errors import CheckpointFormatError, EvmProofError
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import HASH_BYTES, keccak256
from voltseal.log.evm.trie import receipt_key, verify_proof
from voltseal.log.note_key import decode_base64

PROOF_HEADER: Final = "voltseal-evm-anchor/1"
EVENT: Final = "Anchored(bytes32,uint64,bytes32,uint64)"
ADDRESS_BYTES: Final = 20
MAX_PROOF_CHARACTERS: Final = 262_144
_FIXED_LINES: Final = 6
_MAX_INDEX: Final = 2**31 - 1
_MAX_CHAIN_ID: Final = 2**63 - 1
_HEADER_ITEMS: Final = 15  # before London; later forks append, and what they append is not ours to judge
_TIMESTAMP_S_LIMIT: Final = 2**43

EVENT_TOPIC: Final = keccak256(EVENT.encode())


def log_id(origin: str) -> bytes:
    """How the contract names a log: the Keccak-256 of its origin."""
    return keccak256(origin.encode())


@dataclass(frozen=True, slots=True)
class BlockHeader:
    """What an anchor needs of a block header (Yellow Paper, section 4.3). `raw`: its RLP; hashes are 32 bytes."""

    raw: bytes
    block_hash: bytes
    receipts_root: bytes
    number: int
    timestamp_s: int

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Raises `EvmProofError`."""
        fields = rlp.decode_list(raw)
        if len(fields) < _HEADER_ITEMS:
            raise EvmProofError(f"block header: {len(fields)} fields, fewer than {_HEADER_ITEMS}")
        timestamp_s = rlp.integer(fields[11])
        if timestamp_s >= _TIMESTAMP_S_LIMIT:
            raise EvmProofError("block header: a time beyond all calendars")
        receipts_root = rlp.octets(fields[5], HASH_BYTES)
        return cls(raw, keccak256(raw), receipts_root, rlp.integer(fields[8]), timestamp_s)


@dataclass(frozen=True, slots=True)
class EvmAnchorProof:
    """The proof's text as values. `registry`: 20 bytes; `nodes`: the receipt trie's, root first."""

    chain_id: int
    registry: bytes
    transaction_index: int
    log_index: int
    header: BlockHeader
    nodes: tuple[bytes, ...]

    @property
    def key(self) -> str:
        """Whose word it is: chain, contract, block."""
        where = f"{self.chain_id}/0x{self.registry.hex()}"
        return f"{where} block {self.header.number} 0x{self.header.block_hash.hex()}"

    @property
    def time_ms(self) -> int:
        """When the block's second ended, on the chain's word: the anchor is not younger."""
        return self.header.timestamp_s * 1000 + 999

    def text(self) -> str:
        """The proof's one text."""
        numbers = (PROOF_HEADER, self.chain_id, f"0x{self.registry.hex()}", self.transaction_index, self.log_index)
        nodes = (b64encode(raw).decode() for raw in (self.header.raw, *self.nodes))
        return "".join(f"{line}\n" for line in (*numbers, *nodes))

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a proof's text; raises `EvmProofError`. It proves nothing before `verify`."""
        lines = text[:MAX_PROOF_CHARACTERS].split("\n")
        if len(lines) < _FIXED_LINES + 2 or lines[0] != PROOF_HEADER or lines[-1] or len(text) > MAX_PROOF_CHARACTERS:
            raise EvmProofError(f"not the lines of a {PROOF_HEADER} proof")
        try:
            return cls(
                chain_id=parse_chain_id(lines[1]),
                registry=parse_address(lines[2]),
                transaction_index=parse_decimal(lines[3], _MAX_INDEX),
                log_index=parse_decimal(lines[4], _MAX_INDEX),
                header=BlockHeader.parse(decode_base64(lines[5])),
                nodes=tuple(decode_base64(line) for line in lines[6:-1]),
            )
        except (CheckpointFormatError, ValueError) as error:
            raise EvmProofError(f"evm anchor proof: {error}") from error

    def verify(self, checkpoint: Checkpoint) -> None:
        """Return if a block with this header has the registry's event of exactly `checkpoint`.

        Raises `EvmProofError`. That the chain has the block is for the caller to know.
        """
        receipt = verify_proof(self.header.receipts_root, receipt_key(self.transaction_index), self.nodes)
        address, topics, told = _log_of(receipt, self.log_index)
        if address != self.registry or len(topics) != 3 or topics[0] != EVENT_TOPIC or len(told) != 64:
            raise EvmProofError("the log entry is not the registry's event Anchored")
        anchored = (topics[1], int.from_bytes(topics[2], "big"), told[:32])
        if anchored != (log_id(checkpoint.origin), checkpoint.tree_size, checkpoint.root_hash):
            raise EvmProofError(f"the event anchors another checkpoint, of size {anchored[1]}")


def parse_chain_id(text: str) -> int:
    """A chain's number in decimal, at most 2^63 - 1. Raises `ValueError`."""
    try:
        return parse_decimal(text, _MAX_CHAIN_ID)
    except CheckpointFormatError as error:
        raise ValueError(f"chain id: {error}") from error


def parse_address(text: str) -> bytes:
    """An address: `0x` and 40 lower-case hexadecimal digits. Raises `ValueError`."""
    return _hex(text, ADDRESS_BYTES)


def parse_hash(text: str) -> bytes:
    """A hash: `0x` and 64 lower-case hexadecimal digits. Raises `ValueError`."""
    return _hex(text, HASH_BYTES)


def _hex(text: str, length: int) -> bytes:
    raw = bytes.fromhex(text.removeprefix("0x")) if text.isascii() else b""
    if len(raw) != length or f"0x{raw.hex()}" != text:
        raise ValueError(f"{text[:80]!r} is not 0x and {2 * length} lower-case hexadecimal digits")
    return raw


def _log_of(receipt: bytes, log_index: int) -> tuple[bytes, list[bytes], bytes]:
    """Address, topics and data of one log entry of a receipt (EIP-2718, EIP-658) of a transaction that succeeded."""
    if receipt[:1] < b"\x80":  # a typed receipt: its first byte is the type
        receipt = receipt[1:]
    status, _, _, logs = rlp.items(rlp.decode(receipt), 4)
    if status != b"\x01":
        raise EvmProofError("the transaction failed, or its receipt has no status")
    entries = rlp.items(logs)
    if log_index >= len(entries):
        raise EvmProofError(f"the receipt has no log entry {log_index}")
    address, topics, told = rlp.items(entries[log_index], 3)
    return (
        rlp.octets(address, ADDRESS_BYTES),
        [rlp.octets(topic, HASH_BYTES) for topic in rlp.items(topics)],
        rlp.octets(told),
    )

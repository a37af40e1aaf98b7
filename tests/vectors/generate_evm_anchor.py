#!/usr/bin/env python3
"""Writes evm_anchor.json beside this file, the same bytes every time, from blocks recorded of a real node.

`--check` compares instead, and fails if it differs. Nobody signs a block: a forger can make any, so mutations below the
header are built into a block of their own, with its right hashes. Only Keccak is the gateway's own.
"""

from __future__ import annotations

import argparse
import json
import sys
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias

from voltseal.log.evm.keccak import keccak256

HERE = Path(__file__).resolve().parent
TARGET = HERE / "evm_anchor.json"
ABOUT = (
    "anchor proofs of backend evm (docs/spec/evm-anchor.md). Each proof is judged against the checkpoint of `origin`, "
    "`tree_size` and `root_hash`; `expect` is `ok`, and then `block_hash` and `time_ms` are given, or `bad-anchor`"
)
Node: TypeAlias = "bytes | list[Node]"
EVENT = keccak256(b"Anchored(bytes32,uint64,bytes32,uint64)")


def rlp(value: Node) -> bytes:
    """Recursive Length Prefix."""
    if isinstance(value, bytes):
        return value if len(value) == 1 and value[0] < 0x80 else _length(0x80, len(value)) + value
    body = b"".join(map(rlp, value))
    return _length(0xC0, len(body)) + body


def _length(offset: int, length: int) -> bytes:
    if length < 56:
        return bytes([offset + length])
    size = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([offset + 55 + len(size)]) + size


def split(raw: bytes) -> list[bytes]:
    """The encoded items of an encoded list."""
    _, at, _ = extent(raw, 0)
    found = []
    while at < len(raw):
        _, _, end = extent(raw, at)
        found.append(raw[at:end])
        at = end
    return found


def extent(raw: bytes, at: int) -> tuple[int, int, int]:
    """Start, start of content, end."""
    first = raw[at]
    if first < 0x80:
        return at, at, at + 1
    offset = 0xC0 if first >= 0xC0 else 0x80
    size = first - offset
    if size < 56:
        return at, at + 1, at + 1 + size
    begin = at + 1 + size - 55
    return at, begin, begin + int.from_bytes(raw[at + 1 : begin], "big")


class Block:
    """A recorded proof with one transaction in the block, open to be changed and closed again with right hashes."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self.recorded = recorded
        self.header = split(bytes.fromhex(recorded["header"]))
        value = content(split(bytes.fromhex(recorded["nodes"][-1]))[1])
        self.kind, self.receipt = value[:1], split(value[1:])
        (log,) = split(self.receipt[3])
        address, topics, told = split(log)
        self.address, self.topics, self.told = content(address), [content(one) for one in split(topics)], content(told)
        self.path = b"\x20\x80"

    def lines(self) -> list[str]:
        log: Node = [self.address, list(self.topics), self.told]
        receipt = [*self.receipt[:-1], rlp([log])]
        body = b"".join(receipt)
        value = self.kind + _length(0xC0, len(body)) + body
        leaf = rlp([self.path, value])
        header = [*self.header[:5], rlp(keccak256(leaf)), *self.header[6:]]
        joined = b"".join(header)
        return text_lines(self.recorded, _length(0xC0, len(joined)) + joined, [leaf])


def content(raw: bytes) -> bytes:
    _, begin, end = extent(raw, 0)
    return raw[begin:end]


def text_lines(recorded: dict[str, Any], header: bytes, nodes: Sequence[bytes]) -> list[str]:
    numbers = (recorded["transaction_index"], recorded["log_index"])
    first = ["voltseal-evm-anchor/1", str(recorded["chain_id"]), f"0x{recorded['registry']}", *map(str, numbers)]
    return [*first, *(b64encode(raw).decode() for raw in (header, *nodes))]


def recorded_lines(recorded: dict[str, Any]) -> list[str]:
    return text_lines(recorded, bytes.fromhex(recorded["header"]), [bytes.fromhex(node) for node in recorded["nodes"]])


def vector(
    name: str, description: str, recorded: dict[str, Any], lines: Sequence[str], **changed: Any
) -> dict[str, Any]:
    """One vector; refused unless `changed` says otherwise."""
    checkpoint = {key: recorded[key] for key in ("origin", "tree_size", "root_hash")}
    head = {"name": name, "description": description} | checkpoint
    outcome = {"expect": "bad-anchor", "proof": "".join(f"{line}\n" for line in lines)}
    return head | outcome | changed


def vectors(blocks: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    single, crowded = blocks
    for name, recorded in (("single", single), ("crowded", crowded)):
        header = bytes.fromhex(recorded["header"])
        seconds = int.from_bytes(content(split(header)[11]), "big")
        right = {"expect": "ok", "block_hash": f"0x{keccak256(header).hex()}", "time_ms": seconds * 1000 + 999}
        yield vector(f"{name}-ok", "as recorded", recorded, recorded_lines(recorded), **right)
    rebuilt = Block(single).lines()
    assert rebuilt == recorded_lines(single), "taking a block apart and putting it together changes nothing"
    yield from _other_checkpoints(single)
    yield from _texts(single, crowded)
    yield from _forged_blocks(single)


def _other_checkpoints(single: dict[str, Any]) -> Iterator[dict[str, Any]]:
    lines = recorded_lines(single)
    yield vector("other-origin", "another log's checkpoint", single, lines, origin="example.org/other")
    yield vector("other-size", "another tree size", single, lines, tree_size=single["tree_size"] + 1)
    yield vector("other-root", "another root", single, lines, root_hash="00" * 32)


def _texts(single: dict[str, Any], crowded: dict[str, Any]) -> Iterator[dict[str, Any]]:
    good, many = recorded_lines(single), recorded_lines(crowded)

    def changed(name: str, description: str, at: int, line: str) -> dict[str, Any]:
        return vector(name, description, single, [*good[:at], line, *good[at + 1 :]])

    yield changed("text-version", "another version", 0, "voltseal-evm-anchor/2")
    yield changed("text-chain-padded", "a chain id with a leading zero", 1, f"0{good[1]}")
    yield changed("text-chain-huge", "a chain id beyond 63 bits", 1, str(2**63))
    yield changed("text-address-upper", "an address in capitals", 2, "0x" + good[2][2:].upper())
    yield changed("text-address-bare", "an address without 0x", 2, good[2][2:])
    yield changed("text-address-other", "the address of another contract", 2, "0x" + "11" * 20)
    yield changed("text-index-negative", "a negative index", 3, "-1")
    yield changed("text-index-other", "the index of another transaction", 3, "1")
    yield changed("text-log-other", "the index of another log", 4, "1")
    yield changed("text-header-not-base64", "a header that is no base64", 5, "?")
    yield changed("text-header-empty", "an empty header", 5, "")
    yield vector("text-no-nodes", "no nodes", single, good[:6])
    yield vector("text-empty-line", "an empty line at the end", single, [*good, ""])
    yield vector("node-twice", "a node that is not needed", single, [*good, good[-1]])
    yield vector("node-missing", "a node on the way is missing", crowded, [*many[:6], *many[7:]])
    yield vector("node-last-missing", "the last node is missing", crowded, many[:-1])
    yield vector("nodes-swapped", "nodes in another order", crowded, [*many[:6], *reversed(many[6:])])
    yield vector("nodes-of-another-block", "the nodes of another block", single, [*good[:6], *many[6:]])
    longer = b64encode(bytes.fromhex(single["header"]) + b"\0").decode()
    yield changed("header-trailing", "a byte after the header", 5, longer)
    short = split(bytes.fromhex(single["header"]))[:14]
    body = b"".join(short)
    yield changed("header-short", "a header of 14 items", 5, b64encode(_length(0xC0, len(body)) + body).decode())


def _forged_blocks(single: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def forged(name: str, description: str, block: Block) -> dict[str, Any]:
        return vector(name, description, single, block.lines())

    block = Block(single)
    block.receipt[0] = rlp(b"")
    yield forged("receipt-failed", "the transaction failed", block)
    block = Block(single)
    block.receipt[0] = rlp(bytes(32))
    yield forged("receipt-state-root", "a receipt from before EIP-658, which does not tell success", block)
    block = Block(single)
    block.receipt.insert(3, rlp(b"\1"))
    yield forged("receipt-five-items", "a receipt of five items", block)
    block = Block(single)
    block.address = b"\x11" * 20
    yield forged("event-other-contract", "the event of another contract", block)
    block = Block(single)
    block.topics[0] = keccak256(b"Anchored(bytes32,uint64,bytes32)")
    yield forged("event-other-name", "another event of the contract", block)
    block = Block(single)
    block.topics[1] = keccak256(b"example.org/other")
    yield forged("event-other-log", "the event names another log", block)
    block = Block(single)
    block.topics[2] = (single["tree_size"] + 1).to_bytes(32, "big")
    yield forged("event-other-size", "the event names another size", block)
    block = Block(single)
    block.topics.append(EVENT)
    yield forged("event-four-topics", "an event with a fourth topic", block)
    block = Block(single)
    block.told = bytes(32) + block.told[32:]
    yield forged("event-other-root", "the event names another root", block)
    block = Block(single)
    block.told += bytes(32)
    yield forged("event-long", "an event with a word too many", block)
    block = Block(single)
    block.path = b"\x30\x80"
    yield forged("path-odd", "a leaf whose path is of odd length", block)
    block = Block(single)
    block.path = b"\x00\x80"
    yield forged("path-extension", "a leaf that is marked as an extension", block)
    block = Block(single)
    block.header[11] = rlp((2**43).to_bytes(6, "big"))
    yield forged("time-beyond", "a time beyond all calendars", block)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the file that is there; write nothing")
    check: bool = parser.parse_args().check
    blocks = json.loads((HERE / "maker" / "evm_blocks.json").read_text(encoding="utf-8"))["blocks"]
    made = list(vectors(blocks))
    assert len({one["name"] for one in made}) == len(made), "a name used twice"
    text = json.dumps({"about": ABOUT, "vectors": made}, indent=1) + "\n"
    if not check:
        TARGET.write_text(text, encoding="utf-8")
        print(f"{TARGET.name}: {len(made)} vectors")
    elif not TARGET.exists() or TARGET.read_text(encoding="utf-8") != text:
        print(f"not as generated: {TARGET.name}; run tests/vectors/generate_evm_anchor.py", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""A log, its anchorer and a registry on a node, for tests of the `evm` backend. The anchorer's records are real."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tests.chain.anvil import CHAIN_ID, OWNER_KEY, SUBMITTER_KEY, Anvil

from voltseal.anchor.anchorer import Anchorer, AnchorPolicy, AnchorRecord
from voltseal.anchor.evm.backend import EvmBackend
from voltseal.anchor.evm.deploy import Owner
from voltseal.anchor.evm.rpc import RpcClient
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.evm.settings import EvmSettings
from voltseal.anchor.interface import AnchorState
from voltseal.anchor.records import SqliteAnchorRecords
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.evm.proof import EvmAnchorProof
from voltseal.log.merkle import NodeHash, RootHash, leaf_hash
from voltseal.log.note import sign_note
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import CutReason, PublishedCheckpoint
from voltseal.store.schema import connect_writer

ORIGIN = "example.org/test"
LOG_SIGNER = Ed25519Signer(ORIGIN, b"\1" * 32)
POLICY = AnchorPolicy(every_ms=1_000, retry_base_ms=1_000, retry_cap_ms=8_000)
START_MS = 1_800_000_000_000


def root_at(tree_size: int) -> RootHash:
    """The root of the test's log at a size."""
    return RootHash(NodeHash(leaf_hash(tree_size.to_bytes(8, "big"))))


def deploy(node: Anvil, *origins: str) -> bytes:
    """A registry in which the submitter may anchor these logs (default: the test's)."""
    rpc = RpcClient([node.url], CHAIN_ID)
    owner = Owner(rpc, SigningKey(OWNER_KEY))
    registry = owner.deploy().registry
    for origin in origins or (ORIGIN,):
        owner.set_submitter(registry, origin, SigningKey(SUBMITTER_KEY).address, allowed=True)
    rpc.close()
    return registry


class ChainSite:
    """The clock is the test's own: time passes when it says so, but for `settle`, which also lets the node work."""

    def __init__(self, directory: Path, registry: bytes, *urls: str, key: bytes = SUBMITTER_KEY) -> None:
        self.path = directory / "store.db"
        self.settings = EvmSettings(CHAIN_ID, registry, urls)
        self.target = f"evm:{CHAIN_ID}/0x{registry.hex()}"
        self.now_ms = START_MS
        self.key = SigningKey(key)
        self.sizes: list[int] = []
        self._close: list[Callable[[], object]] = []
        connect_writer(self.path).close()
        self.start()

    def start(self, **settings: object) -> None:
        """A gateway's start: everything that was in memory is gone."""
        self.settings = replace(self.settings, **settings)  # type: ignore[arg-type]
        self.close()
        records = SqliteAnchorRecords.open(self.path)

        def prepared_since(since_ms: int) -> Sequence[bytes]:
            return records.prepared_since(self.target, since_ms)

        backend = EvmBackend(self.settings, ORIGIN, self.key, lambda: self.now_ms, prepared_since)
        self.records, self.backend = records, backend
        self._close = [records.close, backend.close]
        self.anchorer = Anchorer(self.target, backend=backend, checkpoints=records, records=records, policy=POLICY)

    def publish(self, tree_size: int) -> None:
        """The log has grown, and says so."""
        checkpoint = Checkpoint(ORIGIN, tree_size, root_at(tree_size))
        raw = sign_note(checkpoint.text(), [LOG_SIGNER]).encode()
        published = PublishedCheckpoint(len(self.sizes), checkpoint, raw, self.now_ms, CutReason.SIZE)
        connection = connect_writer(self.path)
        connection.execute(
            "INSERT INTO checkpoints VALUES (?, ?, ?, ?, ?)",
            (published.number, tree_size, raw, self.now_ms, str(published.reason)),
        )
        connection.close()
        self.sizes.append(tree_size)

    def step(self, later_ms: int = 0) -> list[str]:
        """One step of the anchorer; what changed, as `size state`."""
        self.now_ms += later_ms
        return [f"{record.tree_size} {record.state}" for record in self.anchorer.step(self.now_ms)]

    def settle(self, state: AnchorState = AnchorState.INCLUDED, timeout_s: float = 20) -> AnchorRecord:
        """Step, a second of our clock at a time, until the newest checkpoint's anchor has come this far."""
        order = list(AnchorState)
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            self.step(1_000)
            record = self.records.latest_anchor_record(self.target)
            reached = record is not None and record.tree_size == self.sizes[-1] and record.proof is not None
            if reached and record is not None and order.index(record.state) >= order.index(state):
                return record
            time.sleep(0.01)
        raise AssertionError(f"not {state}: {self.states()}, {self.last_error()}")

    def anchor(self, tree_size: int, state: AnchorState = AnchorState.INCLUDED) -> AnchorRecord:
        """Publish, and see it anchored."""
        self.now_ms += 1_000
        self.publish(tree_size)
        return self.settle(state)

    def all_records(self) -> list[AnchorRecord]:
        """Every record, ascending."""
        reader = SqliteAnchorRecords.open(self.path)
        try:
            return reader.anchor_records(self.target)
        finally:
            reader.close()

    def states(self) -> list[str]:
        """Every record, as `size state`."""
        return [f"{record.tree_size} {record.state}" for record in self.all_records()]

    def last_error(self) -> str:
        """Why the newest record did not come further."""
        return self.all_records()[-1].last_error or ""

    def close(self) -> None:
        """Give up files and connections."""
        for close in self._close:
            close()
        self._close = []


def anchored_sizes(node: Anvil, registry: bytes) -> list[int]:
    """The sizes of all anchors that the chain has now, in order: what had an effect."""
    logs = node.rpc("eth_getLogs", {"address": f"0x{registry.hex()}", "fromBlock": "0x0"})
    return [int(log["topics"][2], 16) for log in logs if len(log["data"]) == 2 + 128]


def assert_sound(site: ChainSite, node: Anvil) -> None:
    """No checkpoint lost, none anchored twice with effect, every proof verifies and names a block of the chain."""
    sizes = anchored_sizes(node, site.settings.registry)
    assert sizes == sorted(set(sizes))
    records = {record.tree_size: record for record in site.all_records()}
    for record in records.values():
        if record.state is AnchorState.SUPERSEDED:
            assert record.superseded_by is not None
            assert record.superseded_by > record.tree_size
            continue
        assert record.proof is not None, record
        assert record.tree_size in sizes
        proof = EvmAnchorProof.parse(record.proof.proof)
        proof.verify(Checkpoint(ORIGIN, record.tree_size, root_at(record.tree_size)))
        block = node.rpc("eth_getBlockByNumber", hex(proof.header.number), False)
        assert block["hash"] == f"0x{proof.header.block_hash.hex()}"

"""The whole way with a chain: gateways as processes, killed at the wrong moments; evidence that anyone can check."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.chain.anvil import CHAIN_ID, OTHER_KEY, OWNER_KEY, SUBMITTER_KEY, Anvil
from tests.chain.chain_site import anchored_sizes, deploy
from tests.chain.toolchain import ChainTools
from tests.gateway_site import ORIGIN, GatewaySite, load_client, run_cli, send_and_wait, wait_until

from voltseal.anchor.evm.prepared import Prepared
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.interface import AnchorState
from voltseal.anchor.records import SqliteAnchorRecords
from voltseal.log.evm.proof import EvmAnchorProof
from voltseal_sim.broker import EmbeddedBroker

KEY = "evm.key"


@pytest.fixture
async def broker_url() -> AsyncIterator[str]:
    """A broker that outlives the gateways."""
    broker = EmbeddedBroker()
    yield await broker.start()
    await broker.stop()


@pytest.fixture
async def site(broker_url: str, node: Anvil, tmp_path: Path) -> AsyncIterator[GatewaySite]:
    """A gateway that anchors every checkpoint on the node."""
    registry = deploy(node, ORIGIN)
    anchor = f'[[anchor]]\nuri = "{target(registry)}"\nrpc = ["{node.url}"]\nkey_file = "{KEY}"\nevery_s = 0\n'
    made = GatewaySite(tmp_path, broker_url, f"[log]\ncheckpoint_s = 0.3\n{anchor}")
    key = tmp_path / KEY
    key.write_text(SUBMITTER_KEY.hex())
    key.chmod(0o600)
    await made.open_session()
    yield made
    made.end_processes()


def target(registry: bytes) -> str:
    return f"evm:{CHAIN_ID}/0x{registry.hex()}"


def stop(gateway: subprocess.Popen[str]) -> None:
    gateway.send_signal(signal.SIGTERM)
    assert gateway.wait(20) == 0


def newest_is_anchored(site: GatewaySite) -> bool:
    reader = site.reader()
    try:
        newest, anchor = reader.latest_checkpoint(), reader.latest_anchor()
        return newest is not None and anchor is not None and newest.checkpoint.tree_size == anchor.tree_size
    finally:
        reader.close()


@pytest.mark.parametrize("point", ["after-anchor-signed", "after-anchor-sent"])
async def test_a_kill_between_signing_sending_and_recording(
    broker_url: str, site: GatewaySite, node: Anvil, point: str
) -> None:
    fleet = site.fleet(1)
    gateway = site.process(VOLTSEAL_TEST_CRASH_AT=point)
    async with load_client(broker_url, fleet) as client:
        sending = asyncio.create_task(send_and_wait(client, fleet[0].messages(5, site.gateway_xy)))
        assert await asyncio.to_thread(gateway.wait, 20) == -signal.SIGKILL
        (uri,) = (anchor.uri for anchor in site.config.anchors)
        records = SqliteAnchorRecords.open(site.config.store.path)
        (record,) = records.anchor_records(uri)
        assert record.state is AnchorState.PLANNED
        assert record.prepared
        before = Prepared.decode(record.prepared).signed
        survivor = site.process()
        await sending
        await wait_until(lambda: newest_is_anchored(site), 20)
        stop(survivor)
        after = next(one for one in records.anchor_records(uri) if one.tree_size == record.tree_size)
        assert after.prepared
        assert Prepared.decode(after.prepared).signed == before
        assert after.proof is not None
        proved = [one.tree_size for one in records.anchor_records(uri) if one.proof is not None]
        records.close()
    assert anchored_sizes(node, bytes.fromhex(uri[-40:])) == proved


async def test_evidence_with_an_anchor_on_a_chain(
    broker_url: str, site: GatewaySite, node: Anvil, chain_tools: ChainTools
) -> None:
    (device,) = site.fleet(1)
    gateway = site.process()
    async with load_client(broker_url, [device]) as client:
        await send_and_wait(client, device.messages(5, site.gateway_xy))
        await wait_until(lambda: newest_is_anchored(site), 20)
    stop(gateway)
    bundle, trust = site.directory / "evidence.json", site.directory / "trust.toml"
    exported = run_cli("evidence", "--device", "pack-0", "--config", site.config_path, "-o", bundle)
    assert exported[0] == 0, exported
    assert run_cli("trust", "init", "--from-gateway", site.directory, "-o", trust)[0] == 0
    (anchor,) = json.loads(bundle.read_text())["anchors"]
    assert (anchor["backend"], anchor["strength"]) == ("evm", "strong")
    proof = EvmAnchorProof.parse(anchor["proof"])

    status, said, _ = run_cli("verify", bundle, "--trust", trust)
    assert (status, "not checked" in said, "--rpc URL" in said) == (0, True, True)
    verdict = json.loads(run_cli("verify", bundle, "--trust", trust, "--json", "--rpc", node.url)[1])
    assert verdict["verdict"]["anchors"][0]["status"] == "verified"
    assert verdict["verdict"]["time"]["not_after_ms"] == proof.time_ms
    assert f"0x{proof.header.block_hash.hex()}" in verdict["nodes"][0]

    with Anvil(chain_tools) as other:  # the same chain id, and not the chain
        for _ in range(3):
            other.mine(10)
        status, said, _ = run_cli("verify", bundle, "--trust", trust, "--rpc", node.url, "--rpc", other.url)
        assert (status, "ANOTHER block" in said, "not checked" in said) == (0, True, True)
    status, said, _ = run_cli("verify", bundle, "--trust", trust, "--rpc", "http://127.0.0.1:9")
    assert (status, "could not be asked" in said) == (0, True)

    listed = trust.read_text().replace('blocks = ""', f'blocks = "0x{proof.header.block_hash.hex()}"')
    trust.write_text(listed)
    status, said, _ = run_cli("verify", bundle, "--trust", trust)
    assert (status, "not after" in said) == (0, True)


async def test_the_operators_commands(
    broker_url: str, site: GatewaySite, node: Anvil, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner_key = site.directory / "owner.key"
    owner_key.write_text(OWNER_KEY.hex())
    owner_key.chmod(0o600)
    owner = ("--rpc", node.url, "--key-file", owner_key)
    status, said, _ = run_cli("anchor", "deploy", *owner, "--origin", ORIGIN, "--json")
    assert status == 0
    deployed = json.loads(said)
    account = f"0x{SigningKey(SUBMITTER_KEY).address.hex()}"
    assert run_cli("anchor", "allow", deployed["registry"], ORIGIN, account, *owner)[0] == 0
    text = site.config_path.read_text().replace(site.config.anchors[0].uri, deployed["uri"])
    site.config_path.write_text(text)

    (device,) = site.fleet(1)
    gateway = site.process()
    async with load_client(broker_url, [device]) as client:
        await send_and_wait(client, device.messages(3, site.gateway_xy))
        await wait_until(lambda: newest_is_anchored(site), 20)
    stop(gateway)
    config = ("--config", site.config_path)
    status, said, error = run_cli("anchor", "status", "--online", *config)
    assert (status, "anchored  size" in said, "more anchors" in said) == (0, True, True), said + error
    (target_status,) = json.loads(run_cli("anchor", "status", "--online", "--json", *config)[1])["targets"]
    assert target_status["head"] == target_status["anchored"]["tree_size"]
    status, said, _ = run_cli("anchor", "verify", *config, "--json")
    assert (status, {row["found"] for row in json.loads(said)}) == (0, {"stands"})

    node.reorg(node.block_number() - 5)
    assert run_cli("anchor", "verify", *config)[0] == 1
    node.set_balance(bytes.fromhex(account[2:]), 1000)
    status, said, _ = run_cli("anchor", "status", "--online", *config)
    assert (status, "ALARM" in said) == (1, True)
    assert run_cli("anchor", "allow", deployed["registry"], ORIGIN, account, "--revoke", *owner)[0] == 0
    status, _, error = run_cli("anchor", "allow", deployed["registry"], ORIGIN, "0x12", *owner)
    assert (status, "not an address" in error) == (1, True)
    monkeypatch.setenv("VOLTSEAL_EVM_KEY", OTHER_KEY.hex())
    status, _, error = run_cli("anchor", "allow", deployed["registry"], ORIGIN, account, "--rpc", node.url)
    assert (status, "is 0x3c44cdddb6a900fa2b585dd299e03d12fa4293bc the owner?" in error) == (1, True)
    assert OTHER_KEY.hex() not in error

"""What chains, wallets and nodes do to anchors on bad days: nothing is lost, nothing done twice, all proofs verify."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from tests.chain.anvil import CHAIN_ID, OWNER_KEY, Anvil
from tests.chain.chain_site import ORIGIN, ChainSite, anchored_sizes, assert_sound, deploy, root_at
from tests.chain.false_node import FalseNode, TooManyRequests
from tests.chain.toolchain import ChainTools

from voltseal.anchor.errors import AnchorContradictionError
from voltseal.anchor.evm.deploy import Owner
from voltseal.anchor.evm.prepared import Prepared
from voltseal.anchor.evm.registry import anchor_call
from voltseal.anchor.evm.rpc import RpcClient
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.interface import AnchorRequest, AnchorState
from voltseal.log.merkle import NodeHash, RootHash, leaf_hash

GWEI = 10**9
COIN = 10**18
HOUR_MS = 3_600_000


def prepared_of(site: ChainSite, index: int = -1) -> Prepared:
    raw = site.all_records()[index].prepared
    assert raw
    return Prepared.decode(raw)


@pytest.mark.parametrize("depth", [1, 5, 40])
def test_a_reorganisation_sends_the_same_bytes_again(node: Anvil, site: ChainSite, depth: int) -> None:
    """anvil_reorg drops the transactions: they do not return to the pool."""
    sizes = list(range(10, 10 + min(depth, 6)))
    for size in sizes:
        site.anchor(size)
        node.mine((depth - 1) // len(sizes))
    before = [prepared_of(site, index).signed for index in range(len(sizes))]
    node.reorg(depth)
    remaining = anchored_sizes(node, site.settings.registry)
    assert remaining != sizes
    site.now_ms += 60_000
    for _ in range(20 * len(sizes)):
        site.step(1_000)
    site.settle(AnchorState.INCLUDED)
    assert anchored_sizes(node, site.settings.registry) == sizes
    assert [prepared_of(site, index).signed for index in range(len(sizes))] == before
    node.mine(5)
    site.settle(AnchorState.FINAL)
    assert_sound(site, node)


def test_a_reorganisation_deeper_than_finality_is_noticed_at_the_next_start(node: Anvil, site: ChainSite) -> None:
    site.anchor(10)
    node.mine(5)
    site.settle(AnchorState.FINAL)
    node.reorg(6)
    site.start()
    lost = site.anchorer.recheck(site.now_ms)
    assert lost is not None
    assert lost.state is AnchorState.REORGED
    site.settle()
    assert_sound(site, node)


def test_a_stuck_fee_is_raised_enough(node: Anvil, site: ChainSite) -> None:
    node.automine(on=False)
    site.publish(10)
    site.step()
    node.rpc("anvil_setNextBlockBaseFeePerGas", hex(500 * GWEI))
    node.mine()
    assert anchored_sizes(node, site.settings.registry) == []
    site.step(1_000)
    first, second = prepared_of(site).signed
    assert second.nonce == first.nonce
    assert second.fee.most >= 500 * GWEI
    assert second.fee.most * 8 >= first.fee.most * 9
    site.step(1_000)
    node.mine()
    site.settle()
    assert_sound(site, node)


def test_an_outbid_tip_is_raised_after_a_while(node: Anvil, site: ChainSite) -> None:
    node.automine(on=False)
    tips = iter([1, 1, 1] + [5 * GWEI] * 1000)

    def lie(method: str, _: list[Any], result: Any) -> Any:
        return hex(next(tips)) if method == "eth_maxPriorityFeePerGas" else result

    with FalseNode(node.port, lie) as market:
        site.start(rpc=(market.url,))
        site.publish(10)
        site.step()
        site.step(1_000)
        site.step(30_000)
        assert len(prepared_of(site).signed) == 1
        site.step(60_000)
        first, second = prepared_of(site).signed
        assert (first.fee.tip, second.fee.tip) == (1, 5 * GWEI)
        site.step(120_000)
        assert len(prepared_of(site).signed) == 2
        node.mine()
        site.settle()
    assert_sound(site, node)


def test_a_dropped_transaction_is_sent_again(node: Anvil, site: ChainSite) -> None:
    node.automine(on=False)
    site.publish(10)
    site.step()
    node.rpc("anvil_dropTransaction", f"0x{prepared_of(site).newest.hash.hex()}")
    assert site.step(1_000) == ["10 reorged"]
    site.step(2_000)
    assert len(prepared_of(site).signed) == 1
    node.mine()
    site.settle()
    assert_sound(site, node)


def test_an_empty_wallet_waits_until_it_is_refilled(node: Anvil, site: ChainSite) -> None:
    node.set_balance(site.key.address, 1000)
    for size in range(10, 15):
        site.publish(size)
        site.step(60_000)
    assert "has 1000 wei" in site.last_error()
    assert anchored_sizes(node, site.settings.registry) == []
    node.set_balance(site.key.address, COIN)
    site.settle()
    assert site.states() == [*(f"{size} superseded" for size in range(10, 14)), "14 included"]
    assert_sound(site, node)


def test_a_wallet_that_is_emptied_between_signing_and_inclusion(node: Anvil, site: ChainSite) -> None:
    site.publish(10)
    (record,) = site.anchorer.step(site.now_ms)[:1]
    assert record.state is AnchorState.PLANNED
    site.settle()
    node.reorg(1)
    node.set_balance(site.key.address, 0)
    for _ in range(5):
        site.step(10_000)
    assert anchored_sizes(node, site.settings.registry) == []
    node.set_balance(site.key.address, COIN)
    site.now_ms += 60_000
    site.settle()
    assert_sound(site, node)


def test_a_node_that_dies_and_comes_back(chain_tools: ChainTools, tmp_path: Path) -> None:
    state = tmp_path / "chain.json"
    arguments = (
        "--state",
        str(state),
        "--state-interval",
        "1",
        "--preserve-historical-states",
        "--slots-in-an-epoch",
        "1",
    )
    with Anvil(chain_tools, *arguments) as node:
        site = ChainSite(tmp_path, deploy(node), node.url)
        site.anchor(10)
        wait_saved(state)
        node.kill()
        for size in (20, 30):
            site.publish(size)
            site.step(60_000)
        assert "no node answers" in (site.all_records()[0].last_error or "")
        node.restart()
        site.now_ms += 60_000
        site.settle()
        assert_sound(site, node)
        site.close()


def wait_saved(state: Path) -> None:
    """Until the node has written its state a whole second after now, as it does every second."""
    now_s = time.time()
    deadline_s = now_s + 20
    while not state.exists() or state.stat().st_mtime < now_s + 1:
        assert time.time() < deadline_s
        time.sleep(0.05)
    time.sleep(0.2)  # the writing itself


def test_a_week_of_outage_is_caught_up_in_one_transaction(node: Anvil, site: ChainSite) -> None:
    site.anchor(10)
    count = int(node.rpc("eth_getTransactionCount", f"0x{site.key.address.hex()}", "latest"), 16)
    site.start(rpc=("http://127.0.0.1:9",))
    for hour in range(7 * 24):
        site.publish(11 + hour)
        site.step(HOUR_MS)
    site.start(rpc=(node.url,))
    site.settle()
    assert int(node.rpc("eth_getTransactionCount", f"0x{site.key.address.hex()}", "latest"), 16) == count + 1
    assert anchored_sizes(node, site.settings.registry) == [10, 10 + 7 * 24]
    assert len(site.states()) == 1 + 7 * 24
    assert_sound(site, node)


def test_a_hanging_node_is_left_for_the_next_one(
    chain_tools: ChainTools, node: Anvil, site: ChainSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Anvil(chain_tools) as other:
        monkeypatch.setattr("voltseal.anchor.evm.backend.RPC_TIMEOUT_S", 0.5)
        site.start(rpc=(other.url, node.url))
        other.hang()
        try:
            site.anchor(10)
        finally:
            other.wake()
    assert_sound(site, node)


def test_a_hanging_node_alone_is_an_outage(node: Anvil, site: ChainSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltseal.anchor.evm.backend.RPC_TIMEOUT_S", 0.5)
    site.start()
    site.publish(10)
    node.hang()
    try:
        site.step()
        assert "timed out" in site.last_error()
    finally:
        node.wake()
    site.now_ms += 60_000
    site.settle()
    assert_sound(site, node)


def test_a_node_of_another_chain_is_never_believed(chain_tools: ChainTools, node: Anvil, site: ChainSite) -> None:
    with Anvil(chain_tools, "--chain-id", "1") as wrong:
        site.start(rpc=(wrong.url,))
        site.publish(10)
        site.step()
        assert f"serves chain 1, not {CHAIN_ID}" in site.last_error()
        assert int(wrong.rpc("eth_getTransactionCount", f"0x{site.key.address.hex()}", "pending"), 16) == 0
        site.start(rpc=(wrong.url, node.url))
        site.now_ms += 60_000
        site.settle()
    assert_sound(site, node)


def lie_receipt(method: str, _: list[Any], result: Any) -> Any:
    """A receipt in which another root was anchored."""
    if method == "eth_getTransactionReceipt" and result:
        result["logs"][0]["data"] = "0x" + "77" * 64
    if method == "eth_getBlockReceipts":
        result[0]["logs"][0]["data"] = "0x" + "77" * 64
    return result


def lie_root(method: str, parameters: list[Any], result: Any) -> Any:
    """A block with another receipts root."""
    if method == "eth_getBlockByHash":
        result["receiptsRoot"] = "0x" + "77" * 32
    return result


def lie_inclusion(method: str, _: list[Any], result: Any) -> Any:
    """A receipt of a block that the chain does not have."""
    if method == "eth_getTransactionReceipt" and result:
        result["blockHash"] = "0x" + "77" * 32
    return result


@pytest.mark.parametrize("lie", [lie_receipt, lie_root, lie_inclusion])
def test_a_lying_node_makes_no_proof(node: Anvil, site: ChainSite, lie: Any) -> None:
    with FalseNode(node.port, lie) as liar:
        site.start(rpc=(liar.url,))
        site.publish(10)
        for _ in range(4):
            site.step(10_000)
        assert site.all_records()[-1].proof is None
        site.start(rpc=(liar.url, node.url))
        site.now_ms += 60_000
        if lie is lie_inclusion:  # the view comes from the liar as long as it is asked first
            site.start(rpc=(node.url,))
        site.settle()
    assert_sound(site, node)


def test_a_node_that_limits_our_rate_is_given_a_rest(node: Anvil, site: ChainSite) -> None:
    def limit(*_: Any) -> Any:
        raise TooManyRequests

    with FalseNode(node.port, limit) as limiter:
        site.start(rpc=(limiter.url, node.url))
        site.anchor(10)
        asked = len(limiter.asked)
        site.anchor(20)
        assert len(limiter.asked) == asked
    assert_sound(site, node)


def test_without_block_receipts_they_are_fetched_one_by_one(node: Anvil, site: ChainSite) -> None:
    with FalseNode(node.port, lambda method, _, result: None if method == "eth_getBlockReceipts" else result) as old:
        site.start(rpc=(old.url,))
        site.anchor(10)
    assert_sound(site, node)


def test_two_gateways_share_one_key(node: Anvil, tmp_path: Path) -> None:
    """One account, and even one log: each other's nonces are in the way, and neither loses anything."""
    registry = deploy(node)
    (tmp_path / "b").mkdir()
    (tmp_path / "a").mkdir()
    sites = [ChainSite(tmp_path / name, registry, node.url) for name in ("a", "b")]
    node.automine(on=False)
    sites[0].publish(10)
    sites[1].publish(20)
    for site in sites:
        site.step()
    node.mine()
    for _ in range(10):
        for site in sites:
            site.step(10_000)
        node.mine()
    assert anchored_sizes(node, registry) in ([10, 20], [20])
    assert sites[1].states() == ["20 final"]
    assert sites[0].states() in (["10 final"], ["10 superseded"])
    for site in sites:
        assert_sound(site, node)
        site.close()


def test_a_nonce_lost_to_somebody_else_is_repaired(node: Anvil, site: ChainSite) -> None:
    node.automine(on=False)
    site.publish(10)
    site.step()
    lost = prepared_of(site).newest
    node.rpc("anvil_dropTransaction", f"0x{lost.hash.hex()}")
    account = f"0x{site.key.address.hex()}"
    node.rpc("eth_sendTransaction", {"from": account, "to": account, "nonce": hex(lost.nonce)})
    node.mine()
    node.automine(on=True)
    site.now_ms += 10_000
    site.settle()
    assert [one.nonce for one in prepared_of(site).signed] == [lost.nonce, lost.nonce + 1]
    assert_sound(site, node)


def test_a_revoked_submitter_waits_to_be_allowed_again(node: Anvil, site: ChainSite) -> None:
    owner = Owner(RpcClient([node.url], CHAIN_ID), SigningKey(OWNER_KEY))
    site.anchor(10)
    owner.set_submitter(site.settings.registry, ORIGIN, site.key.address, allowed=False)
    for size in (20, 30):
        site.publish(size)
        site.step(60_000)
    assert "not anchor" in site.last_error()
    owner.set_submitter(site.settings.registry, ORIGIN, site.key.address, allowed=True)
    site.now_ms += 60_000
    site.settle()
    assert site.states()[1:] == ["20 superseded", "30 included"]
    assert_sound(site, node)
    owner.rpc.close()


def test_a_submitter_revoked_between_signing_and_inclusion(node: Anvil, site: ChainSite) -> None:
    owner = Owner(RpcClient([node.url], CHAIN_ID), SigningKey(OWNER_KEY))
    site.publish(10)
    request_time = site.now_ms
    node.automine(on=False)
    site.step()
    raw = prepared_of(site).newest
    node.rpc("anvil_dropTransaction", f"0x{raw.hash.hex()}")
    node.automine(on=True)
    owner.set_submitter(site.settings.registry, ORIGIN, site.key.address, allowed=False)
    for _ in range(6):
        site.step(10_000)
    assert anchored_sizes(node, site.settings.registry) == []
    assert site.now_ms > request_time
    owner.set_submitter(site.settings.registry, ORIGIN, site.key.address, allowed=True)
    site.now_ms += 60_000
    site.settle()
    assert_sound(site, node)
    owner.rpc.close()


def test_somebody_else_anchored_the_same_checkpoint(node: Anvil, site: ChainSite) -> None:
    """Records were lost, or the store restored: the contract has the anchor, and its proof is found."""
    submit_directly(node, site, 10, root_at(10))
    site.anchor(10)
    assert site.all_records()[-1].prepared == b""
    assert_sound(site, node)


def test_a_checkpoint_that_the_contract_is_past_is_superseded(node: Anvil, site: ChainSite) -> None:
    submit_directly(node, site, 50, root_at(50))
    site.publish(10)
    assert site.step()[-1] == "10 superseded"
    assert site.all_records()[-1].superseded_by == 50


def test_another_root_of_the_same_size_is_a_fork(node: Anvil, site: ChainSite) -> None:
    submit_directly(node, site, 10, RootHash(NodeHash(leaf_hash(b"another history"))))
    site.publish(10)
    with pytest.raises(AnchorContradictionError):
        site.step()
    assert "another root" in site.last_error()


def submit_directly(node: Anvil, site: ChainSite, size: int, root: RootHash) -> None:
    account = f"0x{site.key.address.hex()}"
    call = f"0x{anchor_call(ORIGIN, size, root).hex()}"
    node.rpc("eth_sendTransaction", {"from": account, "to": f"0x{site.settings.registry.hex()}", "data": call})


def test_a_day_that_would_cost_too_much_is_put_off(node: Anvil, site: ChainSite) -> None:
    site.anchor(10)
    paid = prepared_of(site).paid_wei
    assert paid
    site.start(fee_cap_wei=paid + 1000)
    site.publish(20)
    site.step(HOUR_MS)
    assert "put off" in site.last_error()
    for hour in range(23):
        site.publish(30 + hour)
        site.step(HOUR_MS)
    assert anchored_sizes(node, site.settings.registry) == [10]
    site.start(fee_cap_wei=COIN)
    site.settle()
    assert anchored_sizes(node, site.settings.registry) == [10, 52]
    assert_sound(site, node)


def test_gas_above_the_limit_is_waited_out(node: Anvil, site: ChainSite) -> None:
    site.start(max_fee_wei=GWEI // 1000)
    site.publish(10)
    site.step()
    assert "a unit of gas costs" in site.last_error()
    site.start(max_fee_wei=100 * GWEI)
    site.now_ms += 60_000
    site.settle()
    assert prepared_of(site).newest.fee.most <= 100 * GWEI


@pytest.mark.parametrize("price", [0, GWEI])
def test_a_consortium_chain_with_legacy_fees(chain_tools: ChainTools, tmp_path: Path, price: int) -> None:
    arguments = ("--hardfork", "berlin", "--gas-price", str(price), "--slots-in-an-epoch", "1")
    with Anvil(chain_tools, *arguments) as node:
        site = ChainSite(tmp_path, deploy(node), node.url)
        site.start(legacy_fees=True)
        site.anchor(10)
        assert prepared_of(site).newest.fee.tip is None
        assert prepared_of(site).newest.fee.most == price
        site.anchor(20)
        assert_sound(site, node)
        site.close()


def test_the_clock_jumps_back_and_forth(node: Anvil, site: ChainSite) -> None:
    site.anchor(10)
    site.now_ms -= 30 * 24 * HOUR_MS
    site.anchor(20)
    site.now_ms += 60 * 24 * HOUR_MS
    site.anchor(30)
    site.start(rpc=("http://127.0.0.1:9",))
    site.publish(40)
    site.step(1_000)
    site.start(rpc=(node.url,))
    site.now_ms -= 24 * HOUR_MS
    site.settle()
    assert_sound(site, node)


def test_preparing_and_submitting_twice_anchors_once(node: Anvil, site: ChainSite) -> None:
    request = AnchorRequest(ORIGIN, 10, root_at(10), b"")
    prepared = site.backend.prepare(request)
    for _ in range(3):
        site.backend.submit(request, prepared)
    assert site.backend.prepare(request) == b""
    assert anchored_sizes(node, site.settings.registry) == [10]


def test_confirmations_instead_of_the_chains_word(node: Anvil, site: ChainSite) -> None:
    site.start(confirmations=3)
    assert site.anchor(10).state is AnchorState.INCLUDED
    node.mine(2)
    assert site.settle(AnchorState.FINAL).state is AnchorState.FINAL

"""The contract: fuzzed by forge, compiled as committed, and cheap."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from tests.chain.anvil import CHAIN_ID, OWNER_KEY, Anvil
from tests.chain.chain_site import ChainSite
from tests.chain.toolchain import CONTRACT, HERE, ChainTools

from voltseal.anchor.evm import registry as contract
from voltseal.anchor.evm.deploy import Owner
from voltseal.anchor.evm.rpc import RpcClient
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.log.evm.keccak import keccak256
from voltseal.log.evm.proof import EVENT, EVENT_TOPIC

MOST_GAS = 33_000
TESTS = 9


def test_the_committed_artefact_is_what_the_compiler_makes(chain_tools: ChainTools) -> None:
    assert json.loads(chain_tools.compile(CONTRACT)) == contract.artefact()


def test_the_client_speaks_the_contracts_abi() -> None:
    signatures = {}
    for item in contract.artefact()["abi"]:
        types = ",".join(part["type"] for part in item.get("inputs", ()))
        signatures[f"{item.get('name', '')}({types})"] = item["type"]
    assert signatures[EVENT] == "event"
    assert keccak256(EVENT.encode()) == EVENT_TOPIC
    for signature, selector in {
        "anchor(bytes32,uint64,bytes32)": contract.anchor_call("x", 1, b"\0" * 32)[:4],  # type: ignore[arg-type]
        "head(bytes32)": contract.head_call("x")[:4],
        "isSubmitter(bytes32,address)": contract.is_submitter_call("x", bytes(20))[:4],
        "setSubmitter(string,address,bool)": contract.set_submitter_call("x", bytes(20), allowed=True)[:4],
        "owner()": contract.OWNER_CALL,
        "NotSubmitter(bytes32,address)": contract.NOT_SUBMITTER,
        "NotLarger(uint64)": contract.NOT_LARGER,
    }.items():
        assert signatures[signature] in {"function", "error"}
        assert keccak256(signature.encode())[:4] == selector


def test_forge_finds_no_counterexample(chain_tools: ChainTools, tmp_path: Path) -> None:
    for directory, source in (("src", CONTRACT), ("test", HERE / "contracts" / "AnchorRegistry.t.sol")):
        (tmp_path / directory).mkdir()
        shutil.copy(source, tmp_path / directory)
    compiler = tmp_path / "solc"
    compiler.write_text(f'#!/bin/sh\nexec node "{HERE / "solc-shim.cjs"}" "$@"\n')
    compiler.chmod(0o755)
    settings = f'solc = "{compiler}"\noffline = true\nevm_version = "london"\noptimizer = true\n'
    (tmp_path / "foundry.toml").write_text(f"[profile.default]\n{settings}[fuzz]\nruns = 256\nseed = '0x5ea1'\n")
    done = subprocess.run(
        [chain_tools.forge, "test", "--root", tmp_path, "--json"],
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env=os.environ | {"VOLTSEAL_CHAIN_TOOLS": str(chain_tools.root), "HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (suite,) = json.loads(done.stdout).values()
    results = {name: result["status"] for name, result in suite["test_results"].items()}
    assert list(results.values()) == ["Success"] * TESTS


def test_a_later_anchor_is_cheap(node: Anvil, site: ChainSite) -> None:
    used = []
    for size in (1000, 2000, 2**40, 2**62):
        site.anchor(size)
        block = node.rpc("eth_getBlockByNumber", "latest", True)
        (transaction,) = block["transactions"]
        used.append(int(node.rpc("eth_getTransactionReceipt", transaction["hash"])["gasUsed"], 16))
    assert max(used[1:]) <= MOST_GAS, used


def test_ownership_can_be_seen(node: Anvil, registry: bytes) -> None:
    owner = Owner(RpcClient([node.url], CHAIN_ID), SigningKey(OWNER_KEY))
    assert owner.owner_of(registry) == owner.key.address
    owner.rpc.close()

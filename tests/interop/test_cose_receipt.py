"""cwt and pycose judge our COSE Receipts, in an environment of their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.interop.checkers import Checkers, Outcome
from tests.published_log import ORIGIN, PublishedLog, numbered_entries

from voltseal.evidence.cose_receipt import CoseReceipt, cose_key
from voltseal.evidence.entry_proof import prove_entry
from voltseal.log.note_key import Ed25519Signer, Ed25519Verifier

CHECKER = Path(__file__).with_name("cose_receipt_checker.py")
INDEX = 300


def check(checkers: Checkers, directory: Path, receipt: bytes, entry: bytes, log_key: Ed25519Verifier) -> Outcome:
    files = {"receipt": receipt, "entry": entry, "key": cose_key(log_key)}
    for name, content in files.items():
        (directory / name).write_bytes(content)
    return checkers.run_cose(CHECKER, *(directory / name for name in files))


@pytest.mark.parametrize("index", [0, 255, 256, INDEX, 384, 419])
def test_accepted(checkers: Checkers, log: PublishedLog, tmp_path: Path, index: int) -> None:
    receipt = prove_entry(log, index).to_cose_receipt(log.signer)
    outcome = check(checkers, tmp_path, receipt.encode(), log.leaves[index], log.signer.verifier)
    assert (outcome.status, outcome.said) == (0, "cwt: accepted\npycose: accepted\n")


def test_the_smallest_tree(checkers: Checkers, tmp_path: Path) -> None:
    log = PublishedLog.of([b"first", b"second"])
    receipt = prove_entry(log, 1).to_cose_receipt(log.signer)
    outcome = check(checkers, tmp_path, receipt.encode(), b"second", log.signer.verifier)
    assert outcome.said == "cwt: accepted\npycose: accepted\n"


def test_refused(checkers: Checkers, log: PublishedLog, tmp_path: Path) -> None:
    receipt = prove_entry(log, INDEX).to_cose_receipt(log.signer)
    entry, key = log.leaves[INDEX], log.signer.verifier
    stranger = Ed25519Signer(ORIGIN, bytes(31) + b"\1")
    fork = PublishedLog.of([b"forked", *numbered_entries(1, 420)])
    of_a_fork = prove_entry(fork, INDEX).to_cose_receipt(fork.signer)
    renamed = replace(receipt, origin="elsewhere.example/log")
    cases: dict[str, tuple[CoseReceipt, bytes, Ed25519Verifier]] = {
        "changed entry": (receipt, entry[:-1] + bytes([entry[-1] ^ 1]), key),
        "another entry": (receipt, log.leaves[INDEX + 1], key),
        "wrong index": (replace(receipt, leaf_index=INDEX + 1), entry, key),
        "index beyond the tree": (replace(receipt, leaf_index=420), entry, key),
        "wrong size": (replace(receipt, tree_size=1000), entry, key),
        "missing hash": (replace(receipt, path=receipt.path[:-1]), entry, key),
        "swapped hashes": (replace(receipt, path=(receipt.path[1], receipt.path[0], *receipt.path[2:])), entry, key),
        "a fork's signature": (replace(receipt, signature=of_a_fork.signature), entry, key),
        "changed signature": (replace(receipt, signature=bytes(64)), entry, key),
        "another origin in the header": (renamed, entry, key),
        "another log's key": (receipt, entry, stranger.verifier),
    }
    for name, (wrong, shown, trusted) in cases.items():
        outcome = check(checkers, tmp_path, wrong.encode(), shown, trusted)
        assert outcome.status == 1, f"{name}: {outcome.said}"
        lines = outcome.said.splitlines()
        assert [line.split(": ")[:2] for line in lines] == [["cwt", "refused"], ["pycose", "refused"]], name

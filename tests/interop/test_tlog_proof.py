"""Go's torchwood judges our `.tlog-proof` files: `spicy` any entry, `age-keylookup` the whole format with a policy.

`spicy` 0.9 reads the format's older form, which has no header line; nothing else differs.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.interop.age_keyserver import PUBLIC_KEY, KeyServer, age_entry
from tests.interop.checkers import Checkers, Outcome
from tests.published_log import ORIGIN, PublishedLog, numbered_entries

from voltseal.evidence.entry_proof import prove_entry
from voltseal.evidence.tlog_proof import HEADER, TlogProof
from voltseal.log.cosignature import CosignatureSigner
from voltseal.log.note_key import Ed25519Signer

STRANGER = Ed25519Signer(ORIGIN, bytes(31) + b"\1")
WITNESSES = [CosignatureSigner(f"witness.example/{number}", bytes([number]) * 32) for number in (1, 2, 3)]


def spicy(checkers: Checkers, directory: Path, entry: bytes, proof: TlogProof, vkey: str) -> Outcome:
    """Let `spicy` verify one entry."""
    (directory / "entry").write_bytes(entry)
    (directory / "entry.spicy").write_bytes(proof.encode().removeprefix(HEADER.encode() + b"\n"))
    return checkers.run("spicy-torchwood", "-verify", vkey, directory / "entry")


@pytest.mark.parametrize("index", [0, 1, 255, 256, 257, 383, 384, 418, 419])
def test_spicy_accepts(checkers: Checkers, log: PublishedLog, tmp_path: Path, index: int) -> None:
    proof = prove_entry(log, index).to_tlog_proof()
    outcome = spicy(checkers, tmp_path, log.leaves[index], proof, log.signer.verifier.encode())
    assert outcome.status == 0, outcome.said
    assert "verified" in outcome.said


def test_spicy_accepts_a_log_of_one_entry(checkers: Checkers, tmp_path: Path) -> None:
    log = PublishedLog.of([b"the first"])
    outcome = spicy(checkers, tmp_path, b"the first", prove_entry(log, 0).to_tlog_proof(), log.signer.verifier.encode())
    assert outcome.status == 0, outcome.said


def test_spicy_refuses(checkers: Checkers, log: PublishedLog, tmp_path: Path) -> None:
    proof = prove_entry(log, 300).to_tlog_proof()
    entry, vkey = log.leaves[300], log.signer.verifier.encode()
    fork = PublishedLog.of([b"forked", *numbered_entries(1, 420)])
    foreign = PublishedLog.of(log.leaves, "elsewhere.example/log")
    renamed = PublishedLog.of(log.leaves, signer=STRANGER)
    longer = PublishedLog.of(numbered_entries(0, 421))
    cases = {
        "changed entry": (entry[:-1] + bytes([entry[-1] ^ 1]), proof, vkey),
        "wrong index": (entry, replace(proof, leaf_index=301), vkey),
        "shortened path": (entry, replace(proof, path=proof.path[:-1]), vkey),
        "swapped path": (entry, replace(proof, path=(proof.path[1], proof.path[0], *proof.path[2:])), vkey),
        "checkpoint of a fork": (entry, replace(proof, checkpoint=fork.published[-1].raw), vkey),
        "checkpoint of another size": (entry, replace(proof, checkpoint=longer.published[-1].raw), vkey),
        "checkpoint of another log": (entry, replace(proof, checkpoint=foreign.published[-1].raw), vkey),
        "checkpoint of another key": (entry, replace(proof, checkpoint=renamed.published[-1].raw), vkey),
        "changed checkpoint": (entry, replace(proof, checkpoint=proof.checkpoint.replace(b"420", b"421")), vkey),
        "another log's key": (entry, proof, foreign.signer.verifier.encode()),
    }
    for name, case in cases.items():
        outcome = spicy(checkers, tmp_path, *case)
        assert outcome.status == 1, f"{name}: {outcome.said}"
        assert "could not" in outcome.said or "different log" in outcome.said, f"{name}: {outcome.said}"


def keyserver_log(*, cosigned_by: int) -> PublishedLog:
    """A log whose entry 260 is the key that `age-keylookup` asks for."""
    log = PublishedLog()
    log.append([*numbered_entries(0, 260), age_entry(PUBLIC_KEY), *numbered_entries(261, 420)])
    log.publish(WITNESSES[:cosigned_by])
    return log


def policy(log: PublishedLog, quorum: int) -> str:
    """A policy in torchwood's format: this log, and `quorum` of the three witnesses."""
    lines = [f"log {log.signer.verifier.encode()}"]
    lines += [f"witness w{number} {witness.verifier.encode()}" for number, witness in enumerate(WITNESSES)]
    return "\n".join([*lines, f"group all-of-them {quorum} w0 w1 w2", "quorum all-of-them"]) + "\n"


@pytest.mark.parametrize(("cosigned_by", "quorum"), [(3, 3), (3, 2), (2, 2), (1, 1)])
def test_the_whole_format_with_cosignatures(checkers: Checkers, cosigned_by: int, quorum: int) -> None:
    log = keyserver_log(cosigned_by=cosigned_by)
    with KeyServer(log, prove_entry(log, 260).to_tlog_proof()) as server:
        outcome = server.lookup(checkers, policy(log, quorum))
    assert (outcome.status, outcome.said) == (0, f"{PUBLIC_KEY}\n")


def test_the_whole_format_refused(checkers: Checkers) -> None:
    log = keyserver_log(cosigned_by=1)
    proof = prove_entry(log, 260).to_tlog_proof()
    signed_by_one = proof.checkpoint
    forged = signed_by_one[:-10] + (b"A" if signed_by_one[-10:-9] != b"A" else b"B") + signed_by_one[-9:]
    cases = {
        "too few witnesses": (proof, policy(log, 2), "components satisfied"),
        "wrong index": (replace(proof, leaf_index=261), policy(log, 1), "inclusion proof verification failed"),
        "forged cosignature": (replace(proof, checkpoint=forged), policy(log, 1), "invalid signature"),
        "another log": (proof, policy(PublishedLog("other.example/log"), 1), ""),
    }
    for name, (wrong, trusted, reason) in cases.items():
        with KeyServer(log, wrong) as server:
            outcome = server.lookup(checkers, trusted)
        assert outcome.status == 1, f"{name}: {outcome.said}"
        assert "failed to verify key proof" in outcome.said, f"{name}: {outcome.said}"
        assert reason in outcome.said, f"{name}: {outcome.said}"

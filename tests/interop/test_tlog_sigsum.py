"""Sigsum's Go verifier judges our tree, our checkpoint signatures and our cosignatures, under a policy with a quorum.

Sigsum fixes what a leaf is (128 bytes: checksum, submitter's signature, key hash) and how a log is named, so a proof of
a Voltseal statement is not for it. Here our code runs a log of Sigsum leaves; everything around the leaf is unchanged.
"""

from __future__ import annotations

from base64 import b64decode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.interop.checkers import Checkers, Outcome
from tests.published_log import PublishedLog

from voltseal.evidence.entry_proof import prove_entry
from voltseal.evidence.tlog_proof import TlogProof
from voltseal.log.checkpoint import open_checkpoint
from voltseal.log.cosignature import CosignatureSigner
from voltseal.log.note_key import Ed25519Signer

SUBMITTER = Ed25519PrivateKey.from_private_bytes(bytes([7]) * 32)
LOG_SEED = bytes([8]) * 32
WITNESSES = [CosignatureSigner(f"witness.example/{number}", bytes([number]) * 32) for number in (1, 2, 3)]
INDEX = 300


def message(number: int) -> bytes:
    return b"message %d" % number


@dataclass(frozen=True, slots=True)
class SigsumLeaf:
    """A leaf of a Sigsum log: what it says of a message, and who submitted it."""

    signature: bytes
    key_hash: bytes
    checksum: bytes

    @classmethod
    def of(cls, text: bytes) -> SigsumLeaf:
        checksum = sha256(sha256(text).digest()).digest()
        signature = SUBMITTER.sign(b"sigsum.org/v1/tree-leaf\0" + checksum)
        return cls(signature, sha256(SUBMITTER.public_key().public_bytes_raw()).digest(), checksum)

    def encode(self) -> bytes:
        return self.checksum + self.signature + self.key_hash


@pytest.fixture(scope="module")
def sigsum_log() -> PublishedLog:
    key_hash = sha256(Ed25519PrivateKey.from_private_bytes(LOG_SEED).public_key().public_bytes_raw()).hexdigest()
    origin = f"sigsum.org/v1/tree/{key_hash}"
    log = PublishedLog(origin, signer=Ed25519Signer(origin, LOG_SEED))
    log.append(SigsumLeaf.of(message(number)).encode() for number in range(420))
    log.publish(WITNESSES[:2], timestamp_s=1_700_000_000)
    return log


def as_sigsum_proof(log: PublishedLog, proof: TlogProof, leaf: SigsumLeaf) -> str:
    """Our `.tlog-proof` written in Sigsum's format, version 2: the same numbers, hashes and signatures."""
    signed = open_checkpoint(proof.checkpoint, log.signer.verifier, [witness.verifier for witness in WITNESSES])
    own = signed.raw.decode().split(f"— {log.signer.name} ")[1].split("\n")[0]
    keys = {witness.name: witness.verifier.public_key for witness in WITNESSES}
    lines = [
        "version=2",
        f"log={sha256(log.signer.verifier.public_key).hexdigest()}",
        f"leaf={leaf.key_hash.hex()} {leaf.signature.hex()}",
        "",
        f"size={signed.checkpoint.tree_size}",
        f"root_hash={signed.checkpoint.root_hash.hex()}",
        f"signature={_note_signature(own).hex()}",
        *(
            f"cosignature={sha256(keys[one.name]).hexdigest()} {one.timestamp_s} {one.signature.hex()}"
            for one in signed.cosignatures
        ),
        "",
        f"leaf_index={proof.leaf_index}",
        *(f"node_hash={node.hex()}" for node in proof.path),
    ]
    return "\n".join(lines) + "\n"


def _note_signature(encoded: str) -> bytes:
    return b64decode(encoded)[4:]  # after the key ID


@dataclass(frozen=True, slots=True)
class SigsumVerify:
    """Sigsum's verifier with the files it wants, in `directory`."""

    checkers: Checkers
    directory: Path
    log: PublishedLog

    def __call__(self, proof: str, text: bytes, *, quorum: int = 2) -> Outcome:
        witnesses = [f"witness w{i} {w.verifier.public_key.hex()}" for i, w in enumerate(WITNESSES)]
        lines = [f"log {self.log.signer.verifier.public_key.hex()}", *witnesses, f"group all-of-them {quorum} w0 w1 w2"]
        submitter = SUBMITTER.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        (self.directory / "policy").write_text("\n".join([*lines, "quorum all-of-them", ""]))
        (self.directory / "submitter.pub").write_bytes(submitter + b"\n")
        (self.directory / "proof").write_text(proof)
        files = [self.directory / name for name in ("submitter.pub", "policy", "proof")]
        return self.checkers.run("sigsum-verify", "-k", files[0], "-p", files[1], files[2], stdin=text)


@pytest.fixture
def verify(checkers: Checkers, tmp_path: Path, sigsum_log: PublishedLog) -> SigsumVerify:
    return SigsumVerify(checkers, tmp_path, sigsum_log)


def proof_of(log: PublishedLog, index: int) -> str:
    leaf = SigsumLeaf.of(message(index))
    assert leaf.encode() == log.leaves[index]
    return as_sigsum_proof(log, prove_entry(log, index).to_tlog_proof(), leaf)


@pytest.mark.parametrize("index", [0, 255, 256, INDEX, 419])
@pytest.mark.parametrize("quorum", [1, 2])
def test_accepts(verify: SigsumVerify, sigsum_log: PublishedLog, index: int, quorum: int) -> None:
    outcome = verify(proof_of(sigsum_log, index), message(index), quorum=quorum)
    assert outcome.status == 0, outcome.said


def test_refuses(verify: SigsumVerify, sigsum_log: PublishedLog) -> None:
    proof = proof_of(sigsum_log, INDEX)
    lines = proof.split("\n")
    fork = PublishedLog(sigsum_log.signer.name, signer=sigsum_log.signer)
    fork.append(SigsumLeaf.of(message(number + 1)).encode() for number in range(420))
    fork.publish(WITNESSES[:2], timestamp_s=1_700_000_000)
    stranger = PublishedLog.of(sigsum_log.leaves, sigsum_log.signer.name.replace("tree/", "tree/0"))
    forked = proof_of_other_tree(fork, sigsum_log)
    cases = {
        "another message": (proof, message(INDEX + 1), 2),
        "wrong index": (proof.replace(f"leaf_index={INDEX}", f"leaf_index={INDEX + 1}"), message(INDEX), 2),
        "missing hash": ("\n".join(lines[:-2]) + "\n", message(INDEX), 2),
        "another size": (proof.replace("size=420", "size=421"), message(INDEX), 2),
        "checkpoint of a fork": (forked, message(INDEX), 2),
        "another log": (proof.replace(_log_hash(sigsum_log), _log_hash(stranger)), message(INDEX), 2),
        "too few witnesses": (proof, message(INDEX), 3),
    }
    for name, (wrong, text, quorum) in cases.items():
        assert (wrong, quorum) != (proof, 2) or name == "another message", name
        assert verify(wrong, text, quorum=quorum).status != 0, name


def proof_of_other_tree(fork: PublishedLog, log: PublishedLog) -> str:
    """The fork's checkpoint above our inclusion proof."""
    ours = prove_entry(log, INDEX).to_tlog_proof()
    mixed = TlogProof(INDEX, ours.path, fork.published[-1].raw)
    return as_sigsum_proof(log, mixed, SigsumLeaf.of(message(INDEX)))


def _log_hash(log: PublishedLog) -> str:
    return sha256(log.signer.verifier.public_key).hexdigest()

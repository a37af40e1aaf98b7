"""A checkpoint judged by the trust file: its form, whose it is, and all its signature lines of known keys. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from voltseal.evidence.newer import NewerCheckpoint
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.cosignature import Cosignature
from voltseal.log.errors import ConsistencyProofError, LogError, NoteSignatureError
from voltseal.log.merkle import NodeHash, verify_consistency
from voltseal.log.note import NoteVerifier, known_signatures, parse_note
from voltseal.verifier.errors import Invalid
from voltseal.verifier.trust import Trust


@dataclass(frozen=True, slots=True)
class CheckpointFinding:
    """A checkpoint, and who signed it.

    `log_key`: name and key ID of the log's key, None if the trust file lists no such log. `cosignatures`: those of
    trusted witnesses, verified.
    """

    checkpoint: Checkpoint
    log_key: str | None
    cosignatures: tuple[Cosignature, ...]


def judge_checkpoint(raw: str, origin: str, trust: Trust, step: int) -> CheckpointFinding:
    """The finding on a signed note that must be a checkpoint of log `origin`. Raises `Invalid` with `step`.

    Every line of a key in the trust file must verify, whether or not that key may speak for this log.
    """
    try:
        note = parse_note(raw.encode())
        checkpoint = Checkpoint.parse(note.text)
    except LogError as error:
        raise Invalid(step, "malformed-checkpoint", str(error)) from error
    if checkpoint.origin != origin:
        raise Invalid(step, "foreign-checkpoint", f"the checkpoint is of log {checkpoint.origin}, not of {origin}")
    log_keys = trust.log_keys(origin)
    witnesses = {(witness.key.name, witness.key.key_id) for witness in trust.witnesses}
    verifiers: list[NoteVerifier] = [*(log.key for log in trust.logs), *(witness.key for witness in trust.witnesses)]
    try:
        verified = known_signatures(note, verifiers)
    except NoteSignatureError as error:
        raise Invalid(step, "bad-checkpoint-signature", str(error)) from error
    by_log = [line for line in verified if any((key.name, key.key_id) == (line.name, line.key_id) for key in log_keys)]
    if log_keys and not by_log:
        fault = f"the checkpoint bears no signature of a key that is trusted for log {origin}"
        raise Invalid(step, "bad-checkpoint-signature", fault)
    return CheckpointFinding(
        checkpoint,
        f"{by_log[0].name}+{by_log[0].key_id.hex()}" if by_log else None,
        tuple(
            Cosignature.parse(line.name, line.key_id, line.signature)
            for line in verified
            if (line.name, line.key_id) in witnesses
        ),
    )


def judge_newer(newer: NewerCheckpoint, checkpoint: Checkpoint, trust: Trust) -> CheckpointFinding:
    """The finding on the later checkpoint of `checkpoint`'s log, which must continue it. Raises `Invalid` (step 4)."""
    finding = judge_checkpoint(newer.checkpoint, checkpoint.origin, trust, step=4)
    later = finding.checkpoint
    if later.tree_size < checkpoint.tree_size:
        fault = f"the newer checkpoint is of {later.tree_size} leaves, fewer than {checkpoint.tree_size}"
        raise Invalid(4, "inconsistent", fault)
    path = [NodeHash(node) for node in newer.consistency]
    try:
        verify_consistency(checkpoint.tree_size, later.tree_size, path, checkpoint.root_hash, later.root_hash)
    except ConsistencyProofError as error:
        raise Invalid(4, "inconsistent", str(error)) from error
    return finding

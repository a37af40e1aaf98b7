"""The anchorer: policy, back-off, and convergence after a crash at every saved step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from voltseal.anchor.anchorer import Anchorer, AnchorPolicy, AnchorRecord
from voltseal.anchor.errors import AnchorContradictionError, AnchorUnavailableError
from voltseal.anchor.interface import (
    AnchorBackend,
    AnchorProgress,
    AnchorProof,
    AnchorRequest,
    AnchorState,
    AnchorStrength,
)
from voltseal.anchor.ledger import LedgerBackend, read_ledger
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.merkle import RootHash, leaf_hash
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import CutReason, PublishedCheckpoint

ORIGIN = "example.com/log"
TARGET = "ledger:anchors.ledger"
SIGNER = Ed25519Signer("example.com/ledger", b"\5" * 32)
NOW_MS = 1_700_000_000_000
POLICY = AnchorPolicy(every_checkpoints=3, every_ms=60_000, retry_base_ms=1_000, retry_cap_ms=8_000)


class CrashError(Exception):
    """The power went off here."""


@dataclass
class Records:
    """`AnchorRecords` and `CheckpointSource` in memory. Crashes at the save number `crash_at`, if set."""

    published: list[PublishedCheckpoint] = field(default_factory=list)
    anchors: dict[tuple[str, int], AnchorRecord] = field(default_factory=dict)
    saves: int = 0
    crash_at: tuple[int, str] | None = None

    def publish(self, tree_size: int) -> None:
        checkpoint = Checkpoint(ORIGIN, tree_size, RootHash(leaf_hash(tree_size.to_bytes(8, "big"))))
        number = len(self.published)
        self.published.append(PublishedCheckpoint(number, checkpoint, b"note", NOW_MS, CutReason.SIZE))

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        return self.published[-1] if self.published else None

    def save_anchor(self, record: AnchorRecord) -> None:
        self.saves += 1
        if self.crash_at == (self.saves, "before"):
            raise CrashError
        self.anchors[record.target, record.tree_size] = record
        if self.crash_at == (self.saves, "after"):
            raise CrashError

    def unfinished_anchors(self, target: str) -> Sequence[AnchorRecord]:
        found = [record for (name, _), record in self.anchors.items() if name == target and not record.state.is_end]
        return sorted(found, key=lambda record: record.tree_size)

    def latest_anchor_record(self, target: str) -> AnchorRecord | None:
        found = [record for (name, _), record in self.anchors.items() if name == target]
        return max(found, key=lambda record: record.tree_size, default=None)

    def states(self) -> list[tuple[int, str]]:
        return sorted((size, str(record.state)) for (_, size), record in self.anchors.items())


@dataclass
class SlowChain:
    """A backend as a chain behaves: prepared bytes, confirmations on request, reorganisations, outages."""

    scheme: str = "slow"
    is_sequential: bool = False
    strength: AnchorStrength = AnchorStrength.STRONG
    confirmations: int = 0
    down: bool = False
    sent: list[bytes] = field(default_factory=list)
    included: set[bytes] = field(default_factory=set)
    prepared: int = 0

    def prepare(self, request: AnchorRequest) -> bytes:
        self.prepared += 1
        return f"tx {request.tree_size} {self.prepared}".encode()

    def submit(self, request: AnchorRequest, prepared: bytes) -> None:
        if self.down:
            raise AnchorUnavailableError("node does not answer")
        self.sent.append(prepared)
        self.included.add(prepared)

    def check(self, request: AnchorRequest, prepared: bytes) -> AnchorProgress:
        if self.down:
            raise AnchorUnavailableError("node does not answer")
        if prepared not in self.included:
            return AnchorProgress(AnchorState.REORGED)
        states = [AnchorState.SUBMITTED, AnchorState.INCLUDED, AnchorState.SAFE, AnchorState.FINAL]
        state = states[min(self.confirmations, 3)]
        proof = AnchorProof(self.scheme, self.strength, f"proof of {prepared.decode()}", NOW_MS)
        return AnchorProgress(state, proof if state is not AnchorState.SUBMITTED else None)

    def close(self) -> None:
        self.down = True


def anchorer(records: Records, backend: AnchorBackend, policy: AnchorPolicy = POLICY) -> Anchorer:
    return Anchorer(TARGET, backend=backend, checkpoints=records, records=records, policy=policy)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def open_ledger(tmp_path: Path) -> Callable[[], LedgerBackend]:
    return lambda: LedgerBackend(tmp_path / "anchors.ledger", ORIGIN, SIGNER, lambda: NOW_MS)


def test_ledger_anchors_are_final_in_one_step(records: Records, open_ledger: Callable[[], LedgerBackend]) -> None:
    work = anchorer(records, open_ledger())
    assert work.step(NOW_MS) == []
    assert work.due_in_ms(NOW_MS) is None
    records.publish(10)
    assert work.due_in_ms(NOW_MS) == 0
    changed = work.step(NOW_MS)
    assert [str(record.state) for record in changed] == ["planned", "final"]
    final = changed[-1]
    assert final.proof is not None
    assert final.proof.strength is AnchorStrength.WEAK
    assert final.root_hash == records.published[0].checkpoint.root_hash
    assert work.step(NOW_MS + 1_000_000) == []


def test_policy_by_count_and_by_time(records: Records) -> None:
    work = anchorer(records, SlowChain(confirmations=3))
    records.publish(1)
    work.step(NOW_MS)
    for size in (2, 3):
        records.publish(size)
        assert work.step(NOW_MS + 10) == []
    assert work.due_in_ms(NOW_MS + 10) == 59_990
    records.publish(4)
    work.step(NOW_MS + 20)
    assert records.states() == [(1, "final"), (4, "final")]
    records.publish(5)
    assert work.step(NOW_MS + 20 + 59_999) == []
    work.step(NOW_MS + 20 + 60_000)
    records.publish(6)
    work.step(NOW_MS)  # the clock was set back: better an anchor too many
    records.publish(7)
    work.step(NOW_MS + 1, force=True)
    assert [size for size, _ in records.states()] == [1, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "numbers",
    [{"every_ms": None}, {"every_checkpoints": 0}, {"every_ms": -1}, {"retry_base_ms": 0}, {"retry_cap_ms": 0}],
)
def test_impossible_policies(numbers: dict[str, int | None]) -> None:
    with pytest.raises(ValueError, match="anchor policy"):
        AnchorPolicy(**numbers)  # type: ignore[arg-type]


def test_backoff_doubles_up_to_a_cap() -> None:
    assert [POLICY.backoff_ms(attempts) for attempts in (1, 2, 3, 4, 5, 1000)] == [1000, 2000, 4000, 8000, 8000, 8000]


def test_states_are_followed_to_the_end(records: Records) -> None:
    chain = SlowChain()
    work = anchorer(records, chain)
    records.publish(1)
    seen = [str(record.state) for record in work.step(NOW_MS)]
    for confirmations in (0, 1, 1, 2, 3, 3):
        chain.confirmations = confirmations
        seen += [str(record.state) for record in work.step(NOW_MS + 1)]
    assert seen == ["planned", "submitted", "included", "safe", "final"]
    assert chain.sent == [b"tx 1 1"]


def test_an_outage_is_retried_with_backoff_in_order_and_nothing_is_lost(records: Records) -> None:
    chain = SlowChain(confirmations=3, down=True)
    work = anchorer(records, chain)
    records.publish(1)
    work.step(NOW_MS)
    record = records.anchors[TARGET, 1]
    assert (str(record.state), record.attempts, record.last_error) == ("planned", 1, "node does not answer")
    assert record.next_attempt_ms == NOW_MS + 1000
    assert work.due_in_ms(NOW_MS + 400) == 600
    assert work.step(NOW_MS + 999) == []
    now_ms = NOW_MS
    for size in range(2, 12):
        records.publish(size)
        now_ms += 60_000
        work.step(now_ms)
    assert len(records.unfinished_anchors(TARGET)) == 11
    assert chain.sent == []
    chain.down = False
    work.step(now_ms + 8_000)
    assert records.states() == [(size, "final") for size in range(1, 12)]
    assert chain.sent == [f"tx {size} {size}".encode() for size in range(1, 12)]
    assert records.anchors[TARGET, 1].last_error is None


def test_a_later_checkpoint_does_not_overtake_one_that_failed(records: Records) -> None:
    chain = SlowChain(confirmations=3, down=True)
    records.publish(1)
    anchorer(records, chain).step(NOW_MS)

    class FailsOnce(SlowChain):
        def submit(self, request: AnchorRequest, prepared: bytes) -> None:
            if request.tree_size == 1 and not self.sent:
                raise AnchorUnavailableError("fee too low")
            super().submit(request, prepared)

    picky = FailsOnce(confirmations=3)
    records.publish(2)
    work = anchorer(records, picky)
    for now_ms in (NOW_MS + 60_000, NOW_MS + 60_001):  # at the failure, and while its retry waits
        work.step(now_ms)
        assert picky.sent == []
        assert [size for size, state in records.states() if state == "planned"] == [1, 2]


def test_a_reorganised_anchor_is_sent_again_with_the_same_bytes(records: Records) -> None:
    chain = SlowChain(confirmations=1)
    work = anchorer(records, chain)
    records.publish(1)
    work.step(NOW_MS)
    assert records.states() == [(1, "included")]
    chain.included.clear()
    work.step(NOW_MS + 1)
    lost = records.anchors[TARGET, 1]
    assert (str(lost.state), lost.proof) == ("reorged", None)
    chain.confirmations = 3
    work.step(lost.next_attempt_ms)
    assert records.states() == [(1, "final")]
    assert chain.sent == [b"tx 1 1", b"tx 1 1"]


def test_a_checkpoint_the_ledger_is_past_is_superseded_by_name(
    records: Records, open_ledger: Callable[[], LedgerBackend]
) -> None:
    ledger = open_ledger()
    ledger.submit(AnchorRequest(ORIGIN, 50, RootHash(leaf_hash(b"")), b""), b"")
    records.publish(10)
    work = anchorer(records, ledger)
    work.step(NOW_MS)
    record = records.anchors[TARGET, 10]
    assert (record.state, record.superseded_by) == (AnchorState.SUPERSEDED, 50)
    assert work.step(NOW_MS + 1) == []


def test_a_fork_is_raised_and_kept(records: Records, open_ledger: Callable[[], LedgerBackend]) -> None:
    ledger = open_ledger()
    ledger.submit(AnchorRequest(ORIGIN, 10, RootHash(leaf_hash(b"another history")), b""), b"")
    records.publish(10)
    with pytest.raises(AnchorContradictionError):
        anchorer(records, ledger).step(NOW_MS)
    record = records.anchors[TARGET, 10]
    assert record.state is AnchorState.PLANNED
    assert "another root" in (record.last_error or "")


def test_a_ledger_that_was_replaced_is_noticed_and_filled_again(
    records: Records, open_ledger: Callable[[], LedgerBackend], tmp_path: Path
) -> None:
    ledger = open_ledger()
    records.publish(10)
    work = anchorer(records, ledger)
    assert work.recheck(NOW_MS) is None
    work.step(NOW_MS)
    assert work.recheck(NOW_MS) is None
    ledger.close()
    (tmp_path / "anchors.ledger").unlink()
    ledger = open_ledger()
    work = anchorer(records, ledger)
    lost = work.recheck(NOW_MS + 5)
    assert lost is not None
    assert lost.state is AnchorState.REORGED
    work.step(NOW_MS + 6)
    assert records.states() == [(10, "final")]
    ledger.close()


def test_restart_converges_after_a_crash_at_every_save(tmp_path: Path) -> None:
    path = tmp_path / "anchors.ledger"
    crashes = 0
    for save in range(1, 9):
        for moment in ("before", "after"):
            path.unlink(missing_ok=True)
            records = Records(crash_at=(save, moment))
            ledger = LedgerBackend(path, ORIGIN, SIGNER, lambda: NOW_MS)
            try:
                for size in (10, 20):
                    records.publish(size)
                    anchorer(records, ledger).step(NOW_MS, force=True)
            except CrashError:
                crashes += 1
            ledger.close()
            records.crash_at = None
            ledger = LedgerBackend(path, ORIGIN, SIGNER, lambda: NOW_MS)
            if len(records.published) == 1:
                records.publish(20)
            anchorer(records, ledger).step(NOW_MS + 1, force=True)
            ledger.close()
            assert records.anchors[TARGET, 20].state is AnchorState.FINAL
            assert all(record.state.is_end for record in records.anchors.values())
            anchored = [signed.block.tree_size for signed in read_ledger(path, SIGNER.verifier)]
            assert anchored == sorted(size for _, size in records.anchors)
    assert crashes == 16

"""When batches end, and that no crash makes the log contradict what it published."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from voltseal.log.errors import LogContradictionError, NoteSignatureError
from voltseal.log.merkle import EMPTY_ROOT, LeafHash, leaf_hash, root_hash, verify_consistency
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import BatchPolicy, CutReason, PublishedCheckpoint, Sequencer, cut_reason
from voltseal.log.tree import MemoryNodeStore, Tree

SIGNER = Ed25519Signer("example.com/log", b"\3" * 32)
POLICY = BatchPolicy(max_entries=100, max_interval_ms=10_000)
NOW_MS = 1_700_000_000_000


class CrashError(Exception):
    """The power went off here."""


@dataclass
class MemoryCheckpoints:
    """A `CheckpointStore` in memory that can crash at a named point of `record_checkpoint`."""

    published: list[PublishedCheckpoint] = field(default_factory=list)
    crash: str | None = None

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        return self.published[-1] if self.published else None

    def record_checkpoint(self, published: PublishedCheckpoint) -> None:
        if self.crash == "before record":
            raise CrashError
        assert published.number == len(self.published)
        self.published.append(published)
        if self.crash == "after record":
            raise CrashError


def leaves(count: int, first: int = 0) -> list[LeafHash]:
    return [leaf_hash(index.to_bytes(4, "big")) for index in range(first, first + count)]


def append(store: MemoryNodeStore, tree: Tree, more: list[LeafHash]) -> None:
    staged = tree.stage(more)
    store.commit(staged)
    tree.apply(staged)


def started(store: MemoryNodeStore, checkpoints: MemoryCheckpoints) -> tuple[Tree, Sequencer]:
    tree = Tree.open(store, store.tree_size)
    return tree, Sequencer.open(tree, SIGNER, SIGNER.verifier, checkpoints, POLICY)


def published_at(size: int, cut_ms: int) -> PublishedCheckpoint:
    checkpoint = Checkpoint(SIGNER.name, size, root_hash(leaves(size)))
    return PublishedCheckpoint(0, checkpoint, sign_checkpoint(checkpoint, SIGNER).raw, cut_ms, CutReason.TIME)


@pytest.mark.parametrize(
    ("published", "tree_size", "after_ms", "expected"),
    [
        (None, 0, 0, None),
        (None, 1, 0, CutReason.TIME),
        (None, 100, 0, CutReason.SIZE),
        (50, 50, 10**9, None),
        (50, 51, 9_999, None),
        (50, 51, 10_000, CutReason.TIME),
        (50, 149, 0, None),
        (50, 150, 0, CutReason.SIZE),
        (50, 51, -1, CutReason.TIME),  # the clock was set back
    ],
)
def test_decision(published: int | None, tree_size: int, after_ms: int, expected: CutReason | None) -> None:
    latest = None if published is None else published_at(published, NOW_MS)
    assert cut_reason(POLICY, latest, tree_size, NOW_MS + after_ms) is expected


@pytest.mark.parametrize("numbers", [(0, 1), (1, -1)])
def test_impossible_policies(numbers: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="batch needs"):
        BatchPolicy(*numbers)


def test_batches_by_time_size_and_request() -> None:
    store, checkpoints = MemoryNodeStore(), MemoryCheckpoints()
    tree, sequencer = started(store, checkpoints)
    assert sequencer.step(NOW_MS) is None
    assert sequencer.step(NOW_MS, force=True) is None
    assert sequencer.due_in_ms(NOW_MS) is None
    append(store, tree, leaves(1))
    assert sequencer.due_in_ms(NOW_MS) == 0
    assert sequencer.step(NOW_MS) is not None
    append(store, tree, leaves(1, 1))
    assert sequencer.due_in_ms(NOW_MS + 4_000) == 6_000
    assert sequencer.step(NOW_MS + 9_999) is None
    assert sequencer.step(NOW_MS + 10_000) is not None
    append(store, tree, leaves(100, 2))
    assert sequencer.due_in_ms(NOW_MS + 10_001) == 0
    assert sequencer.step(NOW_MS + 10_001) is not None
    append(store, tree, leaves(1, 102))
    assert sequencer.step(NOW_MS + 10_002, force=True) is not None
    assert sequencer.step(NOW_MS + 10_003, force=True) is None
    reasons = [CutReason.TIME, CutReason.TIME, CutReason.SIZE, CutReason.REQUESTED]
    assert [item.reason for item in checkpoints.published] == reasons
    assert [item.number for item in checkpoints.published] == [0, 1, 2, 3]
    assert sequencer.latest == checkpoints.published[-1]
    for item in checkpoints.published:
        signed = open_checkpoint(item.raw, SIGNER.verifier).checkpoint
        assert signed == item.checkpoint
        assert signed.root_hash == root_hash(leaves(signed.tree_size))


@pytest.mark.parametrize(("crash", "left"), [("before record", 1), ("after record", 2)])
def test_crash_while_publishing_converges(crash: str, left: int) -> None:
    store, checkpoints = MemoryNodeStore(), MemoryCheckpoints()
    tree, sequencer = started(store, checkpoints)
    append(store, tree, leaves(5))
    sequencer.step(NOW_MS)
    append(store, tree, leaves(200, 5))
    checkpoints.crash = crash
    with pytest.raises(CrashError):
        sequencer.step(NOW_MS + 1)
    assert len(checkpoints.published) == left
    checkpoints.crash = None
    tree, sequencer = started(store, checkpoints)
    sequencer.step(NOW_MS + 2)
    assert [item.checkpoint.tree_size for item in checkpoints.published] == [5, 205]
    append(store, tree, leaves(1, 205))
    assert sequencer.step(NOW_MS + 20_000) is not None


def test_a_failing_store_publishes_nothing_and_may_be_asked_again() -> None:
    store, checkpoints = MemoryNodeStore(), MemoryCheckpoints(crash="before record")
    tree, sequencer = started(store, checkpoints)
    append(store, tree, leaves(3))
    with pytest.raises(CrashError):
        sequencer.step(NOW_MS)
    assert sequencer.latest is None
    checkpoints.crash = None
    published = sequencer.step(NOW_MS)
    assert published is not None
    assert published.number == 0


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(-5_000, 20_000), st.booleans()), max_size=12))
def test_published_checkpoints_never_contradict_each_other(steps: list[tuple[int, int, bool]]) -> None:
    store, checkpoints = MemoryNodeStore(), MemoryCheckpoints()
    tree, sequencer = started(store, checkpoints)
    now_ms = NOW_MS
    for count, pass_ms, restart in steps:
        append(store, tree, leaves(count, store.tree_size))
        now_ms += pass_ms
        sequencer.step(now_ms)
        if restart:
            tree, sequencer = started(store, checkpoints)
    for old, new in zip(checkpoints.published, checkpoints.published[1:], strict=False):
        before, after = old.checkpoint, new.checkpoint
        assert before.tree_size < after.tree_size
        path = tree.consistency_proof(before.tree_size, after.tree_size)
        verify_consistency(before.tree_size, after.tree_size, path, before.root_hash, after.root_hash)


def two_published() -> tuple[MemoryNodeStore, MemoryCheckpoints]:
    store, checkpoints = MemoryNodeStore(), MemoryCheckpoints()
    tree, sequencer = started(store, checkpoints)
    for count in (300, 7):
        append(store, tree, leaves(count, store.tree_size))
        sequencer.step(NOW_MS, force=True)
    return store, checkpoints


def test_a_store_restored_from_an_older_copy_stops_the_log() -> None:
    _, checkpoints = two_published()
    older = MemoryNodeStore()
    append(older, Tree.open(older, 0), leaves(300))
    with pytest.raises(LogContradictionError, match="holds only 300"):
        started(older, checkpoints)


def test_an_altered_leaf_stops_the_log() -> None:
    _, checkpoints = two_published()
    altered = MemoryNodeStore()
    append(altered, Tree.open(altered, 0), [*leaves(306), leaf_hash(b"altered")])
    with pytest.raises(LogContradictionError, match="not the published one"):
        started(altered, checkpoints)


def test_an_altered_record_stops_the_log() -> None:
    store, checkpoints = two_published()
    honest = checkpoints.published[-1]
    checkpoints.published[-1] = replace(honest, checkpoint=Checkpoint(SIGNER.name, 307, EMPTY_ROOT))
    with pytest.raises(LogContradictionError, match="not the checkpoint that was signed"):
        started(store, checkpoints)
    checkpoints.published[-1] = replace(honest, raw=honest.raw.replace(b"307", b"308"))
    with pytest.raises(NoteSignatureError):
        started(store, checkpoints)


def test_a_tree_that_stops_continuing_what_was_published_is_not_signed() -> None:
    store, checkpoints = two_published()
    tree, sequencer = started(store, checkpoints)
    other = MemoryNodeStore()
    foreign = Tree.open(other, 0)
    append(other, foreign, [leaf_hash(b"other"), *leaves(399)])
    tree._edge, tree._tree_size, tree._store = foreign._edge, 400, other
    with pytest.raises(LogContradictionError):
        sequencer.step(NOW_MS + 60_000)
    assert len(checkpoints.published) == 2


def test_a_key_of_another_name_is_refused() -> None:
    store, checkpoints = two_published()
    renamed = Ed25519Signer("example.com/renamed", SIGNER.seed)
    with pytest.raises(NoteSignatureError):
        Sequencer.open(Tree.open(store, 307), renamed, renamed.verifier, checkpoints, POLICY)

"""The SQLite store: what is committed is there after reopening, what is not is nowhere."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from voltseal.log.checkpoint import Checkpoint, sign_checkpoint
from voltseal.log.errors import StaleAppendError
from voltseal.log.merkle import leaf_hash, root_hash
from voltseal.log.note_key import Ed25519Signer
from voltseal.log.sequencer import CutReason, PublishedCheckpoint
from voltseal.log.tree import Tree
from voltseal.store.interface import (
    AlarmKind,
    ChainChange,
    EntryKind,
    NewEntry,
    Quarantined,
    Run,
    Store,
    StoredAlarm,
    StoredDisclosure,
    StoreError,
)
from voltseal.store.reader import SqliteReader
from voltseal.store.sqlite import SqliteStore

UEIDS = [b"\x01" + bytes([number]) * 16 for number in range(3)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    opened = SqliteStore.create(path, quarantine_messages=3, quarantine_bytes=100)
    yield opened
    opened.close()


def entry(number: int, *, device_no: int = 1, kind: EntryKind = EntryKind.TELEMETRY) -> NewEntry:
    is_event = kind is EntryKind.REGISTRY_EVENT
    return NewEntry(
        kind=kind,
        device_no=device_no,
        sequence=None if is_event else number,
        boot_count=None if is_event else 1,
        received_ms=1000 + number,
        raw=b"raw %d %d" % (device_no, number),
        seed=b"s" * 16 if kind is EntryKind.TELEMETRY else None,
        columns=b"columns %d" % number if kind is EntryKind.TELEMETRY else None,
    )


def change(device_no: int = 1, **values: object) -> ChainChange:
    fields: dict[str, object] = {
        "device_no": device_no, "head_sequence": 5, "head_boot": 2, "head_digest": b"d" * 32, "boot_leaf": 0,
        "new_statements": 6, "last_received_ms": 77, "dropped_runs": (), "saved_runs": (Run(0, 5),),
    }  # fmt: skip
    return ChainChange(**fields | values)  # type: ignore[arg-type]


def published(number: int, size: int) -> PublishedCheckpoint:
    signer = Ed25519Signer.generate("o")
    checkpoint = Checkpoint("o", size, root_hash([leaf_hash(b"%d" % n) for n in range(size)]))
    return PublishedCheckpoint(number, checkpoint, sign_checkpoint(checkpoint, signer).raw, 5, CutReason.SIZE)


def test_it_is_a_store(store: SqliteStore) -> None:
    checked: Store = store
    assert checked.entry_count() == 0


def test_entries_get_dense_indexes_and_survive_reopening(store: SqliteStore, path: Path) -> None:
    with store.transaction():
        assert store.append([entry(0), entry(1)]) == 0
        assert store.append([entry(2, kind=EntryKind.BOOT)]) == 2
    reader = SqliteReader.open(path)
    assert [e.leaf_index for e in reader.entries(0, 10)] == [0, 1, 2]
    assert reader.entry(2) == next(reader.entries(2, 3))
    assert reader.entry(3) is None
    assert reader.disclosure(1) == StoredDisclosure(b"s" * 16, b"columns 1")
    assert reader.disclosure(2) is None
    reader.close()
    store.close()
    again = SqliteStore.create(path)
    with again.transaction():
        assert again.append([entry(3)]) == 3
    again.close()


def test_a_transaction_that_fails_leaves_nothing(store: SqliteStore) -> None:
    message = Quarantined(0, 1, "t", "malformed", "r", b"p")

    def fail_after_writing() -> None:
        with store.transaction():
            store.append([entry(0)])
            store.quarantine([message])
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail_after_writing()
    assert (store.entry_count(), store.next_leaf) == (0, 0)
    assert store.quarantine_totals().messages == 0
    with store.transaction():
        assert store.append([entry(0)]) == 0
        store.quarantine([message] * 3)
    assert store.quarantine_totals().messages == 3


def test_a_reader_sees_only_what_is_committed(store: SqliteStore, path: Path) -> None:
    reader = SqliteReader.open(path)
    with store.transaction():
        store.append([entry(0)])
        assert reader.entry_count() == 0
    assert reader.entry_count() == 1
    with reader.snapshot():
        assert reader.entry_count() == 1
        with store.transaction():
            store.append([entry(1)])
        assert reader.entry_count() == 1
    assert reader.entry_count() == 2
    reader.close()


def test_a_reader_cannot_write(store: SqliteStore, path: Path) -> None:
    reader = SqliteReader.open(path)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM entries")
    reader.close()


def test_queries_by_device_number_and_kind(store: SqliteStore) -> None:
    with store.transaction():
        first, second = store.add_device(UEIDS[0], "a"), store.add_device(UEIDS[1], "")
        store.append([entry(0, device_no=n, kind=EntryKind.REGISTRY_EVENT) for n in (first, second)])
        store.append([entry(0, device_no=first, kind=EntryKind.BOOT)])
        store.append([entry(n, device_no=first) for n in (3, 1, 2, 1)])
        store.append([entry(9, device_no=second), entry(4, device_no=first, kind=EntryKind.LOSS)])
    found = [(e.sequence, e.leaf_index) for e in store.statements_of(UEIDS[0], 1, 3)]
    assert found == [(1, 4), (1, 6), (2, 5), (3, 3)]
    assert [e.kind for e in store.declarations_of(UEIDS[0])] == [EntryKind.BOOT, EntryKind.LOSS]
    assert [e.leaf_index for e in store.key_events_of(UEIDS[1])] == [1]
    assert [e.leaf_index for e in store.registry_events()] == [0, 1]
    assert list(store.statements_of(UEIDS[2], 0, 9)) == []


def test_queries_on_the_way_of_every_message_use_an_index(store: SqliteStore) -> None:
    plans = []
    store._connection.set_trace_callback(lambda sql: plans.append(sql) if sql.startswith("SELECT") else None)
    list(store.statements_of(UEIDS[0], 0, 1))
    list(store.declarations_of(UEIDS[0]))
    list(store.key_events_of(UEIDS[0]))
    list(store.registry_events())
    store.entry(0)
    store._connection.set_trace_callback(None)
    assert len(plans) == 5
    for sql in plans:
        steps = [row[3] for row in store._connection.execute("EXPLAIN QUERY PLAN " + sql)]
        assert not any(step.startswith(("SCAN entries", "SCAN e")) for step in steps), (sql, steps)


def test_a_device_keeps_its_number_and_may_be_renamed(store: SqliteStore) -> None:
    with store.transaction():
        number = store.add_device(UEIDS[0], "old")
        assert store.add_device(UEIDS[0], "") == number
    assert store.devices()[0].label == "old"
    with store.transaction():
        assert store.add_device(UEIDS[0], "new") == number
    assert store.devices()[0].label == "new"


def test_chains_are_read_back_as_saved(store: SqliteStore) -> None:
    with store.transaction():
        number = store.add_device(UEIDS[0], "")
        store.save_chains([change(number, saved_runs=(Run(0, 1), Run(4, 5)))])
        store.save_chains([change(number, dropped_runs=(4,), saved_runs=(Run(0, 5),), new_statements=2)])
    (head,) = store.chain_heads()
    assert (head.ueid, head.head_sequence, head.head_boot, head.boot_leaf) == (UEIDS[0], 5, 2, 0)
    assert head.runs == (Run(0, 5),)
    assert store.runs_of(UEIDS[0]) == [Run(0, 5)]
    assert (store.devices()[0].statements, store.devices()[0].last_received_ms) == (8, 77)


def test_the_tree_grows_with_its_tiles(store: SqliteStore) -> None:
    with store.transaction():
        store.append([entry(n) for n in range(600)])
    tree = Tree.open(store, store.tree_size())
    hashes = [leaf_hash(e.raw) for e in store.entries(0, 600)]
    staged = tree.stage(hashes)
    with store.transaction():
        store.commit_tiles(staged)
    assert Tree.open(store, store.tree_size()).root() == root_hash(hashes)
    with pytest.raises(StaleAppendError), store.transaction():
        store.commit_tiles(staged)


def test_a_tree_larger_than_the_entries_is_refused(store: SqliteStore) -> None:
    staged = Tree.open(store, 0).stage([leaf_hash(b"x")])
    with pytest.raises(StoreError, match="only 0 entries"), store.transaction():
        store.commit_tiles(staged)


def test_checkpoints_are_numbered_without_gaps_and_never_replaced(store: SqliteStore) -> None:
    assert store.latest_checkpoint() is None
    for number, size in enumerate((3, 5, 9)):
        store.record_checkpoint(published(number, size))
    for number in (2, 4):
        with pytest.raises(StoreError, match="is not the next one, 3"):
            store.record_checkpoint(published(number, 20))
    latest = store.latest_checkpoint()
    assert latest is not None
    assert (latest.number, latest.checkpoint.tree_size, latest.reason) == (2, 9, CutReason.SIZE)
    assert [one.number for one in store.checkpoints(5)] == [1, 2]


def test_quarantine_is_bounded_by_count_and_bytes(store: SqliteStore, path: Path) -> None:
    def keep(*sizes: int) -> None:
        with store.transaction():
            store.quarantine([Quarantined(0, 1, "topic", "malformed", "why", bytes(size)) for size in sizes])

    keep(1, 2, 3, 4)
    assert [len(m.payload) for m in store.quarantined(10)] == [4, 3, 2]
    keep(95)
    assert [len(m.payload) for m in store.quarantined(10)] == [95, 4]
    keep(101)
    assert [len(m.payload) for m in store.quarantined(10)] == [95, 4]
    totals = store.quarantine_totals()
    assert (totals.messages, totals.payload_bytes, totals.dropped) == (2, 99, 4)
    newest = store.quarantined(1)[0]
    assert store.quarantined_message(newest.number) == newest
    assert store.quarantined_message(1) is None
    store.close()
    again = SqliteStore.create(path, quarantine_messages=1, quarantine_bytes=100)
    with again.transaction():
        again.quarantine([Quarantined(0, 1, "topic", "malformed", "why", b"x")])
    assert again.quarantine_totals().dropped == 6
    again.close()


def test_alarms_and_counts(store: SqliteStore) -> None:
    alarm = StoredAlarm(7, AlarmKind.EQUIVOCATION, 1, 3, 9, "why")
    with store.transaction():
        store.add_device(UEIDS[0], "")
        store.add_alarm(alarm)
        store.count_outcomes({"accepted": 2, "malformed": 1})
        store.count_outcomes({"accepted": 3})
    assert store.alarms() == store.alarms(UEIDS[0]) == [alarm]
    assert store.alarms(UEIDS[1]) == []
    assert store.outcome_counts() == {"accepted": 5, "malformed": 1}


def test_commits_are_synchronous(store: SqliteStore) -> None:
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert store._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no store yet"):
        SqliteReader.open(tmp_path / "absent")
    (tmp_path / "text").write_text("this is no database, however long it may be" * 100)
    with pytest.raises(StoreError, match="not a database"):
        SqliteStore.create(tmp_path / "text")
    other = sqlite3.connect(tmp_path / "newer")
    other.execute("PRAGMA user_version=99")
    other.close()
    with pytest.raises(StoreError, match="schema version 99"):
        SqliteReader.open(tmp_path / "newer")
    with pytest.raises(StoreError, match="cannot be opened"):
        SqliteStore.create(tmp_path / "no" / "directory")

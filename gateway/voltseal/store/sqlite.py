"""The SQLite store's writing side. Owner: the gateway's writer thread, alone.

Durability: WAL with synchronous=FULL, so a transaction is on the disk when COMMIT returns. Whatever a crash interrupts
is rolled back by SQLite at the next open: there is no recovery code of our own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from voltseal import crash
from voltseal.log.errors import StaleAppendError
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tree import StagedAppend
from voltseal.store.interface import (
    ChainChange,
    ChainHead,
    NewEntry,
    Quarantined,
    Run,
    StoredAlarm,
    StoreError,
)
from voltseal.store.reader import SqliteReader, tile_key
from voltseal.store.schema import connect_writer

_INSERT_ENTRY = (
    "INSERT INTO entries (leaf_index, kind, device_no, sequence, boot_count, received_ms, raw) VALUES (?,?,?,?,?,?,?)"
)
_SET_META = "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


class SqliteStore(SqliteReader):
    """A `Store`. Owns the next leaf index and the quarantine's totals, both derived from the file when opened."""

    def __init__(self, connection: sqlite3.Connection, *, quarantine_messages: int, quarantine_bytes: int) -> None:
        """Use `SqliteStore.create`."""
        super().__init__(connection)
        self._next_leaf = self.entry_count()
        self._quarantine_limits = (quarantine_messages, quarantine_bytes)
        self._quarantine = self.quarantine_totals()

    @classmethod
    def create(cls, path: Path, *, quarantine_messages: int = 10_000, quarantine_bytes: int = 16 << 20) -> SqliteStore:
        """Open for writing, making the file where there is none. Precondition: the caller holds the `StoreLock`."""
        connection = connect_writer(path)
        return cls(connection, quarantine_messages=quarantine_messages, quarantine_bytes=quarantine_bytes)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """See `Store`. After an exception nothing of the block is left, in the file or in this object."""
        next_leaf, quarantine = self._next_leaf, self._quarantine
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            crash.at("before-commit")
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._next_leaf, self._quarantine = next_leaf, quarantine
            raise

    def append(self, entries: Sequence[NewEntry]) -> int:
        """See `Store`."""
        first = self._next_leaf
        rows = [
            (leaf_index, int(e.kind), e.device_no, e.sequence, e.boot_count, e.received_ms, e.raw)
            for leaf_index, e in enumerate(entries, first)
        ]
        disclosures = [(leaf, e.seed, e.columns) for leaf, e in enumerate(entries, first) if e.seed is not None]
        self._connection.executemany(_INSERT_ENTRY, rows)
        self._connection.executemany("INSERT INTO disclosures (leaf_index, seed, columns) VALUES (?,?,?)", disclosures)
        self._next_leaf = first + len(rows)
        return first

    def erase_disclosures(self, device_no: int, first_sequence: int, last_sequence: int) -> int:
        """Forget seeds and columns of a device's statements with these numbers; returns of how many.

        Entries stay: tree, proofs and signatures are over hashes. What was freed in the file is overwritten with zeros
        (`secure_delete`), so neither a later `VACUUM` nor its absence brings anything back.
        """
        return self._connection.execute(
            "DELETE FROM disclosures WHERE leaf_index IN "
            "(SELECT leaf_index FROM entries WHERE device_no = ? AND sequence BETWEEN ? AND ?)",
            (device_no, first_sequence, last_sequence),
        ).rowcount

    @property
    def next_leaf(self) -> int:
        """The leaf index that the next appended entry gets."""
        return self._next_leaf

    @property
    def connection(self) -> sqlite3.Connection:
        """The writer's own connection, for the request queue's part of a transaction."""
        return self._connection

    def add_device(self, ueid: bytes, label: str) -> int:
        """See `Store`. An empty label leaves the known one."""
        self._connection.execute(
            "INSERT INTO devices (ueid, label, statements, head_sequence, head_boot, head_digest) "
            "VALUES (?, ?, 0, -1, 0, x'') ON CONFLICT (ueid) DO UPDATE SET "
            "label = CASE excluded.label WHEN '' THEN label ELSE excluded.label END",
            (ueid, label),
        )
        row = self._row("SELECT device_no FROM devices WHERE ueid = ?", (ueid,))
        assert row is not None
        return int(row[0])

    def chain_heads(self) -> list[ChainHead]:
        """See `Store`."""
        runs: dict[int, list[Run]] = {}
        for device_no, first, last in self._rows("SELECT device_no, first, last FROM runs ORDER BY device_no, first"):
            runs.setdefault(device_no, []).append(Run(first, last))
        rows = self._rows("SELECT device_no, ueid, head_sequence, head_boot, head_digest, boot_leaf FROM devices")
        return [
            ChainHead(device_no, ueid, sequence, boot, digest, boot_leaf, tuple(runs.get(device_no, ())))
            for device_no, ueid, sequence, boot, digest, boot_leaf in rows
        ]

    def save_chains(self, changes: Sequence[ChainChange]) -> None:
        """See `Store`."""
        self._connection.executemany(
            "DELETE FROM runs WHERE device_no = ? AND first = ?",
            [(change.device_no, first) for change in changes for first in change.dropped_runs],
        )
        self._connection.executemany(
            "INSERT INTO runs (device_no, first, last) VALUES (?,?,?) "
            "ON CONFLICT (device_no, first) DO UPDATE SET last = excluded.last",
            [(change.device_no, run.first, run.last) for change in changes for run in change.saved_runs],
        )
        self._connection.executemany(
            "UPDATE devices SET statements = statements + ?, last_received_ms = ?, head_sequence = ?, head_boot = ?, "
            "head_digest = ?, boot_leaf = ? WHERE device_no = ?",
            [
                (c.new_statements, c.last_received_ms, c.head_sequence, c.head_boot, c.head_digest, c.boot_leaf,
                 c.device_no)
                for c in changes
            ],
        )  # fmt: skip

    def commit_tiles(self, staged: StagedAppend) -> None:
        """See `Store`."""
        if staged.old_size != self.tree_size():
            raise StaleAppendError(f"append staged at size {staged.old_size}, store is at {self.tree_size()}")
        if staged.new_size > self._next_leaf:
            raise StoreError(f"tree of {staged.new_size} leaves, but only {self._next_leaf} entries are stored")
        self._connection.executemany(
            "INSERT INTO tiles (tile_key, hashes) VALUES (?,?) "
            "ON CONFLICT (tile_key) DO UPDATE SET hashes = excluded.hashes",
            [(tile_key(tile.level, tile.index), tile.blob) for tile in staged.tiles],
        )
        self._connection.execute(_SET_META, ("tree_size", staged.new_size))

    def record_checkpoint(self, published: PublishedCheckpoint) -> None:
        """See `voltseal.log.sequencer.CheckpointStore`."""
        with self.transaction():
            (expected,) = self._rows("SELECT COALESCE(MAX(number), -1) + 1 FROM checkpoints")[0]
            if published.number != expected:
                raise StoreError(f"checkpoint number {published.number} is not the next one, {expected}")
            size = published.checkpoint.tree_size
            self._connection.execute(
                "INSERT INTO checkpoints (number, tree_size, raw, cut_ms, reason) VALUES (?,?,?,?,?)",
                (published.number, size, published.raw, published.cut_ms, str(published.reason)),
            )

    def add_alarm(self, alarm: StoredAlarm) -> None:
        """See `Store`."""
        self._connection.execute(
            "INSERT INTO alarms (leaf_index, kind, device_no, sequence, time_ms, reason) VALUES (?,?,?,?,?,?)",
            (alarm.leaf_index, int(alarm.kind), alarm.device_no, alarm.sequence, alarm.time_ms, alarm.reason),
        )

    def count_outcomes(self, counts: Mapping[str, int]) -> None:
        """See `Store`."""
        self._connection.executemany(
            "INSERT INTO outcomes (outcome, messages) VALUES (?,?) "
            "ON CONFLICT (outcome) DO UPDATE SET messages = messages + excluded.messages",
            list(counts.items()),
        )

    def quarantine(self, messages: Sequence[Quarantined]) -> None:
        """See `Store`."""
        totals = self._quarantine
        limits = self._quarantine_limits
        kept = [message for message in messages if len(message.payload) <= limits[1]]
        self._connection.executemany(
            "INSERT INTO quarantine (time_ms, topic, outcome, reason, payload) VALUES (?,?,?,?,?)",
            [(message.time_ms, message.topic, message.outcome, message.reason, message.payload) for message in kept],
        )
        count = totals.messages + len(kept)
        size = totals.payload_bytes + sum(len(message.payload) for message in kept)
        dropped = totals.dropped + len(messages) - len(kept)
        while count > limits[0] or size > limits[1]:
            oldest = self._row("SELECT number, LENGTH(payload) FROM quarantine ORDER BY number LIMIT 1")
            assert oldest is not None
            self._connection.execute("DELETE FROM quarantine WHERE number = ?", (oldest[0],))
            count, size, dropped = count - 1, size - oldest[1], dropped + 1
        if dropped != totals.dropped:
            self._connection.execute(_SET_META, ("quarantine_dropped", dropped))
        self._quarantine = type(totals)(count, size, dropped)

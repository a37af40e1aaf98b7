"""Reading a SQLite store: entries, disclosures, device chains, checkpoints, quarantine. One statement a question."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import LogError
from voltseal.log.note import parse_note
from voltseal.log.sequencer import CutReason, PublishedCheckpoint
from voltseal.store.interface import (
    AlarmKind,
    EntryKind,
    Quarantined,
    QuarantineTotals,
    Run,
    StoredAlarm,
    StoredAnchor,
    StoredDevice,
    StoredDisclosure,
    StoredEntry,
    StoreError,
)
from voltseal.store.schema import connect_reader

# Whoever alters a store by hand may leave text where bytes were: CAST keeps that readable, so that it can be named.
_ENTRY = "SELECT leaf_index, kind, device_no, sequence, boot_count, received_ms, CAST(raw AS BLOB) FROM entries "
_OF_DEVICE = "device_no = (SELECT device_no FROM devices WHERE ueid = ?)"
_CHECKPOINT = "SELECT number, raw, cut_ms, reason FROM checkpoints "
_ANCHOR = "SELECT tree_size, backend, strength, proof, proof_time_ms FROM anchors WHERE proof IS NOT NULL "
_DEVICE = "SELECT device_no, ueid, label, statements, last_received_ms FROM devices "
_RUNS = "SELECT first, last FROM runs "
_ALARM = "SELECT leaf_index, kind, device_no, sequence, time_ms, reason FROM alarms "
_INTEGERS = frozenset({int, type(None)})
_QUARANTINED = "SELECT number, time_ms, topic, outcome, reason, payload FROM quarantine "


def tile_key(level: int, index: int) -> int:
    """One integer for (level, index): eight levels are enough for 2^63 leaves, and an index has at most 55 bits."""
    return level << 56 | index


class SqliteReader:
    """A `StoreReader` over one connection. Not thread-safe: one thread at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, path: Path) -> SqliteReader:
        """Open read-only, also beside a running gateway; raises `StoreError`."""
        return cls(connect_reader(path))

    def close(self) -> None:
        """End all reading."""
        self._connection.close()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """See `StoreReader`."""
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("COMMIT")

    def entry_count(self) -> int:
        """See `StoreReader`. Leaf indexes have no hole, so the last one tells."""
        return self._one("SELECT COALESCE(MAX(leaf_index), -1) + 1 FROM entries")

    def entry(self, leaf_index: int) -> StoredEntry | None:
        """See `StoreReader`."""
        return next(self._entries("WHERE leaf_index = ?", (leaf_index,)), None)

    def entries(self, first: int, end: int) -> Iterator[StoredEntry]:
        """See `StoreReader`."""
        return self._entries("WHERE leaf_index >= ? AND leaf_index < ? ORDER BY leaf_index", (first, end))

    def statements_of(self, ueid: bytes, first_sequence: int, last_sequence: int) -> Iterator[StoredEntry]:
        """See `StoreReader`."""
        return self._entries(
            f"WHERE {_OF_DEVICE} AND sequence BETWEEN ? AND ? ORDER BY sequence, leaf_index",
            (ueid, first_sequence, last_sequence),
        )

    def declarations_of(self, ueid: bytes) -> Iterator[StoredEntry]:
        """See `StoreReader`. `kind != 1` stands there so that SQLite sees that the partial index applies."""
        return self._entries(
            f"WHERE {_OF_DEVICE} AND kind != 1 AND sequence >= 0 ORDER BY sequence, leaf_index", (ueid,)
        )

    def key_events_of(self, ueid: bytes) -> Iterator[StoredEntry]:
        """See `StoreReader`."""
        return self._entries(f"WHERE {_OF_DEVICE} AND kind != 1 AND sequence IS NULL ORDER BY leaf_index", (ueid,))

    def registry_events(self) -> Iterator[StoredEntry]:
        """See `StoreReader`. CROSS JOIN keeps the order of the tables: one index search a device, never a scan."""
        return self._entries(
            "WHERE leaf_index IN (SELECT e.leaf_index FROM devices AS d CROSS JOIN entries AS e "
            "ON e.device_no = d.device_no AND e.kind != 1 AND e.sequence IS NULL) ORDER BY leaf_index",
            (),
        )

    def disclosure(self, leaf_index: int) -> StoredDisclosure | None:
        """See `StoreReader`."""
        row = self._row(
            "SELECT CAST(seed AS BLOB), CAST(columns AS BLOB) FROM disclosures WHERE leaf_index = ?", (leaf_index,)
        )
        return StoredDisclosure(*row) if row else None

    def devices(self) -> list[StoredDevice]:
        """See `StoreReader`."""
        return [StoredDevice(*row) for row in self._rows(_DEVICE + "ORDER BY device_no")]

    def device(self, ueid: bytes) -> StoredDevice | None:
        """See `StoreReader`."""
        row = self._row(_DEVICE + "WHERE ueid = ?", (ueid,))
        return StoredDevice(*row) if row else None

    def runs_of(self, ueid: bytes) -> list[Run]:
        """See `StoreReader`."""
        return [Run(*row) for row in self._rows(_RUNS + f"WHERE {_OF_DEVICE} ORDER BY first", (ueid,))]

    def tree_size(self) -> int:
        """See `StoreReader`."""
        row = self._row("SELECT value FROM meta WHERE name = 'tree_size'")
        if row is not None and type(row[0]) is not int:
            raise StoreError(f"the tree's size in the store is damaged: {row[0]!r}", hint="restore a copy of the store")
        return row[0] if row else 0

    def read_tile(self, level: int, index: int) -> bytes | None:
        """See `voltseal.log.tree.NodeStore`."""
        row = self._row("SELECT CAST(hashes AS BLOB) FROM tiles WHERE tile_key = ?", (tile_key(level, index),))
        return bytes(row[0]) if row else None

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """See `voltseal.log.sequencer.CheckpointStore`."""
        row = self._row(_CHECKPOINT + "ORDER BY number DESC LIMIT 1")
        return _checkpoint(row) if row else None

    def checkpoints(self, minimum_size: int = 0) -> Iterator[PublishedCheckpoint]:
        """See `StoreReader`."""
        while rows := self._rows(_CHECKPOINT + "WHERE tree_size >= ? ORDER BY tree_size LIMIT 500", (minimum_size,)):
            for row in rows:
                published = _checkpoint(row)
                minimum_size = published.checkpoint.tree_size + 1
                yield published

    def checkpoint_notes(self, first_number: int, last_number: int) -> list[tuple[int, bytes]]:
        """See `StoreReader`."""
        sql = "SELECT number, CAST(raw AS BLOB) FROM checkpoints WHERE number BETWEEN ? AND ? ORDER BY number"
        return [(number, raw) for number, raw in self._rows(sql, (first_number, last_number))]

    def checkpoint_count(self) -> int:
        """See `StoreReader`."""
        return self._one("SELECT COALESCE(MAX(number), -1) + 1 FROM checkpoints")

    def anchors_of(self, tree_size: int) -> list[StoredAnchor]:
        """See `StoreReader`."""
        return [StoredAnchor(*row) for row in self._rows(_ANCHOR + "AND tree_size = ? ORDER BY target", (tree_size,))]

    def latest_anchor(self) -> StoredAnchor | None:
        """See `StoreReader`."""
        row = self._row(_ANCHOR + "ORDER BY tree_size DESC LIMIT 1")
        return StoredAnchor(*row) if row else None

    def alarms(self, ueid: bytes | None = None) -> list[StoredAlarm]:
        """See `StoreReader`."""
        where, values = ("", ()) if ueid is None else (f"WHERE {_OF_DEVICE} ", (ueid,))
        rows = self._rows(_ALARM + where + "ORDER BY leaf_index", values)
        return [StoredAlarm(leaf, AlarmKind(kind), *rest) for leaf, kind, *rest in rows]

    def alarms_after(self, leaf_index: int, limit: int) -> list[StoredAlarm]:
        """See `StoreReader`."""
        rows = self._rows(_ALARM + "WHERE leaf_index > ? ORDER BY leaf_index LIMIT ?", (leaf_index, limit))
        return [StoredAlarm(leaf, AlarmKind(kind), *rest) for leaf, kind, *rest in rows]

    def alarm_counts(self) -> dict[AlarmKind, int]:
        """See `StoreReader`."""
        return {AlarmKind(kind): n for kind, n in self._rows("SELECT kind, COUNT(*) FROM alarms GROUP BY kind")}

    def outcome_counts(self) -> dict[str, int]:
        """See `StoreReader`."""
        return dict(self._rows("SELECT outcome, messages FROM outcomes ORDER BY outcome"))

    def quarantine_totals(self) -> QuarantineTotals:
        """See `StoreReader`."""
        row = self._row("SELECT COUNT(*), COALESCE(SUM(LENGTH(payload)), 0) FROM quarantine")
        dropped = self._row("SELECT value FROM meta WHERE name = 'quarantine_dropped'")
        assert row is not None
        return QuarantineTotals(row[0], row[1], int(dropped[0]) if dropped else 0)

    def quarantined(self, limit: int) -> list[Quarantined]:
        """See `StoreReader`."""
        return [Quarantined(*row) for row in self._rows(_QUARANTINED + "ORDER BY number DESC LIMIT ?", (limit,))]

    def quarantined_ascending(self) -> Iterator[Quarantined]:
        """See `StoreReader`."""
        return (Quarantined(*row) for row in self._connection.execute(_QUARANTINED + "ORDER BY number"))

    def quarantined_message(self, number: int) -> Quarantined | None:
        """See `StoreReader`."""
        row = self._row(_QUARANTINED + "WHERE number = ?", (number,))
        return Quarantined(*row) if row else None

    def _entries(self, where: str, values: tuple[Any, ...]) -> Iterator[StoredEntry]:
        for leaf_index, kind, *rest in self._connection.execute(_ENTRY + where, values):
            try:
                entry = StoredEntry(leaf_index, EntryKind(kind), *rest)
            except ValueError:
                raise StoreError(f"entry {leaf_index} in the store is of no known kind: {kind!r}") from None
            if not _INTEGERS.issuperset(map(type, rest[:-1])):
                raise StoreError(f"entry {leaf_index} in the store is damaged: {rest[:-1]} are not integers")
            yield entry

    def _rows(self, sql: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def _row(self, sql: str, values: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._connection.execute(sql, values).fetchone()
        return row

    def _one(self, sql: str) -> int:
        row = self._row(sql)
        assert row is not None
        return int(row[0])


def _checkpoint(row: tuple[Any, ...]) -> PublishedCheckpoint:
    number, raw, cut_ms, reason = row
    try:
        return PublishedCheckpoint(number, Checkpoint.parse(parse_note(raw).text), raw, cut_ms, CutReason(reason))
    except (LogError, ValueError, TypeError, AttributeError) as error:
        raise StoreError(f"checkpoint {number} in the store is damaged: {error}", hint="voltseal log check") from error

"""Anchor records in the gateway's SQLite store: what the anchorer goes on from after a crash.

Owner: the anchorer's thread, over a connection of its own. It writes nothing but the table `anchors`, so it never
conflicts with the log's one writer; SQLite lets the two take turns.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from voltseal.anchor.anchorer import AnchorRecord
from voltseal.anchor.interface import AnchorProof, AnchorState, AnchorStrength
from voltseal.log.merkle import NodeHash, RootHash
from voltseal.store.reader import SqliteReader
from voltseal.store.schema import connect_requests

_COLUMNS = (
    "target, origin, number, tree_size, root_hash, note, state, planned_ms, updated_ms, prepared, attempts, "
    "next_attempt_ms, superseded_by, last_error, backend, strength, proof, proof_time_ms"
)
_SELECT = f"SELECT {_COLUMNS} FROM anchors WHERE target = ? "  # noqa: S608  constants of this module
_SAVE = f"INSERT OR REPLACE INTO anchors ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"  # noqa: S608


class SqliteAnchorRecords(SqliteReader):
    """An `AnchorRecords`, and the `CheckpointSource` beside it. Each save is a transaction of its own."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Use `SqliteAnchorRecords.open`."""
        super().__init__(connection)

    @classmethod
    def open(cls, path: Path) -> SqliteAnchorRecords:
        """Over a store that exists; raises `StoreError`."""
        return cls(connect_requests(path))

    def save_anchor(self, record: AnchorRecord) -> None:
        """See `AnchorRecords`."""
        proof = record.proof
        proof_columns = (proof.backend, str(proof.strength), proof.proof, proof.time_ms) if proof else (None,) * 4
        values = (
            record.target, record.origin, record.number, record.tree_size, record.root_hash, record.note,
            str(record.state), record.planned_ms, record.updated_ms, record.prepared, record.attempts,
            record.next_attempt_ms, record.superseded_by, record.last_error, *proof_columns,
        )  # fmt: skip
        self._connection.execute(_SAVE, values)

    def unfinished_anchors(self, target: str) -> Sequence[AnchorRecord]:
        """See `AnchorRecords`."""
        where = "AND state NOT IN ('final', 'superseded') ORDER BY tree_size"
        return [_record(row) for row in self._rows(_SELECT + where, (target,))]

    def latest_anchor_record(self, target: str) -> AnchorRecord | None:
        """See `AnchorRecords`."""
        row = self._row(_SELECT + "ORDER BY tree_size DESC LIMIT 1", (target,))
        return _record(row) if row else None

    def anchor_records(self, target: str) -> list[AnchorRecord]:
        """All records of `target`, ascending by tree size; for inspection."""
        return [_record(row) for row in self._rows(_SELECT + "ORDER BY tree_size", (target,))]

    def latest_proved(self, target: str) -> AnchorRecord | None:
        """The record of `target` with the largest tree that has a proof."""
        row = self._row(_SELECT + "AND proof IS NOT NULL ORDER BY tree_size DESC LIMIT 1", (target,))
        return _record(row) if row else None

    def prepared_since(self, target: str, since_ms: int) -> list[bytes]:
        """What was prepared for anchors of `target` planned since `since_ms`, newest first."""
        sql = "SELECT prepared, planned_ms FROM anchors WHERE target = ? ORDER BY tree_size DESC"
        found = []
        for prepared, planned_ms in self._connection.execute(sql, (target,)):  # not all rows: there are years of them
            if planned_ms < since_ms:
                break
            if prepared:
                found.append(prepared)
        return found


def _record(row: tuple[Any, ...]) -> AnchorRecord:
    target, origin, number, tree_size, root_hash, note, state, planned_ms, updated_ms, prepared = row[:10]
    attempts, retry_ms, superseded_by, last_error, backend, strength, proof, proof_time_ms = row[10:]
    return AnchorRecord(
        target=target,
        origin=origin,
        number=number,
        tree_size=tree_size,
        root_hash=RootHash(NodeHash(root_hash)),
        note=note,
        state=AnchorState(state),
        planned_ms=planned_ms,
        updated_ms=updated_ms,
        prepared=prepared,
        attempts=attempts,
        next_attempt_ms=retry_ms,
        proof=None if proof is None else AnchorProof(backend, AnchorStrength(strength), proof, proof_time_ms),
        superseded_by=superseded_by,
        last_error=last_error,
    )

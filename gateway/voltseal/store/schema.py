"""The SQLite schema, version 1, and the settings of every connection.

Leaf index and tile key are INTEGER PRIMARY KEYs, so appending touches the end of one B-tree only. The one index on the
way of every statement is (device_no, sequence): each device appends at its own end there.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from voltseal.store.interface import StoreError

SCHEMA_VERSION = 1
_BUSY_TIMEOUT_MS = 10_000

_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE entries (
    leaf_index INTEGER PRIMARY KEY, kind INTEGER NOT NULL, device_no INTEGER NOT NULL, sequence INTEGER,
    boot_count INTEGER, received_ms INTEGER NOT NULL, raw BLOB NOT NULL);
CREATE INDEX entries_by_sequence ON entries (device_no, sequence);
CREATE INDEX declarations ON entries (device_no, sequence) WHERE kind != 1;
CREATE TABLE disclosures (leaf_index INTEGER PRIMARY KEY, seed BLOB NOT NULL, columns BLOB NOT NULL);
CREATE TABLE devices (
    device_no INTEGER PRIMARY KEY, ueid BLOB NOT NULL UNIQUE, label TEXT NOT NULL, statements INTEGER NOT NULL,
    last_received_ms INTEGER, head_sequence INTEGER NOT NULL, head_boot INTEGER NOT NULL, head_digest BLOB NOT NULL,
    boot_leaf INTEGER);
CREATE TABLE runs (
    device_no INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (device_no, first)
) WITHOUT ROWID;
CREATE TABLE alarms (
    leaf_index INTEGER PRIMARY KEY, kind INTEGER NOT NULL, device_no INTEGER NOT NULL, sequence INTEGER NOT NULL,
    time_ms INTEGER NOT NULL, reason TEXT NOT NULL);
CREATE TABLE tiles (tile_key INTEGER PRIMARY KEY, hashes BLOB NOT NULL);
CREATE TABLE checkpoints (
    number INTEGER PRIMARY KEY, tree_size INTEGER NOT NULL UNIQUE, raw BLOB NOT NULL, cut_ms INTEGER NOT NULL,
    reason TEXT NOT NULL);
CREATE TABLE anchors (
    target TEXT NOT NULL, tree_size INTEGER NOT NULL, number INTEGER NOT NULL, origin TEXT NOT NULL,
    root_hash BLOB NOT NULL, note BLOB NOT NULL, state TEXT NOT NULL, planned_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL, prepared BLOB, attempts INTEGER NOT NULL, next_attempt_ms INTEGER NOT NULL,
    backend TEXT, strength TEXT, proof TEXT, proof_time_ms INTEGER, superseded_by INTEGER, last_error TEXT,
    PRIMARY KEY (target, tree_size));
CREATE INDEX anchors_by_size ON anchors (tree_size);
CREATE INDEX anchors_unfinished ON anchors (target, tree_size) WHERE state NOT IN ('final', 'superseded');
CREATE TABLE outcomes (outcome TEXT PRIMARY KEY, messages INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE quarantine (
    number INTEGER PRIMARY KEY AUTOINCREMENT, time_ms INTEGER NOT NULL, topic TEXT NOT NULL, outcome TEXT NOT NULL,
    reason TEXT NOT NULL, payload BLOB NOT NULL);
CREATE TABLE requests (
    number INTEGER PRIMARY KEY AUTOINCREMENT, action TEXT NOT NULL, body BLOB NOT NULL, succeeded INTEGER, answer TEXT);
"""


def connect_writer(path: Path) -> sqlite3.Connection:
    """A connection for the one writer, making the schema where there is none; raises `StoreError`."""
    with suppress(OSError):  # SQLite itself will say what is wrong
        # Readings are private. SQLite gives its other files the modes of this one.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = _connect(path, "rwc")
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA secure_delete=ON")  # erased readings must not stay in free pages
        connection.execute("PRAGMA journal_size_limit=67108864")
        if connection.execute("PRAGMA user_version").fetchone() == (0,):
            connection.executescript(f"BEGIN IMMEDIATE;{_SCHEMA}PRAGMA user_version={SCHEMA_VERSION};COMMIT;")
        _check_version(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(f"{path}: cannot be used as the store: {error}") from error
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection, also beside a running gateway; raises `StoreError`."""
    connection = _connect(path, "ro")
    try:
        _check_version(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise StoreError(f"{path}: cannot be read as a store: {error}") from error
    return connection


def connect_requests(path: Path) -> sqlite3.Connection:
    """A connection for the queue of requests, beside a running gateway; it must write nothing else."""
    connection = _connect(path, "rw")
    connection.execute("PRAGMA synchronous=FULL")
    return connection


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    if mode != "rwc" and not path.is_file():
        raise StoreError(f"{path}: there is no store yet", hint="start the gateway once with `voltseal run`")
    uri = f"file:{quote(str(path.absolute()))}?mode={mode}"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
        connection.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
    except sqlite3.Error as error:
        raise StoreError(f"{path}: cannot be opened: {error}", hint="does the directory exist, may I write?") from error
    return connection


def _check_version(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version != SCHEMA_VERSION:
        connection.close()
        raise StoreError(
            f"{path}: schema version {version}, this gateway reads version {SCHEMA_VERSION}",
            hint="use the release of voltseal that wrote it, or name another file under [store] path",
        )

"""What the log costs at a million leaves: an append, and an inclusion proof at a random index.

Both with one SHA-256 of 65 bytes (an inner node's input) measured in the same run as reference. Appends come in groups
of 100, as the gateway commits them, and count the tree's work without the leaf hash and without the disk. Proofs are
read from tiles in an SQLite file, with the cache that the gateway has.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from time import perf_counter

from voltseal.log.merkle import LeafHash, leaf_hash, verify_inclusion
from voltseal.log.tree import StagedAppend, Tree

LEAVES = 1_000_000
GROUP = 100
PROOFS = 5_000
SEED = 6962


class SqliteTiles:
    """A `NodeStore` over an SQLite file, without the rest of the gateway's store."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None)
        self._connection.execute("CREATE TABLE tiles (tile_key INTEGER PRIMARY KEY, hashes BLOB NOT NULL)")
        self._connection.execute("BEGIN")

    def read_tile(self, level: int, index: int) -> bytes | None:
        """See `NodeStore`."""
        query = "SELECT hashes FROM tiles WHERE tile_key = ?"
        row = self._connection.execute(query, (level << 48 | index,)).fetchone()
        return bytes(row[0]) if row else None

    def commit(self, staged: StagedAppend) -> None:
        """Store the tiles; durability is not measured here."""
        rows = [(tile.level << 48 | tile.index, tile.blob) for tile in staged.tiles]
        self._connection.executemany("INSERT OR REPLACE INTO tiles VALUES (?, ?)", rows)

    def close(self) -> None:
        """End the transaction and close the file."""
        self._connection.execute("COMMIT")
        self._connection.close()


def microseconds(work: Callable[[], object], count: int) -> float:
    """Time of `work` divided by `count`."""
    started = perf_counter()
    work()
    return (perf_counter() - started) / count * 1e6


def sha256_us() -> float:
    """One SHA-256 of 65 bytes, called as the tree calls it."""
    node = bytes(65)
    return microseconds(lambda: [sha256(node).digest() for _ in range(LEAVES // 5)], LEAVES // 5)


def append_us(tiles: SqliteTiles, leaves: list[LeafHash]) -> tuple[float, Tree]:
    """Append `leaves` in groups; the time of staging and applying alone."""
    tree = Tree.open(tiles, 0)
    spent_s = 0.0
    for first in range(0, len(leaves), GROUP):
        group = leaves[first : first + GROUP]
        started = perf_counter()
        staged = tree.stage(group)
        spent_s += perf_counter() - started
        tiles.commit(staged)
        started = perf_counter()
        tree.apply(staged)
        spent_s += perf_counter() - started
    return spent_s / len(leaves) * 1e6, tree


def proof_us(tree: Tree, leaves: list[LeafHash]) -> float:
    """Proofs at random indexes; one of them is verified, so that nothing fast and wrong is measured."""
    indexes = [random.Random(SEED + number).randrange(len(leaves)) for number in range(PROOFS)]
    value = microseconds(lambda: [tree.inclusion_proof(index) for index in indexes], PROOFS)
    path = tree.inclusion_proof(indexes[0])
    verify_inclusion(leaves[indexes[0]], indexes[0], len(leaves), path, tree.root())
    return value


def figures() -> dict[str, dict[str, object]]:
    """Microseconds an append and a proof at a million leaves; `reference`: one SHA-256 of 65 bytes, here and now."""
    leaves = [leaf_hash(index.to_bytes(8, "big")) for index in range(LEAVES)]
    reference = f"{sha256_us():.2f} us a SHA-256 of 65 bytes"
    with tempfile.TemporaryDirectory() as folder:
        tiles = SqliteTiles(Path(folder) / "tiles.db")
        appended_us, tree = append_us(tiles, leaves)
        proved_us = proof_us(Tree.open(tiles, tree.tree_size), leaves)
        tiles.close()
    return {
        "log.append_us": {"value": round(appended_us, 2), "unit": "us", "reference": reference},
        "log.proof_us": {"value": round(proved_us, 1), "unit": "us", "reference": reference},
    }

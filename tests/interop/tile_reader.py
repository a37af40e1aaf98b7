"""A reader of tiled logs written from the C2SP tlog-tiles page and RFC 6962 alone; it imports nothing of Voltseal.

It fetches every resource that a log of the checkpoint's size has, by name, and rebuilds the tree from the entries.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

Fetch = Callable[[str], bytes | None]


class TileError(Exception):
    """The log does not serve what its checkpoint promises."""


@dataclass(frozen=True)
class ReadLog:
    """A whole log, as its tiles show it."""

    origin: str
    size: int
    root: bytes
    entries: list[bytes]
    leaf_hashes: list[bytes]


def read_log(fetch: Fetch) -> ReadLog:
    """Read checkpoint, all tiles and all entries; raises TileError for anything missing, wrong or contradictory."""
    checkpoint = _get(fetch, "checkpoint").decode()
    origin, size_text, root_text, *_ = checkpoint.split("\n")
    size, root = int(size_text), base64.b64decode(root_text)
    entries = _read_entries(fetch, size)
    leaf_hashes = level_hashes = [hashlib.sha256(b"\0" + entry).digest() for entry in entries]
    level = 0
    while level_hashes:
        if _read_level(fetch, level, len(level_hashes)) != level_hashes:
            raise TileError(f"tiles of level {level} are not the hashes of what lies below them")
        full = [level_hashes[i : i + 256] for i in range(0, len(level_hashes) // 256 * 256, 256)]
        level_hashes = [tree_hash(tile) for tile in full]
        level += 1
    if tree_hash(leaf_hashes) != root:
        raise TileError("the entries do not give the checkpoint's root")
    return ReadLog(origin, size, root, entries, leaf_hashes)


def _read_entries(fetch: Fetch, size: int) -> list[bytes]:
    entries: list[bytes] = []
    for name, width in _tiles("entries", size):
        bundle = _get(fetch, name)
        for _ in range(width):
            length = int.from_bytes(bundle[:2], "big")
            if len(bundle) < 2 + length:
                raise TileError(f"{name} is cut short")
            entries.append(bundle[2 : 2 + length])
            bundle = bundle[2 + length :]
        if bundle:
            raise TileError(f"{name} has more than {width} entries")
    return entries


def _read_level(fetch: Fetch, level: int, count: int) -> list[bytes]:
    hashes: list[bytes] = []
    for name, width in _tiles(str(level), count):
        tile = _get(fetch, name)
        if len(tile) != 32 * width:
            raise TileError(f"{name} has {len(tile)} bytes")
        hashes += [tile[i : i + 32] for i in range(0, len(tile), 32)]
    return hashes


def _tiles(level: str, count: int) -> list[tuple[str, int]]:
    """Name and width of each tile that holds `count` items: full ones, then at most one partial one."""
    widths = [256] * (count // 256) + ([count % 256] if count % 256 else [])
    return [(f"tile/{level}/{encode_index(n)}" + (f".p/{w}" if w < 256 else ""), w) for n, w in enumerate(widths)]


def encode_index(index: int) -> str:
    """Three digits an element, an `x` before all but the last."""
    digits = str(index)
    digits = digits.zfill((len(digits) + 2) // 3 * 3)
    parts = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join(["x" + part for part in parts[:-1]] + parts[-1:])


def tree_hash(hashes: Sequence[bytes]) -> bytes:
    """RFC 6962 section 2.1, as the recursion that stands there, over leaf hashes."""
    if not hashes:
        return hashlib.sha256().digest()
    if len(hashes) == 1:
        return hashes[0]
    k = _split(len(hashes))
    return hashlib.sha256(b"\1" + tree_hash(hashes[:k]) + tree_hash(hashes[k:])).digest()


def audit_path(m: int, hashes: Sequence[bytes]) -> list[bytes]:
    """RFC 6962 section 2.1.1: the inclusion proof of leaf m."""
    if len(hashes) == 1:
        return []
    k = _split(len(hashes))
    if m < k:
        return [*audit_path(m, hashes[:k]), tree_hash(hashes[k:])]
    return [*audit_path(m - k, hashes[k:]), tree_hash(hashes[:k])]


def _split(n: int) -> int:
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def _get(fetch: Fetch, name: str) -> bytes:
    content = fetch(name)
    if content is None:
        raise TileError(f"{name} is not there")
    return content

"""Tiles (C2SP tlog-tiles, v1.0.0): how the log is laid out for others to read. Paths and encodings; pure, no I/O.

A hash tile holds 256 consecutive hashes of one level of the tree, a level being eight levels of hashing; the last tile
of a level may be partial. Entry bundles hold the same 256 entries as the level-0 tile, each after its uint16 length.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voltseal.log.errors import TileFormatError
from voltseal.log.merkle import HASH_BYTES, MAX_TREE_SIZE, NodeHash

TILE_WIDTH = 256
TILE_HEIGHT = 8
MAX_TILE_LEVEL = 63
MAX_ENTRY_BYTES = 0xFFFF
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class TileId:
    """Names one tile. `level` is None for an entry bundle; `width` is 256 for a full tile, else 1 to 255.

    Making one outside the format's ranges raises `TileFormatError`.
    """

    level: int | None
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_TILE_LEVEL:
            raise TileFormatError(f"tile level {self.level} is not 0 to {MAX_TILE_LEVEL}")
        if not 0 <= self.index <= MAX_TREE_SIZE // TILE_WIDTH or not 1 <= self.width <= TILE_WIDTH:
            raise TileFormatError(f"tile index {self.index} or width {self.width} is out of range")

    def path(self) -> str:
        """The path below the log's URL prefix, such as `tile/0/x001/x234/067.p/8`."""
        index, last = divmod(self.index, 1000)
        parts = [f"{last:03}"]
        while index:
            index, part = divmod(index, 1000)
            parts.insert(0, f"x{part:03}")
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(parts)}{suffix}"

    @classmethod
    def parse(cls, path: str) -> TileId:
        """Read a path; only the one that `path()` writes is accepted. Raises `TileFormatError`."""
        match = _PATH.fullmatch(path) if len(path) <= 64 else None
        if match is None:
            raise TileFormatError(f"not a tile path: {path[:80]!r}")
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        tile = cls(level, index, int(match["width"] or TILE_WIDTH))
        if tile.path() != path:  # superfluous x000/, or a full width spelled as a partial one
            raise TileFormatError(f"tile path is not canonical: {path!r}")
        return tile


def tile_width(level: int, index: int, tree_size: int) -> int:
    """How many hashes tile `index` of `level` holds at `tree_size`: 0 to 256 (0: the tile does not exist)."""
    return max(0, min(TILE_WIDTH, (tree_size >> (TILE_HEIGHT * level)) - index * TILE_WIDTH))


def tiles_between(old_size: int, new_size: int) -> list[TileId]:
    """The hash tiles and entry bundles that a log of `new_size` serves and one of `old_size` did not.

    Partial tiles appear with the width they have at `new_size`. Precondition: 0 <= old_size <= new_size.
    """
    tiles: list[TileId] = []
    level = 0
    while new_size >> (TILE_HEIGHT * level):
        first = (old_size >> (TILE_HEIGHT * level)) // TILE_WIDTH
        last = ((new_size >> (TILE_HEIGHT * level)) - 1) // TILE_WIDTH
        for index in range(first, last + 1):
            width = tile_width(level, index, new_size)
            if width > tile_width(level, index, old_size):
                tiles.append(TileId(level, index, width))
                if not level:
                    tiles.append(TileId(None, index, width))
        level += 1
    return tiles


def encode_tile(hashes: Sequence[NodeHash]) -> bytes:
    """1 to 256 hashes of 32 bytes, one after the other; raises `TileFormatError`."""
    if not 1 <= len(hashes) <= TILE_WIDTH or any(len(item) != HASH_BYTES for item in hashes):
        raise TileFormatError("a tile holds 1 to 256 hashes of 32 bytes")
    return b"".join(hashes)


def decode_tile(raw: bytes, width: int) -> tuple[NodeHash, ...]:
    """The `width` hashes of a tile; raises `TileFormatError` unless there are exactly that many."""
    if not 1 <= width <= TILE_WIDTH or len(raw) != width * HASH_BYTES:
        raise TileFormatError(f"tile of width {width} has {len(raw)} bytes, not {width * HASH_BYTES}")
    return tuple(NodeHash(raw[start : start + HASH_BYTES]) for start in range(0, len(raw), HASH_BYTES))


def encode_entry_bundle(entries: Iterable[bytes]) -> bytes:
    """Up to 256 entries of at most 65,535 bytes, each after its big-endian uint16 length; raises `TileFormatError`."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise TileFormatError(f"entry has {len(entry)} bytes, more than {MAX_ENTRY_BYTES}")
        parts += (len(entry).to_bytes(2, "big"), entry)
    if not 1 <= len(parts) // 2 <= TILE_WIDTH:
        raise TileFormatError(f"an entry bundle holds 1 to 256 entries, not {len(parts) // 2}")
    return b"".join(parts)


def decode_entry_bundle(raw: bytes, width: int) -> tuple[bytes, ...]:
    """The `width` entries of a bundle; raises `TileFormatError` for missing or trailing bytes."""
    if not 1 <= width <= TILE_WIDTH:
        raise TileFormatError(f"an entry bundle holds 1 to 256 entries, not {width}")
    entries: list[bytes] = []
    offset = 0
    for _ in range(width):
        start = offset + 2
        offset = start + int.from_bytes(raw[offset:start], "big")
        if start > len(raw) or offset > len(raw):
            raise TileFormatError(f"entry bundle ends within entry {len(entries)}")
        entries.append(raw[start:offset])
    if offset != len(raw):
        raise TileFormatError(f"entry bundle has {len(raw) - offset} bytes after its {width} entries")
    return tuple(entries)

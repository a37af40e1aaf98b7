"""Tile paths and encodings against the examples of C2SP tlog-tiles."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import TileFormatError
from voltseal.log.merkle import LeafHash, NodeHash
from voltseal.log.tiles import (
    MAX_ENTRY_BYTES,
    TileId,
    decode_entry_bundle,
    decode_tile,
    encode_entry_bundle,
    encode_tile,
    tile_width,
    tiles_between,
)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (TileId(0, 0), "tile/0/000"),
        (TileId(0, 1234067), "tile/0/x001/x234/067"),
        (TileId(1, 999, 17), "tile/1/999.p/17"),
        (TileId(63, 1000, 255), "tile/63/x001/000.p/255"),
        (TileId(None, 5, 1), "tile/entries/005.p/1"),
        (TileId(None, 273), "tile/entries/273"),
    ],
)
def test_paths(tile: TileId, path: str) -> None:
    assert tile.path() == path
    assert TileId.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0",
        "tile/0/0",
        "tile/0/00",
        "tile/0/0000",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000.p",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/000/",
        "tile/0/x1/000",
        "tile/entries/000.p/999",
        "tile/data/000",
        "tile/0/٠٠٠",
        "tile/0/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/x999/999",
        "tile/0/../../checkpoint",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_refuses_paths(path: str) -> None:
    with pytest.raises(TileFormatError):
        TileId.parse(path)


@given(st.one_of(st.none(), st.integers(0, 63)), st.integers(0, 2**55 - 1), st.integers(1, 256))
def test_any_tile_has_one_path(level: int | None, index: int, width: int) -> None:
    tile = TileId(level, index, width)
    assert TileId.parse(tile.path()) == tile


def test_specification_example_of_70000_leaves() -> None:
    tiles = [tile for tile in tiles_between(0, 70_000) if tile.level is not None]
    level0 = [tile for tile in tiles if tile.level == 0]
    assert len([tile for tile in level0 if tile.width == 256]) == 273
    assert level0[-1] == TileId(0, 273, 112)
    assert [tile for tile in tiles if tile.level == 1] == [TileId(1, 0), TileId(1, 1, 17)]
    assert [tile for tile in tiles if tile.level == 2] == [TileId(2, 0, 1)]
    assert tiles_between(0, 256) == [TileId(0, 0), TileId(None, 0), TileId(1, 0, 1)]


@given(st.integers(0, 3000), st.integers(0, 3000))
def test_tiles_between_is_what_is_new(first: int, second: int) -> None:
    old, new = sorted((first, second))
    assert set(tiles_between(old, new)) == set(tiles_between(0, new)) - set(tiles_between(0, old))
    assert tile_width(0, 0, new) == min(new, 256)


def test_hash_tiles(leaf_hashes: list[LeafHash]) -> None:
    raw = encode_tile(leaf_hashes[:100])
    assert len(raw) == 3200
    assert list(decode_tile(raw, 100)) == leaf_hashes[:100]
    for width in (0, 99, 101, 257):
        with pytest.raises(TileFormatError):
            decode_tile(raw, width)
    for hashes in ([], [NodeHash(b"short")], [leaf_hashes[0]] * 257):
        with pytest.raises(TileFormatError):
            encode_tile(hashes)


def test_entry_bundles() -> None:
    assert encode_entry_bundle([b"", b"ab"]).hex() == "000000026162"
    entries = [b"", b"x" * MAX_ENTRY_BYTES, b"y"]
    assert list(decode_entry_bundle(encode_entry_bundle(entries), 3)) == entries
    for refused in ([], [b"x" * (MAX_ENTRY_BYTES + 1)], [b""] * 257):
        with pytest.raises(TileFormatError):
            encode_entry_bundle(refused)
    for raw, width in (
        (b"", 1),
        (b"\0", 1),
        (b"\0\2a", 1),
        (b"\0\0\0", 1),
        (b"\0\0", 2),
        (b"\0\0", 0),
        (b"\0\0" * 257, 257),
    ):
        with pytest.raises(TileFormatError):
            decode_entry_bundle(raw, width)


@given(st.binary(max_size=60), st.integers(1, 5))
def test_bundle_parsing_raises_nothing_but_its_own_error(raw: bytes, width: int) -> None:
    try:
        entries = decode_entry_bundle(raw, width)
    except TileFormatError:
        return
    assert encode_entry_bundle(entries) == raw

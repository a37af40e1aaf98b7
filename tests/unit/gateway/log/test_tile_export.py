"""The log as static files: complete at every size, incremental, and as valid after a crash as before."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.interop.tile_reader import Fetch, ReadLog, TileError, audit_path, read_log
from tests.published_log import PublishedLog, numbered_entries

from voltseal.log.errors import TileExportError, TreeStorageError
from voltseal.log.tile_export import TileExport, export_tiles
from voltseal.log.tree import Tree


def fetch_from(directory: Path) -> Fetch:
    def fetch(name: str) -> bytes | None:
        path = directory / name
        return path.read_bytes() if path.is_file() else None

    return fetch


def read_back(log: PublishedLog, directory: Path) -> None:
    """The foreign reader finds exactly the published entries, root and, for some leaves, our inclusion proofs."""
    checkpoint = log.published[-1].checkpoint
    held = read_log(fetch_from(directory))
    assert (held.origin, held.size, held.root) == (checkpoint.origin, checkpoint.tree_size, checkpoint.root_hash)
    assert held.entries == log.leaves[: held.size]
    tree = Tree.open(log, held.size)
    for index in {0, held.size // 2, held.size - 1}:
        assert list(tree.inclusion_proof(index)) == audit_path(index, held.leaf_hashes)


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 700])
def test_a_reader_rebuilds_the_log(tmp_path: Path, size: int) -> None:
    log = PublishedLog.of(numbered_entries(0, size))
    done = export_tiles(log, tmp_path / "log")
    assert (done.old_size, done.tree_size) == (0, size)
    read_back(log, tmp_path / "log")


def test_three_levels(tmp_path: Path) -> None:
    log = PublishedLog.of(b"%d" % number for number in range(70_000))
    export_tiles(log, tmp_path)
    read_back(log, tmp_path)
    held = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    # The example of the C2SP page: a tree of 70,000 leaves.
    assert {"tile/0/272", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"} <= held
    assert len(held) == 2 * 274 + 2 + 1 + 1


def test_each_run_adds_what_was_published_since(tmp_path: Path) -> None:
    log = PublishedLog()
    for first in range(0, 1200, 90):
        log.append(numbered_entries(first, first + 90))
        log.publish()
        done = export_tiles(log, tmp_path)
        assert (done.old_size, done.tree_size) == (first, first + 90)
        assert done.files <= 8
        read_back(log, tmp_path)
    assert export_tiles(log, tmp_path) == TileExport(1260, 1260, 0, 0)


def test_unpublished_entries_stay_out(tmp_path: Path) -> None:
    log = PublishedLog.of(numbered_entries(0, 200))
    log.append(numbered_entries(200, 300))  # the tile is full in the store, and 200 wide for others
    export_tiles(log, tmp_path)
    read_back(log, tmp_path)
    assert not (tmp_path / "tile/0/000").exists()


def test_partial_tiles_of_earlier_checkpoints_are_there_until_the_tile_is_full(tmp_path: Path) -> None:
    log = PublishedLog.of(numbered_entries(0, 260))
    for first, end in ((260, 270), (270, 300)):
        log.append(numbered_entries(first, end))
        log.publish()
    export_tiles(log, tmp_path)
    held = sorted(path.name for path in (tmp_path / "tile/0/001.p").iterdir())
    assert held == ["14", "4", "44"]
    assert held == sorted(path.name for path in (tmp_path / "tile/entries/001.p").iterdir())
    log.append(numbered_entries(300, 600))
    log.publish()
    export_tiles(log, tmp_path)
    assert not (tmp_path / "tile/0/001.p").exists()
    assert not (tmp_path / "tile/entries/001.p").exists()
    read_back(log, tmp_path)


def test_progress_counts_tiles(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    export_tiles(PublishedLog.of(numbered_entries(0, 300)), tmp_path, lambda done, total: seen.append((done, total)))
    assert seen == [(done, 5) for done in range(1, 6)]


def test_new_cosignatures_replace_the_checkpoint_only(tmp_path: Path) -> None:
    log = PublishedLog.of(numbered_entries(0, 300))
    export_tiles(log, tmp_path)
    cosigned = log.published[-1].raw + b"a line of a witness that signed later\n"
    log.published[-1] = replace(log.published[-1], raw=cosigned)
    done = export_tiles(log, tmp_path)
    assert (done.files, done.written_bytes) == (1, len(cosigned))
    assert (tmp_path / "checkpoint").read_bytes() == cosigned


class _CrashError(Exception):
    """The power goes."""


def test_a_crash_at_any_step_leaves_a_valid_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Die before each step that reaches the disk, one after the other, until a run gets through."""
    for step in itertools.count():
        directory = tmp_path / str(step)
        log = PublishedLog.of(numbered_entries(0, 250))
        export_tiles(log, directory)
        log.append(numbered_entries(250, 520))
        log.publish()
        with monkeypatch.context() as patched:
            _die_at(step, patched)
            try:
                export_tiles(log, directory)
            except _CrashError:
                crashed = True
            else:
                crashed = False
        held = _read_with_full_tiles_instead(directory)
        assert held.size in {250, 520}
        assert held.entries == log.leaves[: held.size]
        assert export_tiles(log, directory).tree_size == 520
        read_back(log, directory)
        assert list((directory / ".incoming").iterdir()) == []
        if not crashed:
            break
    assert step > 20, "too few steps were interrupted to prove anything"


def _die_at(step: int, patched: pytest.MonkeyPatch) -> None:
    left = step

    def dying(real: Callable[..., None]) -> Callable[..., None]:
        def call(*arguments: object) -> None:
            nonlocal left
            if left == 0:
                raise _CrashError
            left -= 1
            real(*arguments)

        return call

    for module, name in ((os, "fsync"), (os, "replace"), (shutil, "rmtree")):
        patched.setattr(module, name, dying(getattr(module, name)))


def test_what_reaches_the_disk_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut may undo renames whose directory was not synced: nothing may build upon such a one."""
    log = PublishedLog.of(numbered_entries(0, 250))
    export_tiles(log, tmp_path)
    log.append(numbered_entries(250, 520))
    log.publish()
    done: list[tuple[str, Path]] = []
    fsync, replace_file, rmtree = os.fsync, os.replace, shutil.rmtree

    def record_fsync(descriptor: int) -> None:
        done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    def record_replace(source: str | Path, target: str | Path) -> None:
        done.append(("rename", Path(target)))
        replace_file(source, target)

    def record_rmtree(path: str | Path) -> None:
        done.append(("delete", Path(path)))
        rmtree(path)

    monkeypatch.setattr(os, "fsync", record_fsync)
    monkeypatch.setattr(os, "replace", record_replace)
    monkeypatch.setattr(shutil, "rmtree", record_rmtree)
    export_tiles(log, tmp_path)
    renamed = [at for at, (kind, _) in enumerate(done) if kind == "rename"]
    assert done[renamed[-1]] == ("rename", tmp_path / "checkpoint")
    assert ("sync", tmp_path) in done[renamed[-1] :]
    deleted = [at for at, (kind, _) in enumerate(done) if kind == "delete"]
    assert len(deleted) == 2
    for at in renamed:
        assert done[at - 1] == ("sync", tmp_path / ".incoming" / "file"), "renamed before its content was durable"
        synced = done.index(("sync", done[at][1].parent), at)
        assert at == renamed[-1] or synced < min(renamed[-1], *deleted)


def _read_with_full_tiles_instead(directory: Path) -> ReadLog:
    """Read as a client may: where a partial tile has gone, the beginning of the full one serves."""
    fetch = fetch_from(directory)

    def fetch_either(name: str) -> bytes | None:
        content = fetch(name)
        if content is not None or ".p/" not in name:
            return content
        full, width = name.split(".p/")
        whole = fetch(full)
        return whole and (whole[: 32 * int(width)] if "entries" not in name else _first_entries(whole, int(width)))

    return read_log(fetch_either)


def _first_entries(bundle: bytes, count: int) -> bytes:
    end = 0
    for _ in range(count):
        end += 2 + int.from_bytes(bundle[end : end + 2], "big")
    return bundle[:end]


def test_one_writer(tmp_path: Path) -> None:
    log = PublishedLog.of(numbered_entries(0, 10))
    with pytest.raises(TileExportError, match="under way"):
        export_tiles(log, tmp_path, lambda _done, _total: export_tiles(log, tmp_path) and None)


def test_no_checkpoint_yet(tmp_path: Path) -> None:
    with pytest.raises(TileExportError, match="no checkpoint yet"):
        export_tiles(PublishedLog(), tmp_path)
    assert not (tmp_path / "checkpoint").exists()


def test_refuses_a_directory_that_is_not_this_logs(tmp_path: Path) -> None:
    export_tiles(PublishedLog.of(numbered_entries(0, 300)), tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    other_origin = PublishedLog.of(numbered_entries(0, 400), "voltseal.example/site-2")
    with pytest.raises(TileExportError, match=r"holds the log voltseal\.example/site-1"):
        export_tiles(other_origin, tmp_path)
    with pytest.raises(TileExportError, match="the store only 299"):
        export_tiles(PublishedLog.of(numbered_entries(0, 299)), tmp_path)
    with pytest.raises(TileExportError, match="contradicts at 300"):
        export_tiles(PublishedLog.of([b"forked", *numbered_entries(1, 400)]), tmp_path)
    (tmp_path / "checkpoint").write_bytes(b"not a note")
    with pytest.raises(TileExportError, match="is not a checkpoint"):
        export_tiles(PublishedLog.of(numbered_entries(0, 400)), tmp_path)
    before[tmp_path / "checkpoint"] = b"not a note"
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_a_damaged_store_does_not_spread(tmp_path: Path) -> None:
    log = PublishedLog.of(numbered_entries(0, 300))
    log.leaves[299] = b"changed on disk"
    with pytest.raises(TreeStorageError, match=r"entries/001\.p/44"):
        export_tiles(log, tmp_path / "entries")
    log = PublishedLog.of(numbered_entries(0, 300))
    blob = log.tiles[0, 1]
    log.tiles[0, 1] = bytes(len(blob))
    with pytest.raises(TileExportError, match="not the one that was published"):
        export_tiles(log, tmp_path / "hashes")
    log.tiles[0, 1] = blob
    del log.tiles[0, 0]
    with pytest.raises(TreeStorageError, match=r"tile 0/0|tile/0/000"):
        export_tiles(log, tmp_path / "missing")
    for name in ("entries", "hashes", "missing"):
        assert not (tmp_path / name / "checkpoint").exists()


def test_the_reader_notices(tmp_path: Path) -> None:
    """The judge itself: it must refuse what is wrong, or the tests above prove nothing."""
    export_tiles(PublishedLog.of(numbered_entries(0, 300)), tmp_path)
    for name in ("checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/001.p/44"):
        path = tmp_path / name
        whole = path.read_bytes()
        path.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:] if len(whole) > 40 else b"\0" * 32)
        with pytest.raises((TileError, ValueError)):
            read_log(fetch_from(tmp_path))
        path.unlink()
        with pytest.raises(TileError):
            read_log(fetch_from(tmp_path))
        path.write_bytes(whole)
    assert read_log(fetch_from(tmp_path)).size == 300

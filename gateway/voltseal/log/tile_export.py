"""The log as static files (C2SP tlog-tiles, v1.0.0), for any web server or a USB stick.

    DIRECTORY/checkpoint
    DIRECTORY/tile/<level>/<index>[.p/<width>]
    DIRECTORY/tile/entries/<index>[.p/<width>]
    DIRECTORY/.incoming/            files being written; a web server need not hide it, a copy may leave it out

Each run adds what was published since the last one. Crash order: every file is written aside, made durable and renamed
into place, and the checkpoint comes last; so the directory always holds all that its checkpoint promises. What a crash
leaves is a few tiles that no checkpoint speaks of yet, which the next run writes again with the same bytes.

One writer: the directory is locked while a run lasts. Readers need no lock.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import LogError, TileExportError
from voltseal.log.key_file import fsync_directory
from voltseal.log.note import parse_note
from voltseal.log.tile_source import LogSource, read_published
from voltseal.log.tiles import TILE_HEIGHT, TILE_WIDTH, TileId, tile_width, tiles_between
from voltseal.log.tree import Tree

CHECKPOINT_NAME = "checkpoint"
_INCOMING = ".incoming"


@dataclass(frozen=True, slots=True)
class TileExport:
    """What a run did. Sizes are in leaves; `old_size` is 0 for a new directory."""

    old_size: int
    tree_size: int
    files: int
    written_bytes: int


def export_tiles(
    source: LogSource, directory: Path, on_progress: Callable[[int, int], None] = lambda _done, _total: None
) -> TileExport:
    """Bring `directory` (made if absent) up to the newest checkpoint of `source`; memory for one tile at a time.

    `on_progress` is told (tiles done, tiles in all). Raises `TileExportError` if there is no checkpoint yet, another
    run is under way, or the directory holds another log or one that `source` does not continue; `TreeStorageError` if
    the store does not hold what was published; `OSError`. After any of them the directory is as valid as before.
    """
    with _writing(directory) as writer:
        published = source.latest_checkpoint()
        if published is None:
            raise TileExportError("the log has no checkpoint yet", hint="it is made with the first entries")
        old_size = _check_continues(source, directory, published.checkpoint)
        tree_size = published.checkpoint.tree_size
        tiles = [*tiles_between(old_size, tree_size), *_earlier_partial_tiles(source, old_size, tree_size)]
        for done, tile in enumerate(tiles, 1):
            writer.put(tile.path(), read_published(source, tile))
            on_progress(done, len(tiles))
        writer.sync()
        _remove_outgrown(directory, tiles)
        if _read_checkpoint(directory) != published.raw:
            writer.put(CHECKPOINT_NAME, published.raw)
            writer.sync()
        return TileExport(old_size, tree_size, writer.files, writer.written_bytes)


def _check_continues(source: LogSource, directory: Path, checkpoint: Checkpoint) -> int:
    """The size that `directory` stands at, after checking that its log and the store's are one and the same."""
    tree = Tree.open(source, checkpoint.tree_size)
    if tree.root() != checkpoint.root_hash:
        raise TileExportError(f"the store's tree of {checkpoint.tree_size} leaves is not the one that was published")
    raw = _read_checkpoint(directory)
    if raw is None:
        return 0
    try:
        held = Checkpoint.parse(parse_note(raw).text)
    except LogError as error:
        raise TileExportError(f"{directory / CHECKPOINT_NAME} is not a checkpoint: {error}") from error
    if held.origin != checkpoint.origin:
        raise TileExportError(f"{directory} holds the log {held.origin}, not {checkpoint.origin}")
    if held.tree_size > checkpoint.tree_size:
        raise TileExportError(
            f"{directory} holds {held.tree_size} leaves, the store only {checkpoint.tree_size}",
            hint="was the store restored from an old copy? Then do not let it continue: others have seen more",
        )
    if tree.root(held.tree_size) != held.root_hash:
        raise TileExportError(f"{directory} holds a tree that the store contradicts at {held.tree_size} leaves")
    return held.tree_size


def _read_checkpoint(directory: Path) -> bytes | None:
    try:
        return (directory / CHECKPOINT_NAME).read_bytes()
    except FileNotFoundError:
        return None


def _remove_outgrown(directory: Path, tiles: list[TileId]) -> None:
    """Delete partial tiles that have become full, as the specification allows: they are up to 255 times as much."""
    for tile in tiles:
        partial = directory / f"{tile.path()}.p"
        if tile.width == TILE_WIDTH and partial.exists():
            shutil.rmtree(partial)


def _earlier_partial_tiles(source: LogSource, old_size: int, tree_size: int) -> list[TileId]:
    """Partial tiles of the checkpoints since `old_size` whose full tiles do not exist at `tree_size`.

    Somebody may hold such a checkpoint, in an evidence bundle for example, and must still be able to follow it.
    """
    found: dict[TileId, None] = {}
    for published in source.checkpoints(old_size + 1):
        size = published.checkpoint.tree_size
        if size >= tree_size:
            break
        level = 0
        while at_level := size >> (TILE_HEIGHT * level):
            index, width = divmod(at_level, TILE_WIDTH)
            if width and width < tile_width(level, index, tree_size) < TILE_WIDTH:
                found[TileId(level, index, width)] = None
                if not level:
                    found[TileId(None, index, width)] = None
            level += 1
    return list(found)


class _Writer:
    """Puts files in place and remembers which directories' names are not durable yet."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._incoming = root / _INCOMING / "file"
        self._unsynced: set[Path] = set()
        self.files = 0
        self.written_bytes = 0

    def put(self, path: str, content: bytes) -> None:
        """Write the file `path` below the root, whole or not at all."""
        target = self._root / path
        self._make_directory(target.parent)
        with self._incoming.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        self._incoming.replace(target)
        self._unsynced.add(target.parent)
        self.files += 1
        self.written_bytes += len(content)

    def sync(self) -> None:
        """Make all names durable; nothing that comes later can outlive what came before."""
        for directory in self._unsynced:
            fsync_directory(directory)
        self._unsynced.clear()

    def _make_directory(self, directory: Path) -> None:
        if not directory.is_dir():
            self._make_directory(directory.parent)
            directory.mkdir(exist_ok=True)
            self._unsynced.add(directory.parent)


@contextmanager
def _writing(directory: Path) -> Iterator[_Writer]:
    """Hold the directory's lock; clear what an interrupted run left aside."""
    incoming = directory / _INCOMING
    incoming.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(incoming, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TileExportError(f"another export to {directory} is under way") from error
        (incoming / "file").unlink(missing_ok=True)
        yield _Writer(directory)
    finally:
        os.close(descriptor)

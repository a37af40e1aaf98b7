"""Reading the log from asyncio: what the routes of the tiles ask."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from voltseal.api.reads import Reads
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tile_source import LogSource, is_covered, read_published
from voltseal.log.tiles import TileId


class ClosableLogSource(LogSource, Protocol):
    """A `LogSource` that holds something open."""

    def close(self) -> None:
        """Release it; no read comes after."""
        ...


class LogReads(Reads[ClosableLogSource]):
    """Owns the reader from `start` to `close`, and its thread."""

    def __init__(self, open_source: Callable[[], ClosableLogSource]) -> None:
        super().__init__(open_source, "log-reads")

    async def checkpoint(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint."""
        return await self.call(lambda source: source.latest_checkpoint())

    async def tile(self, tile: TileId) -> bytes | None:
        """A tile or entry bundle, or None where the newest checkpoint does not cover it (yet).

        Raises `TreeStorageError` for a damaged store.
        """
        return await self.call(lambda source: _published_tile(source, tile))


def _published_tile(source: LogSource, tile: TileId) -> bytes | None:
    published = source.latest_checkpoint()
    if published is None or not is_covered(tile, published.checkpoint.tree_size):
        return None
    return read_published(source, tile)

"""Reading the log from asyncio: one reader, used by one thread of its own, so that no read blocks the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol, TypeVar

from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tile_source import LogSource, is_covered, read_published
from voltseal.log.tiles import TileId

_Result = TypeVar("_Result")


class ClosableLogSource(LogSource, Protocol):
    """A `LogSource` that holds something open."""

    def close(self) -> None:
        """Release it; no read comes after."""
        ...


class LogReads:
    """Owns the reader from `start` to `close`, and the thread. `open_source` is called in that thread."""

    def __init__(self, open_source: Callable[[], ClosableLogSource]) -> None:
        self._open_source = open_source
        self._source: ClosableLogSource | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="log-reads")

    async def start(self) -> None:
        """Open the reader; raises what `open_source` does."""
        self._source = await asyncio.get_running_loop().run_in_executor(self._thread, self._open_source)

    async def close(self) -> None:
        """Close reader and thread, after the reads under way."""
        if self._source is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._source.close)
            self._source = None
        self._thread.shutdown()

    async def checkpoint(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint."""
        return await self._read(lambda source: source.latest_checkpoint())

    async def tile(self, tile: TileId) -> bytes | None:
        """A tile or entry bundle, or None where the newest checkpoint does not cover it (yet).

        Raises `TreeStorageError` for a damaged store.
        """
        return await self._read(lambda source: _published_tile(source, tile))

    async def _read(self, read: Callable[[LogSource], _Result]) -> _Result:
        if self._source is None:
            raise RuntimeError("the reader is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, read, self._source)


def _published_tile(source: LogSource, tile: TileId) -> bytes | None:
    published = source.latest_checkpoint()
    if published is None or not is_covered(tile, published.checkpoint.tree_size):
        return None
    return read_published(source, tile)

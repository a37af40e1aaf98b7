"""Reading from asyncio: one reader, used by one thread of its own, so that no read blocks the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """Something that is open."""

    def close(self) -> None:
        """Release it; no read comes after."""
        ...


_Source = TypeVar("_Source", bound=Closable)
_Result = TypeVar("_Result")


class Reads(Generic[_Source]):
    """Owns the reader from `start` to `close`, and the thread. `open_source` is called in that thread."""

    def __init__(self, open_source: Callable[[], _Source], thread_name: str = "reads") -> None:
        self._open_source = open_source
        self._source: _Source | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=thread_name)

    async def start(self) -> None:
        """Open the reader; raises what `open_source` does."""
        self._source = await asyncio.get_running_loop().run_in_executor(self._thread, self._open_source)

    async def close(self) -> None:
        """Close reader and thread, after the reads under way."""
        if self._source is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._source.close)
            self._source = None
        self._thread.shutdown()

    async def call(self, read: Callable[[_Source], _Result]) -> _Result:
        """What `read` returns; it is called in the thread, one call after the other."""
        if self._source is None:
            raise RuntimeError("the reader is not open")
        return await asyncio.get_running_loop().run_in_executor(self._thread, read, self._source)

"""Evidence bundles over HTTP: written while they are sent, by a thread and a reader of their own for each download.

A slow client slows its own thread only: at most `_PIECES` pieces wait for it. What cannot be proved is refused before
the first byte; should the store turn out damaged later, the transfer is broken off, so that no half bundle looks whole.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from voltseal.api.errors import NO_STORE, ApiError
from voltseal.api.v1.parameters import DEVICE, Parameter, Values, read_values
from voltseal.evidence.errors import ExportError
from voltseal.evidence.export import prepare
from voltseal.evidence.selection import Numbers, Selection, SoFar, choose_fields
from voltseal.store.reader import SqliteReader
from voltseal.wire.ids import Ueid
from voltseal.wire.limits import MAX_SEQUENCE

PATH = "/devices/{device}/evidence"
MEDIA_TYPE = "application/vnd.voltseal.evidence+json"
_MAX_DOWNLOADS = 2
_PIECES = 8
_PIECE_BYTES = 65_536
_STALLED_S = 60

PARAMETERS = (
    DEVICE,
    Parameter("first", "query", "The least sequence number (default: 0).", maximum=MAX_SEQUENCE),
    Parameter(
        "last", "query", "The greatest sequence number (default: all that is under a checkpoint).", maximum=MAX_SEQUENCE
    ),
    Parameter(
        "fields", "query", "Show only these fields, or `none` (default: all).", "text",
        pattern="[a-z0-9_]{1,64}(,[a-z0-9_]{1,64}){0,63}", max_chars=4096,
    ),
)  # fmt: skip


class _GoneError(Exception):
    """The client does not take what is written for it."""


class EvidenceDownloads:
    """The route's endpoint. Owner of the count of downloads: the event loop."""

    def __init__(self, open_reader: Callable[[], SqliteReader], origin: str) -> None:
        self._open_reader = open_reader
        self._origin = origin
        self._running = 0

    async def respond(self, request: Request) -> Response:
        """A streamed bundle. Raises `ApiError`."""
        values = read_values(PARAMETERS, request.path_params, request.query_params.multi_items())
        fields = _fields(values)
        if self._running >= _MAX_DOWNLOADS:
            raise ApiError(503, "busy", f"{_MAX_DOWNLOADS} bundles are being made already", hint="try again shortly")
        self._running += 1
        loop = asyncio.get_running_loop()
        pipe = _Pipe(loop)
        writing = loop.run_in_executor(None, self._write, values, fields, pipe)
        writing.add_done_callback(lambda _done: self._ended())
        first = await pipe.pieces.get()
        if isinstance(first, BaseException):
            await writing
            if isinstance(first, ExportError):
                raise ApiError(404, "no-evidence", str(first), hint=first.hint or "")
            raise first
        name = f'attachment; filename="{values["device"]}.evidence.json"'
        headers = NO_STORE | {"Content-Disposition": name}
        return StreamingResponse(_stream(first, pipe, writing), headers=headers, media_type=MEDIA_TYPE)

    def _ended(self) -> None:
        self._running -= 1

    def _write(self, values: Values, fields: frozenset[str] | None, pipe: _Pipe) -> None:
        """In a thread: everything that touches the store."""
        try:
            with closing(self._open_reader()) as store:
                ueid = Ueid(bytes.fromhex(str(values["device"])))
                evidence = prepare(store, self._origin, ueid, _selection(values), fields)
                evidence.write(pipe.write)
                pipe.finish()
        except _GoneError:
            return
        except Exception as error:  # noqa: BLE001  it is raised again where the response is made
            pipe.fail(error)


class _Pipe:
    """From the writing thread to the event loop, in pieces worth a system call."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.pieces: asyncio.Queue[bytes | BaseException | None] = asyncio.Queue(_PIECES)
        self._loop = loop
        self._buffer = bytearray()
        self._is_abandoned = False

    def abandon(self) -> None:
        """Nobody reads any more: the writer is to end soon. On the event loop's thread."""
        self._is_abandoned = True
        while not self.pieces.empty():
            self.pieces.get_nowait()

    def write(self, text: bytes) -> None:
        """Raises `_GoneError` when the client is gone, has taken nothing for a minute, or the server stops."""
        self._buffer += text
        if len(self._buffer) >= _PIECE_BYTES:
            self._put(bytes(self._buffer))
            self._buffer.clear()

    def finish(self) -> None:
        """All was written."""
        self._put(bytes(self._buffer))
        self._put(None)

    def fail(self, error: BaseException) -> None:
        """Nothing more comes, because of `error`."""
        try:
            self._put(error)
        except _GoneError:
            return

    def _put(self, piece: bytes | BaseException | None) -> None:
        if self._is_abandoned:
            raise _GoneError
        try:
            put = asyncio.run_coroutine_threadsafe(self.pieces.put(piece), self._loop)
        except RuntimeError as error:  # the loop is closed
            raise _GoneError from error
        try:
            put.result(_STALLED_S)
        except TimeoutError as error:
            put.cancel()
            raise _GoneError from error


async def _stream(first: bytes | None, pipe: _Pipe, writing: asyncio.Future[None]) -> AsyncIterator[bytes]:
    """The pieces. It ends after the writer, so that whoever has it all finds the place free for the next one."""
    piece: bytes | BaseException | None = first
    try:
        while piece is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
            piece = await pipe.pieces.get()
        await writing
    finally:
        pipe.abandon()


def _selection(values: Values) -> Selection:
    first, last = values.get("first"), values.get("last")
    if last is None:
        return SoFar(int(first or 0))
    return Numbers(((int(first or 0), int(last)),))


def _fields(values: Values) -> frozenset[str] | None:
    names = values.get("fields")
    if names is None:
        return None
    try:
        return frozenset() if names == "none" else choose_fields(str(names).split(","))
    except ExportError as error:
        raise ApiError(404, "unknown-field", str(error), hint=error.hint or "") from error

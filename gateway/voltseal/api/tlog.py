"""The log over HTTP, as C2SP tlog-tiles (v1.0.0) asks: `/checkpoint`, `/tile/<level>/<index>`, `/tile/entries/<index>`.

Only what the newest checkpoint covers is given out, and of that every width, so the partial tiles of all checkpoints
ever published stay there. A path is looked up only in the one spelling that the specification gives it; there is no
file system behind it.
"""

from __future__ import annotations

import logging
from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from voltseal.api.log_reads import LogReads
from voltseal.log.errors import TileFormatError, TreeStorageError
from voltseal.log.tiles import TileId

_logger = logging.getLogger(__name__)

# A tile never changes under its name; a checkpoint does, and a tile that is missing now may come at any moment.
_IMMUTABLE: Final = {"Cache-Control": "public, max-age=31536000, immutable"}
_MUTABLE: Final = {"Cache-Control": "no-cache"}
_ABSENT: Final = {"Cache-Control": "no-store"}


def log_routes(reads: LogReads) -> list[BaseRoute]:
    """The log's routes, to be mounted below any prefix. `reads` must be open while requests come."""

    async def checkpoint(request: Request) -> Response:
        published = await reads.checkpoint()
        if published is None or not _ends_with(request, "/checkpoint"):
            return _absent()
        return PlainTextResponse(published.raw, headers=_MUTABLE)

    async def hash_tile(request: Request) -> Response:
        return await _tile_response(reads, request, "tile/")

    async def entry_bundle(request: Request) -> Response:
        return await _tile_response(reads, request, "tile/entries/")

    # Hashes do not compress; statements do, by what repeats from one to the next.
    compressed = [Middleware(GZipMiddleware, minimum_size=1024, compresslevel=6)]
    return [
        Route("/checkpoint", checkpoint),
        Route("/tile/entries/{name:path}", entry_bundle, middleware=compressed),
        Route("/tile/{name:path}", hash_tile),
    ]


def log_app(reads: LogReads) -> Starlette:
    """An ASGI application that serves one log at its root."""
    app = Starlette(routes=log_routes(reads))
    app.router.redirect_slashes = False  # there is one spelling of each path
    return app


async def _tile_response(reads: LogReads, request: Request, prefix: str) -> Response:
    path = prefix + request.path_params["name"]
    try:
        content = await reads.tile(TileId.parse(path)) if _ends_with(request, path) else None
    except TileFormatError:
        return _absent()
    except TreeStorageError as error:
        _logger.error("tile path=%s error=%s", path, error)
        return PlainTextResponse("the log's store is damaged\n", 500, headers=_ABSENT)
    if content is None:
        return _absent()
    return Response(content, headers=_IMMUTABLE, media_type="application/octet-stream")


def _absent() -> Response:
    return PlainTextResponse("not found\n", 404, headers=_ABSENT)


def _ends_with(request: Request, path: str) -> bool:
    """Whether the route saw all of the path: the expressions that routes are matched with ignore a final newline."""
    return str(request.scope["path"]).endswith(path)

"""The API's routes: each request is authorised, its parameters are checked, the store is read within a snapshot."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from voltseal.api.access import Access
from voltseal.api.errors import NO_STORE, ApiError
from voltseal.api.reads import Reads
from voltseal.api.v1 import evidence, openapi
from voltseal.api.v1.contents import Json
from voltseal.api.v1.operations import OPERATIONS, Operation
from voltseal.api.v1.parameters import Values, read_values
from voltseal.errors import VoltsealError
from voltseal.store.reader import SqliteReader

_logger = logging.getLogger(__name__)
_MAX_WAITING: Final = 32

Endpoint = Callable[[Request], Awaitable[Response]]


def api_routes(
    access: Access, reads: Reads[SqliteReader], open_reader: Callable[[], SqliteReader], origin: str
) -> list[BaseRoute]:
    """All operations, and their description, which needs no token."""
    description = openapi.text()
    turnstile = _Turnstile(reads, origin)
    downloads = evidence.EvidenceDownloads(open_reader, origin)

    async def describe(_request: Request) -> Response:
        return Response(description, media_type="application/json")

    routes: list[BaseRoute] = [Route(f"{openapi.PREFIX}/openapi.json", describe)]
    routes += [
        _route(access, one.path, turnstile.endpoint(one))
        for one in sorted(OPERATIONS, key=lambda one: "{" in one.path)  # fixed paths before those with parameters
    ]
    routes.append(_route(access, evidence.PATH, downloads.respond))
    return routes


def _route(access: Access, path: str, endpoint: Endpoint) -> Route:
    async def authorised(request: Request) -> Response:
        if not access.is_configured:
            raise ApiError(503, "api-off", "no token is configured", hint="set [http] token_file")
        if not access.is_known(request):
            raise ApiError(401, "unauthorized", "this needs a token: Authorization: Bearer …")
        if str(request.scope["path"]).endswith("\n"):  # the expressions that routes are matched with ignore it
            raise ApiError(404, "not-found", "Not Found")
        return await endpoint(request)

    return Route(openapi.PREFIX + path, authorised)


class _Turnstile:
    """Lets a bounded number of requests wait for the one reader."""

    def __init__(self, reads: Reads[SqliteReader], origin: str) -> None:
        self._reads = reads
        self._origin = origin
        self._waiting = 0

    def endpoint(self, operation: Operation) -> Endpoint:
        """Answers requests for the operation."""

        async def respond(request: Request) -> Response:
            values = read_values(operation.parameters, request.path_params, request.query_params.multi_items())
            if self._waiting >= _MAX_WAITING:
                raise ApiError(503, "busy", f"{_MAX_WAITING} requests are waiting already", hint="try again shortly")
            self._waiting += 1
            try:
                content = await self._reads.call(lambda store: self._answer(operation, store, values))
            except VoltsealError as error:
                _logger.error("request operation=%s code=%s error=%r", operation.name, error.code, str(error))
                raise ApiError(500, "store-damaged", "the store is damaged", hint="voltseal log check") from error
            finally:
                self._waiting -= 1
            return JSONResponse(content, headers=NO_STORE)

        return respond

    def _answer(self, operation: Operation, store: SqliteReader, values: Values) -> Json:
        with store.snapshot():
            return operation.answer(store, self._origin, values)

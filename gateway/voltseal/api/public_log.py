"""The log's tiles on the gateway's own server: for everybody where the operator says so, else as the rest is."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from voltseal.api.access import Access
from voltseal.api.errors import ApiError, error_response
from voltseal.api.log_reads import LogReads
from voltseal.api.tlog import log_routes


def guarded_log_routes(reads: LogReads, access: Access, *, is_public: bool) -> list[BaseRoute]:
    """`/checkpoint` and `/tile/…`. Unless public, for this machine and for whoever has a token."""
    routes = log_routes(reads)
    if not is_public:
        for route in routes:
            assert isinstance(route, Route)
            route.app = _Guard(route.app, access)
    return routes


class _Guard:
    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._access.is_known_or_local(Request(scope)):
            refusal = error_response(ApiError(401, "unauthorized", "from elsewhere, this needs a token"))
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

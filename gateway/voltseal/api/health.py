"""`/healthz`, `/readyz` and `/metrics`: for service managers, load balancers and Prometheus."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from voltseal.api.access import Access
from voltseal.api.errors import NO_STORE, ApiError
from voltseal.vitals import Live

Render = Callable[[Live], Awaitable[bytes]]


def health_routes(access: Access, live: Callable[[], Live], render: Render, content_type: str) -> list[BaseRoute]:
    """Open to this machine, and to whoever has a token. `render` makes the text of the metrics."""

    async def healthz(request: Request) -> Response:
        _admit(access, request)
        return _verdict(live().health(), "ok", "failing")

    async def readyz(request: Request) -> Response:
        _admit(access, request)
        return _verdict(live().readiness(), "ready", "not ready")

    async def metrics(request: Request) -> Response:
        _admit(access, request)
        return Response(await render(live()), headers=NO_STORE | {"Content-Type": content_type})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def _admit(access: Access, request: Request) -> None:
    if not access.is_known_or_local(request):
        raise ApiError(401, "unauthorized", "from elsewhere, this needs a token")


def _verdict(checks: Mapping[str, bool], good: str, bad: str) -> Response:
    """200 if everything holds, else 503: both say which."""
    holds = all(checks.values())
    content = {"status": good if holds else bad, "checks": dict(checks)}
    return JSONResponse(content, 200 if holds else 503, NO_STORE)

"""Runs an ASGI application in the caller's event loop. Signals stay the caller's: it says when to stop."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

MAX_CONNECTIONS = 256
SHUTDOWN_TIMEOUT_S = 5


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """The server's certificate and key (PEM), and the authority whose client certificates alone are let in, if any."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone: the gateway has a store to close, and stops this server itself."""
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket on which connections may come from now on; port 0 takes a free one. Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen()
    except OSError:
        bound.close()
        raise
    return bound


async def serve(app: ASGIApp, bound: socket.socket, stop: asyncio.Event, tls: TlsFiles | None = None) -> None:
    """Serve HTTP/1.1 on `bound` (closed at the end) until `stop` is set; over TLS, if `tls` is given.

    Responses under way get `SHUTDOWN_TIMEOUT_S` seconds. What the application needs must be open already: it gets no
    lifespan events, because uvicorn ends the whole process when those fail.
    """
    config = uvicorn.Config(
        app,
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_graceful_shutdown=SHUTDOWN_TIMEOUT_S,
        ssl_certfile=None if tls is None else tls.cert_file,
        ssl_keyfile=None if tls is None else tls.key_file,
        ssl_ca_certs=None if tls is None or tls.client_ca_file is None else str(tls.client_ca_file),
        ssl_cert_reqs=ssl.CERT_REQUIRED if tls is not None and tls.client_ca_file is not None else ssl.CERT_NONE,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([bound]))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        server.should_exit = True
        await serving

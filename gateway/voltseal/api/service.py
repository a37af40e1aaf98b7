"""HTTP beside a running gateway: a thread with an event loop of its own, and readers of its own.

Ingest shares nothing with it but the interpreter and the disk. It can fail to start, which is reported; afterwards
nothing that happens here stops the gateway.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from voltseal.api.access import Access, Tokens
from voltseal.api.errors import ApiError, on_api_error, on_http_exception
from voltseal.api.health import health_routes
from voltseal.api.log_reads import LogReads
from voltseal.api.metrics import CONTENT_TYPE, Scrape, render
from voltseal.api.public_log import guarded_log_routes
from voltseal.api.reads import Reads
from voltseal.api.server import TlsFiles, listen, serve
from voltseal.api.v1.routes import api_routes
from voltseal.clock import now_ms
from voltseal.config import Config, ConfigError
from voltseal.store.reader import SqliteReader
from voltseal.vitals import Live

_logger = logging.getLogger(__name__)
_START_S = 10.0
_STOP_S = 10.0


class HttpService:
    """The server of one gateway. `start` returns when it answers; `stop` when it is gone."""

    def __init__(self, config: Config, live: Callable[[], Live]) -> None:
        """Read the tokens and take the port. Raises `TokenFileError` or `ConfigError`. Precondition: listen is set."""
        self._config = config
        self._live = live
        http = config.http
        tokens = Tokens.read(http.token_file) if http.token_file is not None else Tokens()
        self._access = Access(tokens, by_certificate=http.client_ca_file is not None)
        self._tls = (
            TlsFiles(http.cert_file, http.key_file, http.client_ca_file) if http.cert_file and http.key_file else None
        )
        try:
            self._bound: socket.socket = listen(http.address.host, http.address.port)
        except OSError as error:
            raise ConfigError(f"{config.path}: [http] listen: cannot listen on {http.listen}: {error}") from error
        self._started: Future[None] = Future()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="http", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens: the configured port, or the one that the system chose for port 0."""
        return int(self._bound.getsockname()[1])

    def start(self) -> None:
        """Begin to answer. Raises what opening the store does."""
        port = self.port
        self._thread.start()
        self._started.result(_START_S)
        scheme = "https" if self._tls else "http"
        _logger.info("http listening url=%s://%s:%d", scheme, self._config.http.address.host, port)

    def stop(self) -> None:
        """Finish what is under way, for a few seconds, and end the thread. May be called without `start`."""
        if self._thread.is_alive() and self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(_STOP_S)
        self._bound.close()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:
            if self._started.done():
                _logger.exception("http stopped")
            else:
                self._started.set_exception(error)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        log_reads, reads = LogReads(self._open_reader), Reads(self._open_reader, "api-reads")
        await log_reads.start()
        await reads.start()
        try:
            app = self._app(log_reads, reads)
            self._started.set_result(None)
            await serve(app, self._bound, self._stop, self._tls)
        finally:
            await log_reads.close()
            await reads.close()

    def _open_reader(self) -> SqliteReader:
        return SqliteReader.open(self._config.store.path)

    def _app(self, log_reads: LogReads, reads: Reads[SqliteReader]) -> Starlette:
        config, access = self._config, self._access

        async def render_metrics(live: Live) -> bytes:
            scrape = Scrape(config.gateway.origin, config.gateway.site, config.store.path, live, now_ms())
            return await reads.call(lambda store: render(scrape, store))

        app = Starlette(
            routes=[
                *health_routes(access, self._live, render_metrics, CONTENT_TYPE),
                *api_routes(access, reads, self._open_reader, config.gateway.origin),
                *guarded_log_routes(log_reads, access, is_public=config.http.public_log),
            ],
            exception_handlers={HTTPException: on_http_exception, ApiError: on_api_error},
        )
        app.router.redirect_slashes = False  # there is one spelling of each path
        return app

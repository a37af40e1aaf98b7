"""Runs an ASGI application of ours on a real port of this machine, for tests that speak HTTP."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from starlette.types import ASGIApp

from voltseal.api.log_reads import ClosableLogSource, LogReads
from voltseal.api.server import listen, serve
from voltseal.api.tlog import log_app

TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class Answer:
    """A response; `headers` by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where it listens."""

    port: int

    @property
    def url(self) -> str:
        """Without a trailing slash."""
        return f"http://127.0.0.1:{self.port}"

    def request(self, target: str, method: str = "GET", **headers: str) -> Answer:
        """Send `target` exactly as it stands: no client in between tidies the path."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=TIMEOUT_S)
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            connection.endheaders()
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def fetch(self, name: str) -> bytes | None:
        """The resource `name`, or None where there is none: what a tile reader calls."""
        answer = self.request(f"/{name}")
        assert answer.status in {200, 404}, answer
        return answer.body if answer.status == 200 else None


@contextmanager
def serving(
    open_source: Callable[[], ClosableLogSource], app: Callable[[LogReads], ASGIApp] = log_app
) -> Iterator[RunningServer]:
    """Serve a log (by `app`, if given) in a thread of its own until the block ends."""
    bound = listen("127.0.0.1", 0)
    server = RunningServer(bound.getsockname()[1])
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def main() -> None:
        reads = LogReads(open_source)
        await reads.start()
        try:
            await serve(app(reads), bound, stop)
        finally:
            await reads.close()

    thread = threading.Thread(target=loop.run_until_complete, args=(main(),))
    thread.start()
    try:
        yield server
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(TIMEOUT_S)
        assert not thread.is_alive(), "the server did not stop"
        loop.close()

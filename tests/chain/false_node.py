"""A node that lies: it passes requests on to a real one, and changes what comes back."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Lie = Callable[[str, list[Any], Any], Any]
"""From method, parameters and the true result to the result that is told."""


class FalseNode:
    """`lie` may raise `TooManyRequests`, which becomes HTTP status 429. As a context manager: open and closed."""

    def __init__(self, true_port: int, lie: Lie) -> None:
        self.lie = lie
        self.asked: list[str] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                try:
                    status, content = 200, node.answer(true_port, body)
                except TooManyRequests:
                    status, content = 429, b"slow down"
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_request(self, *_: object) -> None:
                """Nothing on standard error for each request."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, true_port: int, body: bytes) -> bytes:
        """Ask the true node, then lie about each result."""
        connection = http.client.HTTPConnection("127.0.0.1", true_port, timeout=20)
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
        told = json.loads(connection.getresponse().read())
        connection.close()
        asked = json.loads(body)
        requests = {one["id"]: one for one in (asked if isinstance(asked, list) else [asked])}
        for one in told if isinstance(told, list) else [told]:
            request = requests[one["id"]]
            self.asked.append(request["method"])
            if "result" in one:
                one["result"] = self.lie(request["method"], request["params"], one["result"])
        return json.dumps(told).encode()

    def __enter__(self) -> FalseNode:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class TooManyRequests(Exception):
    """The node limits our rate."""

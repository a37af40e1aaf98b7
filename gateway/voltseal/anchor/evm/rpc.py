"""Ethereum's JSON-RPC over HTTP, to the first of several endpoints that answers. Blocking; one thread.

An endpoint that cannot be reached, hangs, limits us, answers nonsense or serves another chain is left alone for a
while, and the next one is asked. What a node understood and refused (`NodeRefusedError`) is an answer, not an outage.
URLs may hold access keys: messages name an endpoint's host only.
"""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from urllib.parse import SplitResult, urlsplit

from voltseal.anchor.evm.errors import EvmSettingsError, NodeRefusedError, NodeUnavailableError

_logger = logging.getLogger(__name__)

DEFAULT_TIMEOUT_S: Final = 5.0
_REST_S: Final = 15.0
_MAX_ANSWER_BYTES: Final = 64 * 1024 * 1024
_RATE_LIMITED: Final = frozenset({-32005, -32029})  # EIP-1474 "limit exceeded", and what some providers use instead
_T = TypeVar("_T")


@dataclass(slots=True)
class _Endpoint:
    url: SplitResult
    connection: http.client.HTTPConnection | None = None
    is_checked: bool = False
    rests_until_s: float = 0.0

    @property
    def name(self) -> str:
        return self.url.netloc.rpartition("@")[2]


class UnusableAnswerError(Exception):
    """This endpoint is of no use now; the message says why."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `optional`: where the node refuses it, or does not know the method, its result is None."""

    method: str
    parameters: tuple[object, ...] = ()
    optional: bool = False


class RpcClient:
    """Asks nodes of one chain. `chain_id` None: whatever chain the first endpoint serves."""

    def __init__(self, urls: Sequence[str], chain_id: int | None, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Connects to nothing yet. Raises `EvmSettingsError` for what is no http URL."""
        self._endpoints = [_Endpoint(_parse(url)) for url in urls]
        if not self._endpoints:
            raise EvmSettingsError("an evm: anchor has no endpoint", hint='rpc = "http://127.0.0.1:8545"')
        self._chain_id = chain_id
        self._timeout_s = timeout_s
        self._number = 0

    @property
    def serving(self) -> str:
        """The host that would be asked first."""
        return self._in_order()[0].name

    def close(self) -> None:
        """Give up connections."""
        for endpoint in self._endpoints:
            _disconnect(endpoint)

    def call(self, method: str, *parameters: object) -> Any:
        """The result of one request. Raises `NodeRefusedError` and `NodeUnavailableError`."""
        return self.batch([Call(method, parameters)])[0]

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results of several requests, all of one node, in order. Raises as `call` does."""
        return self.checked(calls, lambda results: results)

    def checked(self, calls: Sequence[Call], accept: Callable[[list[Any]], _T]) -> _T:
        """What `accept` makes of the results. It may raise `UnusableAnswerError`: then the next endpoint is asked."""
        faults = []
        for endpoint in self._in_order():
            try:
                self._check_chain(endpoint)
                return accept(self._exchange(endpoint, calls))
            except (OSError, http.client.HTTPException, UnusableAnswerError) as error:
                faults.append(f"{endpoint.name}: {str(error) or type(error).__name__}")
                _disconnect(endpoint)
                endpoint.is_checked = False
                endpoint.rests_until_s = time.monotonic() + _REST_S
                _logger.warning("evm endpoint=%s unusable error=%r", endpoint.name, str(error))
        raise NodeUnavailableError("no node answers: " + "; ".join(faults))

    def _in_order(self) -> list[_Endpoint]:
        """As configured, resting ones last: a single endpoint is always asked."""
        now_s = time.monotonic()
        return sorted(self._endpoints, key=lambda endpoint: endpoint.rests_until_s > now_s)

    def _check_chain(self, endpoint: _Endpoint) -> None:
        """Before an endpoint is believed in anything, and again after each fault: it may be another node by then."""
        if endpoint.is_checked:
            return
        chain_id = quantity(self._exchange(endpoint, [Call("eth_chainId")])[0])
        if self._chain_id is None:
            self._chain_id = chain_id
        if chain_id != self._chain_id:
            raise UnusableAnswerError(f"serves chain {chain_id}, not {self._chain_id}")
        endpoint.is_checked = True

    def _exchange(self, endpoint: _Endpoint, calls: Sequence[Call]) -> list[Any]:
        first = self._number + 1
        self._number += len(calls)
        requests = [
            {"jsonrpc": "2.0", "id": number, "method": call.method, "params": list(call.parameters)}
            for number, call in enumerate(calls, first)
        ]
        answer = self._post(endpoint, json.dumps(requests if len(requests) > 1 else requests[0]).encode())
        answers = answer if isinstance(answer, list) else [answer]
        by_id = {one.get("id"): one for one in answers if isinstance(one, dict)}
        if not all(number in by_id for number in range(first, first + len(calls))):
            if len(by_id) == 1:  # a batch that is refused as a whole has one answer
                _result(next(iter(by_id.values())))
            raise UnusableAnswerError("an answer to something else")
        return [_result_of(call, by_id[number]) for number, call in enumerate(calls, first)]

    def _post(self, endpoint: _Endpoint, body: bytes) -> Any:
        status, content = self._transfer(endpoint, body)
        if status == http.client.TOO_MANY_REQUESTS:
            raise UnusableAnswerError("limits our rate")
        try:
            return json.loads(content)
        except ValueError:
            raise UnusableAnswerError(f"answers with HTTP status {status} and no JSON") from None

    def _transfer(self, endpoint: _Endpoint, body: bytes) -> tuple[int, bytes]:
        """Send over the connection that is open, once more over a new one if the node has closed it meanwhile."""
        path = (endpoint.url.path or "/") + (f"?{endpoint.url.query}" if endpoint.url.query else "")
        deadline_s = time.monotonic() + self._timeout_s
        while True:
            was_open = endpoint.connection is not None
            connection = endpoint.connection = endpoint.connection or _connect(endpoint.url, self._timeout_s)
            try:
                connection.request("POST", path, body, {"Content-Type": "application/json"})
                response = connection.getresponse()
                content = response.read(_MAX_ANSWER_BYTES + 1)
            except (ConnectionError, http.client.RemoteDisconnected):
                _disconnect(endpoint)
                if not was_open or time.monotonic() >= deadline_s:
                    raise
                continue
            if len(content) > _MAX_ANSWER_BYTES:
                raise UnusableAnswerError("an answer without end")
            return response.status, content


def quantity(value: object) -> int:
    """A number as nodes write it, `0x1f`; raises `UnusableAnswerError`."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise UnusableAnswerError(f"not a number: {str(value)[:40]!r}")
    try:
        return int(value, 16)
    except ValueError:
        raise UnusableAnswerError(f"not a number: {value[:40]!r}") from None


def octets(value: object, length: int | None = None) -> bytes:
    """Bytes as nodes write them, `0x00ff`; raises `UnusableAnswerError`."""
    try:
        raw = bytes.fromhex(str(value).removeprefix("0x"))
    except ValueError:
        raise UnusableAnswerError(f"not bytes: {str(value)[:40]!r}") from None
    if not isinstance(value, str) or (length is not None and len(raw) != length):
        raise UnusableAnswerError(f"not {length} bytes: {str(value)[:40]!r}")
    return raw


def _result_of(call: Call, answer: dict[str, Any]) -> Any:
    try:
        return _result(answer)
    except NodeRefusedError:
        if not call.optional:
            raise
        return None


def _result(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        if "result" not in answer:
            raise UnusableAnswerError("neither result nor error")
        return answer["result"]
    error = answer["error"] if isinstance(answer["error"], dict) else {"message": str(answer["error"])}
    code = error.get("code")
    number = code if isinstance(code, int) else 0
    reason = str(error.get("message", ""))[:300]
    if number in _RATE_LIMITED or "rate limit" in reason.lower():
        raise UnusableAnswerError("limits our rate")
    raise NodeRefusedError(reason, number=number, revert=_revert(error.get("data")))


def _revert(told: object) -> bytes:
    """Nodes differ: the bytes themselves, or an object that has them as `data` or `result`."""
    if isinstance(told, dict):
        told = told.get("data", told.get("result"))
    if not isinstance(told, str) or not told.startswith("0x"):
        return b""
    try:
        return bytes.fromhex(told[2:])
    except ValueError:
        return b""


def _parse(url: str) -> SplitResult:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise EvmSettingsError("an endpoint of an evm: anchor is not an http:// or https:// URL")
    return parts


def _connect(url: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    assert url.hostname is not None
    return kind(url.hostname, url.port, timeout=timeout_s)


def _disconnect(endpoint: _Endpoint) -> None:
    if endpoint.connection is not None:
        endpoint.connection.close()
        endpoint.connection = None

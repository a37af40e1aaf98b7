"""Requests to the running gateway: the command line asks, the one writer answers.

The registry is part of the log, and the log has one writer. While a gateway runs, a command leaves its request in the
table `requests` and waits for the answer; so a registry event goes the same way whoever asked for it. A request that
nobody answers in time is withdrawn, so it cannot be carried out later behind the asker's back.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from voltseal.store.interface import StoreError
from voltseal.store.schema import connect_requests

_POLL_S = 0.05
_KEPT_ANSWERS = 1000

Body = Mapping[str, str | int]


class RequestRefused(StoreError):
    """The running gateway refused; the message is its own."""

    code: ClassVar[str] = "request-refused"


class RequestTimeout(StoreError):
    """No gateway answered in time; the request is withdrawn and was not carried out."""

    code: ClassVar[str] = "request-timeout"


@dataclass(frozen=True, slots=True)
class Request:
    """One waiting request."""

    number: int
    action: str
    body: dict[str, str | int]


def ask(path: Path, action: str, body: Body, *, timeout_s: float = 10.0) -> dict[str, str | int]:
    """Leave a request in the store and wait for the running gateway's answer.

    Raises `RequestRefused`, `RequestTimeout`, or `StoreError` if the store cannot be used.
    """
    connection = connect_requests(path)
    try:
        cursor = connection.execute(
            "INSERT INTO requests (action, body) VALUES (?, ?)", (action, json.dumps(dict(body)))
        )
        number = cursor.lastrowid
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            row = connection.execute("SELECT succeeded, answer FROM requests WHERE number = ?", (number,)).fetchone()
            if row is not None and row[0] is not None:
                return _answer(bool(row[0]), json.loads(row[1]))
            time.sleep(_POLL_S)
        withdrawn = connection.execute("DELETE FROM requests WHERE number = ? AND succeeded IS NULL", (number,))
        if withdrawn.rowcount:
            raise RequestTimeout(
                f"the running gateway did not answer within {timeout_s:.0f} s; nothing was changed",
                hint="look at its log, or stop it and repeat the command",
            )
        succeeded, answer = connection.execute(
            "SELECT succeeded, answer FROM requests WHERE number = ?", (number,)
        ).fetchone()
        return _answer(bool(succeeded), json.loads(answer))
    except sqlite3.Error as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        connection.close()


def _answer(succeeded: bool, answer: dict[str, str | int]) -> dict[str, str | int]:
    if not succeeded:
        raise RequestRefused(str(answer.get("message", "refused")), hint=str(answer.get("hint") or "") or None)
    return answer


class RequestQueue:
    """The gateway's side. Owner: the writer thread, on the writer's connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def waiting(self) -> list[Request]:
        """Requests without an answer, oldest first."""
        rows = self._connection.execute(
            "SELECT number, action, body FROM requests WHERE succeeded IS NULL ORDER BY number"
        ).fetchall()
        return [Request(number, action, json.loads(body)) for number, action, body in rows]

    def answer(self, number: int, *, succeeded: bool, answer: Body) -> None:
        """Say how it ended; inside the transaction that carries it out."""
        self._connection.execute(
            "UPDATE requests SET succeeded = ?, answer = ? WHERE number = ?",
            (succeeded, json.dumps(dict(answer)), number),
        )
        self._connection.execute("DELETE FROM requests WHERE number <= ?", (number - _KEPT_ANSWERS,))

"""Requests between the command line and a running gateway."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from voltseal.store.requests import RequestQueue, RequestRefused, RequestTimeout, ask
from voltseal.store.sqlite import SqliteStore


def answering(path: Path, *, succeeded: bool, answer: dict[str, str | int]) -> threading.Thread:
    """A gateway that answers the first request it sees."""

    def serve() -> None:
        store = SqliteStore.create(path)
        queue = RequestQueue(store.connection)
        while not (waiting := queue.waiting()):
            time.sleep(0.01)
        with store.transaction():
            queue.answer(waiting[0].number, succeeded=succeeded, answer=answer | {"got": str(waiting[0].body)})
        store.close()

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_a_request_is_answered(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    SqliteStore.create(path).close()
    gateway = answering(path, succeeded=True, answer={"leaf_index": 4})
    assert ask(path, "enrol", {"a": 1}) == {"leaf_index": 4, "got": "{'a': 1}"}
    gateway.join()


def test_a_refusal_carries_its_words_and_hint(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    SqliteStore.create(path).close()
    gateway = answering(path, succeeded=False, answer={"message": "no such device", "hint": "look"})
    with pytest.raises(RequestRefused, match="no such device") as caught:
        ask(path, "revoke", {})
    assert caught.value.hint == "look"
    gateway.join()


def test_a_request_that_nobody_answers_is_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    store = SqliteStore.create(path)
    with pytest.raises(RequestTimeout, match="nothing was changed"):
        ask(path, "enrol", {}, timeout_s=0.1)
    assert RequestQueue(store.connection).waiting() == []
    store.close()


def test_answers_do_not_pile_up(tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / "s.db")
    queue = RequestQueue(store.connection)
    for _ in range(1010):
        store.connection.execute("INSERT INTO requests (action, body) VALUES ('enrol', '{}')")
        queue.answer(queue.waiting()[0].number, succeeded=True, answer={})
    assert store.connection.execute("SELECT COUNT(*) FROM requests").fetchone() == (1000,)
    store.close()

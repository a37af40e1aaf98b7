"""The log over HTTP: the whole of it, nothing else, with headers that let caches keep what never changes."""

from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from collections.abc import Iterator

import pytest
from tests.http_server import RunningServer, serving
from tests.interop.tile_reader import audit_path, read_log
from tests.published_log import PublishedLog, numbered_entries

from voltseal.api.log_reads import LogReads
from voltseal.api.server import listen
from voltseal.log.tree import Tree

TILE = "application/octet-stream"


@pytest.fixture(scope="module")
def log() -> PublishedLog:
    log = PublishedLog.of(numbered_entries(0, 700))
    log.append(numbered_entries(700, 1030))  # stored and integrated, but not published
    return log


@pytest.fixture(scope="module")
def server(log: PublishedLog) -> Iterator[RunningServer]:
    with serving(lambda: log) as running:
        yield running


def test_a_reader_rebuilds_the_log(log: PublishedLog, server: RunningServer) -> None:
    held = read_log(server.fetch)
    checkpoint = log.published[-1].checkpoint
    assert (held.origin, held.size, held.root) == (checkpoint.origin, 700, checkpoint.root_hash)
    assert held.entries == log.leaves[:700]
    tree = Tree.open(log, 700)
    for index in (0, 255, 256, 511, 512, 699):
        assert list(tree.inclusion_proof(index)) == audit_path(index, held.leaf_hashes)


@pytest.mark.parametrize("name", ["tile/0/000", "tile/0/002.p/188", "tile/1/000.p/2", "tile/entries/002.p/188"])
def test_tiles_may_be_kept_for_good(server: RunningServer, name: str) -> None:
    answer = server.request(f"/{name}")
    assert (answer.status, answer.headers["content-type"]) == (200, TILE)
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert "server" not in answer.headers


def test_the_checkpoint_may_not(log: PublishedLog, server: RunningServer) -> None:
    answer = server.request("/checkpoint")
    assert (answer.status, answer.body) == (200, log.published[-1].raw)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"


def test_partial_tiles_of_every_earlier_size(log: PublishedLog, server: RunningServer) -> None:
    whole = server.request("/tile/0/001").body
    assert server.request("/tile/0/001.p/1").body == whole[:32]
    assert server.request("/tile/0/001.p/255").body == whole[: 32 * 255]
    assert server.request("/tile/entries/002.p/1").body == len(log.leaves[512]).to_bytes(2, "big") + log.leaves[512]


@pytest.mark.parametrize(
    "target",
    [
        "/tile/0/002",  # full in the store, but the checkpoint covers 188 of it
        "/tile/0/002.p/189",
        "/tile/entries/002",
        "/tile/entries/002.p/189",
        "/tile/0/003.p/1",
        "/tile/1/000",
        "/tile/1/000.p/3",
        "/tile/2/000.p/1",
        "/tile/0/000.p/256",
        "/tile/0/000.p/0",
        "/tile/0/0",
        "/tile/0/x000/000",
        "/tile/00/000",
        "/tile/63/000",
        "/tile/64/000",
        "/tile/-1/000",
        "/tile/data/000",
        "/tile/0/x999/x999/x999/x999/x999/x999/999",
        "/tile/0/" + "x001/" * 2000 + "000",
        "/tile/",
        "/tile",
        "/",
        "//checkpoint",
        "/checkpoint/",
        "/tile/../checkpoint",
        "/tile/0/../../checkpoint",
        "/tile/0/..%2f..%2fcheckpoint",
        "/tile/entries/../0/000",
        "/../../../../etc/passwd",
        "/tile/%2e%2e/%2e%2e/etc/passwd",
        "/tile/0/000%00",
        "/tile/0/000%0a",
        "/checkpoint%0a",
        "/tile/0/000/",
        "/tile/%ff/000",
        "/.incoming/file",
    ],
)
def test_nothing_else_is_there(server: RunningServer, target: str) -> None:
    answer = server.request(target)
    assert answer.status == 404
    assert b"root:" not in answer.body
    assert answer.headers.get("cache-control", "no-store") == "no-store"


def test_a_query_changes_nothing(server: RunningServer) -> None:
    assert server.request("/tile/0/000?x=1").body == server.request("/tile/0/000").body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_reading_only(server: RunningServer, method: str) -> None:
    assert server.request("/checkpoint", method).status == 405
    assert server.request("/tile/0/000", method).status == 405


def test_head(server: RunningServer) -> None:
    answer = server.request("/tile/0/000", "HEAD")
    assert (answer.status, answer.headers["content-length"], answer.body) == (200, "8192", b"")


def test_entry_bundles_are_compressed_for_those_who_ask(server: RunningServer) -> None:
    plain = server.request("/tile/entries/000")
    packed = server.request("/tile/entries/000", Accept_Encoding="gzip")
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in packed.headers["vary"].lower()
    assert gzip.decompress(packed.body) == plain.body
    assert len(packed.body) < len(plain.body)
    assert "content-encoding" not in server.request("/tile/0/000", Accept_Encoding="gzip").headers


def test_a_growing_log() -> None:
    log = PublishedLog()
    with serving(lambda: log) as server:
        missing = server.request("/checkpoint")
        assert (missing.status, missing.headers["cache-control"]) == (404, "no-store")
        for first in range(0, 600, 150):
            log.append(numbered_entries(first, first + 150))
            assert read_log(server.fetch).size == first if first else server.fetch("checkpoint") is None
            log.publish()
            assert read_log(server.fetch).size == first + 150
    assert log.closed == 1


def test_a_damaged_store_is_not_served(caplog: pytest.LogCaptureFixture) -> None:
    log = PublishedLog.of(numbered_entries(0, 300))
    log.leaves[7] = b"changed on disk"
    with serving(lambda: log) as server:
        answer = server.request("/tile/entries/000")
        assert (answer.status, answer.headers["cache-control"]) == (500, "no-store")
        assert b"changed" not in answer.body
        assert server.request("/tile/0/000").status == 200
    assert "tile/entries/000" in caplog.text


def test_many_readers_at_once(server: RunningServer) -> None:
    sizes: list[int] = []
    readers = [threading.Thread(target=lambda: sizes.append(read_log(server.fetch).size)) for _ in range(8)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert sizes == [700] * 8


def test_a_taken_port_is_an_error_at_once() -> None:
    with listen("127.0.0.1", 0) as first, pytest.raises(OSError, match="in use"):
        listen("127.0.0.1", first.getsockname()[1])
    with listen("::1", 0) as sixth:
        assert sixth.family == socket.AF_INET6


def test_a_reader_that_cannot_open_is_the_callers_error() -> None:
    def no_store() -> PublishedLog:
        raise OSError("there is no store")

    async def start() -> None:
        reads = LogReads(no_store)
        try:
            with pytest.raises(RuntimeError, match="not open"):
                await reads.checkpoint()
            await reads.start()
        finally:
            await reads.close()

    with pytest.raises(OSError, match="there is no store"):
        asyncio.run(start())

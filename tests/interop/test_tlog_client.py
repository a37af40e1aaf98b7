"""Go's torchwood reads our log over HTTP: every tile and entry bundle, each checked against a cosigned checkpoint."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from tests.interop.age_keyserver import KeyServer, age_entry, other_entry
from tests.interop.checkers import Checkers
from tests.published_log import PublishedLog

from voltseal.log.cosignature import CosignatureSigner
from voltseal.log.merkle import leaf_hash

WITNESS = CosignatureSigner("witness.example/1", bytes(31) + b"\1")


def keys_among_others(size: int, places: dict[int, str]) -> PublishedLog:
    """A log of `size` entries, cosigned now, in which the keys of `places` stand at their indexes."""
    log = PublishedLog()
    log.append(age_entry(places[n]) if n in places else other_entry(n) for n in range(size))
    log.publish([WITNESS], timestamp_s=int(time.time()))
    return log


def policy(log: PublishedLog) -> str:
    return f"log {log.signer.verifier.encode()}\nwitness w {WITNESS.verifier.encode()}\nquorum w\n"


@pytest.mark.parametrize("size", [1, 255, 256, 257, 600, 66_000])
def test_the_client_reads_the_whole_log(checkers: Checkers, size: int) -> None:
    places = {0: "age1first", size // 2: "age1middle", size - 1: "age1last"}
    log = keys_among_others(size, places)
    with KeyServer(log, history=tuple(places.values())) as server:
        outcome = server.read_all(checkers, policy(log))
    assert (outcome.status, outcome.said.split()) == (0, [places[index] for index in sorted(places)])


def test_the_client_reads_a_log_that_grew(checkers: Checkers) -> None:
    log = keys_among_others(300, {7: "age1old"})
    log.append([age_entry("age1new"), *(other_entry(number) for number in range(301, 900))])
    log.publish([WITNESS], timestamp_s=int(time.time()))
    with KeyServer(log, history=("age1old", "age1new")) as server:
        outcome = server.read_all(checkers, policy(log))
    assert (outcome.status, outcome.said.split()) == (0, ["age1old", "age1new"])


def test_the_client_reads_under_an_earlier_checkpoint(checkers: Checkers) -> None:
    """Whoever holds one must still be able to follow it: partial tiles are served as wide as it needs them."""
    log = keys_among_others(300, {7: "age1old"})
    log.append(other_entry(number) for number in range(300, 500))
    log.publish([WITNESS], timestamp_s=int(time.time()))
    log.published.reverse()
    with KeyServer(log, history=("age1old",)) as server:
        outcome = server.read_all(checkers, policy(log))
    assert (outcome.status, outcome.said.split()) == (0, ["age1old"])


@pytest.mark.parametrize(("size", "index"), [(512, 3), (512, 500), (600, 512), (600, 599)])
def test_the_client_refuses_a_changed_entry(checkers: Checkers, size: int, index: int) -> None:
    """Our own server would notice: this is a dishonest one, which changes the leaf to match the entry.

    Of a tree whose size has k one bits, torchwood 0.9 leaves up to k - 1 full tiles unchecked (the `tlog` package that
    it was built with skips them), so full tiles are tried in a tree of 512 leaves and the partial one in another.
    """
    log = keys_among_others(size, {7: "age1old"})
    log.leaves[index] = other_entry(1000)
    tile, place = divmod(index, 256)
    blob = bytearray(log.tiles[0, tile])
    blob[32 * place : 32 * (place + 1)] = leaf_hash(log.leaves[index])
    log.tiles[0, tile] = bytes(blob)
    with KeyServer(log, history=("age1old",)) as server:
        outcome = server.read_all(checkers, policy(log))
    assert outcome.status == 1
    assert "downloaded inconsistent tile" in outcome.said


def test_the_client_refuses_a_foreign_checkpoint(checkers: Checkers) -> None:
    log = keys_among_others(600, {7: "age1old"})
    honest, trusted = log.published[-1], policy(log)
    fork = keys_among_others(600, {8: "age1old"}).published[-1]
    cases = {
        "a fork's": (fork, trusted, "inconsistent tile"),
        "another size": (replace(honest, raw=honest.raw.replace(b"\n600\n", b"\n599\n")), trusted, "checkpoint"),
        "another log's": (honest, policy(PublishedLog("elsewhere.example/log")), "checkpoint"),
    }
    for name, (published, wanted, reason) in cases.items():
        log.published[-1] = published
        with KeyServer(log, history=("age1old",)) as server:
            outcome = server.read_all(checkers, wanted)
        assert outcome.status == 1, f"{name}: {outcome.said}"
        assert reason in outcome.said, f"{name}: {outcome.said}"

"""The verifier's parts that vectors reach only in part: streams, runs, workers, errors, imports."""

from __future__ import annotations

import io
import os
import pickle
import random
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.verifier.conftest import bundle_of, trust_of

from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import LeafHash, NodeHash, leaf_hash, root_hash
from voltseal.log.multiproof import multi_inclusion_path
from voltseal.verifier import CouldNotCheck, Invalid, Trust, verify
from voltseal.verifier import steps as steps_module
from voltseal.verifier.inclusion import root_from_streams
from voltseal.verifier.pool import judge_in_processes
from voltseal.verifier.runs import RunFold, contradictory
from voltseal.verifier.statements import Context
from voltseal.wire.continuity import Link, analyse
from voltseal.wire.ids import StatementHash
from voltseal.wire.limits import MAX_SEQUENCE

LEAVES = [leaf_hash(bytes([number])) for number in range(40)]


@given(size=st.integers(1, 40), data=st.data())
def test_streamed_root_is_the_tree_s(size: int, data: st.DataObject) -> None:
    indexes = sorted(data.draw(st.sets(st.integers(0, size - 1), min_size=1)))
    nodes = multi_inclusion_path(LEAVES[:size], indexes)
    leaves = [(index, LEAVES[index]) for index in indexes]
    assert root_from_streams(iter(leaves), size, iter(nodes)) == root_hash(LEAVES[:size])


@pytest.mark.parametrize(("fewer", "more"), [(1, 0), (0, 1)])
def test_streamed_root_counts_the_nodes(fewer: int, more: int) -> None:
    nodes = list(multi_inclusion_path(LEAVES[:11], [3, 7]))
    nodes = nodes[: len(nodes) - fewer] + [NodeHash(bytes(32))] * more
    with pytest.raises(InclusionProofError):
        root_from_streams(iter([(3, LEAVES[3]), (7, LEAVES[7])]), 11, iter(nodes))


def test_streamed_root_refuses_a_leaf_outside() -> None:
    with pytest.raises(InclusionProofError):
        root_from_streams(iter([(0, LEAVES[0]), (5, LeafHash(LEAVES[5]))]), 1, iter([]))


def chain(length: int) -> list[Link]:
    """A faultless chain."""
    links: list[Link] = []
    prev = StatementHash(bytes(32))
    for sequence in range(length):
        digest = StatementHash(sha256(b"%d" % sequence).digest())
        links.append(Link(sequence, 1 + sequence // 7, digest, prev))
        prev = digest
    return links


@given(seed=st.integers(0, 2**32), faults=st.integers(0, 3))
def test_runs_contradict_exactly_where_the_analysis_does(seed: int, faults: int) -> None:
    rng = random.Random(seed)
    links = [link for link in chain(30) if rng.random() < 0.8]
    for _ in range(faults):
        victim = rng.choice(links or chain(1))
        digest = StatementHash(rng.randbytes(32))
        links.append(Link(victim.sequence, rng.randint(1, 5), digest, victim.prev))
    rng.shuffle(links)
    whole, parts = RunFold(), [RunFold() for _ in range(3)]
    for place, link in enumerate(links):
        parts[place * 3 // len(links)].add(link)
    for part in parts:
        whole.extend(part)
    assert contradictory(whole.ordered()) == analyse(links, 0, MAX_SEQUENCE).contradicted


def test_a_faultless_chain_is_one_run_in_any_order() -> None:
    fold = RunFold()
    for link in reversed(chain(50)):
        fold.add(link)
    (run,) = fold.ordered()
    assert (run.first.sequence, run.last.sequence) == (0, 49)


def test_workers_come_to_the_same_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps_module, "_SMALL_ENTRIES", 0)
    monkeypatch.setattr(steps_module, "STRETCH_LINES", 3)
    for name in ("whole-life", "key-revoked-earlier-time", "equivocation"):
        assert verify(bundle_of(name), trust_of("full"), workers=2) == verify(bundle_of(name), trust_of("full"))
    for name in ("revoked-key-used", "value-changed", "signature-strangers"):
        with pytest.raises(Invalid) as alone:
            verify(bundle_of(name), trust_of("full"))
        with pytest.raises(Invalid) as shared:
            verify(bundle_of(name), trust_of("full"), workers=2)
        assert (shared.value.step, shared.value.reason_code) == (alone.value.step, alone.value.reason_code)


def die(*_: object) -> Context:
    os._exit(1)


def test_a_worker_that_dies_says_nothing_of_the_bundle() -> None:
    with pytest.raises(OSError, match="worker process died"):
        list(judge_in_processes(die, (), [b"line"], 2))


def test_progress_reaches_the_end(trust: Trust, quiet: bytes) -> None:
    told: list[tuple[int, int]] = []
    verify(quiet, trust, on_progress=lambda done, total: told.append((done, total)))
    assert told[-1][0] == told[-1][1] == 6


def test_a_file_that_changes_between_two_readings_is_refused(trust: Trust, quiet: bytes) -> None:
    other = bundle_of("all-hidden")
    for honest_readings in range(1, 4):
        left = iter([quiet] * honest_readings)

        def opener(left: Iterator[bytes] = left) -> BinaryIO:
            return io.BytesIO(next(left, other))

        with pytest.raises(Invalid):
            verify(opener, trust)


def test_errors_cross_processes_whole() -> None:
    for error in (Invalid(6, "bad-signature", "entry 3: no", hint="h"), CouldNotCheck(5, "unknown-maker", "who?")):
        copy = pickle.loads(pickle.dumps(error))
        assert (type(copy), copy.step, copy.reason_code, str(copy), copy.hint) == (
            type(error), error.step, error.reason_code, str(error), error.hint,
        )  # fmt: skip


FORBIDDEN = [
    "sqlite3", "paho", "voltseal.store", "voltseal.ingest", "voltseal.anchor", "voltseal.evidence.export",
    "asyncio", "socket", "ssl", "http", "urllib.request", "multiprocessing", "rich", "voltseal_sim",
]  # fmt: skip


@pytest.mark.parametrize("module", ["voltseal.verifier", "voltseal.cli.verify"])
def test_the_verifier_loads_nothing_of_the_gateway(module: str) -> None:
    script = f"import sys, {module}; print(sorted(set(sys.modules) & set({FORBIDDEN!r})))"
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"

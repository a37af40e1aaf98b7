"""The pipeline's queues: order, grouping, acknowledgement after commit, retry, drain."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager

import pytest

from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Refused
from voltseal.ingest.commit import Committed
from voltseal.ingest.pipeline import Judged, Pipeline
from voltseal.wire.outcome import Outcome


def arrival(number: int) -> Arrival:
    return Arrival("t", b"%d" % number, 0, 1, number, 1)


class Uplink:
    """Records what goes out, in order."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, object]] = []

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        self.sent.append(("ack", [one.packet_id for one in arrivals]))

    def publish(self, topic: str, payload: bytes) -> None:
        self.sent.append(("receipt", payload))

    @property
    def acknowledged(self) -> list[int]:
        return [number for kind, numbers in self.sent if kind == "ack" for number in numbers]  # type: ignore[attr-defined]


class Steps:
    """Checks and commits that can be slowed and made to fail."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.failures: list[Exception] = []
        self.commit_gate = threading.Event()
        self.commit_gate.set()

    def check(self, arrivals: Sequence[Arrival]) -> list[Judged]:
        if arrivals[0].packet_id % 3 == 0:
            time.sleep(0.01)  # some batches take longer than those after them
        return [Refused(one, Outcome.MALFORMED, "") for one in arrivals]

    def commit(self, judged: Sequence[Judged]) -> Committed:
        self.commit_gate.wait(5)
        if self.failures:
            raise self.failures.pop(0)
        self.groups.append([one.arrival.packet_id for one in judged])
        arrivals = tuple(one.arrival for one in judged)
        return Committed(arrivals, (("t", b"%d" % len(arrivals)),), Counter({Outcome.MALFORMED: len(arrivals)}))


@asynccontextmanager
async def running(steps: Steps, uplink: Uplink, **options: float) -> AsyncIterator[Pipeline]:
    settings = {"check_batch": 4, "checks_ahead": 4, "group_max": 20, "linger_s": 0.01} | options
    with ThreadPoolExecutor(3) as workers, ThreadPoolExecutor(1) as writer:
        pipeline = Pipeline(steps.check, steps.commit, workers=workers, writer=writer, **settings)  # type: ignore[arg-type]
        task = asyncio.create_task(pipeline.run(uplink))
        try:
            yield pipeline
        finally:
            steps.commit_gate.set()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_order_is_kept_and_every_message_is_acknowledged_once() -> None:
    steps, uplink = Steps(), Uplink()
    async with running(steps, uplink) as pipeline:
        for number in range(200):
            pipeline.deliver(arrival(number))
        await asyncio.wait_for(pipeline.drained(), 5)
    assert uplink.acknowledged == list(range(200))
    assert [n for group in steps.groups for n in group] == list(range(200))
    assert pipeline.outcomes == {Outcome.MALFORMED: 200}


async def test_receipts_go_out_before_acknowledgements_and_both_after_the_commit() -> None:
    steps, uplink = Steps(), Uplink()
    steps.commit_gate.clear()
    async with running(steps, uplink) as pipeline:
        pipeline.deliver(arrival(1))
        await asyncio.sleep(0.05)
        assert uplink.sent == []
        steps.commit_gate.set()
        await asyncio.wait_for(pipeline.drained(), 5)
    assert [kind for kind, _ in uplink.sent] == ["receipt", "ack"]


async def test_a_group_waits_for_company_but_not_for_long() -> None:
    steps, uplink = Steps(), Uplink()
    async with running(steps, uplink, linger_s=0.2) as pipeline:
        pipeline.deliver(arrival(1))
        await asyncio.sleep(0.02)
        pipeline.deliver(arrival(2))
        begin = asyncio.get_running_loop().time()
        await asyncio.wait_for(pipeline.drained(), 5)
        assert asyncio.get_running_loop().time() - begin < 1
    assert steps.groups == [[1, 2]]


async def test_groups_are_bounded_while_commits_are_slow() -> None:
    steps, uplink = Steps(), Uplink()
    steps.commit_gate.clear()
    async with running(steps, uplink) as pipeline:
        for number in range(100):
            pipeline.deliver(arrival(number))
        await asyncio.sleep(0.05)
        steps.commit_gate.set()
        await asyncio.wait_for(pipeline.drained(), 5)
    assert max(len(group) for group in steps.groups) < 20 + 4
    assert len(steps.groups) < 15


async def test_a_full_disk_is_waited_for_with_nothing_acknowledged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("voltseal.ingest.pipeline._FIRST_RETRY_S", 0.01)
    steps, uplink = Steps(), Uplink()
    steps.failures = [sqlite3.OperationalError("database or disk is full")] * 3
    async with running(steps, uplink) as pipeline:
        pipeline.deliver(arrival(1))
        await asyncio.wait_for(pipeline.drained(), 5)
    assert caplog.text.count("disk is full") == 3
    assert (steps.groups, uplink.acknowledged) == ([[1]], [1])


async def test_what_is_not_worth_a_retry_ends_the_pipeline() -> None:
    steps = Steps()
    steps.failures = [ZeroDivisionError()]
    with ThreadPoolExecutor(2) as pool:
        pipeline = Pipeline(
            steps.check, steps.commit, workers=pool, writer=pool, check_batch=4, checks_ahead=4, group_max=9, linger_s=0
        )
        pipeline.deliver(arrival(1))
        with pytest.raises(ExceptionGroup) as caught:
            await asyncio.wait_for(pipeline.run(Uplink()), 5)
    assert caught.group_contains(ZeroDivisionError)


def test_the_steps_of_this_test_have_the_pipelines_types() -> None:
    check: Callable[[Sequence[Arrival]], list[Judged]] = Steps().check
    assert check([arrival(1)])

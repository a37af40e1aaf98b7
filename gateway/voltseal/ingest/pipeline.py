"""The pipeline: receive, check, commit, receipt. Owner of its queues: the event loop.

    subscriber -> intake -> worker threads (check) -> writer thread (commit) -> receipts, acknowledgements

Order is kept from end to end: batches are checked in parallel and committed in the order of their arrival. Everything
is bounded by the subscriber's window, because a message counts as taken until it is acknowledged. A commit that fails
for want of disk or I/O is tried again; meanwhile nothing is acknowledged, the window fills, and the broker holds the
rest.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from typing import Protocol

from voltseal import crash
from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Genuine, Refused
from voltseal.ingest.commit import Committed
from voltseal.wire.outcome import Outcome

_logger = logging.getLogger(__name__)
_FIRST_RETRY_S = 0.2
_LAST_RETRY_S = 10.0

Judged = Genuine | Refused


class Uplink(Protocol):
    """What the pipeline needs of the subscriber."""

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None: ...

    def publish(self, topic: str, payload: bytes) -> None: ...


class Pipeline:
    """Moves messages through the steps; knows no step's insides."""

    def __init__(
        self,
        check: Callable[[Sequence[Arrival]], list[Judged]],
        commit: Callable[[Sequence[Judged]], Committed],
        *,
        workers: Executor,
        writer: Executor,
        check_batch: int,
        checks_ahead: int,
        group_max: int,
        linger_s: float,
    ) -> None:
        self._check = check
        self._commit = commit
        self._workers = workers
        self._writer = writer
        self._check_batch = check_batch
        self._group_max = group_max
        self._linger_s = linger_s
        self._intake: deque[Arrival] = deque()
        self._arrived = asyncio.Event()
        self._checks: asyncio.Queue[asyncio.Future[list[Judged]]] = asyncio.Queue(checks_ahead)
        self._unfinished = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.outcomes: Counter[Outcome] = Counter()

    def deliver(self, arrival: Arrival) -> None:
        """Take a message from the subscriber."""
        self._intake.append(arrival)
        self._unfinished += 1
        self._arrived.set()
        self._idle.clear()

    def queues(self) -> dict[str, int]:
        """How many messages are in it: not yet with a checker, and not yet acknowledged. From any thread."""
        return {"intake": len(self._intake), "unacknowledged": self._unfinished}

    async def drained(self) -> None:
        """Return when every message that was taken is committed and acknowledged."""
        await self._idle.wait()

    async def run(self, uplink: Uplink) -> None:
        """Until cancelled. Raises what a step raises that must not be tried again."""
        async with asyncio.TaskGroup() as steps:
            steps.create_task(self._dispatch(), name="dispatch")
            steps.create_task(self._commit_groups(uplink), name="commit")

    async def _dispatch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await self._arrived.wait()
            batch = [self._intake.popleft() for _ in range(min(self._check_batch, len(self._intake)))]
            if not self._intake:
                self._arrived.clear()
            await self._checks.put(loop.run_in_executor(self._workers, self._check, batch))

    async def _commit_groups(self, uplink: Uplink) -> None:
        while True:
            group = await self._gather()
            committed = await self._commit_durably(group)
            # Receipts first: if the connection breaks between the two, the broker sends the messages again, and their
            # duplicates are receipted. The other way round a receipt could be lost with nothing to replace it.
            for topic, payload in committed.receipts:
                uplink.publish(topic, payload)
            crash.at("after-receipts")
            uplink.acknowledge(committed.arrivals)
            self.outcomes.update(committed.outcomes)
            self._unfinished -= len(committed.arrivals)
            if not self._unfinished:
                self._idle.set()

    async def _gather(self) -> list[Judged]:
        """The next group: what is judged already, and what comes within the linger time, up to `group_max`."""
        group = list(await (await self._checks.get()))
        deadline = asyncio.get_running_loop().time() + self._linger_s
        while len(group) < self._group_max:
            if self._checks.empty():
                try:
                    async with asyncio.timeout_at(deadline):
                        batch = await self._checks.get()
                except TimeoutError:
                    break
            else:
                batch = self._checks.get_nowait()
            group += await batch
        return group

    async def _commit_durably(self, group: list[Judged]) -> Committed:
        loop = asyncio.get_running_loop()
        retry_s = _FIRST_RETRY_S
        while True:
            try:
                return await loop.run_in_executor(self._writer, self._commit, group)
            except sqlite3.OperationalError as error:
                _logger.error("commit failed messages=%d error=%r retry_s=%.1f", len(group), str(error), retry_s)
                await asyncio.sleep(retry_s)
                retry_s = min(retry_s * 2, _LAST_RETRY_S)

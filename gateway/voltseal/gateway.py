"""The running gateway: opens the parts, connects them, stops them in order. Wiring only.

    async with Gateway(config) as gateway:      # opened, and connecting to the broker
        await gateway.failed_or(stop_event)     # until asked to stop

Threads: the event loop (broker session, queues), one or more for checks, one writer (store, chains, registry, tree,
checkpoints), one for anchoring. Each part of the state has one owner among them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Any, Self

from voltseal.anchoring import Anchoring
from voltseal.attendants import Attendants
from voltseal.clock import now_ms
from voltseal.config import Config
from voltseal.ingest.check import Checker
from voltseal.ingest.commit import GroupCommitter
from voltseal.ingest.integrate import LogWriter
from voltseal.ingest.pipeline import Pipeline
from voltseal.ingest.receipts import Receipts
from voltseal.ingest.registrar import Registrar, maker_keys, replay
from voltseal.ingest.subscriber import MAX_RECEIPTS_WAITING, Subscriber
from voltseal.keys import read_log_key, read_receipt_key
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log.sequencer import BatchPolicy, PublishedCheckpoint
from voltseal.rollback import check_not_rolled_back, note_published
from voltseal.store.lock import StoreLock
from voltseal.store.sqlite import SqliteStore
from voltseal.vitals import Live, Vitals
from voltseal.wire import message
from voltseal.wire.outcome import Outcome

_logger = logging.getLogger(__name__)

_TICK_S = 0.2
_SUMMARY_S = 10.0
_DRAIN_S = 5.0
_ANCHOR_AT_STOP_S = 3.0


class Gateway:
    """One gateway over one store. Construct, `start`, `stop`; or `async with`."""

    def __init__(self, config: Config, clock: Callable[[], int] = now_ms, *, accept_rollback: bool = False) -> None:
        """Open everything that needs no event loop: keys, lock, store, registry, log, anchors.

        A crash's leftovers are integrated here, by the code that always does it. `accept_rollback`: go on with a store
        that may be older than what was published. Raises `VoltsealError`.
        """
        self._config = config
        self._clock = clock
        signer = read_log_key(config)
        receipt_key = read_receipt_key(config)
        makers = maker_keys(config.makers)
        self._lock = StoreLock(config.store.path)
        try:
            self._store = SqliteStore.create(
                config.store.path,
                quarantine_messages=config.store.quarantine_messages,
                quarantine_bytes=config.store.quarantine_bytes,
            )
            origin, site = config.gateway.origin, config.gateway.site
            registry = replay(self._store, origin)
            checker = Checker(registry, site)
            self._checker = checker
            self._registrar = Registrar(self._store, registry, makers, checker)
            self._committer = GroupCommitter(
                self._store, registry, checker, Receipts(receipt_key, origin, site, self._store)
            )
            policy = BatchPolicy(config.log.checkpoint_entries, int(config.log.checkpoint_s * 1000))
            self._log = LogWriter(self._store, signer, policy)
            self._anchoring = Anchoring(config, clock)
            self._refuse_rollback(signer.verifier, accept=accept_rollback)
            self._vitals = Vitals()
            self._attendants = Attendants(config, self.live, self._publish_from_thread)
        except BaseException:
            self._lock.release()
            raise
        self._writer = ThreadPoolExecutor(1, "writer")
        self._anchor_thread = ThreadPoolExecutor(1, "anchor")
        self._workers = ThreadPoolExecutor(_worker_count(config), "check")
        self._tasks: list[asyncio.Task[None]] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failed: asyncio.Future[None] | None = None
        self.entries_at_stop = 0

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How many messages ended with each code since the start."""
        return self._pipeline.outcomes

    @property
    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """The newest published checkpoint."""
        return self._log.latest

    async def start(self) -> None:
        """Begin to connect to the broker and to work; returns at once. See `wait_connected`."""
        config = self._config
        workers = _worker_count(config)
        self._pipeline = Pipeline(
            self._checker.check_all,
            self._vitals.timed(self._committer.commit),
            workers=self._workers,
            writer=self._writer,
            check_batch=config.ingest.verify_batch,
            checks_ahead=2 * workers + 2,
            group_max=config.store.group_max,
            linger_s=config.store.linger_ms / 1000,
        )
        site = config.gateway.site
        self._subscriber = Subscriber(
            config.broker, f"voltseal-gateway-{site}", message.up_filter(site), self._pipeline.deliver
        )
        self._anchor_due = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._failed = self._loop.create_future()
        for name, work in {
            "subscriber": self._subscriber.run(),
            "pipeline": self._pipeline.run(self._subscriber),
            "publish": self._publish(),
            "anchor": self._anchor(),
            "summary": self._summarise(),
        }.items():
            task = asyncio.create_task(work, name=name)
            task.add_done_callback(self._task_done)
            self._tasks.append(task)
        await asyncio.to_thread(self._attendants.start)
        _logger.info(
            "gateway started origin=%s site=%s entries=%d devices=%d store=%s",
            config.gateway.origin, site, self._store.next_leaf, len(self._checker), config.store.path,
        )  # fmt: skip

    def live(self) -> Live:
        """How it is right now; from any thread, once it is started."""
        vitals = self._vitals
        return Live(
            uptime_s=vitals.uptime_s,
            beat_age_s=vitals.beat_age_s,
            is_connected=self._subscriber.connected,
            is_commit_failing=vitals.is_commit_failing,
            outcomes={str(outcome): count for outcome, count in list(self._pipeline.outcomes.items())},
            queues=self._pipeline.queues() | {"receipts": self._subscriber.receipts_waiting},
            limits={"unacknowledged": self._config.broker.window, "receipts": MAX_RECEIPTS_WAITING},
            lag_s=vitals.lag_s,
            commit_counts=tuple(vitals.commit_counts),
            commit_sum_s=vitals.commit_sum_s,
        )

    async def wait_connected(self) -> None:
        """Return once messages can arrive."""
        await self._subscriber.wait_subscribed()

    async def failed_or(self, stop: asyncio.Event) -> None:
        """Return when `stop` is set; raise what made the gateway unable to go on, should that come first."""
        assert self._failed is not None, "start() comes first"
        waiting = asyncio.ensure_future(stop.wait())
        either: list[asyncio.Future[Any]] = [waiting, self._failed]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if self._failed.done():
            self._failed.result()

    async def stop(self) -> None:
        """Drain: finish what was taken, publish, say goodbye to the broker, close. Takes seconds, not more."""
        loop = asyncio.get_running_loop()
        await asyncio.to_thread(self._attendants.stop)
        self._subscriber.stop_reading()
        try:
            async with asyncio.timeout(_DRAIN_S):
                await self._pipeline.drained()
        except TimeoutError:
            _logger.warning("drain not finished after_s=%.0f; the broker keeps what is left", _DRAIN_S)
        for task in self._tasks:
            if task.get_name() != "subscriber":
                task.cancel()
        await asyncio.gather(*(t for t in self._tasks if t.get_name() != "subscriber"), return_exceptions=True)
        if self._failed is not None and not self._failed.done():
            await loop.run_in_executor(self._writer, lambda: self._tick(force=True))
            try:
                async with asyncio.timeout(_ANCHOR_AT_STOP_S):
                    await loop.run_in_executor(self._anchor_thread, self._anchoring.step)
            except TimeoutError:
                _logger.warning("anchor not finished after_s=%.0f; it goes on at the next start", _ANCHOR_AT_STOP_S)
        await self._subscriber.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._close()
        _logger.info("gateway stopped entries=%d", self.entries_at_stop)

    def _close(self) -> None:
        """Close threads and files. The order matters: nobody may write after the lock is gone."""
        self._workers.shutdown(wait=True, cancel_futures=True)
        self._writer.shutdown(wait=True)
        self._anchor_thread.shutdown(wait=True, cancel_futures=True)
        self._anchoring.close()
        self.entries_at_stop = self._store.next_leaf
        self._store.close()
        self._lock.release()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is None:
            return
        assert self._failed is not None
        if not self._failed.done():
            error = task.exception()
            assert error is not None
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            self._failed.set_exception(error)

    async def _publish(self) -> None:
        """Requests, tree, checkpoints: at every tick, and sooner when many entries wait."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_TICK_S)
            self._vitals.beat()
            try:
                if await loop.run_in_executor(self._writer, self._tick) is not None:
                    self._anchor_due.set()
            except sqlite3.OperationalError as error:
                _logger.error("publish failed error=%r; trying again", str(error))

    def _tick(self, *, force: bool = False) -> PublishedCheckpoint | None:
        self._registrar.serve(self._clock())
        published = self._log.step(self._clock(), tick=True, force=force)
        if published is not None:
            try:
                note_published(self._config.store.path, published.raw)
            except OSError as error:  # nothing depends on it now; the store itself has the checkpoint
                _logger.warning("published checkpoint not kept beside the store error=%r", str(error))
        return published

    def _publish_from_thread(self, topic: str, payload: bytes) -> bool:
        """Hand a message to the session, if there is one; for attendants."""
        if self._loop is None or not self._subscriber.connected:
            return False
        self._loop.call_soon_threadsafe(self._subscriber.publish, topic, payload)
        return True

    def _refuse_rollback(self, log_key: Ed25519Verifier, *, accept: bool) -> None:
        try:
            known = self._anchoring.newest()
            check_not_rolled_back(self._store, self._config.store.path, log_key, known, accept=accept)
        except BaseException:
            self._anchoring.close()
            raise

    async def _anchor(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_ms = await loop.run_in_executor(self._anchor_thread, self._anchoring.step)
            try:
                async with asyncio.timeout(None if due_ms is None else max(due_ms, 50) / 1000):
                    await self._anchor_due.wait()
            except TimeoutError:
                continue
            self._anchor_due.clear()

    async def _summarise(self) -> None:
        before: Counter[Outcome] = Counter()
        while True:
            await asyncio.sleep(_SUMMARY_S)
            new = self._pipeline.outcomes - before
            if new:
                counts = " ".join(f"{outcome}={count}" for outcome, count in sorted(new.items()))
                _logger.info("ingest in_s=%.0f entries=%d %s", _SUMMARY_S, self._store.next_leaf, counts)
            before = self._pipeline.outcomes.copy()


def _worker_count(config: Config) -> int:
    return config.ingest.verify_threads or len(os.sched_getaffinity(0))

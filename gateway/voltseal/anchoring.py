"""Anchoring while the gateway runs: every target follows the published checkpoints. Owner: the anchor thread.

A slow or dead chain never holds up ingest: this thread reads checkpoints and writes anchor records, nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial

from voltseal import crash
from voltseal.anchor.anchorer import Anchorer, AnchorPolicy
from voltseal.anchor.backends import AnchorTarget, open_backend
from voltseal.anchor.errors import AnchorError
from voltseal.anchor.interface import AnchorBackend
from voltseal.anchor.newest import KnownCheckpoint, newest_of
from voltseal.anchor.records import SqliteAnchorRecords
from voltseal.config import AnchorTable, Config

_logger = logging.getLogger(__name__)
_AFTER_ERROR_MS = 60_000


class Anchoring:
    """All targets of the configuration."""

    def __init__(self, config: Config, clock_ms: Callable[[], int]) -> None:
        """Open every target's backend. Raises `AnchorError` or `StoreError`. Precondition: the store exists."""
        self._clock_ms = clock_ms
        self._records = SqliteAnchorRecords.open(config.store.path)
        self._backends: list[AnchorBackend] = []
        self._anchorers: list[tuple[str, Anchorer]] = []
        self._broken_until_ms: dict[str, int] = {}
        try:
            for table in config.anchors:
                self._open(config, table)
        except BaseException:
            self.close()
            raise

    def step(self) -> int | None:
        """Do what is due everywhere; returns the milliseconds until something is due again, None for never."""
        waits = []
        for uri, anchorer in self._anchorers:
            now_ms = self._clock_ms()
            blocked_ms = self._broken_until_ms.get(uri, 0) - now_ms
            if blocked_ms > 0:
                waits.append(blocked_ms)
                continue
            try:
                for record in anchorer.step(now_ms):
                    _logger.info("anchor target=%s tree_size=%d state=%s", uri, record.tree_size, record.state)
                    crash.at("after-anchor")
                due_ms = anchorer.due_in_ms(self._clock_ms())
            except AnchorError as error:  # final for this target; the others go on, and an operator has to look
                _logger.error("anchor failed target=%s code=%s error=%r", uri, error.code, str(error))
                self._broken_until_ms[uri] = now_ms + _AFTER_ERROR_MS
                due_ms = _AFTER_ERROR_MS
            if due_ms is not None:
                waits.append(due_ms)
        return min(waits, default=None)

    def newest(self) -> list[KnownCheckpoint]:
        """What the targets have of the log by themselves. Raises `AnchorError` for a target that is damaged."""
        return [known for known in map(newest_of, self._backends) if known is not None]

    def close(self) -> None:
        """Give up files and connections."""
        for backend in self._backends:
            backend.close()
        self._records.close()

    def _open(self, config: Config, table: AnchorTable) -> None:
        origin = config.gateway.origin
        target = AnchorTarget.of(
            table, origin, base=config.path.parent, prepared_since=partial(self._records.prepared_since, table.uri)
        )
        backend = open_backend(target, self._clock_ms)
        self._backends.append(backend)
        anchorer = Anchorer(
            table.uri,
            backend=backend,
            checkpoints=self._records,
            records=self._records,
            policy=AnchorPolicy(every_checkpoints=table.every_checkpoints, every_ms=int(table.every_s * 1000)),
        )
        try:
            anchorer.recheck(self._clock_ms())
        except AnchorError as error:
            _logger.error("anchor recheck failed target=%s code=%s error=%r", table.uri, error.code, str(error))
        self._anchorers.append((table.uri, anchorer))

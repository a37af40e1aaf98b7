"""What the running gateway knows of itself beyond the store: heartbeat, queues, commit times. For health and metrics.

Owners: the writer thread notes commits, the event loop beats. Whoever asks, from any thread, gets figures that may be a
moment old; nothing is locked, because each of them is one assignment.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from voltseal.clock import now_ms
from voltseal.ingest.commit import Committed
from voltseal.ingest.pipeline import Judged

COMMIT_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BEAT_LIMIT_S = 30.0


@dataclass(frozen=True, slots=True)
class Live:
    """A moment of a running gateway. Durations in seconds; `queues` and `limits` in messages.

    `commit_counts` has one number for each of `COMMIT_BUCKETS_S` (commits that took at most so long and longer than the
    bucket before), and one more for those beyond.
    """

    uptime_s: float
    beat_age_s: float
    is_connected: bool
    is_commit_failing: bool
    outcomes: Mapping[str, int]
    queues: Mapping[str, int]
    limits: Mapping[str, int]
    lag_s: float
    commit_counts: Sequence[int]
    commit_sum_s: float

    def health(self) -> dict[str, bool]:
        """Whether it works at all: a restart is the remedy where it does not."""
        return {"event-loop": self.beat_age_s < _BEAT_LIMIT_S}

    def readiness(self) -> dict[str, bool]:
        """Whether statements can come in and be kept right now."""
        return self.health() | {"broker": self.is_connected, "commit": not self.is_commit_failing}


@dataclass(slots=True)
class Vitals:
    """Collects what `Live` shows of commits and of the event loop."""

    lag_s: float = 0.0
    is_commit_failing: bool = False
    commit_sum_s: float = 0.0
    commit_counts: list[int] = field(default_factory=lambda: [0] * (len(COMMIT_BUCKETS_S) + 1))
    _started_s: float = field(default_factory=time.monotonic)
    _beat_s: float = field(default_factory=time.monotonic)

    def beat(self) -> None:
        """The event loop is alive."""
        self._beat_s = time.monotonic()

    @property
    def uptime_s(self) -> float:
        """Since this object was made."""
        return time.monotonic() - self._started_s

    @property
    def beat_age_s(self) -> float:
        """Since the last beat."""
        return time.monotonic() - self._beat_s

    def timed(self, commit: Callable[[Sequence[Judged]], Committed]) -> Callable[[Sequence[Judged]], Committed]:
        """`commit`, which now also tells how long it takes and whether it fails."""

        def timed_commit(group: Sequence[Judged]) -> Committed:
            begin = time.perf_counter()
            try:
                committed = commit(group)
            except BaseException:
                self.is_commit_failing = True
                raise
            self.is_commit_failing = False
            self._note(time.perf_counter() - begin, committed)
            return committed

        return timed_commit

    def _note(self, seconds: float, committed: Committed) -> None:
        self.commit_counts[bisect_left(COMMIT_BUCKETS_S, seconds)] += 1
        self.commit_sum_s += seconds
        if committed.arrivals:
            self.lag_s = max(0.0, (now_ms() - committed.arrivals[0].received_ms) / 1000)

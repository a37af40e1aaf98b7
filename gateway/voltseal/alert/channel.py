"""One way out: a bounded queue, and tries with back-off until what is in it has arrived. Owner: the alert thread."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Sequence
from typing import ClassVar, Protocol

from voltseal.alert.message import Alert
from voltseal.errors import VoltsealError

_logger = logging.getLogger(__name__)

MAX_WAITING = 1000
_BATCH = 50
_FIRST_RETRY_S = 1.0
_LAST_RETRY_S = 300.0


class SinkUnavailable(VoltsealError):
    """It did not arrive; trying again may help. The message names no secret."""

    code: ClassVar[str] = "alert-sink-unavailable"


class Sink(Protocol):
    """Where alerts go."""

    @property
    def name(self) -> str:
        """For the gateway's log."""
        ...

    def send(self, alerts: Sequence[Alert], dropped: int) -> None:
        """Return when they have arrived; else raise `SinkUnavailable`. `dropped`: how many others had to make room."""
        ...


class Channel:
    """Sends to one sink. When the queue is full the oldest alerts make room, and the next message says how many."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._waiting: deque[Alert] = deque()
        self._dropped = 0
        self._retry_s = _FIRST_RETRY_S
        self._not_before_s = 0.0

    def offer(self, alerts: Sequence[Alert]) -> None:
        """Put alerts into the queue."""
        self._waiting.extend(alerts)
        while len(self._waiting) > MAX_WAITING:
            self._waiting.popleft()
            self._dropped += 1

    def oldest_leaf(self) -> int | None:
        """The least leaf index of an alarm that has not arrived."""
        return min((one.alarms.first_leaf_index for one in self._waiting if one.alarms is not None), default=None)

    def deliver(self, now_s: float) -> None:
        """Send what waits, unless the last try was too short a time ago. `now_s`: a monotonic clock."""
        while self._waiting and now_s >= self._not_before_s:
            batch = [self._waiting[index] for index in range(min(_BATCH, len(self._waiting)))]
            try:
                self._sink.send(batch, self._dropped)
            except SinkUnavailable as error:
                self._not_before_s = now_s + self._retry_s
                _logger.warning(
                    "alerts not sent sink=%s waiting=%d retry_s=%.0f error=%r",
                    self._sink.name, len(self._waiting), self._retry_s, str(error),
                )  # fmt: skip
                self._retry_s = min(self._retry_s * 2, _LAST_RETRY_S)
                return
            for _ in batch:
                self._waiting.popleft()
            self._dropped = 0
            self._retry_s = _FIRST_RETRY_S
            _logger.info("alerts sent sink=%s count=%d", self._sink.name, len(batch))

"""What runs beside ingest and serves it: HTTP, the scheduled check of the log, alerts. Each has threads of its own.

They are started after ingest and stopped before it, and what happens in them never stops it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from voltseal.alert.service import AlertService, sinks_of
from voltseal.config import Config
from voltseal.log_check.schedule import ScheduledCheck
from voltseal.vitals import Live


class Attendant(Protocol):
    """One of them."""

    def start(self) -> None:
        """Begin. Raises `VoltsealError` if it cannot."""
        ...

    def stop(self) -> None:
        """End, within seconds. Also without `start`, and more than once."""
        ...


class Attendants:
    """Those that the configuration asks for."""

    def __init__(self, config: Config, live: Callable[[], Live], publish: Callable[[str, bytes], bool]) -> None:
        """Take ports and read files. Raises `VoltsealError`. Precondition: the store exists.

        `publish` sends a message over the gateway's session with the broker, and says whether there is one; it is
        called from another thread.
        """
        self._attendants: list[Attendant] = []
        if config.http.listen:
            from voltseal.api.service import HttpService  # noqa: PLC0415  costs memory that a gateway without it saves

            self._attendants.append(HttpService(config, live))
        sinks = sinks_of(config, publish)
        if sinks:
            self._attendants.append(AlertService(config, live, sinks))
        if config.check.every_h:
            self._attendants.append(ScheduledCheck(config))

    def start(self) -> None:
        """Start all; stops those that started if one cannot."""
        try:
            for attendant in self._attendants:
                attendant.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop all, in the opposite order."""
        for attendant in reversed(self._attendants):
            attendant.stop()

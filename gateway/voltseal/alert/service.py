"""The alert thread of a running gateway.

Alarms are kept by the store; a file beside it says up to which entry they have arrived everywhere. After a crash some
may be sent twice, none is left out. The first start looks from now on: it does not tell of what is long known.
"""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from voltseal.alert.channel import Channel, Sink
from voltseal.alert.sinks import Topic, Webhook
from voltseal.alert.watch import Troubles, new_alarms
from voltseal.clock import now_ms
from voltseal.config import Config
from voltseal.errors import VoltsealError
from voltseal.standing import Standing
from voltseal.store.interface import StoreReader
from voltseal.store.reader import SqliteReader
from voltseal.vitals import Live

_logger = logging.getLogger(__name__)
_LOOK_S = 1.0
_TROUBLES_EVERY = 10  # looks
_STOP_S = 15.0


def sinks_of(config: Config, publish: Callable[[str, bytes], bool]) -> list[Sink]:
    """Those that are configured. Raises `ConfigError`."""
    sinks: list[Sink] = []
    if config.alert.webhook_url:
        sinks.append(Webhook(config))
    if config.alert.mqtt_topic:
        sinks.append(Topic(config, publish))
    return sinks


class AlertService:
    """Looks every second, and sends. See `Attendant`."""

    def __init__(self, config: Config, live: Callable[[], Live], sinks: list[Sink]) -> None:
        self._config = config
        self._live = live
        self._channels = [Channel(sink) for sink in sinks]
        self._troubles = Troubles(config)
        self._path = cursor_path(config.store.path)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alerts", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what has not arrived is sent after the next start."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        with closing(SqliteReader.open(self._config.store.path)) as store:
            seen = saved = self._read_cursor(store)
            looks = 0
            while not self._stop.wait(_LOOK_S):
                try:
                    seen = self._look(store, seen, with_troubles=looks % _TROUBLES_EVERY == 0)
                except (VoltsealError, sqlite3.Error, OSError) as error:
                    _logger.error("alerts cannot look error=%r", str(error))
                looks += 1
                for channel in self._channels:
                    channel.deliver(time.monotonic())
                saved = self._save_cursor(seen, saved)

    def _look(self, store: StoreReader, seen: int, *, with_troubles: bool) -> int:
        now = now_ms()
        alerts, seen = new_alarms(store, seen, now)
        if with_troubles:
            alerts += self._troubles.look(Standing.of(store, self._config.store.path, now), self._live(), now)
        for channel in self._channels:
            channel.offer(alerts)
        return seen

    def _read_cursor(self, store: StoreReader) -> int:
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8"))["alarms_up_to"])
        except FileNotFoundError:
            return store.entry_count() - 1
        except (OSError, ValueError, KeyError, TypeError) as error:
            _logger.warning("alerts position unreadable path=%s error=%r; from the start", self._path, str(error))
            return -1

    def _save_cursor(self, seen: int, saved: int) -> int:
        """Only what has arrived everywhere counts."""
        leaves = [leaf for channel in self._channels if (leaf := channel.oldest_leaf()) is not None]
        arrived = min([seen, *(leaf - 1 for leaf in leaves)])
        if arrived == saved and self._path.exists():
            return saved
        partial = self._path.with_name(self._path.name + ".partial")
        try:
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps({"alarms_up_to": arrived}) + "\n")
            partial.replace(self._path)
        except OSError as error:
            _logger.warning("alerts position not kept error=%r", str(error))
            return saved
        return arrived


def cursor_path(store_path: Path) -> Path:
    """Where it is kept up to which entry alarms have arrived."""
    return store_path.with_name(store_path.name + ".alerts")

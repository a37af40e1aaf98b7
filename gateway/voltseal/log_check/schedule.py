"""The check of the log beside a running gateway: on a schedule, slowly, and going on where it was after a restart."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from contextlib import closing

from voltseal.clock import now_ms
from voltseal.config import Config
from voltseal.errors import VoltsealError
from voltseal.keys import read_log_key
from voltseal.log_check.report import LogReport
from voltseal.log_check.resumable import SAVE_S, check_and_keep
from voltseal.log_check.state import CheckState, read_state
from voltseal.store.reader import SqliteReader

_logger = logging.getLogger(__name__)
_FIRST_AFTER_S = 600.0  # a gateway that just started has a backlog to take in
_AFTER_ERROR_S = 600.0
_STOP_S = 15.0
_HOUR_MS = 3_600_000


class _Stopped(Exception):
    """The gateway stops; the check goes on after the next start."""


class ScheduledCheck:
    """See `Attendant`. One thread, which rests as long as `[check] share` asks after each chunk of entries."""

    def __init__(self, config: Config, first_after_s: float = _FIRST_AFTER_S, save_s: float = SAVE_S) -> None:
        """Raises what reading the log's key raises."""
        self._config = config
        self._log_key = read_log_key(config).verifier
        self._first_after_s = first_after_s
        self._save_s = save_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-check", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, within a chunk's time."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_STOP_S)

    def _run(self) -> None:
        wait_s = self._first_after_s
        while not self._stop.wait(wait_s):
            wait_s = _AFTER_ERROR_S
            try:
                due_ms = self._due_in_ms()
                if due_ms > 0:
                    wait_s = min(due_ms / 1000, 3600.0)
                    continue
                self._check()
                wait_s = 1.0
            except _Stopped:
                return
            except (VoltsealError, sqlite3.Error, OSError) as error:
                _logger.error("log check failed error=%r", str(error))

    def _due_in_ms(self) -> int:
        """Until the next one begins. A clock that was set back counts as time passed."""
        state = self._state()
        if state.position is not None or state.last is None:
            return 0
        since_ms = now_ms() - state.last.finished_ms
        return 0 if since_ms < 0 else int(self._config.check.every_h * _HOUR_MS) - since_ms

    def _state(self) -> CheckState:
        return read_state(self._config.store.path, self._config.gateway.origin)

    def _check(self) -> None:
        state = self._state()
        begin = state.position.report.entries if state.position else 0
        _logger.info("log check begins entry=%d", begin)
        pace = _Pace(self._config.check.share, self._stop)
        path = self._config.store.path
        with closing(SqliteReader.open(path)) as store:
            report = check_and_keep(
                store,
                path,
                self._log_key,
                lambda _done, _all: pace.rest(),
                resume=True,
                threads=1,
                save_s=self._save_s,
            )
        _report(report)


class _Pace:
    """Works for `share` of the time and rests for the remainder."""

    def __init__(self, share: float, stop: threading.Event) -> None:
        self._rest_for_work = 1 / share - 1
        self._stop = stop
        self._begin_s = time.monotonic()

    def rest(self) -> None:
        """After a piece of work. Raises `_Stopped`."""
        if self._stop.wait((time.monotonic() - self._begin_s) * self._rest_for_work):
            raise _Stopped
        self._begin_s = time.monotonic()


def _report(report: LogReport) -> None:
    counts = (report.entries, report.statements, report.checkpoints)
    if report.is_sound:
        _logger.info("log check ended sound=true entries=%d statements=%d checkpoints=%d", *counts)
        return
    for finding in report.findings[:10]:
        _logger.error(
            "log check finding code=%s leaf_index=%s text=%r", finding.code, finding.leaf_index, finding.message
        )
    _logger.error("log check ended sound=false findings=%d entries=%d", report.findings_total, report.entries)

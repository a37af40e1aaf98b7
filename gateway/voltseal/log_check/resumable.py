"""A check whose position and result are kept beside the store: for the command line and for the schedule."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from voltseal.clock import now_ms
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log_check.check import check_log
from voltseal.log_check.report import LogReport, Progress
from voltseal.log_check.state import CheckState, LastCheck, Position, read_state, write_state
from voltseal.store.interface import StoreReader

_logger = logging.getLogger(__name__)

SAVE_S: Final = 10.0


def check_and_keep(
    store: StoreReader,
    store_path: Path,
    log_key: Ed25519Verifier,
    progress: Progress,
    *,
    resume: bool,
    threads: int | None = None,
    save_s: float = SAVE_S,
) -> LogReport:
    """As `check_log`. The position is kept every `save_s` seconds, the result at the end; `resume` goes on from one.

    Where nothing can be written, the check is done all the same.
    """
    state = read_state(store_path, log_key.name)
    save = _Keeper(store_path, state, save_s)
    position = state.position if resume else None
    report = check_log(store, log_key, progress, resume=position, save=save, threads=threads)
    _write(store_path, CheckState(log_key.name, LastCheck.of(report, now_ms())))
    return report


class _Keeper:
    """Keeps the position now and then: making it costs in proportion to the fleet."""

    def __init__(self, store_path: Path, state: CheckState, every_s: float) -> None:
        self._store_path = store_path
        self._state = state
        self._every_s = every_s
        self._saved_s = time.monotonic()

    def __call__(self, position: Callable[[], Position]) -> None:
        if time.monotonic() - self._saved_s >= self._every_s:
            _write(self._store_path, CheckState(self._state.origin, self._state.last, position()))
            self._saved_s = time.monotonic()


def _write(store_path: Path, state: CheckState) -> None:
    try:
        write_state(store_path, state)
    except OSError as error:
        _logger.warning("log check state not kept error=%r", str(error))

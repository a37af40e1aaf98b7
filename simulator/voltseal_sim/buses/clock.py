"""How plant time passes: by the wall clock (faster if wanted), or by a fixed step a poll so that a run repeats."""

from __future__ import annotations

import time
from collections.abc import Callable


def fixed_step(seconds: float) -> Callable[[], float]:
    """Every poll is `seconds` of plant time: deterministic, whatever the machine does."""
    return lambda: seconds


def wall_clock(speed: float = 1.0, monotonic_s: Callable[[], float] = time.monotonic) -> Callable[[], float]:
    """Plant time runs `speed` times as fast as the clock; the first poll is the beginning."""
    last_s: float | None = None

    def elapsed_s() -> float:
        nonlocal last_s
        now_s = monotonic_s()
        passed_s = 0.0 if last_s is None else now_s - last_s
        last_s = now_s
        return passed_s * speed

    return elapsed_s

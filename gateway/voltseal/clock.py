"""The gateway's clock."""

from __future__ import annotations

import time


def now_ms() -> int:
    """POSIX milliseconds; proves nothing to anyone."""
    return time.time_ns() // 1_000_000

"""Named points between two durable steps, where tests kill the process. In production they cost one comparison.

A test sets VOLTSEAL_TEST_CRASH_AT to `<point>` or `<point>:<n>`: the process then kills itself with SIGKILL the n-th
time it comes there, as a power cut would. Points, in the order of a statement's way: `before-commit`, `after-commit`,
`after-receipts`, `after-integrate`, `after-checkpoint`, `after-anchor-signed`, `after-anchor-sent`, `after-anchor`.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "before-commit",
    "after-commit",
    "after-receipts",
    "after-integrate",
    "after-checkpoint",
    "after-anchor-signed",
    "after-anchor-sent",
    "after-anchor",
)

_wanted, _, _count = os.environ.get("VOLTSEAL_TEST_CRASH_AT", "").partition(":")
_visits_left = int(_count or 1)
if _wanted and _wanted not in POINTS:
    raise ValueError(f"VOLTSEAL_TEST_CRASH_AT names no crash point: {_wanted!r} (known: {', '.join(POINTS)})")


def at(point: str) -> None:
    """Die here, if a test asked for it."""
    global _visits_left  # noqa: PLW0603  the count of visits is the process's own
    if point == _wanted:
        _visits_left -= 1
        if _visits_left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

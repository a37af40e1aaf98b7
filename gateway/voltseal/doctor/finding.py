"""What an examination says: how things are, how bad that is, and what to do next. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """`failure`: it does not work, or must not be trusted; `warning`: somebody should look before it does not."""

    OK = "ok"
    WARNING = "warning"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `next`: what to do; empty where all is well."""

    check: str
    level: Level
    message: str
    next: str = ""


def ok(check: str, message: str) -> Finding:
    """All is well."""
    return Finding(check, Level.OK, message)


def warning(check: str, message: str, what_next: str) -> Finding:
    """Somebody should look."""
    return Finding(check, Level.WARNING, message, what_next)


def failure(check: str, message: str, what_next: str) -> Finding:
    """It does not work."""
    return Finding(check, Level.FAILURE, message, what_next)

"""Numbers and times as a reader meets them: exact decimals of scaled integers, UTC. Pure, and free of any locale."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

_END_OF_CALENDAR_MS = 253_402_300_799_999  # the last millisecond of the year 9999
_LONGEST = 300


def decimal(value: int, decimals: int, *, trimmed: bool = False) -> str:
    """`value` / 10**decimals, exactly; `trimmed`: without zeros at its end. Groups have commas."""
    whole, part = divmod(abs(value), 10**decimals)
    digits = f"{part:0{decimals}d}" if decimals else ""
    if trimmed:
        digits = digits.rstrip("0")
    return f"{'-' if value < 0 else ''}{whole:,}{'.' if digits else ''}{digits}"


def moment(time_ms: int) -> str:
    """UTC to the second, where the time is one that a calendar has: a bundle may say any number."""
    if not 0 <= time_ms <= _END_OF_CALENDAR_MS:
        return f"{time_ms} ms after 1970"
    return f"{datetime.fromtimestamp(time_ms // 1000, UTC):%Y-%m-%d %H:%M:%S} UTC"


def duration(length_ms: int) -> str:
    """In seconds."""
    return f"{decimal(length_ms, 3, trimmed=True)} s"


def numbers(ranges: Iterable[tuple[int, int]], most: int) -> str:
    """`0–17, 20`, and an ellipsis after the first `most` ranges."""
    texts = [f"{first:,}" if first == last else f"{first:,}–{last:,}" for first, last in ranges]
    return ", ".join(texts[:most]) + (", …" if len(texts) > most else "")


def clean(text: str) -> str:
    """A stranger's text: without characters that are not printed but steer what is, and not longer than a few lines."""
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in shown)

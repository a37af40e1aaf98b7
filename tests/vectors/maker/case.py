"""A message as it comes in, and the outcome it must end with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .cast import ARRIVED_MS, DEVICE_UEID, ORIGIN, topic_of


@dataclass(frozen=True)
class Case:
    """`breaks` says what is wrong, in words; `before` are messages that were stored before this one comes."""

    name: str
    breaks: str
    payload: bytes
    expect: str
    topic: str = topic_of(DEVICE_UEID)
    before: tuple[bytes, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "description": self.breaks,
            "input": {
                "payload": self.payload.hex(),
                "topic": self.topic,
                "origin": ORIGIN,
                "registry": "fleet",
                "received_ms": ARRIVED_MS,
                "before": [one.hex() for one in self.before],
            },
            "expect": self.expect,
            "reason": self.breaks,
        }


def malformed(group: str, rows: list[tuple[str, str, bytes]]) -> list[Case]:
    """Cases that all expect `malformed`, from (name, what is broken, payload)."""
    return [Case(f"{group}-{name}", breaks, payload, "malformed") for name, breaks, payload in rows]

"""What goes wrong on a serial line, by parameter and from a seed: noise, silence, damage, a board that is stuck."""

from __future__ import annotations

import random
from dataclasses import dataclass, fields
from typing import Protocol


class Responder(Protocol):
    """A device on a byte stream, sans I/O."""

    def respond(self, received: bytes) -> bytes:
        """Bytes that the device sends after receiving these; b"" when it keeps silent."""
        ...


@dataclass(frozen=True, slots=True)
class LineFaults:
    """Probabilities, each of one response: 0 never, 1 always. `stuck` replays the first response ever after."""

    noise: float = 0.0
    drop: float = 0.0
    damage: float = 0.0
    stuck: bool = False

    def __post_init__(self) -> None:
        for entry in fields(self):
            if not 0 <= getattr(self, entry.name) <= 1:
                raise ValueError(f"{entry.name} must be 0 to 1, not {getattr(self, entry.name)}")


class FaultyLine:
    """Wraps a responder. `faults` may be exchanged while it runs; counts say what has been done to the line."""

    def __init__(self, responder: Responder, faults: LineFaults, seed: int) -> None:
        self.faults = faults
        self.counts = {"noise": 0, "drop": 0, "damage": 0, "stuck": 0}
        self._responder = responder
        self._rng = random.Random(f"voltseal line {seed}")
        self._first: dict[bytes, bytes] = {}

    def respond(self, received: bytes) -> bytes:
        """The responder's answer after the line has had its way with it."""
        answer = self._responder.respond(received)
        if not answer:
            return answer
        # The first two bytes name what is answered (start and register, in JBD), however the request came in pieces.
        first = self._first.setdefault(answer[:2], answer)
        if self.faults.stuck and answer != first:
            self.counts["stuck"] += 1
            answer = first
        if self._happens("drop"):
            return b""
        if self._happens("damage"):
            answer = self._damaged(answer)
        if self._happens("noise"):
            answer = self._rng.randbytes(self._rng.randint(1, 20)) + answer
        return answer

    def _happens(self, fault: str) -> bool:
        happens: bool = self._rng.random() < getattr(self.faults, fault)
        self.counts[fault] += happens
        return happens

    def _damaged(self, answer: bytes) -> bytes:
        """One bit changed, anywhere."""
        bit = self._rng.randrange(len(answer) * 8)
        damaged = bytearray(answer)
        damaged[bit // 8] ^= 1 << bit % 8
        return bytes(damaged)

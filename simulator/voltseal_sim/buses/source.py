"""Where a board's answers come from: recordings, a plant behind an encoder, or one after the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol


class Source(Protocol):
    """What a board says, by what it is asked for."""

    def frame(self, register: int) -> bytes | None:
        """The response frame to one request; None when this source has nothing (more) to say about the register."""
        ...


class Recorded:
    """Frames recorded from a real pack, each register's in turn. Ends after `rounds`, or starts over for ever."""

    def __init__(self, frames: Mapping[int, Iterable[bytes]], rounds: int | None = None) -> None:
        self._frames = {register: tuple(recorded) for register, recorded in frames.items()}
        self._played = dict.fromkeys(self._frames, 0)
        self._rounds = rounds

    def frame(self, register: int) -> bytes | None:
        """The register's next recorded frame, byte for byte."""
        frames = self._frames.get(register, ())
        if not frames or (self._rounds is not None and self._played[register] >= self._rounds * len(frames)):
            return None
        played = self._played[register]
        self._played[register] = played + 1
        return frames[played % len(frames)]


class FirstThen:
    """One source until it has nothing more to say about a register, then another: recordings first, then the model."""

    def __init__(self, first: Source, then: Source) -> None:
        self._first = first
        self._then = then

    def frame(self, register: int) -> bytes | None:
        """From the first source that has a frame."""
        frame = self._first.frame(register)
        return self._then.frame(register) if frame is None else frame

"""A recorded serial conversation: who said which bytes when. The file format, and a board that answers from it. Pure.

JSON lines. The first is the head, each other one a piece of bytes that arrived together:

    {"format": "voltseal-serial/1", "port": "/dev/ttyUSB0", "baud": 9600}
    {"ms": 0, "from": "host", "hex": "dda50300fffd77"}
    {"ms": 31, "from": "device", "hex": "dd03001b..."}

`host` is who asks (the firmware, a vendor's program), `device` who answers. `ms` counts from the first piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

from voltseal_sim.errors import SimulatorError

FORMAT = "voltseal-serial/1"
Side = Literal["host", "device"]


class ConversationError(SimulatorError):
    """A recording cannot be read. Names the line."""

    code: ClassVar[str] = "serial-recording"


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that arrived together, `ms` milliseconds after the beginning."""

    ms: int
    side: Side
    content: bytes


@dataclass(frozen=True, slots=True)
class Conversation:
    """What a recording holds."""

    port: str
    baud: int
    pieces: tuple[Piece, ...]


def head_line(port: str, baud: int) -> str:
    """The first line of a recording, with its end."""
    return json.dumps({"format": FORMAT, "port": port, "baud": baud}) + "\n"


def piece_line(piece: Piece) -> str:
    """One more line, with its end."""
    return json.dumps({"ms": piece.ms, "from": piece.side, "hex": piece.content.hex()}) + "\n"


def parse(lines: Iterable[str], name: str) -> Conversation:
    """Read a recording, called `name` in messages. Raises ConversationError, also where its last line was cut off."""
    head: dict[str, Any] | None = None
    pieces: list[Piece] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            if head is None:
                head = _head(row)
            else:
                pieces.append(_piece(row))
        except (ValueError, KeyError, TypeError) as error:
            raise ConversationError(f"{name}:{number}: is no line of a serial recording: {error}") from error
    if head is None:
        raise ConversationError(f"{name}: is empty", hint="make one with `voltseal-sim record`")
    return Conversation(str(head["port"]), int(head["baud"]), tuple(pieces))


def _head(row: Any) -> dict[str, Any]:
    if row["format"] != FORMAT:
        raise ValueError(f"format is not {FORMAT!r}")
    return {"port": str(row["port"]), "baud": int(row["baud"])}


def _piece(row: Any) -> Piece:
    if row["from"] not in ("host", "device"):
        raise ValueError(f"from is {row['from']!r}, not host or device")
    return Piece(int(row["ms"]), cast("Side", row["from"]), bytes.fromhex(row["hex"]))


def exchanges(conversation: Conversation) -> list[tuple[bytes, bytes]]:
    """(request, answer) in their order: all that the host said until the device spoke, and what it said then.

    Requests without an answer are left out, and so is what the device said before the first request.
    """
    found: list[tuple[bytes, bytes]] = []
    request = answer = b""
    for piece in conversation.pieces:
        if piece.side == "device":
            answer += piece.content
            continue
        if answer:
            found.append((request, answer))
            request = answer = b""
        request += piece.content
    found.append((request, answer))
    return [(asked, said) for asked, said in found if asked and said]


class ReplayedDevice:
    """Answers each request as it was answered in the recording: the first answer first, and after the last the first.

    A `Responder` (buses/faults.py). What was never asked in the recording has no answer: those bytes are skipped, and
    `unknown_bytes` counts them.
    """

    def __init__(self, conversation: Conversation) -> None:
        """Raises ConversationError if nothing in the recording was answered."""
        self._answers: dict[bytes, list[bytes]] = {}
        self._turn: dict[bytes, int] = {}
        self._pending = b""
        self.answered = 0
        self.unknown_bytes = 0
        for request, answer in exchanges(conversation):
            self._answers.setdefault(request, []).append(answer)
        if not self._answers:
            raise ConversationError(f"the recording of {conversation.port} has no request with an answer")
        self._longest_first = sorted(self._answers, key=len, reverse=True)

    @property
    def requests(self) -> tuple[bytes, ...]:
        """The requests that it can answer."""
        return tuple(self._answers)

    def respond(self, received: bytes) -> bytes:
        """See `Responder`. Requests may come in pieces, or several at once."""
        self._pending += received
        said = b""
        while self._pending:
            request = next((one for one in self._longest_first if self._pending.startswith(one)), None)
            if request is not None:
                self._pending = self._pending[len(request) :]
                said += self._answer(request)
            elif any(one.startswith(self._pending) for one in self._longest_first):
                break  # the beginning of a request
            else:
                self._pending = self._pending[1:]
                self.unknown_bytes += 1
        return said

    def _answer(self, request: bytes) -> bytes:
        turn = self._turn.get(request, 0)
        self._turn[request] = turn + 1
        self.answered += 1
        answers = self._answers[request]
        return answers[turn % len(answers)]

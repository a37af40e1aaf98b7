"""An emulated board as the transport's line: without a terminal device and without time."""

from __future__ import annotations

from voltseal_sim.buses.faults import Responder


class BoardLine:
    """What `voltseal_device.transport` calls a line; answers wait until they are read."""

    def __init__(self, board: Responder) -> None:
        self._board = board
        self._waiting = b""

    def read(self, count: int) -> bytes | None:
        """At most `count` of the bytes that wait."""
        chunk, self._waiting = self._waiting[:count], self._waiting[count:]
        return chunk or None

    def write(self, request: bytes) -> int:
        """Hand the request to the board."""
        self._waiting += self._board.respond(request)
        return len(request)

"""A Modbus RTU unit on the other end of the serial line: finds requests in the bytes, answers from a register map.

Written from the Modbus documents apart from firmware/drivers/modbus.py: the two judge each other. Only reading is
modelled: coils (1), holding registers (3), input registers (4). A broadcast or another unit's request is not answered.
"""

from __future__ import annotations

from typing import ClassVar, Protocol

_REQUEST_LENGTH = 8
_MOST_REGISTERS = 125
_MOST_COILS = 2000


class IllegalAddressError(Exception):
    """The map has nothing at some of the addresses that were asked for: exception 2."""


class RegisterMap(Protocol):
    """What a unit has to say."""

    functions: ClassVar[frozenset[int]]
    """The function codes that it knows, out of 1, 3, 4."""

    def read(self, function: int, address: int, count: int) -> bytes:
        """Data bytes of so many registers (two bytes each) or coils (eight a byte). Raises IllegalAddressError."""
        ...


def crc(covered: bytes) -> bytes:
    """CRC-16/MODBUS, low byte first, bit by bit as the serial line document draws it."""
    value = 0xFFFF
    for byte in covered:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ 0xA001 if value & 1 else value >> 1
    return value.to_bytes(2, "little")


def frame(unit: int, function: int, content: bytes) -> bytes:
    """A whole frame: whatever follows the function code, and the CRC."""
    body = bytes((unit, function)) + content
    return body + crc(body)


class ModbusUnit:
    """The unit's end of the line, sans I/O: bytes in, bytes out. Keeps what is left of an unfinished request."""

    def __init__(self, unit: int, registers: RegisterMap) -> None:
        self._unit = unit
        self._registers = registers
        self._pending = b""
        self.answered = 0
        self.ignored_bytes = 0

    def respond(self, received: bytes) -> bytes:
        """Answer every whole request in the bytes so far; noise is skipped, a request with a wrong CRC unanswered.

        A real unit finds a frame's end by a pause on the line; here the fixed length of a read request does.
        """
        self._pending += received
        answer = b""
        while len(self._pending) >= _REQUEST_LENGTH:
            request = self._pending[:_REQUEST_LENGTH]
            if crc(request[:-2]) != request[-2:]:
                self.ignored_bytes += 1
                self._pending = self._pending[1:]
                continue
            self._pending = self._pending[_REQUEST_LENGTH:]
            if request[0] == self._unit:
                self.answered += 1
                answer += self._answer(request)
        return answer

    def _answer(self, request: bytes) -> bytes:
        function = request[1]
        address, count = int.from_bytes(request[2:4], "big"), int.from_bytes(request[4:6], "big")
        if function not in self._registers.functions:
            return self._refusal(function, 1)
        if not 1 <= count <= (_MOST_COILS if function == 1 else _MOST_REGISTERS):
            return self._refusal(function, 3)
        try:
            content = self._registers.read(function, address, count)
        except IllegalAddressError:
            return self._refusal(function, 2)
        return frame(self._unit, function, bytes((len(content),)) + content)

    def _refusal(self, function: int, code: int) -> bytes:
        return frame(self._unit, function | 0x80, bytes((code,)))

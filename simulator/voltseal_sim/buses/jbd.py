"""A JBD battery management system on the other end of the serial line, answering from recordings, a plant, or both.

Frames as in firmware/drivers/jbd.py, but written from the protocol document apart from it: the two judge each other.

    request   DD A5 register 00 checksum 77             checksum over register, length
    response  DD register status length payload checksum 77   checksum over status, length, payload

What a board does not know it answers with status 0x80; what is no sound request it does not answer.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from voltseal_sim.buses.source import Source
from voltseal_sim.plants.battery import BatteryPack, LoadProfile, PackReading
from voltseal_sim.plants.protection import Protection

BASIC_INFO = 0x03
CELL_VOLTAGES = 0x04
DEVICE_NAME = 0x05
FAULT_COUNTERS = 0xAA

_REQUEST_LENGTH = 7
_READ = 0xA5
_STATUS_ERROR = 0x80

# Register 0xAA: one word for each, in this order; the board's twelfth word is left at zero.
_COUNTER_ORDER = (
    Protection.SHORT_CIRCUIT,
    Protection.CHARGE_OVER_CURRENT,
    Protection.DISCHARGE_OVER_CURRENT,
    Protection.CELL_OVER_VOLTAGE,
    Protection.CELL_UNDER_VOLTAGE,
    Protection.CHARGE_OVER_TEMPERATURE,
    Protection.CHARGE_UNDER_TEMPERATURE,
    Protection.DISCHARGE_OVER_TEMPERATURE,
    Protection.DISCHARGE_UNDER_TEMPERATURE,
    Protection.PACK_OVER_VOLTAGE,
    Protection.PACK_UNDER_VOLTAGE,
)


def checksum(covered: bytes) -> bytes:
    """The two checksum bytes over the covered ones."""
    return ((0x10000 - sum(covered)) & 0xFFFF).to_bytes(2, "big")


def frame_response(register: int, payload: bytes, status: int = 0) -> bytes:
    """A whole response frame; payload at most 255 bytes."""
    covered = bytes((status, len(payload))) + payload
    return bytes((0xDD, register)) + covered + checksum(covered) + b"\x77"


class Plant:
    """A modelled pack behind a JBD board.

    `elapsed_s` gives the seconds of plant time since it was last asked; it is asked, and the pack advanced, on each
    request for BASIC_INFO, so that the cell voltages that are read next belong to the same moment.
    """

    def __init__(
        self,
        pack: BatteryPack,
        load: float | LoadProfile,
        elapsed_s: Callable[[], float],
        name: str = "VOLTSEAL-SIM",
        manufactured: tuple[int, int, int] = (2025, 3, 14),
    ) -> None:
        self.pack = pack
        self._load = load
        self._elapsed_s = elapsed_s
        self._name = name.encode("ascii")
        self._manufactured = manufactured

    def frame(self, register: int) -> bytes | None:
        """Encode the pack as it is now."""
        if register == BASIC_INFO:
            reading = self.pack.advance(self._elapsed_s(), self._load)
            return frame_response(register, basic_info(reading, self._manufactured))
        if register == CELL_VOLTAGES:
            return frame_response(register, cell_voltages(self.pack.reading()))
        if register == DEVICE_NAME:
            return frame_response(register, self._name)
        if register == FAULT_COUNTERS:
            return frame_response(register, fault_counters(self.pack.reading()))
        return None


class JbdBoard:
    """The board's end of the line, sans I/O: bytes in, bytes out. Keeps what is left of an unfinished request."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._pending = b""
        self.answered = 0
        self.ignored_bytes = 0

    def respond(self, received: bytes) -> bytes:
        """Answer every whole request in the bytes so far; noise is skipped, a request with a wrong sum unanswered."""
        self._pending += received
        answer = b""
        while self._pending:
            start = self._pending.find(0xDD)
            if start != 0:
                skipped = len(self._pending) if start < 0 else start
                self.ignored_bytes += skipped
                self._pending = self._pending[skipped:]
                continue
            if len(self._pending) < _REQUEST_LENGTH:
                break
            request = self._pending[:_REQUEST_LENGTH]
            if not _is_sound(request):
                self.ignored_bytes += 1
                self._pending = self._pending[1:]
                continue
            self._pending = self._pending[_REQUEST_LENGTH:]
            answer += self._answer(request[2])
        return answer

    def _answer(self, register: int) -> bytes:
        self.answered += 1
        frame = self._source.frame(register)
        return frame_response(register, b"", _STATUS_ERROR) if frame is None else frame


def _is_sound(request: bytes) -> bool:
    """A read request without data, rightly summed; writing to a board is not modelled."""
    return request[1] == _READ and request[3] == 0 and request[4:6] == checksum(request[2:4]) and request[6] == 0x77


def _word(value: float) -> int:
    """Round into an unsigned 16-bit word; a value out of range shows as the nearest end, as on the board."""
    return max(0, min(0xFFFF, round(value)))


def _signed_word(value: float) -> int:
    return max(-0x8000, min(0x7FFF, round(value)))


def basic_info(reading: PackReading, manufactured: tuple[int, int, int]) -> bytes:
    """Payload of register 0x03. Temperatures are 0.1 K counted from 273.1 K."""
    year, month, day = manufactured
    switches = reading.charge_switch_closed | reading.discharge_switch_closed << 1
    body = struct.pack(
        ">HhHHHHHHHBBBBB",
        _word(reading.pack_voltage_v * 100),
        _signed_word(reading.pack_current_a * 100),
        _word(reading.remaining_capacity_ah * 100),
        _word(reading.full_capacity_ah * 100),
        _word(reading.cycle_count),
        (year - 2000) << 9 | month << 5 | day,
        reading.balance_flags & 0xFFFF,
        reading.balance_flags >> 16 & 0xFFFF,
        int(reading.protections),
        0x10,
        round(reading.soc * 100),
        switches,
        len(reading.cell_voltages_v),
        len(reading.temperatures_c),
    )
    return body + b"".join(struct.pack(">H", _word(celsius * 10 + 2731)) for celsius in reading.temperatures_c)


def cell_voltages(reading: PackReading) -> bytes:
    """Payload of register 0x04: millivolts."""
    return b"".join(struct.pack(">H", _word(volt * 1000)) for volt in reading.cell_voltages_v)


def fault_counters(reading: PackReading) -> bytes:
    """Payload of register 0xAA, 24 bytes."""
    words = [_word(reading.trip_counts[protection]) for protection in _COUNTER_ORDER]
    return struct.pack(">12H", *words, 0)

"""A Daly battery management system on the other end of the serial line, answering from recordings, a plant, or both.

Frames as in firmware/drivers/daly.py, but written from the protocol document apart from it: the two judge each other.

    request   A5 host command 08 (8 bytes) sum     host: 40 or 80, whichever this line has
    response  A5 01   command 08 (8 bytes) sum     sum: the low byte of the sum of all before

A board keeps silent on a command that it does not know.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from voltseal_sim.buses.source import Source
from voltseal_sim.plants.battery import BatteryPack, LoadProfile, PackReading
from voltseal_sim.plants.protection import Protection

PACK, SWITCHES, DEVICE_STATUS, CELL_VOLTAGES, TEMPERATURES, BALANCE, ALARMS = 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98
_REQUEST_LENGTH = 13

# Command 0x98: (byte, bit) of the second, switching-off level of each alarm that the modelled protections have.
_ALARM_BITS = {
    Protection.CELL_OVER_VOLTAGE: (0, 1),
    Protection.CELL_UNDER_VOLTAGE: (0, 3),
    Protection.PACK_OVER_VOLTAGE: (0, 5),
    Protection.PACK_UNDER_VOLTAGE: (0, 7),
    Protection.CHARGE_OVER_TEMPERATURE: (1, 1),
    Protection.CHARGE_UNDER_TEMPERATURE: (1, 3),
    Protection.DISCHARGE_OVER_TEMPERATURE: (1, 5),
    Protection.DISCHARGE_UNDER_TEMPERATURE: (1, 7),
    Protection.CHARGE_OVER_CURRENT: (2, 1),
    Protection.DISCHARGE_OVER_CURRENT: (2, 3),
    Protection.SHORT_CIRCUIT: (6, 2),
}


def frame_response(command: int, payload: bytes) -> bytes:
    """One response frame; payload of 8 bytes."""
    body = bytes((0xA5, 0x01, command, 8)) + payload
    return body + bytes((sum(body) % 256,))


class Plant:
    """A modelled pack behind a Daly board.

    `elapsed_s` gives the seconds of plant time since it was last asked; it is asked, and the pack advanced, on each
    request for PACK, so that what is read next belongs to the same moment.
    """

    def __init__(self, pack: BatteryPack, load: float | LoadProfile, elapsed_s: Callable[[], float]) -> None:
        self.pack = pack
        self._load = load
        self._elapsed_s = elapsed_s
        self._encoders: dict[int, Callable[[PackReading], bytes]] = {
            PACK: _pack,
            SWITCHES: _switches,
            DEVICE_STATUS: _device_status,
            BALANCE: lambda reading: reading.balance_flags.to_bytes(6, "little") + bytes(2),
            ALARMS: _alarms,
        }

    def frame(self, register: int) -> bytes | None:
        """Encode the pack as it is now; cells and temperatures take as many frames as they need."""
        if register == PACK:
            self.pack.advance(self._elapsed_s(), self._load)
        reading = self.pack.reading()
        if register == CELL_VOLTAGES:
            words = b"".join(struct.pack(">H", round(volt * 1000)) for volt in reading.cell_voltages_v)
            return _series(register, words, 6, b"\x00")
        if register == TEMPERATURES:
            return _series(register, bytes(round(celsius) + 40 for celsius in reading.temperatures_c), 7, b"")
        encoder = self._encoders.get(register)
        return None if encoder is None else frame_response(register, encoder(reading))


class DalyBoard:
    """The board's end of the line, sans I/O: bytes in, bytes out. Keeps what is left of an unfinished request."""

    def __init__(self, source: Source, host: int = 0x40) -> None:
        """`host`: the only address that this line answers to, 0x40 wired or 0x80 BLE."""
        self._source = source
        self._head = bytes((0xA5, host))
        self._pending = b""
        self.answered = 0
        self.ignored_bytes = 0

    def respond(self, received: bytes) -> bytes:
        """Answer every whole request in the bytes so far; noise is skipped, a request with a wrong sum unanswered."""
        self._pending += received
        answer = b""
        while self._pending:
            request = self._pending[:_REQUEST_LENGTH]
            if not self._head.startswith(request[:2]):
                self._skip(1)
            elif len(request) < _REQUEST_LENGTH:
                break
            elif request[3] != 8 or request[12] != sum(request[:12]) % 256:
                self._skip(1)
            else:
                self._pending = self._pending[_REQUEST_LENGTH:]
                self.answered += 1
                answer += self._source.frame(request[2]) or b""
        return answer

    def _skip(self, count: int) -> None:
        self.ignored_bytes += count
        self._pending = self._pending[count:]


def _pack(reading: PackReading) -> bytes:
    # Gathered and cumulated voltage are the same here; a discharging current counts up from 30000.
    deci_v = round(reading.pack_voltage_v * 10)
    return struct.pack(">4H", deci_v, deci_v, 30000 - round(reading.pack_current_a * 10), round(reading.soc * 1000))


def _switches(reading: PackReading) -> bytes:
    state = 1 if reading.pack_current_a > 0 else 2 if reading.pack_current_a < 0 else 0
    remaining_mah = round(reading.remaining_capacity_ah * 1000)
    life = int(reading.time_s) % 256
    return struct.pack(
        ">4BI", state, reading.charge_switch_closed, reading.discharge_switch_closed, life, remaining_mah
    )


def _device_status(reading: PackReading) -> bytes:
    counts = (len(reading.cell_voltages_v), len(reading.temperatures_c))
    return struct.pack(">5BHB", *counts, 0, 0, 0, min(0xFFFF, reading.cycle_count), 0)


def _alarms(reading: PackReading) -> bytes:
    payload = bytearray(8)
    for protection, (byte, bit) in _ALARM_BITS.items():
        if protection in reading.protections:
            payload[byte] |= 1 << bit
    return bytes(payload)


def _series(command: int, values: bytes, a_frame: int, fill: bytes) -> bytes:
    """Values in frames numbered from 1, `a_frame` bytes each; `fill` and zeros make up the eight."""
    frames = b""
    for index in range(0, len(values), a_frame):
        payload = bytes((index // a_frame + 1,)) + values[index : index + a_frame] + fill
        frames += frame_response(command, payload.ljust(8, b"\x00")[:8])
    return frames

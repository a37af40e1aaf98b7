"""A Pylontech module on the other end of the RS-485 line, answering from recordings, a plant, or one after the other.

Frames as in firmware/drivers/pylontech.py, but written from the protocol document apart from it. A module answers only
its own address and only to the request for analogue values; the source is asked for "register" 0x42.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from voltseal_sim.buses.source import Source
from voltseal_sim.plants.battery import BatteryPack, LoadProfile, PackReading

ANALOG = 0x42


def frame(address: int, code: int, information: bytes) -> bytes:
    """A whole frame of device type 46: a request if `code` is a command, a response if it is a return code."""
    text = information.hex().upper()
    size = len(text)
    check = (-sum(size >> shift & 15 for shift in (0, 4, 8))) % 16
    body = f"20{address:02X}46{code:02X}{check:X}{size:03X}{text}".encode("ascii")
    return b"~" + body + f"{-sum(body) % 65536:04X}\r".encode("ascii")


class Plant:
    """A modelled pack as one module. `elapsed_s` gives the seconds of plant time since it was last asked."""

    def __init__(
        self, pack: BatteryPack, load: float | LoadProfile, elapsed_s: Callable[[], float], address: int = 2
    ) -> None:
        self.pack = pack
        self._load = load
        self._elapsed_s = elapsed_s
        self._address = address

    def frame(self, register: int) -> bytes | None:
        """Advance the pack and encode it."""
        if register != ANALOG:
            return None
        reading = self.pack.advance(self._elapsed_s(), self._load)
        return frame(self._address, 0, analog(self._address, reading))


def analog(address: int, reading: PackReading) -> bytes:
    """Information of the response. Above 65 Ah the capacities take 24 bits at the end."""
    cells = [round(volt * 1000) for volt in reading.cell_voltages_v]
    temperatures = [round(celsius * 10) + 2731 for celsius in reading.temperatures_c]
    remaining, full = round(reading.remaining_capacity_ah * 1000), round(reading.full_capacity_ah * 1000)
    large = full > 65_000
    body = struct.pack(f">BBB{len(cells)}H", 0x11, address, len(cells), *cells)
    body += struct.pack(f">B{len(temperatures)}H", len(temperatures), *temperatures)
    body += struct.pack(">hH", round(reading.pack_current_a * 10), round(reading.pack_voltage_v * 1000))
    words = (0xFFFF, 4, 0xFFFF) if large else (remaining, 2, full)
    body += struct.pack(">HBHH", *words, min(0xFFFF, reading.cycle_count))
    return body + remaining.to_bytes(3, "big") + full.to_bytes(3, "big") if large else body


class PylontechModule:
    """The module's end of the line, sans I/O: bytes in, bytes out. Keeps what is left of an unfinished request."""

    def __init__(self, source: Source, address: int = 2) -> None:
        self._source = source
        self._request = frame(address, ANALOG, bytes((address,)))
        self._pending = b""

    def respond(self, received: bytes) -> bytes:
        """Answer every whole request for this module in the bytes so far; anything else is not answered."""
        *lines, self._pending = (self._pending + received).split(b"\r")
        answers = [self._source.frame(ANALOG) for line in lines if line.endswith(self._request[:-1])]
        return b"".join(answer or b"" for answer in answers)

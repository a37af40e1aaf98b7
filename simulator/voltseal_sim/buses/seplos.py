"""A Seplos BMS 3.0 as a Modbus register map, filled from a modelled pack. Written from the protocol document.

Use it behind `ModbusUnit(0, SeplosPack(...))`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import ClassVar

from voltseal_sim.buses.modbus import IllegalAddressError
from voltseal_sim.plants.battery import BatteryPack, LoadProfile, PackReading
from voltseal_sim.plants.protection import Protection

_PACK, _CELLS, _EVENTS, _SETTINGS = 0x1000, 0x1100, 0x1200, 0x1300
_NO_SENSOR_DK = 2731

# (event byte of block PIC, bit) of the protections that the model has; bytes count from the block's first.
_EVENT_BITS = {
    Protection.CELL_OVER_VOLTAGE: (9, 1),
    Protection.CELL_UNDER_VOLTAGE: (9, 3),
    Protection.PACK_OVER_VOLTAGE: (9, 5),
    Protection.PACK_UNDER_VOLTAGE: (9, 7),
    Protection.CHARGE_OVER_TEMPERATURE: (10, 1),
    Protection.CHARGE_UNDER_TEMPERATURE: (10, 3),
    Protection.DISCHARGE_OVER_TEMPERATURE: (10, 5),
    Protection.DISCHARGE_UNDER_TEMPERATURE: (10, 7),
    Protection.CHARGE_OVER_CURRENT: (12, 1),
    Protection.DISCHARGE_OVER_CURRENT: (12, 4),
    Protection.SHORT_CIRCUIT: (12, 6),
}


class SeplosPack:
    """Blocks PIA, PIB, PIC and the first registers of SPA of a board for at most 200 A.

    `elapsed_s` gives the seconds of plant time since it was last asked; it is asked, and the pack advanced, on each
    request for PIA, so that what is read next belongs to the same moment.
    """

    functions: ClassVar[frozenset[int]] = frozenset((1, 4))

    def __init__(self, pack: BatteryPack, load: float | LoadProfile, elapsed_s: Callable[[], float]) -> None:
        self.pack = pack
        self._load = load
        self._elapsed_s = elapsed_s

    def read(self, function: int, address: int, count: int) -> bytes:
        """Part of one block: a request must stay within it. Raises IllegalAddressError."""
        if address == _PACK:
            self.pack.advance(self._elapsed_s(), self._load)
        reading = self.pack.reading()
        if function == 1:
            first, content, unit = _EVENTS, _events(reading), 8
        else:
            blocks = {_PACK: _pack(reading), _CELLS: _cells(reading), _SETTINGS: _settings(reading)}
            first = address & 0xFF00
            content, unit = blocks.get(first, b""), 1
        begin = (address - first) * 2 if unit == 1 else (address - first) // 8
        length = count * 2 if unit == 1 else count // 8
        if begin < 0 or begin + length > len(content) or (unit == 8 and (address % 8 or count % 8)):
            raise IllegalAddressError
        return content[begin : begin + length]


def _pack(reading: PackReading) -> bytes:
    """PIA: 18 words."""
    cells_mv = [round(volt * 1000) for volt in reading.cell_voltages_v]
    sensors_dk = [round(celsius * 10) + 2731 for celsius in reading.temperatures_c]
    words = (
        round(reading.pack_voltage_v * 100),
        max(-0x8000, min(0x7FFF, round(reading.pack_current_a * 100))) & 0xFFFF,
        round(reading.remaining_capacity_ah * 100),
        round(reading.full_capacity_ah * 100),
        round(reading.cycle_count * reading.nominal_capacity_ah / 10),
        round(reading.soc * 1000),
        round(reading.soh * 1000),
        min(0xFFFF, reading.cycle_count),
        round(sum(cells_mv) / len(cells_mv)),
        round(sum(sensors_dk) / len(sensors_dk)),
        max(cells_mv),
        min(cells_mv),
        max(sensors_dk),
        min(sensors_dk),
        0,
        180,
        180,
        1000,
    )
    return struct.pack(">18H", *(min(0xFFFF, word) for word in words))


def _cells(reading: PackReading) -> bytes:
    """PIB: 16 cells, 8 sensors of which four are wired, ambient, power stage. Slots without a sensor read 0.0 °C."""
    cells = [round(volt * 1000) for volt in reading.cell_voltages_v]
    sensors = [round(celsius * 10) + 2731 for celsius in reading.temperatures_c][:4]
    ambient = [sensors[0], sensors[0]]
    cells += [0] * (16 - len(cells))
    return struct.pack(">26H", *cells, *sensors, *[_NO_SENSOR_DK] * (8 - len(sensors)), *ambient)


def _settings(reading: PackReading) -> bytes:
    """SPA: sensors, cells in series."""
    return struct.pack(">2H", min(4, len(reading.temperatures_c)), len(reading.cell_voltages_v))


def _events(reading: PackReading) -> bytes:
    """PIC: 18 bytes of coils."""
    coils = bytearray(18)
    coils[6:8] = (reading.balance_flags & 0xFFFF).to_bytes(2, "little")
    coils[8] = 0b10 if reading.pack_current_a > 0 else 0b01 if reading.pack_current_a < 0 else 0b10000
    for protection, (byte, bit) in _EVENT_BITS.items():
        if protection in reading.protections:
            coils[byte] |= 1 << bit
    coils[15] = reading.discharge_switch_closed | reading.charge_switch_closed << 1
    return bytes(coils)

"""A SunSpec inverter as a Modbus register map, filled from a modelled photovoltaic plant.

Written from the model definitions, apart from firmware/drivers/sunspec.py. Use it behind
`ModbusUnit(1, SunSpecInverter(...))`.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import ClassVar

from voltseal_sim.buses.modbus import IllegalAddressError
from voltseal_sim.plants.photovoltaic import PvPlant, PvReading

_NONE_U16, _NONE_S16, _NONE_U32 = 0xFFFF, -0x8000, 0xFFFFFFFF
_WORD_COUNTER = 1 << 32


class SunSpecInverter:
    """Models 1, 101 or 103, 120 and 160 in a chain at `base`, between them a model that nobody knows.

    `elapsed_s` gives the seconds of plant time since it was last asked; it is asked, and the plant advanced, on each
    request that begins at the inverter model, so that what is read next belongs to the same moment.
    """

    functions: ClassVar[frozenset[int]] = frozenset((3,))

    def __init__(
        self, plant: PvPlant, elapsed_s: Callable[[], float], base: int = 40000, serial: str = "SIM-1"
    ) -> None:
        self.plant = plant
        self._elapsed_s = elapsed_s
        self._base = base
        self._serial = serial
        # "SunS", model 1 with its header, then the header of the inverter model.
        self._inverter_address = base + 2 + 68 + 2

    def image(self) -> bytes:
        """The whole chain as it is now, from "SunS" to the end mark."""
        reading, parameters = self.plant.reading(), self.plant.parameters
        models = (
            (1, common("Voltseal", "PV-SIM", "1.0", self._serial)),
            (101 if parameters.phases == 1 else 103, inverter(reading)),
            (64999, bytes(6)),
            (120, nameplate(parameters.rated_w)),
            (160, trackers(reading)),
        )
        chain = b"".join(struct.pack(">HH", model, len(body) // 2) + body for model, body in models)
        return b"SunS" + chain + struct.pack(">HH", 0xFFFF, 0)

    def read(self, function: int, address: int, count: int) -> bytes:
        """Holding registers of the chain. Raises IllegalAddressError."""
        if address == self._inverter_address:
            self.plant.advance(self._elapsed_s())
        image, begin = self.image(), 2 * (address - self._base)
        if begin < 0 or begin + 2 * count > len(image):
            raise IllegalAddressError
        return image[begin : begin + 2 * count]


def _text(text: str, registers: int) -> bytes:
    return text.encode("ascii").ljust(2 * registers, b"\x00")[: 2 * registers]


def common(maker: str, model: str, version: str, serial: str) -> bytes:
    """Model 1, with address 1 and the pad register."""
    names = _text(maker, 16) + _text(model, 16) + _text("", 8) + _text(version, 8) + _text(serial, 16)
    return names + struct.pack(">Hh", 1, _NONE_S16)


def _phases(values: Sequence[float], scale: float) -> list[int]:
    words = [round(value * scale) for value in values]
    return words + [_NONE_U16] * (3 - len(words))


def inverter(reading: PvReading) -> bytes:
    """Models 101 and 103: 50 registers. Currents in 0.01 A, voltages in 0.1 V, powers in W, temperatures in 0.1 °C."""
    phases, watt = len(reading.phase_voltages_v), round(reading.ac_power_w)
    currents = [reading.ac_power_w / phases / volt for volt in reading.phase_voltages_v]
    power_factor = 1000 if watt else _NONE_S16
    dc_w, several = sum(reading.dc_powers_w), len(reading.dc_powers_w) > 1
    dc_v = reading.dc_voltages_v[0]
    # With several trackers there is no one DC voltage or current: not implemented, as inverters do.
    dc_a_word = _NONE_U16 if several or not dc_v else round(dc_w / dc_v * 100)
    dc_v_word = _NONE_U16 if several else round(dc_v * 10)
    return b"".join((
        struct.pack(">4Hh", round(sum(currents) * 100), *_phases(currents, 100), -2),
        struct.pack(">6Hh", *[_NONE_U16] * 3, *_phases(reading.phase_voltages_v, 10), -1),
        struct.pack(">hhHh", watt, 0, round(reading.frequency_hz * 100), -2),
        struct.pack(">hhhhhh", watt, 0, 0, 0, power_factor, -1),
        struct.pack(">Ih", round(reading.ac_energy_wh) % _WORD_COUNTER, 0),
        struct.pack(">HhHhhh", dc_a_word, -2, dc_v_word, -1, round(dc_w), 0),
        struct.pack(">5h", round(reading.cabinet_c * 10), _NONE_S16, _NONE_S16, _NONE_S16, -1),
        struct.pack(">HH", reading.state, _NONE_U16),
        struct.pack(">6I", reading.events, 0, *[_NONE_U32] * 4),
    ))  # fmt: skip


def nameplate(rated_w: float) -> bytes:
    """Model 120: 26 registers, of which only type (4: photovoltaic) and power are said; power in 10 W."""
    return struct.pack(">HHh", 4, round(rated_w / 10), 1) + struct.pack(">h", _NONE_S16) * 23


def trackers(reading: PvReading) -> bytes:
    """Model 160: 8 registers, then 20 for each tracker. Currents in 0.01 A, voltages in 0.1 V, energies in Wh."""
    body = struct.pack(">4hIHH", -2, -1, 0, 0, 0, len(reading.dc_powers_w), _NONE_U16)
    rows = zip(reading.dc_powers_w, reading.dc_voltages_v, reading.dc_energies_wh, strict=True)
    for index, (watt, volt, energy_wh) in enumerate(rows, 1):
        ampere = watt / volt if volt else 0.0
        body += struct.pack(">H", index) + _text(f"string {index}", 8)
        body += struct.pack(">HHH", round(ampere * 100), round(volt * 10), round(watt))
        body += struct.pack(">IIhHI", round(energy_wh) % _WORD_COUNTER, _NONE_U32, _NONE_S16, reading.state, 0)
    return body

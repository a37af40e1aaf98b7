"""Seplos BMS 3.0 (board generation 10E and later): Modbus RTU on RS-485, 19200 8N1.

Source: "XZH BMS Modbus RTU protocol", V0.3: blocks PIA (0x1000), PIB (0x1100), PIC (0x1200) and the first two registers
of SPA (0x1300). Where packs are chained, the first is the bus master and leaves no room for another: this driver is for
a pack that is asked alone, at its own address.

Signs and units: a charging current is positive. The board counts current in 0.01 A, but in 0.1 A where it is made for
300 A or more (protocol V0.2), which no register tells: `Driver(large=True)`. protection_flags are the event bytes of
PIC in the document's order, lowest first: voltage, cell temperature, ambient and power temperature, current (2),
remaining capacity; alarms are among them. balance_flags: bit 0 is cell 1.

SPA says how many cells and sensors there are; of the others the board sends readings that mean nothing (0.0 degrees).
Until SPA has been read, cells and temperatures are absent. Has not run on a board of ours.
"""

from drivers.frame import FrameError, read_fields, unsigned
from drivers.modbus import READ_COILS, READ_INPUT, Block, frame_length, payload_of, request

COUNTS = 0x1300
PACK = 0x1000
CELLS = 0x1100
EVENTS = 0x1200
BLOCKS = {
    COUNTS: Block(READ_INPUT, COUNTS, 2),
    PACK: Block(READ_INPUT, PACK, 17),
    CELLS: Block(READ_INPUT, CELLS, 26),
    EVENTS: Block(READ_COILS, EVENTS, 144),
}

CELL_FIELDS = tuple("cell_%02d_mv" % number for number in range(1, 17))
TEMPERATURE_FIELDS = tuple("temp_%d_dc" % number for number in range(1, 5))
_TEMPERATURES_OFFSET = 32
_ZERO_CELSIUS_DK = 2731

# (name, offset in the payload, bytes, signed, scale, bias)
COUNTS_TABLE = (
    ("temperature_count", 0, 2, False, 1, 0),
    ("cell_count", 2, 2, False, 1, 0),
)
PACK_TABLE = (
    ("pack_voltage_mv", 0, 2, False, 10, 0),
    ("pack_current_ma", 2, 2, True, 10, 0),
    ("remaining_capacity_mah", 4, 2, False, 10, 0),
    ("full_capacity_mah", 6, 2, False, 10, 0),
    ("discharged_total_mah", 8, 2, False, 10_000, 0),
    ("soc_permille", 10, 2, False, 1, 0),
    ("soh_permille", 12, 2, False, 1, 0),
    ("cycle_count", 14, 2, False, 1, 0),
)


def events(payload: bytes) -> dict:
    """PIC: 18 bytes of coils. The board's switch bits are discharge, charge; the schema's charge, discharge."""
    switches = payload[15]
    return {
        "balance_flags": int.from_bytes(payload[6:8], "little"),
        "protection_flags": int.from_bytes(payload[9:15], "little"),
        "fet_flags": switches >> 1 & 1 | (switches & 1) << 1,
        "hardware_fault_flags": payload[17],
    }


class Driver:
    """The driver interface of drivers/frame.py for one Seplos pack. Remembers how many cells it said it has."""

    name = "seplos-v3"
    baud_rate = 19200

    def __init__(self, unit: int = 0, large: bool = False) -> None:
        """`unit`: the pack's address, 0 to 15 by its switches. `large`: a board for 300 A or more."""
        self.registers = (COUNTS, PACK, CELLS, EVENTS)
        self._unit = unit
        self._large = large
        self._cell_count = 0
        self._temperature_count = 0

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return tuple(request(self._unit, BLOCKS[register]) for register in self.registers)

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        return frame_length(self._unit, BLOCKS[register], candidate)

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response to `register`. Raises FrameError."""
        payload = payload_of(self._unit, BLOCKS[register], frame)
        if register == COUNTS:
            return self._counts(payload)
        if register == CELLS:
            return self._cells(payload)
        if register == EVENTS:
            return events(payload)
        fields = read_fields(PACK_TABLE, payload)
        if self._large:
            fields["pack_current_ma"] *= 10
        return fields

    def _counts(self, payload: bytes) -> dict:
        fields = read_fields(COUNTS_TABLE, payload)
        if not 1 <= fields["cell_count"] <= 16 or fields["temperature_count"] > 8:
            raise FrameError("length", "%(cell_count)d cells, %(temperature_count)d sensors" % fields)
        self._cell_count = fields["cell_count"]
        self._temperature_count = fields["temperature_count"]
        return fields

    def _cells(self, payload: bytes) -> dict:
        fields: dict = {}
        for index, name in enumerate(CELL_FIELDS):
            fields[name] = unsigned(payload, 2 * index, 2) if index < self._cell_count else None
        for index, name in enumerate(TEMPERATURE_FIELDS):
            raw = unsigned(payload, _TEMPERATURES_OFFSET + 2 * index, 2)
            fields[name] = raw - _ZERO_CELSIUS_DK if index < self._temperature_count else None
        return fields

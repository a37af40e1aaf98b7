"""SunSpec inverters over Modbus RTU: models 1, 101 to 103, 120 and 160 (9600 8N1 unless set otherwise).

Source: "SunSpec Device Information Model Specification" V1.2 and the model definitions of the SunSpec Alliance.

At one of three addresses stands "SunS", and behind it a chain of models: number, length, so many registers. The chain
is walked once, before the first reading: while `next_header()` is not None, ask `request_for` it. Then `registers` are
the numbers of the models that a reading polls.

A value is raw * 10 ** scale factor; here in the schema's unit, an integer, rounded half up where the device is finer.
What the device does not implement (each type has a value that says so), or gives no scale factor for, is None. An
accumulator of zero is not implemented as well: an inverter that has not yet fed in one count has no energy to show.
"""

from drivers.frame import FrameError, unsigned
from drivers.modbus import READ_HOLDING, Block, frame_length, payload_of, request

BASES = (40000, 50000, 0)
MARKER = b"SunS"
COMMON = 1
INVERTERS = (101, 102, 103)
NAMEPLATE = 120
TRACKERS = 160
TRACKER_COUNT = 4  # columns of the schema; `tracker_count` tells how many there are
_HEADER = 0x10000  # registers from here on are addresses of headers, below they are models
_END = 0xFFFF
_MOST_MODELS = 64
_FIXED = 8  # registers of model 160 before its trackers
_A_TRACKER = 20
_MOST_REGISTERS = 125
_LARGEST = (1 << 53) - 1  # what a column can carry

# type: (bytes, signed, the value that says "not implemented")
U16, S16, U32, ACC32 = (2, False, 0xFFFF), (2, True, -0x8000), (4, False, 0xFFFFFFFF), (4, False, 0)

# (name, register in the model, type, register of the scale factor, exponent of the schema's unit); None: not scaled
INVERTER_TABLE = (
    ("ac_current_ma", 0, U16, 4, -3),
    ("ac_current_1_ma", 1, U16, 4, -3),
    ("ac_current_2_ma", 2, U16, 4, -3),
    ("ac_current_3_ma", 3, U16, 4, -3),
    ("ac_voltage_1_mv", 8, U16, 11, -3),
    ("ac_voltage_2_mv", 9, U16, 11, -3),
    ("ac_voltage_3_mv", 10, U16, 11, -3),
    ("ac_power_mw", 12, S16, 13, -3),
    ("ac_frequency_mhz", 14, U16, 15, -3),
    ("ac_apparent_mva", 16, S16, 17, -3),
    ("ac_reactive_mvar", 18, S16, 19, -3),
    ("power_factor_permille", 20, S16, 21, -1),  # the device counts percent
    ("ac_energy_wh", 22, ACC32, 24, 0),
    ("dc_current_ma", 25, U16, 26, -3),
    ("dc_voltage_mv", 27, U16, 28, -3),
    ("dc_power_mw", 29, S16, 30, -3),
    ("cabinet_temp_dc", 31, S16, 35, -1),
    ("heat_sink_temp_dc", 32, S16, 35, -1),
    ("state_code", 36, U16, None, 0),
    ("vendor_state_code", 37, U16, None, 0),
    ("event_flags", 38, U32, None, 0),
    ("vendor_event_flags", 42, U32, None, 0),
)
NAMEPLATE_TABLE = (("rated_power_mw", 1, U16, 2, -3),)
# Registers within one tracker; scale factors stand at the model's beginning.
TRACKER_TABLE = (
    ("mppt_current_%d_ma", 9, U16, 0, -3),
    ("mppt_voltage_%d_mv", 10, U16, 1, -3),
    ("mppt_power_%d_mw", 11, U16, 2, -3),
    ("mppt_energy_%d_wh", 12, ACC32, 3, 0),
)
# (name, first register, registers) of model 1
COMMON_TABLE = (("manufacturer", 0, 16), ("model", 16, 16), ("version", 40, 8), ("serial", 48, 16))


def number(payload: bytes, register: int, kind: tuple) -> int | None:
    """One number of a model, None if it is not implemented. Raises FrameError('length') if the model is too short."""
    size, signed, absent = kind
    if 2 * register + size > len(payload):
        raise FrameError("length", "no register %d" % register)
    raw = unsigned(payload, 2 * register, size)
    if signed and raw >> (8 * size - 1):
        raw -= 1 << (8 * size)
    return None if raw == absent else raw


def scaled(payload: bytes, register: int, kind: tuple, factor_register: int | None, exponent: int) -> int | None:
    """One value in units of 10 ** exponent; None if it or its scale factor is absent, or no column could carry it."""
    raw = number(payload, register, kind)
    factor = 0 if factor_register is None else number(payload, factor_register, S16)
    if raw is None or factor is None or not -10 <= factor <= 10:
        return None
    shift = factor - exponent
    value = raw * 10**shift if shift >= 0 else (2 * raw + 10**-shift) // (2 * 10**-shift)
    return value if -_LARGEST <= value <= _LARGEST else None


def inverter(payload: bytes) -> dict:
    """Models 101, 102 and 103, which differ in which phases there are."""
    return {row[0]: scaled(payload, *row[1:]) for row in INVERTER_TABLE}


def nameplate(payload: bytes) -> dict:
    """Model 120."""
    return {row[0]: scaled(payload, *row[1:]) for row in NAMEPLATE_TABLE}


def trackers(payload: bytes) -> dict:
    """Model 160, as far as it was read. Its count may be missing; then its length tells."""
    count = number(payload, 6, U16)
    held = (len(payload) // 2 - _FIXED) // _A_TRACKER
    present = held if count is None else min(count, held)
    fields: dict = {"tracker_count": present if count is None else count}
    for index in range(TRACKER_COUNT):
        begin = _FIXED + index * _A_TRACKER
        for name, register, kind, factor_register, exponent in TRACKER_TABLE:
            value = scaled(payload, begin + register, kind, factor_register, exponent) if index < present else None
            fields[name % (index + 1)] = value
    return fields


def common(payload: bytes) -> dict:
    """Model 1: who made it. Strings end at the first zero; a byte that is not printable ASCII is shown as '?'."""
    fields: dict = {}
    for name, first, registers in COMMON_TABLE:
        text = payload[2 * first : 2 * (first + registers)].split(b"\x00")[0].strip()
        fields[name] = "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in text) or None
    return fields


PARSERS = {COMMON: common, NAMEPLATE: nameplate, TRACKERS: trackers}


class Driver:
    """The driver interface of drivers/frame.py for one SunSpec inverter. Remembers where its models are."""

    name = "sunspec"
    baud_rate = 9600

    def __init__(self, unit: int = 1) -> None:
        self._unit = unit
        self._base_index = 0
        self.forget()

    def forget(self) -> None:
        """Walk the chain again: what answers is not, or no longer, what was found."""
        self._next = BASES[self._base_index]
        self._seen = 0
        self._blocks = {}

    def elsewhere(self) -> bool:
        """Look for the chain at the next address; False when all have been tried and it begins again."""
        self._base_index = (self._base_index + 1) % len(BASES)
        self.forget()
        return self._base_index > 0

    def next_header(self) -> int | None:
        """The register to ask for next so that the chain becomes known; None when it is."""
        return None if self._next is None else _HEADER + self._next

    @property
    def registers(self) -> tuple:
        """The models that a reading polls."""
        return tuple(model for model in INVERTERS + (NAMEPLATE, TRACKERS) if model in self._blocks)

    @property
    def has_common(self) -> bool:
        """Whether COMMON can be asked for."""
        return COMMON in self._blocks

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return tuple(self.request_for(register) for register in self.registers)

    def request_for(self, register: int) -> bytes:
        """The request frame for a model that was found, or for `next_header()`."""
        return request(self._unit, self._block(register))

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        return frame_length(self._unit, self._block(register), candidate)

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response to `register`; none for a header. Raises FrameError."""
        payload = payload_of(self._unit, self._block(register), frame)
        if register >= _HEADER:
            self._walk(register - _HEADER, payload)
            return {}
        return PARSERS.get(register, inverter)(payload)

    def _block(self, register: int) -> Block:
        if register < _HEADER:
            return self._blocks[register]
        address = register - _HEADER
        return Block(READ_HOLDING, address, 4 if address == BASES[self._base_index] else 2)

    def _walk(self, address: int, payload: bytes) -> None:
        if len(payload) == 8:
            if payload[:4] != MARKER:
                raise FrameError("status", "no SunSpec device at %d" % address)
            address, payload = address + 2, payload[4:]
            self._seen = 0
        model, length = unsigned(payload, 0, 2), unsigned(payload, 2, 2)
        if model == _END:
            self._next = None
            return
        self._seen += 1
        if self._seen > _MOST_MODELS or address + 4 + length > 0xFFFF:
            raise FrameError("status", "a chain without end")
        if model in INVERTERS + (COMMON, NAMEPLATE, TRACKERS) and model not in self._blocks and length:
            self._blocks[model] = Block(READ_HOLDING, address + 2, _readable(model, length))
        self._next = address + 2 + length


def _readable(model: int, length: int) -> int:
    # Of a long model 160 the trackers that the schema has room for; nothing else is longer than a response.
    return min(length, _FIXED + TRACKER_COUNT * _A_TRACKER if model == TRACKERS else _MOST_REGISTERS)

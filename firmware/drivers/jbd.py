"""JBD (Jiabaida, sold as Xiaoxiang, Overkill Solar, LLT): battery management systems on UART or RS-485, 9600 8N1.

Source: "JBD universal protocol for software boards", V4 and later; balance words and protection bits as in the
register map published by Overkill Solar. All numbers are big-endian.

    request   DD A5 register 00                 checksum 77     checksum over register, length
    response  DD register status length payload checksum 77     checksum over status, length, payload

The checksum is 0x10000 minus the sum of these bytes. In a response it does not cover the register, so `parse` is told
which register was asked and compares. A sum cannot see two bytes that change by opposite amounts (or swap places);
that a sealed value is what this driver read is Voltseal's promise, that the wire was clean is the checksum's.

Signs and units: current is positive while charging; temperatures are 0.1 degree Celsius; protection and FET flags keep
the JBD bit order (protection: 0 cell over-, 1 cell under-, 2 pack over-, 3 pack under-voltage, 4/5 charge over-/under-,
6/7 discharge over-/under-temperature, 8 charge, 9 discharge over-current, 10 short circuit, 11 front-end error,
12 locked by configuration; FET: 0 charge, 1 discharge conducts). balance_flags: bit 0 is cell 1.
"""

from drivers.frame import FrameError, read_fields, unsigned

BASIC_INFO = 0x03
CELL_VOLTAGES = 0x04
DEVICE_NAME = 0x05
FAULT_COUNTERS = 0xAA

# The schema has this many columns. A larger pack is still read: `cell_count`, `cell_voltage_count` and
# `temperature_count` tell how many it has, so what is not carried is known.
MAX_CELLS = 16
MAX_TEMPERATURES = 4
CELL_FIELDS = tuple("cell_%02d_mv" % number for number in range(1, MAX_CELLS + 1))
TEMPERATURE_FIELDS = tuple("temp_%d_dc" % number for number in range(1, MAX_TEMPERATURES + 1))

# (name, offset in the payload, bytes, signed, scale, bias)
BASIC_TABLE = (
    ("pack_voltage_mv", 0, 2, False, 10, 0),
    ("pack_current_ma", 2, 2, True, 10, 0),
    ("remaining_capacity_mah", 4, 2, False, 10, 0),
    ("full_capacity_mah", 6, 2, False, 10, 0),
    ("cycle_count", 8, 2, False, 1, 0),
    ("protection_flags", 16, 2, False, 1, 0),
    ("bms_version", 18, 1, False, 1, 0),
    ("soc_permille", 19, 1, False, 10, 0),
    ("fet_flags", 20, 1, False, 1, 0),
    ("cell_count", 21, 1, False, 1, 0),
    ("temperature_count", 22, 1, False, 1, 0),
)
_TEMPERATURES_OFFSET = 23
_ZERO_CELSIUS_DK = 2731

COUNTER_TABLE = tuple(
    (name + "_count", 2 * index, 2, False, 1, 0)
    for index, name in enumerate((
        "short_circuit", "charge_over_current", "discharge_over_current", "cell_over_voltage", "cell_under_voltage",
        "charge_over_temperature", "charge_under_temperature", "discharge_over_temperature",
        "discharge_under_temperature", "pack_over_voltage", "pack_under_voltage",
    ))
)  # fmt: skip


def checksum(covered: bytes) -> int:
    """0x10000 minus the sum of the covered bytes, in 16 bits."""
    return -sum(covered) & 0xFFFF


def request(register: int) -> bytes:
    """Read request, 7 bytes."""
    body = bytes((register, 0))
    return b"\xdd\xa5" + body + checksum(body).to_bytes(2, "big") + b"\x77"


def payload_of(register: int, frame: bytes) -> bytes:
    """Check one response from its first byte to its last and return the payload. Raises FrameError."""
    if len(frame) < 7:
        raise FrameError("truncated", "%d bytes" % len(frame))
    if frame[0] != 0xDD:
        raise FrameError("start", "0x%02X" % frame[0])
    if frame[1] != register:
        raise FrameError("register", "asked 0x%02X, got 0x%02X" % (register, frame[1]))
    if len(frame) != frame[3] + 7:
        raise FrameError("length", "says %d, has %d" % (frame[3], len(frame) - 7))
    if frame[-1] != 0x77:
        raise FrameError("end", "0x%02X" % frame[-1])
    expected = checksum(frame[2:-3])
    if unsigned(frame, len(frame) - 3, 2) != expected:
        raise FrameError("checksum", "should be 0x%04X" % expected)
    if frame[2]:
        raise FrameError("status", "0x%02X" % frame[2])
    return frame[4:-3]


def basic_info(payload: bytes) -> dict:
    """Register 0x03. Bytes behind the temperatures (newer boards add humidity and alarms) are not read."""
    fields = read_fields(BASIC_TABLE, payload)
    # Two words, not one number of 32 bits: cells 1-16 come first.
    fields["balance_flags"] = unsigned(payload, 12, 2) | unsigned(payload, 14, 2) << 16
    date = unsigned(payload, 10, 2)
    fields["manufacture_date"] = (2000 + (date >> 9)) * 10000 + (date >> 5 & 15) * 100 + (date & 31) if date else None
    count = fields["temperature_count"]
    if len(payload) < _TEMPERATURES_OFFSET + 2 * count:
        raise FrameError("length", "no room for %d temperatures" % count)
    for index, name in enumerate(TEMPERATURE_FIELDS):
        raw = unsigned(payload, _TEMPERATURES_OFFSET + 2 * index, 2) if index < count else None
        fields[name] = None if raw is None else raw - _ZERO_CELSIUS_DK
    return fields


def cell_voltages(payload: bytes) -> dict:
    """Register 0x04: millivolts, as many as the pack has cells."""
    if not payload or len(payload) % 2:
        raise FrameError("length", "%d bytes of cell voltages" % len(payload))
    count = len(payload) // 2
    fields: dict = {"cell_voltage_count": count}
    for index, name in enumerate(CELL_FIELDS):
        fields[name] = unsigned(payload, 2 * index, 2) if index < count else None
    return fields


def device_name(payload: bytes) -> dict:
    """Register 0x05: ASCII. A byte that is not printable ASCII is shown as '?'."""
    text = "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in payload.rstrip(b"\x00 "))
    return {"device_name": text or None}


def fault_counters(payload: bytes) -> dict:
    """Register 0xAA: how often each protection has tripped since the counters were cleared.

    Boards send 24 bytes; the published maps name eleven words and leave the twelfth open, so it is not read.
    """
    return read_fields(COUNTER_TABLE, payload)


PARSERS = {
    BASIC_INFO: basic_info,
    CELL_VOLTAGES: cell_voltages,
    DEVICE_NAME: device_name,
    FAULT_COUNTERS: fault_counters,
}


class Driver:
    """The driver interface of drivers/frame.py for one JBD board."""

    name = "jbd"
    baud_rate = 9600

    def __init__(self, registers: tuple = (BASIC_INFO, CELL_VOLTAGES)) -> None:
        self.registers = registers

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return tuple(request(register) for register in self.registers)

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        if candidate[0] != 0xDD or (len(candidate) > 1 and candidate[1] != register):
            return -1
        return candidate[3] + 7 if len(candidate) > 3 else 0

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response to `register` (one of PARSERS). Raises FrameError."""
        return PARSERS[register](payload_of(register, frame))

"""Daly: battery management systems on UART or RS-485, 9600 8N1, 13-byte frames.

Source: "Daly UART/485 communications protocol", V1.2. Numbers are big-endian; an answer repeats the command.

    request   A5 host command 08 (8 zeros)  checksum      host: 0x40 a wired master, 0x80 a BLE or display master
    response  A5 01   command 08 (8 bytes)  checksum      the low 8 bits of the sum of all bytes before

Cell voltages and temperatures take several frames, each numbered, from 0 or from 1 as the board likes. How many is not
in them: DEVICE_STATUS, polled before, tells, and until it has been read they cannot be. A sum of 8 bits sees every
single flipped bit, but not two that cancel out; one damaged frame in 256 passes it.

The board counts a discharging current as positive: turned here. protection_flags keep the bit order of command 0x98,
its first byte lowest, without the fault code in its last byte; balance_flags: bit 0 is cell 1.
Written from the document and from public descriptions of boards; has not run on a board of ours.
"""

from drivers.frame import FrameError, read_fields, unsigned

PACK = 0x90
SWITCHES = 0x93
DEVICE_STATUS = 0x94
CELL_VOLTAGES = 0x95
TEMPERATURES = 0x96
BALANCE = 0x97
ALARMS = 0x98

WIRED_HOST = 0x40
BLE_HOST = 0x80
_BOARD = 0x01
_LENGTH = 13
_MAX_CELLS = 48
_MAX_SENSORS = 16
_ZERO_CELSIUS = 40

# Columns of the schema. A larger pack is still read: `cell_count` and `temperature_count` tell how many it has.
CELL_FIELDS = tuple("cell_%02d_mv" % number for number in range(1, 17))
TEMPERATURE_FIELDS = tuple("temp_%d_dc" % number for number in range(1, 5))

# (name, offset in the payload, bytes, signed, scale, bias)
PACK_TABLE = (
    ("pack_voltage_mv", 0, 2, False, 100, 0),
    ("pack_current_ma", 4, 2, False, -100, 3_000_000),
    ("soc_permille", 6, 2, False, 1, 0),
)
SWITCHES_TABLE = (
    ("state", 0, 1, False, 1, 0),  # 0 idle, 1 charging, 2 discharging
    ("remaining_capacity_mah", 4, 4, False, 1, 0),
)
STATUS_TABLE = (
    ("cell_count", 0, 1, False, 1, 0),
    ("temperature_count", 1, 1, False, 1, 0),
    ("cycle_count", 5, 2, False, 1, 0),
)


def request(command: int, host: int = WIRED_HOST) -> bytes:
    """Read request, 13 bytes."""
    body = bytes((0xA5, host, command, 8)) + bytes(8)
    return body + bytes((sum(body) & 0xFF,))


def payload_of(command: int, frame: bytes) -> bytes:
    """Check one response frame from its first byte to its last and return its 8 bytes. Raises FrameError."""
    if len(frame) < _LENGTH:
        raise FrameError("truncated", "%d bytes" % len(frame))
    if len(frame) > _LENGTH:
        raise FrameError("length", "%d bytes" % len(frame))
    if frame[0] != 0xA5 or frame[1] != _BOARD:
        raise FrameError("start", "0x%02X%02X" % (frame[0], frame[1]))
    if frame[2] != command:
        raise FrameError("register", "asked 0x%02X, got 0x%02X" % (command, frame[2]))
    if frame[3] != 8:
        raise FrameError("length", "says %d" % frame[3])
    expected = sum(frame[:-1]) & 0xFF
    if frame[-1] != expected:
        raise FrameError("checksum", "should be 0x%02X" % expected)
    return frame[4:-1]


def pack(payload: bytes) -> dict:
    """Command 0x90."""
    return read_fields(PACK_TABLE, payload)


def switches(payload: bytes) -> dict:
    """Command 0x93. The state of a switch is one byte, 0 or 1."""
    fields = read_fields(SWITCHES_TABLE, payload)
    fields["fet_flags"] = (payload[1] & 1) | (payload[2] & 1) << 1
    return fields


def device_status(payload: bytes) -> dict:
    """Command 0x94. A count that no board can have is refused, for it says how much the next answers hold."""
    fields = read_fields(STATUS_TABLE, payload)
    if not 1 <= fields["cell_count"] <= _MAX_CELLS or fields["temperature_count"] > _MAX_SENSORS:
        raise FrameError("length", "%(cell_count)d cells, %(temperature_count)d sensors" % fields)
    return fields


def balance(payload: bytes) -> dict:
    """Command 0x97: 48 cells, cell 1 in the lowest bit of the first byte."""
    return {"balance_flags": int.from_bytes(payload[:6], "little")}


def alarms(payload: bytes) -> dict:
    """Command 0x98: 52 alarm bits in seven bytes, and the fault code that the board's display would show."""
    flags = int.from_bytes(payload[:7], "little") & (1 << 52) - 1
    return {"protection_flags": flags, "fault_code": payload[7]}


PARSERS = {PACK: pack, SWITCHES: switches, DEVICE_STATUS: device_status, BALANCE: balance, ALARMS: alarms}


class Driver:
    """The driver interface of drivers/frame.py for one Daly board. Remembers how many cells the board said it has."""

    name = "daly"
    baud_rate = 9600

    def __init__(
        self,
        host: int = WIRED_HOST,
        registers: tuple = (PACK, SWITCHES, DEVICE_STATUS, CELL_VOLTAGES, TEMPERATURES, BALANCE, ALARMS),
    ) -> None:
        """`host`: the address to ask from, WIRED_HOST or BLE_HOST."""
        self.registers = registers
        self._host = host
        self._counts = {CELL_VOLTAGES: 0, TEMPERATURES: 0}

    def requests(self) -> tuple:
        """Request frames of one reading, in the order of `registers`."""
        return tuple(request(command, self._host) for command in self.registers)

    def frame_length(self, register: int, candidate: bytes) -> int:
        """Length of the response that begins here, 0 if not yet known, -1 if none to `register` begins like this."""
        head = bytes((0xA5, _BOARD, register, 8))
        if candidate[:4] != head[: len(candidate[:4])]:
            return -1
        if register in self._counts:
            return _LENGTH * _frames(register, self._counts[register])
        return _LENGTH

    def parse(self, register: int, frame: bytes) -> dict:
        """Fields of one whole response to `register`. Raises FrameError."""
        if register in self._counts:
            return self._parse_series(register, frame)
        fields = PARSERS[register](payload_of(register, frame))
        if register == DEVICE_STATUS:
            self._counts = {CELL_VOLTAGES: fields["cell_count"], TEMPERATURES: fields["temperature_count"]}
        return fields

    def _parse_series(self, register: int, frames: bytes) -> dict:
        count = self._counts[register]
        if not frames or len(frames) != _LENGTH * _frames(register, count):
            raise FrameError("length", "%d bytes for %d" % (len(frames), count))
        values = b""
        first = frames[4]
        for index in range(len(frames) // _LENGTH):
            payload = payload_of(register, frames[index * _LENGTH : (index + 1) * _LENGTH])
            if first > 1 or payload[0] != first + index:
                raise FrameError("register", "frame %d numbered %d" % (index, payload[0]))
            values += payload[1 : 1 + _values_bytes(register)]
        if register == CELL_VOLTAGES:
            return _listed(CELL_FIELDS, [unsigned(values, 2 * index, 2) for index in range(count)])
        return _listed(TEMPERATURE_FIELDS, [(values[index] - _ZERO_CELSIUS) * 10 for index in range(count)])


def _values_bytes(register: int) -> int:
    # Three cells of two bytes, or seven sensors of one.
    return 6 if register == CELL_VOLTAGES else 7


def _frames(register: int, count: int) -> int:
    a_frame = 3 if register == CELL_VOLTAGES else 7
    return (count + a_frame - 1) // a_frame


def _listed(names: tuple, values: list) -> dict:
    return {name: values[index] if index < len(values) else None for index, name in enumerate(names)}

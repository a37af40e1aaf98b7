"""Pylontech batteries on CAN, 500 kbit/s, 11-bit identifiers: what a battery tells an inverter once a second.

Source: "CAN-Bus protocol Pylon, low voltage", V1.2. Numbers are little-endian. A battery sends unasked; the inverter
answers with an empty 0x305. This file reads frames; a transport for CAN is not there yet, so no module uses it.

A frame has no checksum here: CAN's own is checked by the controller. A charging current is positive. The pack is the
whole stack. protection_flags are bytes 0 and 1 of 0x359, alarm_flags bytes 2 and 3; request_flags is 0x35C as it is
(bit 7 charging, bit 6 discharging allowed). V1.3 has 0x35A and 0x35F in their place, which are not read.
"""

from drivers.frame import FrameError

LIMITS, CHARGE, MEASURED, FAULTS, REQUESTS, MAKER = 0x351, 0x355, 0x356, 0x359, 0x35C, 0x35E
ANSWER = (0x305, bytes(8))

# identifier: (length, ((name, offset, bytes, signed, scale), ...))
TABLES = {
    LIMITS: (
        8,
        (
            ("charge_voltage_limit_mv", 0, 2, False, 100),
            ("charge_current_limit_ma", 2, 2, True, 100),
            ("discharge_current_limit_ma", 4, 2, True, 100),
            ("discharge_voltage_limit_mv", 6, 2, False, 100),
        ),
    ),
    CHARGE: (4, (("soc_permille", 0, 2, False, 10), ("soh_permille", 2, 2, False, 10))),
    MEASURED: (
        6,
        (
            ("pack_voltage_mv", 0, 2, True, 10),
            ("pack_current_ma", 2, 2, True, 100),
            ("temp_1_dc", 4, 2, True, 1),
        ),
    ),
    FAULTS: (
        7,
        (
            ("protection_flags", 0, 2, False, 1),
            ("alarm_flags", 2, 2, False, 1),
            ("module_count", 4, 1, False, 1),
        ),
    ),
    REQUESTS: (1, (("request_flags", 0, 1, False, 1),)),
}


def parse(identifier: int, content: bytes) -> dict:
    """Fields of one frame; none for an identifier that is not read. Longer frames than the protocol's are read alike.

    Raises FrameError: 'length' for a frame that is too short, 'start' where the maker's letters are missing.
    """
    if identifier == MAKER:
        return {"manufacturer": "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in content).strip() or None}
    if identifier not in TABLES:
        return {}
    length, table = TABLES[identifier]
    if len(content) < length or len(content) > 8:
        raise FrameError("length", "0x%03X of %d bytes" % (identifier, len(content)))
    if identifier == FAULTS and content[5:7] != b"PN":
        raise FrameError("start", "0x359 without PN")
    fields = {}
    for name, offset, size, signed, scale in table:
        raw = int.from_bytes(content[offset : offset + size], "little")
        if signed and raw >> (8 * size - 1):
            raw -= 1 << (8 * size)
        fields[name] = raw * scale
    return fields

"""The SunSpec driver on both Pythons: a chain of models, values of the modelled inverter, damage.

The models' registers are those that pysunspec2 reads as the driver does (test_sunspec.py).
"""

import sys

sys.path.insert(0, sys.argv[1])

import driver_mutations

from drivers import modbus, sunspec

INVERTER = (
    "0F5E051F051F051FFFFEFFFFFFFFFFFF08FB08FB08FBFFFF235300001387FFFE235300000000000003E8FFFF0012DBB3"
    "0000FFFFFFFEFFFFFFFF244A000001CA800080008000FFFF0004FFFF0000000000000000" + "FF" * 16
)
TRACKERS = "FFFEFFFF00000000000000000002FFFF" + "".join(
    "%04X737472696E6720%02X0000000000000000034415B21225000002A8FFFFFFFF8000000400000000" % (number, 0x30 + number)
    for number in (1, 2)
)
NAMEPLATE = "000403E80001" + "8000" * 23


def response(data):
    body = bytes((1, 3, len(data))) + data
    return body + modbus.crc16(body).to_bytes(2, "little")


def header(address, hexadecimal):
    return 0x10000 + address, response(bytes.fromhex(hexadecimal))


driver_mutations.report(
    sunspec.Driver(),
    (
        header(40000, "53756E5300010042"),
        header(40070, "00670032"),
        header(40122, "0078001A"),
        header(40150, "00A00030"),
        header(40200, "FFFF0000"),
        (103, response(bytes.fromhex(INVERTER))),
        (120, response(bytes.fromhex(NAMEPLATE))),
        (160, response(bytes.fromhex(TRACKERS))),
    ),
)

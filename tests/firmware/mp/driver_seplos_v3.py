"""The Seplos v3 driver on both Pythons: the document's examples, frames recorded from a pack, damage."""

import sys

sys.path.insert(0, sys.argv[1])

import driver_mutations

from drivers import modbus, seplos_v3

COUNTS = bytes.fromhex("00040400040010")
PACK = bytes.fromhex("00042214A100004E204E20000003E803E800000CE40B800CE60CE40B820B7F000000B400B4")
CELLS = "0CE60CE40CE50CE40CE40CE50CE50CE40CE40CE40CE50CE50CE40CE50CE40CE40B810B820B7F0B7F0AAB0AAB0AAB0AAB0B910B83"


def whole(body):
    return body + modbus.crc16(body).to_bytes(2, "little")


print(modbus.request(1, modbus.Block(3, 40000, 2)).hex())
driver_mutations.report(
    seplos_v3.Driver(),
    (
        (0x1300, whole(COUNTS)),
        (0x1000, whole(PACK)),
        (0x1100, bytes.fromhex("000434" + CELLS + "34DE")),
        (0x1200, bytes.fromhex("000112000000000000000010000000000000030000" + "6A24")),
    ),
)

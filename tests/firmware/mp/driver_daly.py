"""The Daly driver on both Pythons: public recordings, frames made from the document, damage."""

import sys

sys.path.insert(0, sys.argv[1])

import driver_mutations

from drivers import daly


def response(command, payload):
    body = bytes((0xA5, 1, command, 8)) + payload
    return body + bytes((sum(body) & 0xFF,))


def cells(count):
    frames = b""
    for index in range((count + 2) // 3):
        words = b"".join((3300 + 3 * index + n).to_bytes(2, "big") for n in range(3))
        frames += response(0x95, bytes((index + 1,)) + words + b"\x00")
    return frames


driver_mutations.report(
    daly.Driver(),
    (
        (0x94, response(0x94, bytes.fromhex("08010000020035DC"))),
        (0x93, response(0x93, bytes.fromhex("010101CA0003DD38"))),
        (0x90, response(0x90, bytes.fromhex("0108010875940348"))),
        (0x95, cells(8)),
        (0x96, response(0x96, bytes.fromhex("0140000000000000"))),
        (0x97, response(0x97, bytes.fromhex("0500000000000000"))),
        (0x98, response(0x98, bytes.fromhex("0200080000000403"))),
    ),
)

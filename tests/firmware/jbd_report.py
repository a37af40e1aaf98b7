"""Runs on CPython and on MicroPython and prints what the JBD driver makes of recorded and of damaged frames.

Called by test_jbd_runtimes.py with the firmware tree as its argument; both interpreters must print the same text.
"""

import hashlib
import sys

sys.path.insert(0, sys.argv[1])

from drivers import jbd
from drivers.frame import FrameError, Response

FRAMES = (
    (0x03, "DD03001D0618FEE101F201F4002A2C7C00000000000080640304030B8B0B8A0B84F88477"),
    (0x04, "DD0400080D660D610D680D59FE3C77"),
    (0x03, "DD03001B0A50FDA4B717DAC000002CF300000000000016540308020B7D0B77F8E277"),
    (0x04, "DD04001E0F660F630F630F640F3E0F630F370F5B0F650F3B0F630F630F3C0F660F3DF9F977"),
    (0x05, "DD05000A30313233343536373839FDE977"),
    (0xAA, "DDAA0018000000000000000000000000000000000000000000000000FFE877"),
)
MUTATIONS = 100000
DRIVER = jbd.Driver()


def outcome(register, frame):
    """One line: the refusal's reason, or every field in the order of names (dict order differs between runtimes)."""
    try:
        fields = DRIVER.parse(register, frame)
    except FrameError as error:
        return error.reason
    return " ".join(name + "=" + str(fields[name]) for name in sorted(fields))


def through_noise(register, frame, piece):
    """The same frame in pieces behind noise that begins like a frame."""
    response = Response(DRIVER, register)
    stream = b"\x00\xdd\xdd\x03\xff" + frame
    for start in range(0, len(stream), piece):
        fields = response.feed(stream[start : start + piece])
        if fields is not None:
            return fields
    return response.close()


def mutated(frame, seed):
    """Change one to three bytes, cut or lengthen; a linear congruential generator serves both runtimes alike."""
    state = (seed * 2654435761 + 12345) & 0x3FFFFFFF
    damaged = bytearray(frame)
    for _ in range(1 + seed % 3):
        state = (state * 1103515245 + 12345) & 0x3FFFFFFF
        damaged[(state >> 8) % len(damaged)] = (state >> 16) & 0xFF
    if seed % 7 == 0:
        return bytes(damaged[: (state >> 8) % (len(damaged) + 1)])
    return bytes(damaged) + b"\x77" * (seed % 11 == 0)


for register, text in FRAMES:
    frame = bytes.fromhex(text)
    print(outcome(register, frame))
    assert through_noise(register, frame, 1) == through_noise(register, frame, 7) == DRIVER.parse(register, frame)

digest = hashlib.sha256()
reasons = {}
for seed in range(MUTATIONS):
    register, text = FRAMES[seed % len(FRAMES)]
    line = outcome(register, mutated(bytes.fromhex(text), seed))
    digest.update(line.encode())
    key = line if "=" not in line else "read"
    reasons[key] = reasons.get(key, 0) + 1
for key in sorted(reasons):
    print(key, reasons[key])
print(digest.digest().hex())

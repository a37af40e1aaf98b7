"""Prints encodings and what the decoder makes of good and bad bytes. Runs on both Pythons."""

import sys

sys.path.insert(0, sys.argv[1])

from voltseal_wire import cbor, kdf

M = cbor.MAX_INT
INTS = [0, 1, 23, 24, 255, 256, 65535, 65536, (1 << 32) - 1, 1 << 32, M]
INTS += [-1 - n for n in INTS[:-1]] + [-M]
OTHERS = [
    None,
    b"",
    bytes(23),
    bytes(24),
    bytes(256),
    bytearray(b"\x01\x02"),
    memoryview(b"abc"),
    "",
    "voltseal",
    "电池",
    [],
    (),
    list(range(30)),
    [[[[[[[[1]]]]]]]],
    {},
    {1: 2, -1: 1, -2: b"x", -3: b"y"},
    {-70001: 1, 10: 2, 256: 3, 1000: 4, -1: 5, "a": 6, "aa": 7, "b": 8},
    {i: -i for i in range(40)},
]
REFUSED = [True, False, 1.5, M + 1, -M - 1, 1 << 64, [[[[[[[[[1]]]]]]]]], {1: True}, {None: {1: 0.5}}, cbor]

for value in INTS:
    print("encode", cbor.encode(value).hex())
for value in OTHERS:
    print("encode", cbor.encode(value).hex())
for value in REFUSED:
    try:
        print("accepted", cbor.encode(value).hex())
    except cbor.CborError as error:
        print("refused", error)


def show(encoded):
    text = encoded.hex() or "empty"  # MicroPython's b"".hex() gives b""
    try:
        print("decode", text, cbor.decode(encoded, 4096))
    except cbor.CborError as error:
        print("decode", text, "refused:", error)


for value in INTS:
    show(cbor.encode(value))
for value in [None, b"", bytes(300), [], [1, [2, b"3"], None], [[[[[[[[1]]]]]]]]]:
    show(cbor.encode(value))
for bad in (
    "", "18", "1817", "190017", "1900ff", "1a0000ffff", "1b00000000ffffffff", "1b0020000000000000",
    "3b001fffffffffffff", "1c", "1f", "5f4100ff", "9fff", "41", "5affffffff", "9affffffff", "9bffffffffffffffff",
    "8101ff", "0000", "6161", "a10102", "d200", "f4", "f5", "f7", "f90000", "fb0000000000000000",
    "ff", "818181818181818181", "82", "8201", "8080", "f6f6",
):  # fmt: skip
    show(bytes.fromhex(bad))
try:
    cbor.decode(bytes(4097), 4096)
except cbor.CborError as error:
    print("decode 4097 bytes refused:", error)

print("hmac", kdf.hmac_sha256(b"k" * 131, b"message").hex())
print("hkdf", kdf.hkdf_sha256(b"secret", b"salt", b"info", 100).hex())
print("equal", kdf.equal(b"abc", b"abc"), kdf.equal(b"abc", b"abd"), kdf.equal(b"abc", b"ab"))

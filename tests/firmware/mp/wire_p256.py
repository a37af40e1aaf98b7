"""Prints keys, signatures and shared secrets, a line each: `name hex hex ...`. Runs on both Pythons."""

import sys

sys.path.insert(0, sys.argv[1])

from hashlib import sha256

from voltseal_wire import p256

RFC6979_KEY = bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721")


def show(name, *values):
    print(name, *[value.hex() for value in values])


def key(number):
    return (number % p256.ORDER).to_bytes(32, "big")


def refused(name, function, *arguments):
    try:
        function(*arguments)
    except p256.P256Error as error:
        print("refused", name, error)
    else:
        print("accepted", name)


show("rfc6979", p256.public_key(RFC6979_KEY))
for text in (b"sample", b"test"):
    show("rfc6979-" + text.decode(), p256.sign(RFC6979_KEY, sha256(text).digest()))

keys = [key(number) for number in (1, 2, 3, -1, -2, (1 << 255) + 1, p256.ORDER >> 1, (p256.ORDER >> 1) + 1)]
keys += [sha256(bytes([i])).digest() for i in range(24)]
for private in keys:
    show("public", private, p256.public_key(private))
    digest = sha256(private).digest()
    show("signature", private, digest, p256.sign(private, digest))
for digest in (bytes(32), b"\xff" * 32, p256.ORDER.to_bytes(32, "big")):
    show("signature", keys[-1], digest, p256.sign(keys[-1], digest))
for i, private in enumerate(keys[:12]):
    peer = p256.public_key(keys[-1 - i])
    show("ecdh", private, peer, p256.ecdh(private, peer))

x_y = p256.public_key(keys[-1])
refused("private zero", p256.sign, bytes(32), bytes(32))
refused("private order", p256.public_key, p256.ORDER.to_bytes(32, "big"))
refused("private short", p256.public_key, bytes([1]) * 31)
refused("digest short", p256.sign, keys[0], bytes(31))
refused("point off curve", p256.ecdh, keys[0], x_y[:63] + bytes([x_y[63] ^ 1]))
refused("point zero", p256.ecdh, keys[0], bytes(64))
refused("point short", p256.ecdh, keys[0], x_y[:63])
refused("point x not reduced", p256.check_public, p256.FIELD.to_bytes(32, "big") + x_y[32:])

made = p256.generate()
print("generated", len(made), made != p256.generate(), len(p256.public_key(made)))

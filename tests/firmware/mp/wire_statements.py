"""A device's life on the wire: enrolment, boot, telemetry of several sizes, loss, receipt. Runs on both Pythons.

Prints a line each: `name hex hex ...`; test_wire.py takes the messages apart with other libraries.
"""

import sys

sys.path.insert(0, sys.argv[1])

from hashlib import sha256

from voltseal_wire import boot, commitment, cose, enrolment, p256, receipt, schemas, statement
from voltseal_wire.errors import WireError

ORIGIN = "log.example/wire"
DEVICE = sha256(b"device").digest()
RECEIPT = sha256(b"receipt").digest()
GATEWAY = sha256(b"gateway").digest()
UEID = b"\x01" + bytes(range(16))
BOOTSEED = bytes(range(32))
FIELDS = schemas.BMS_PACK.fields


def signer(digest):
    return p256.sign(DEVICE, digest)


def show(name, *values):
    print(name, *[value.hex() for value in values])


def position(sequence, prev):
    return statement.Position(3, sequence, 1789000000000 + sequence, statement.TIME_NTP, 250, prev)


def readings(count):
    """Plausible and awkward at once: flat, moving, late, vanishing and never present fields."""
    rows = []
    for i in range(count):
        row = [i * 1000, 52000 - 7 * i, -2870 + (i * i) % 41, 4980, 5000, 998 - i // 9, 42, 0, 1 << 15, 3]
        row += [231, None if i < 2 else 0, None if i % 3 else -50, None]
        row += [3300 + (i * cell) % 5 for cell in range(13)] + [None] * 3
        rows.append(tuple(row))
    return rows


def telemetry(sequence, prev, count):
    seed = sha256(b"seed" + bytes([count & 255])).digest()[:16]
    columns = commitment.encode_columns(readings(count), len(FIELDS))
    root = commitment.commitment(seed, columns)
    payload = statement.telemetry_payload(schemas.BMS_PACK.number, position(sequence, prev), count, root)
    signed = statement.sign(payload, ORIGIN, KID, signer)
    show("telemetry", statement.telemetry_message(signed, seed, columns))
    return statement.chain_digest(signed)


PUBLIC = p256.public_key(DEVICE)
KID = cose.kid(cose.cose_key(PUBLIC))
show("key", PUBLIC, cose.cose_key(PUBLIC), KID)
show(
    "enrolment",
    enrolment.enrolment_request(
        public=PUBLIC, ueid=UEID, device_class="bms", hwmodel=b"ESP32-C3", key_tier=boot.TIER_SOFTWARE, nonce=b"",
        origin=ORIGIN, signer=signer,
    ),
)  # fmt: skip

claims = boot.Claims(
    nonce=b"challenge",
    ueid=UEID,
    hwmodel=b"ESP32-C3",
    bootseed=BOOTSEED,
    swname="voltseal-bms",
    swversion="1.0.0",
    measurement=boot.measurement([("main.py", sha256(b"main").digest()), ("drivers/jbd.py", sha256(b"jbd").digest())]),
    reset_cause=boot.RESET_WATCHDOG,
    key_tier=boot.TIER_SOFTWARE,
    lost=[(10, 31, boot.LOST_POWER_CUT), (32, 32, boot.LOST_SPOOL_DAMAGED)],
    cadence_ms=60000,
    receipt_key=p256.public_key(RECEIPT),
)
show("measurement", claims.measurement)
signed = statement.sign(boot.boot_payload(position(64, statement.FIRST_PREV), claims), ORIGIN, KID, signer)
show("boot", statement.bare_message(signed))
prev = statement.chain_digest(signed)
for offset, count in enumerate((1, 2, 10, 60, 100)):
    prev = telemetry(65 + offset, prev, count)
signed = statement.sign(boot.loss_payload(position(70, prev), [(33, 40, boot.LOST_SPOOL_FULL)]), ORIGIN, KID, signer)
show("loss", statement.bare_message(signed))

key = receipt.receipt_key(RECEIPT, p256.public_key(GATEWAY), BOOTSEED, ORIGIN, UEID)
assert key == receipt.receipt_key(GATEWAY, p256.public_key(RECEIPT), BOOTSEED, ORIGIN, UEID)
show("receipt-key", p256.public_key(GATEWAY), key)
body = bytes.fromhex("83010382820a0c8218401846")  # [1, 3, [[10, 12], [64, 70]]]
message = bytes([0x82, 0x40 | len(body)]) + body + b"\x50" + receipt.down_mac(key, body)
print("receipt", message.hex(), receipt.receipt_ranges(receipt.open_down(key, message), 3))
accepted = []
for bit in range(8 * len(message)):
    damaged = bytearray(message)
    damaged[bit >> 3] ^= 1 << (bit & 7)
    try:
        receipt.receipt_ranges(receipt.open_down(key, bytes(damaged)), 3)
        accepted.append(bit)
    except WireError:
        pass
print("receipt-bits-accepted", accepted)

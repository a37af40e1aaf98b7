"""Bytes on the wire for a reading, the whole MQTT payload counted: statement, seed and columns.

The readings are those of an 8-cell pack with three temperature sensors, one second apart: 20 values beside the time
offset (the schema's other columns are absent). Voltages, current and temperatures carry a noise that such a BMS shows.
"""

from __future__ import annotations

import random
from hashlib import sha256

from voltseal_wire import commitment, cose, p256, schemas, statement

# readings in a statement -> the most bytes a reading may cost
BARS = {1: 280, 10: 52, 60: 32}
VALUES_PER_READING = 20
CELLS = 8
SENSORS = 3
SEED = 2


def readings(count: int) -> list[tuple[int | None, ...]]:
    """`count` readings of a pack under a wandering load; the same ones each time."""
    noise = random.Random(SEED)
    rows: list[tuple[int | None, ...]] = []
    offset_ms, current_ma, remaining_uah = 0, -6040, 98_700_000
    temperatures = [246, 251, 239]
    for index in range(count):
        if index:
            offset_ms += 1000 + noise.randint(-4, 12)
        current_ma += 10 * round(noise.gauss(0, 12))
        remaining_uah += current_ma * 1000 // 3600
        temperatures = [value + noise.choice((0,) * 18 + (-1, 1)) for value in temperatures]
        sag_mv = -current_ma // 1500
        cells = [3302 + 3 * cell % 7 - sag_mv + round(noise.gauss(0, 1.2)) for cell in range(CELLS)]
        row: list[int | None] = [offset_ms, sum(cells) // 10 * 10, current_ma]
        row += [remaining_uah // 10_000 * 10, 115_080, remaining_uah * 100 // 115_080_000 * 10, 53, 0, 0, 3]
        row += [*temperatures, *[None] * (4 - SENSORS), *cells, *[None] * (16 - CELLS)]
        rows.append(tuple(row))
    return rows


def message(count: int) -> bytes:
    """The `up` message of one telemetry statement with `count` readings, far on in a device's life."""
    private = sha256(b"bench").digest()
    key_id = cose.kid(cose.cose_key(p256.public_key(private)))
    seed = bytes(range(16))
    columns = commitment.encode_columns(readings(count), len(schemas.BMS_PACK.fields))
    position = statement.Position(321, 1_234_567, 1_789_000_000_123, statement.TIME_NTP, 250, sha256(b"").digest())
    root = commitment.commitment(seed, columns)
    payload = statement.telemetry_payload(schemas.BMS_PACK.number, position, count, root)
    signed = statement.sign(payload, "gateway.example/log", key_id, lambda digest: p256.sign(private, digest))
    return statement.telemetry_message(signed, seed, columns)


def figures() -> dict[str, dict[str, object]]:
    """Bytes per reading; `reference` is the bar, which no figure may exceed."""
    return {
        f"wire.bytes_per_reading.{count}": {
            "value": round(len(message(count)) / count, 1),
            "unit": "B",
            "reference": bar,
        }
        for count, bar in BARS.items()
    }

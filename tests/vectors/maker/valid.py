"""Valid statements with their messages: every record type, and the edges of what is allowed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from . import parts
from .cast import BOOT_RECEIPT, DEVICE, DEVICE_UEID, ORIGIN, STATED_MS, some_bytes
from .encoding import MAX_INT, array, bstr, integer, mapping, tstr
from .parts import FIELD_COUNT, Value
from .readings import only, pack_reading, pack_readings


@dataclass(frozen=True)
class Head:
    """The elements 2 to 7 of a payload."""

    boot_count: int = parts.BOOT_COUNT
    sequence: int = parts.SEQUENCE
    time_ms: int = STATED_MS
    time_quality: int = 2
    time_uncertainty_ms: int = 250
    prev: bytes = parts.PREV

    def items(self, record_type: int) -> list[bytes]:
        numbers = (
            record_type, parts.SCHEMA, self.boot_count, self.sequence,
            self.time_ms, self.time_quality, self.time_uncertainty_ms,
        )  # fmt: skip
        return [*(integer(number) for number in numbers), bstr(self.prev)]


@dataclass(frozen=True)
class Valid:
    """One valid statement: how it is made, and what comes out."""

    name: str
    description: str
    given: dict[str, Any] = field(repr=False)
    payload: bytes = field(repr=False)
    statement: bytes = field(repr=False)
    message: bytes = field(repr=False)
    extra: dict[str, Any] = field(repr=False)

    def as_json(self) -> dict[str, Any]:
        aad = parts.external_aad(parts.STATEMENT, ORIGIN)
        output = {
            "kid": DEVICE.kid.hex(),
            "external_aad": aad.hex(),
            "payload": self.payload.hex(),
            "statement": self.statement.hex(),
            "digest": sha256(self.statement).hexdigest(),
            "message": self.message.hex(),
        }
        return {
            "name": self.name,
            "description": self.description,
            "input": self.given,
            "expect": "ok",
            "output": output | self.extra,
        }


def telemetry(name: str, description: str, readings: Sequence[Sequence[Value]], head: Head = Head()) -> Valid:
    columns = parts.columns_of(readings)
    root = parts.commitment(parts.SEED, columns)
    payload = array([*head.items(1), integer(len(readings)), bstr(root)])
    statement = parts.sign1(payload)
    given = _given(1, head) | {"seed": parts.SEED.hex(), "readings": [list(reading) for reading in readings]}
    extra = {"columns": [column.hex() for column in columns], "commitment": root.hex()}
    return Valid(
        name, description, given, payload, statement, parts.full_message(statement, parts.SEED, columns), extra
    )


@dataclass(frozen=True)
class Claims:
    """Claims of a boot statement, as plain values."""

    nonce: bytes | None = None
    hwmodel: bytes = b"voltseal-c3"
    swname: str = "voltseal"
    swversion: str = "0.1.0"
    reset_cause: int = 1
    key_tier: int = 1
    lost: tuple[tuple[int, int, int], ...] = ()
    cadence_ms: int = 60_000

    def encoded(self, boot_count: int) -> bytes:
        pairs = [
            (256, bstr(DEVICE_UEID)), (259, bstr(self.hwmodel)), (267, integer(boot_count)), (268, bstr(parts.BOOTSEED)),
            (270, tstr(self.swname)), (271, array([tstr(self.swversion)])), (-70001, bstr(parts.MEASUREMENT)),
            (-70002, integer(self.reset_cause)), (-70003, integer(self.key_tier)), (-70004, parts.ranges(self.lost)),
            (-70005, integer(self.cadence_ms)), (-70006, bstr(BOOT_RECEIPT.compressed)),
        ]  # fmt: skip
        nonce = [] if self.nonce is None else [(10, bstr(self.nonce))]
        return mapping([(integer(label), value) for label, value in (*nonce, *pairs)])

    def as_json(self) -> dict[str, Any]:
        return {
            "nonce": None if self.nonce is None else self.nonce.hex(),
            "ueid": DEVICE_UEID.hex(),
            "hwmodel": self.hwmodel.hex(),
            "bootseed": parts.BOOTSEED.hex(),
            "swname": self.swname,
            "swversion": self.swversion,
            "measurement": parts.MEASUREMENT.hex(),
            "reset_cause": self.reset_cause,
            "key_tier": self.key_tier,
            "lost": [list(one) for one in self.lost],
            "cadence_ms": self.cadence_ms,
            "receipt_key": BOOT_RECEIPT.xy.hex(),
        }


def boot(name: str, description: str, claims: Claims, head: Head = Head()) -> Valid:
    payload = array([*head.items(2), claims.encoded(head.boot_count)])
    statement = parts.sign1(payload)
    given = _given(2, head) | {"claims": claims.as_json()}
    return Valid(name, description, given, payload, statement, parts.bare_message(statement), {})


def loss(name: str, description: str, lost: Sequence[tuple[int, int, int]], head: Head = Head()) -> Valid:
    payload = array([*head.items(3), parts.ranges(lost)])
    statement = parts.sign1(payload)
    given = _given(3, head) | {"lost": [list(one) for one in lost]}
    return Valid(name, description, given, payload, statement, parts.bare_message(statement), {})


def _given(record_type: int, head: Head) -> dict[str, Any]:
    return {
        "private_key": DEVICE.private.hex(),
        "public_key": DEVICE.xy.hex(),
        "origin": ORIGIN,
        "record_type": record_type,
        "schema": parts.SCHEMA,
        "boot_count": head.boot_count,
        "sequence": head.sequence,
        "time_ms": head.time_ms,
        "time_quality": head.time_quality,
        "time_uncertainty_ms": head.time_uncertainty_ms,
        "prev": head.prev.hex(),
    }


LARGEST_HEAD = Head((1 << 32) - 1, (1 << 48) - 1, MAX_INT, 4, MAX_INT)
MANY_RANGES = tuple(((1 << 47) + 10 * step, (1 << 47) + 10 * step + 8, 1 + step % 3) for step in range(32))
WIDTHS = [0, 23, 24, 255, 256, 65_535, 65_536, (1 << 32) - 1, 1 << 32, MAX_INT]


def _widths() -> list[list[Value]]:
    """Columns whose differences take every length, both signs."""
    row: list[list[Value]] = [[value] * FIELD_COUNT for value in (0, 0)]
    for field_index, value in enumerate(WIDTHS, start=1):
        row[0][field_index], row[1][field_index] = value, 0
        row[0][field_index + 10], row[1][field_index + 10] = 0, -value
    return row


def largest_columns() -> list[list[Value]]:
    """256 readings whose encoded columns array has exactly 12,288 bytes."""
    readings: list[list[Value]] = []
    for index in range(256):
        jumping = (-1) ** index * (40_000 + index)  # differences of 5 bytes
        readings.append([index, *[jumping] * 9, *[0] * 20])
    missing = 12_288 - len(array(parts.columns_of(readings)))
    # Two more columns fill up: nulls as far as needed, then one 0. 255 of them make 259 bytes out of the 1 that was there.
    for field_index, absent in ((10, 255), (11, missing - 258 - 2)):
        for reading in readings[:absent]:
            reading[field_index] = None
    assert len(array(parts.columns_of(readings))) == 12_288
    return readings


def all_valid() -> list[Valid]:
    return [*_telemetry_cases(), *_edge_cases(), *_boot_and_loss()]


def _telemetry_cases() -> list[Valid]:
    steady = [[index * 1000, *pack_reading(0)[1:]] for index in range(16)]
    return [
        telemetry("telemetry-one-reading", "one reading of a 16-cell pack", pack_readings(1)),
        telemetry("telemetry-ten-readings", "ten readings, differences and absent sensors", pack_readings(10)),
        telemetry("telemetry-sixty-readings", "sixty readings: arrays with a length byte", pack_readings(60)),
        telemetry("telemetry-256-readings", "the most readings: arrays with two length bytes", pack_readings(256)),
        telemetry("telemetry-steady", "every field but time keeps its value: zeros are cut off", steady),
        telemetry("telemetry-standing-time", "all readings at one instant: column 0 is 0", [pack_reading(0)] * 3),
        telemetry("telemetry-23-readings", "longest array head of one byte", pack_readings(23)),
        telemetry("telemetry-24-readings", "shortest array head of two bytes", pack_readings(24)),
        telemetry("telemetry-all-absent", "nothing measured but the time", [[0] + [None] * 29] * 2),
        telemetry("telemetry-no-time", "time not known: counted from boot", pack_readings(1), Head(time_ms=81_234, time_quality=0, time_uncertainty_ms=0)),
        telemetry("telemetry-largest-head", "all numbers at their upper limits", pack_readings(1), LARGEST_HEAD),
        telemetry("telemetry-smallest-head", "all numbers at their lower limits", pack_readings(1), Head(1, 0, 0, 0, 0, bytes(32))),
    ]  # fmt: skip


def _edge_cases() -> list[Valid]:
    absent = only(5, [5, None, 5]), only(5, [5, None, None]), only(5, [None, 0, 0]), only(5, [None, None, 7])
    return [
        telemetry("telemetry-absent-between", "5, absent, 5 is [5, null]", absent[0]),
        telemetry("telemetry-absent-after", "5, absent, absent is [5, null, null]", absent[1]),
        telemetry("telemetry-absent-before", "absent, 0, 0 is [null, 0]: the only integer is kept", absent[2]),
        telemetry("telemetry-absent-until-last", "absent, absent, 7 is [null, null, 7]", absent[3]),
        telemetry("telemetry-zeros-within", "5, 5, 7 is [5, 0, 2]", only(5, [5, 5, 7])),
        telemetry("telemetry-integer-widths", "every length of integer, both signs", _widths()),
        telemetry("telemetry-extreme-values", "from the largest value down to zero and on", only(5, [MAX_INT, 0, -MAX_INT])),
        telemetry("telemetry-largest-columns", "an encoded columns array of 12,288 bytes", largest_columns()),
    ]  # fmt: skip


def _boot_and_loss() -> list[Valid]:
    first = Head(1, 0, 1_234, 0, 0, bytes(32))
    full = Claims(
        some_bytes("nonce", 32) * 2, b"m" * 32, "n" * 64, "ä" * 32, 6, 3, MANY_RANGES, MAX_INT,
    )  # fmt: skip
    touching = ((3, 5, 1), (6, 6, 2), (7, 40, 3))
    return [
        boot("boot-first", "a device's first statement: prev is 32 zero bytes", Claims(), first),
        boot("boot-plain", "no nonce, nothing lost", Claims()),
        boot("boot-short-nonce", "answers a challenge of 8 bytes", Claims(nonce=some_bytes("nonce", 8))),
        boot("boot-after-power-cut", "declares the unused rest of a block", Claims(lost=((30, 40, 1),), reset_cause=6)),
        boot("boot-smallest", "shortest strings, smallest numbers", Claims(None, b"m", "n", "v", 0, 1, (), 1)),
        boot("boot-largest", "every string and number at its upper limit, 32 ranges", full, LARGEST_HEAD),
        loss("loss-one-range", "one number fell out of the spool", [(12, 12, 2)]),
        loss("loss-touching-ranges", "ranges that touch, with different reasons, up to its own number", touching),
        loss("loss-most-ranges", "32 ranges of large numbers", MANY_RANGES, LARGEST_HEAD),
    ]

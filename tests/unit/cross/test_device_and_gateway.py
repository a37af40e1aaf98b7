"""Device and gateway, whose code shares nothing but the table of schemas, understand each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vectors.load import load, vectors

from voltseal.wire import columns, commitment, enrolment, message, receipt, statement
from voltseal.wire.errors import WireError
from voltseal.wire.ids import as_ueid
from voltseal.wire.keys import SigningKey
from voltseal.wire.limits import MAX_INT
from voltseal.wire.receipt import ReceiptKey
from voltseal_wire import commitment as device_commitment
from voltseal_wire import enrolment as device_enrolment
from voltseal_wire import p256
from voltseal_wire import receipt as device_receipt
from voltseal_wire import statement as device_statement
from voltseal_wire.cbor import CborError
from voltseal_wire.errors import WireError as DeviceWireError

raw = bytes.fromhex
ORIGIN = "cross.example/log"
PRIVATE = bytes(range(1, 33))
KEY = SigningKey.from_private(ec.derive_private_key(int.from_bytes(PRIVATE, "big"), ec.SECP256R1()))
SEED = bytes(range(16))
# Differences of 2^53 and more cannot be written: a device has to begin another statement then.
VALUES = st.none() | st.integers(-1_000, 100_000) | st.sampled_from([0, MAX_INT // 2, -(MAX_INT // 2), 2**32, -(2**32)])


def signer(digest: bytes) -> bytes:
    return p256.sign(PRIVATE, digest)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(VALUES, min_size=29, max_size=29), min_size=1, max_size=20), st.integers(0, 5_000))
def test_telemetry(rows: list[list[int | None]], step_ms: int) -> None:
    """Readings in, readings out: through encoder, signature, decoder, commitment."""
    readings = [(index * step_ms, *row) for index, row in enumerate(rows)]
    encoded = device_commitment.encode_columns(readings, 30)
    root = device_commitment.commitment(SEED, encoded)
    position = device_statement.Position(1, 5, 1_700_000_000_000, 2, 10, bytes(32))
    payload = device_statement.telemetry_payload(1, position, len(readings), root)
    signed = device_statement.sign(payload, ORIGIN, KEY.public.kid, signer)
    up = message.parse_up(device_statement.telemetry_message(signed, SEED, encoded))
    statement.verify(up.statement, KEY.public, ORIGIN)
    message.check_commitment(up)
    assert up.statement.digest == device_statement.chain_digest(signed)
    assert up.columns is not None
    decoded = [columns.decode_column(column, len(readings)) for column in up.columns]
    assert [tuple(reading) for reading in zip(*decoded, strict=True)] == readings
    assert commitment.salt(SEED, 7) == device_commitment.salt(SEED, 7)


def test_enrolment_of_a_device_by_the_gateway() -> None:
    ueid = b"\x01" + bytes(16)
    request = device_enrolment.enrolment_request(
        public=p256.public_key(PRIVATE), ueid=ueid, device_class="bms", hwmodel=b"c3", key_tier=1, nonce=b"n" * 8,
        origin=ORIGIN, signer=signer,
    )  # fmt: skip
    parsed = enrolment.parse_request(request, ORIGIN)
    assert (parsed.ueid, parsed.public_key, parsed.nonce) == (ueid, KEY.public, b"n" * 8)
    same = enrolment.request(
        KEY,
        ueid=as_ueid(ueid),
        device_class="bms",
        hwmodel=b"c3",
        key_tier=parsed.key_tier,
        nonce=b"n" * 8,
        origin=ORIGIN,
    )
    assert same == request


GATEWAY = ReceiptKey.from_private(ec.derive_private_key(7_777, ec.SECP256R1()))


@settings(max_examples=10, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.integers(1, 2**32 - 1), st.sets(st.integers(0, 60), min_size=1))
def test_receipts(bootseed: bytes, boot_count: int, numbers: set[int]) -> None:
    """The two ends agree on the key, and the device reads what the gateway writes."""
    ueid = as_ueid(b"\x01" + bytes(16))
    boot_private = bytes(31) + b"\x09"
    x_y = p256.public_key(boot_private)
    compressed = bytes([2 | x_y[63] & 1]) + x_y[:32]
    key = GATEWAY.session_key(compressed, bootseed, ORIGIN, ueid)
    assert device_receipt.receipt_key(boot_private, GATEWAY.public_xy, bootseed, ORIGIN, ueid) == key
    ranges: list[tuple[int, int]] = []
    for number in sorted(numbers)[:16]:
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1] = (ranges[-1][0], number)
        else:
            ranges.append((number, number))
    sealed = receipt.encode(key, boot_count, ranges)
    body = device_receipt.open_down(key, sealed)
    assert device_receipt.receipt_ranges(body, boot_count) == ranges
    assert receipt.decode(key, sealed) == receipt.Receipt(boot_count, tuple(ranges))


def taken_by_device(key: bytes, sealed: bytes, boot_count: int) -> list[tuple[int, int]]:
    body = device_receipt.open_down(key, sealed)
    return device_receipt.receipt_ranges(body, boot_count)


def taken_by_gateway(key: bytes, sealed: bytes, boot_count: int) -> list[tuple[int, int]]:
    taken = receipt.decode(key, sealed)
    if taken.boot_count != boot_count:
        raise DeviceWireError("boot count")
    return list(taken.ranges)


@pytest.mark.parametrize("take", [taken_by_device, taken_by_gateway])
@pytest.mark.parametrize("vector", vectors("receipt"))
def test_receipt_vectors(vector: dict[str, Any], take: Callable[[bytes, bytes, int], list[tuple[int, int]]]) -> None:
    """What one end ignores, the other does."""
    key = raw(load("receipt")["session"]["key"])
    sealed, boot_count = raw(vector["input"]["message"]), vector["input"]["boot_count"]
    if vector["expect"] == "ok":
        assert [list(pair) for pair in take(key, sealed, boot_count)] == vector["output"]["ranges"]
    else:
        with pytest.raises((WireError, DeviceWireError, CborError)):
            take(key, sealed, boot_count)


def test_device_computes_the_session_key_of_the_vectors() -> None:
    session = {name: value if name == "origin" else raw(value) for name, value in load("receipt")["session"].items()}
    key = device_receipt.receipt_key(
        session["boot_private"], session["gateway_public"], session["bootseed"], session["origin"], session["ueid"]
    )
    assert key == session["key"]

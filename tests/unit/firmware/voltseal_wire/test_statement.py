"""What statement, boot, enrolment and receipt encoders refuse: nothing leaves a device that a gateway must reject."""

from __future__ import annotations

from collections.abc import Callable

import cbor2
import pytest

from voltseal_wire import boot, cbor, cose, enrolment, p256, receipt, statement
from voltseal_wire.errors import WireError

POSITION = statement.Position(1, 100, 1789000000000, statement.TIME_RTC, 10, statement.FIRST_PREV)
UEID = b"\x01" + bytes(16)
PUBLIC = p256.public_key((1).to_bytes(32))
CLAIMS = boot.Claims(
    None, UEID, b"board", bytes(32), "name", "1", bytes(32), boot.RESET_SOFT, boot.TIER_PROTECTED, [], 1000, PUBLIC
)


def signer(digest: bytes) -> bytes:
    """A signature of the right form; no key is needed where only the form counts."""
    return digest + b"\x01" * 32


@pytest.mark.parametrize(
    "change",
    [
        {"boot_count": 0},
        {"boot_count": 1 << 32},
        {"sequence": -1},
        {"sequence": 1 << 48},
        {"time_ms": -1},
        {"time_ms": 1 << 53},
        {"time_quality": 5},
        {"time_quality": -1},
        {"time_quality": 0},
        {"time_uncertainty_ms": -1},
        {"prev": bytes(31)},
    ],
)
def test_position_outside_its_limits(change: dict[str, object]) -> None:
    with pytest.raises(WireError):
        statement.telemetry_payload(1, POSITION._replace(**change), 1, bytes(32))


@pytest.mark.parametrize("arguments", [(0, 1, 32), (65536, 1, 32), (1, 0, 32), (1, 257, 32), (1, 1, 31)])
def test_telemetry_outside_its_limits(arguments: tuple[int, int, int]) -> None:
    schema, count, length = arguments
    with pytest.raises(WireError):
        statement.telemetry_payload(schema, POSITION, count, bytes(length))


@pytest.mark.parametrize(
    "change",
    [
        {"nonce": bytes(7)},
        {"nonce": bytes(65)},
        {"ueid": bytes(17)},
        {"ueid": UEID[:16]},
        {"hwmodel": b""},
        {"hwmodel": bytes(33)},
        {"bootseed": bytes(31)},
        {"swname": ""},
        {"swversion": "x" * 65},
        {"measurement": b""},
        {"reset_cause": 7},
        {"key_tier": 0},
        {"key_tier": 4},
        {"cadence_ms": 0},
        {"receipt_key": bytes(63)},
        {"lost": [(1, 0, 1)]},
        {"lost": [(5, 6, 1), (6, 7, 1)]},
        {"lost": [(5, 6, 1), (1, 2, 1)]},
        {"lost": [(99, 100, 1)]},
        {"lost": [(1, 2, 0)]},
        {"lost": [(1, 2, 4)]},
        {"lost": [(2 * i, 2 * i, 1) for i in range(33)]},
    ],
)
def test_claims_outside_their_limits(change: dict[str, object]) -> None:
    assert boot.boot_payload(POSITION, CLAIMS)
    with pytest.raises(WireError):
        boot.boot_payload(POSITION, CLAIMS._replace(**change))


def test_claims_at_their_limits_fit_a_statement() -> None:
    """The largest boot statement that the limits allow stays below the statement's own limit."""
    ranges = [((1 << 47) + 2 * i, (1 << 47) + 2 * i, 3) for i in range(32)]
    position = POSITION._replace(boot_count=(1 << 32) - 1, sequence=(1 << 48) - 1, time_ms=cbor.MAX_INT)
    largest = CLAIMS._replace(
        nonce=bytes(64), hwmodel=bytes(32), swname="n" * 64, swversion="v" * 64, lost=ranges, cadence_ms=cbor.MAX_INT
    )
    signed = statement.sign(boot.boot_payload(position, largest), "o" * 128, bytes(8), signer)
    assert len(signed) <= statement.MAX_STATEMENT_BYTES


def test_loss_needs_a_range() -> None:
    with pytest.raises(WireError):
        boot.loss_payload(POSITION, [])
    assert cbor2.loads(boot.loss_payload(POSITION, [(0, 99, 2)]))[8] == [[0, 99, 2]]


@pytest.mark.parametrize("origin", ["", "o" * 129, "a b", "a+b", "ä", "a\n"])
def test_origins_that_no_log_may_have(origin: str) -> None:
    with pytest.raises(WireError, match="origin"):
        statement.sign(b"payload", origin, bytes(8), signer)


def test_oversize_statement_and_message() -> None:
    with pytest.raises(WireError, match="statement too long"):
        statement.sign(bytes(1500), "log.example", bytes(8), signer)
    with pytest.raises(WireError, match="message too long"):
        statement.telemetry_message(bytes(1536), bytes(16), [bytes(15000)])
    with pytest.raises(WireError, match="seed"):
        statement.telemetry_message(bytes(1536), bytes(15), [b"\x00"])


HALF = p256.ORDER >> 1


@pytest.mark.parametrize(("s", "expected"), [(1, 1), (HALF, HALF), (HALF + 1, HALF), (p256.ORDER - 1, 1)])
def test_sign1_lowers_a_high_s(s: int, expected: int) -> None:
    """Secure elements give either s; a verifier refuses the high one."""
    signed = cose.sign1(b"", b"", bytes(8), lambda _digest: bytes(32) + s.to_bytes(32))
    assert int.from_bytes(cbor2.loads(signed).value[3][32:]) == expected


@pytest.mark.parametrize("length", [63, 65])
def test_signatures_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(WireError, match="signature length"):
        cose.low_s(bytes(length))


@pytest.mark.parametrize(
    "change",
    [
        {"ueid": bytes(17)},
        {"device_class": "pump"},
        {"hwmodel": b""},
        {"key_tier": 4},
        {"nonce": bytes(65)},
        {"public": bytes(63)},
        {"origin": ""},
    ],
)
def test_enrolment_outside_its_limits(change: dict[str, object]) -> None:
    request = {
        "public": PUBLIC,
        "ueid": UEID,
        "device_class": "tbox",
        "hwmodel": b"x",
        "key_tier": 3,
        "nonce": b"n" * 64,
    }
    request |= {"origin": "log.example", "signer": signer}
    assert enrolment.enrolment_request(**request)[0] == 0xD2  # type: ignore[arg-type]
    with pytest.raises(WireError):
        enrolment.enrolment_request(**(request | change))  # type: ignore[arg-type]


def sealed(body: object, key: bytes = b"k" * 32) -> bytes:
    encoded = cbor2.dumps(body)
    return cbor2.dumps([encoded, receipt.down_mac(key, encoded)])


def opened(message: bytes) -> list[tuple[int, int]]:
    return receipt.receipt_ranges(receipt.open_down(b"k" * 32, message), 7)


@pytest.mark.parametrize(
    "body",
    [
        1,
        [],
        [None],
        [-1],
        [2, 7, [[1, 2]]],
        [1, 7],
        [1, 6, [[1, 2]]],
        [1, 7, []],
        [1, 7, 5],
        [1, 7, [[2, 1]]],
        [1, 7, [[1]]],
        [1, 7, [[1, b"2"]]],
        [1, 7, [[-1, 2]]],
        [1, 7, [[1, 2], [3, 4]]],
        [1, 7, [[5, 6], [1, 2]]],
        [1, 7, [[2 * i, 2 * i] for i in range(17)]],
        [1, 7, [[1, 2]], 0],
    ],
)
def test_authentic_bodies_that_are_no_receipt(body: object) -> None:
    with pytest.raises(WireError):
        opened(sealed(body))


@pytest.mark.parametrize(
    "message",
    [b"", b"\x80", cbor2.dumps([b"", b""]), cbor2.dumps([1, 2]), cbor2.dumps(5), sealed([1, 7, [[1, 2]]], b"x" * 32)],
)
def test_messages_that_are_not_authentic(message: bytes) -> None:
    with pytest.raises(WireError):
        opened(message)


def test_receipts_at_their_limits() -> None:
    assert opened(sealed([1, 7, [[0, 0]]])) == [(0, 0)]
    assert opened(sealed([1, 7, [[2 * i, 2 * i] for i in range(16)]])) == [(2 * i, 2 * i) for i in range(16)]
    with pytest.raises(cbor.CborError, match="oversize"):
        opened(sealed([1, 7, [[1, 2]], bytes(4096)]))


def test_unknown_types_are_authentic_and_left_to_the_device() -> None:
    assert receipt.open_down(b"k" * 32, sealed([9, b"later"])) == [9, b"later"]


def measured(files: list[tuple[str, bytes]]) -> bytes:
    return boot.measurement(files)


@pytest.mark.parametrize("order", [lambda files: files, lambda files: files[::-1]])
def test_measurement_does_not_depend_on_the_order(
    order: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]],
) -> None:
    files = [("a.py", bytes(32)), ("b/c.py", b"\x01" * 32), ("é.py", b"\x02" * 32)]
    assert measured(order(files)) == measured(files) != measured(files[:2])

"""device.json: every key is checked, and every refusal names the key and what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.firmware.device_process import settings

from voltseal_device import config
from voltseal_device.board import open_board
from voltseal_device.errors import DeviceError
from voltseal_device.port.files import Files

GENERATOR = (
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def checked(**changes: Any) -> Any:
    return config.check(settings(gateway_receipt_key=GENERATOR, **changes), "/state")


def test_values_and_defaults() -> None:
    found = checked()
    assert found.gateway_receipt_key == bytes.fromhex(GENERATOR)
    assert found.enrolment_nonce == b""
    assert (found.sequence_block, found.window, found.signer, found.clock) == (64, 8, "software:", "rtc")
    assert found.directory == "/state"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"period": 5}, "period: unknown key; known are board, broker_host"),
        ({"origin": None}, "origin: is missing"),
        ({"broker_port": None}, "broker_port: is missing"),
        ({"broker_port": "1883"}, "broker_port: an integer from 1 to 65535"),
        ({"broker_port": 1883.0}, "broker_port: an integer"),
        ({"broker_port": True}, "broker_port: an integer"),
        ({"broker_port": 0}, "broker_port: an integer"),
        ({"readings_per_statement": 257}, "readings_per_statement: an integer from 1 to 256"),
        ({"site": ""}, "site: a text of 1 to 32 bytes"),
        ({"site": "Lab"}, "site: only a-z, 0-9 and -, not 'L'"),
        ({"site": "a/b"}, "site: only a-z, 0-9 and -, not '/'"),
        ({"origin": "with space"}, "origin: origin character"),
        ({"hwmodel": "x" * 33}, "hwmodel: a text of 1 to 32 bytes"),
        ({"gateway_receipt_key": "00"}, "gateway_receipt_key: a text of 128 to 128 bytes"),
        ({"gateway_receipt_key": "AB" * 64}, "gateway_receipt_key: lower-case hex"),
        ({"gateway_receipt_key": "zz" * 64}, "gateway_receipt_key: lower-case hex"),
        ({"enrolment_nonce": "abc"}, "enrolment_nonce: lower-case hex"),
        ({"device_class": "toaster"}, "device_class: one of bms, tbox, inverter"),
        ({"clock": "ntp"}, "clock: rtc or none"),
        ({"cadence_ms": 199}, "cadence_ms: at least period_ms * readings_per_statement"),
        ({"bus_path": None}, "bus_path: give either bus_path"),
        ({"board": "esp32"}, "bus_path: give either bus_path"),
        ({"tls_ca": "ca.pem"}, "tls_ca: give all of tls_ca, tls_certificate and tls_key, or none"),
        ({"spool_bytes": 70_000, "spool_segment_bytes": 20_000}, "spool_bytes: at least 80000"),
        ({"spool_bytes": 2_000_000}, "spool_segment_bytes: at least spool_bytes / 64"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], text: str) -> None:
    values = settings(**{"gateway_receipt_key": GENERATOR, **changes})
    with pytest.raises(DeviceError) as caught:
        config.check(values, "/state")
    assert caught.value.code == "bad-config"
    assert str(caught.value).startswith("bad-config: device.json: " + text)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (None, "cannot be read"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[]", "must be one JSON object"),
        (b"[" * 100_000, "is not JSON"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, content: bytes | None, text: str) -> None:
    if content is not None:
        (tmp_path / "device.json").write_bytes(content)
    with pytest.raises(DeviceError, match=text):
        config.load(Files(), str(tmp_path))


@pytest.mark.parametrize(
    ("wiring", "text"),
    [
        (None, "No such file"),
        ({"name": "x", "uart": 1, "tx": 1}, "must have exactly the keys name, uart, tx, rx, watchdog_ms"),
        ({"name": "x", "uart": 1, "tx": "D4", "rx": 5, "watchdog_ms": 0}, "tx must be a number"),
    ],
)
def test_board_files_are_checked(tmp_path: Path, wiring: dict[str, Any] | None, text: str) -> None:
    (tmp_path / "boards").mkdir()
    if wiring is not None:
        (tmp_path / "boards" / "mine.json").write_text(json.dumps(wiring))
    with pytest.raises(DeviceError, match=text) as caught:
        open_board(Files(), str(tmp_path), checked(bus_path=None, board="mine"))
    assert caught.value.code == "bad-board"


def test_the_board_files_of_the_tree_are_sound(firmware_tree: Path) -> None:
    names = [path.stem for path in (firmware_tree / "boards").glob("*.json")]
    assert names
    for name in names:
        wiring = json.loads((firmware_tree / "boards" / f"{name}.json").read_text())
        assert sorted(wiring) == ["name", "rx", "tx", "uart", "watchdog_ms"]
        # `machine` exists on boards only, so opening one ends there, behind all checks of the file.
        with pytest.raises(ImportError, match="machine"):
            open_board(Files(), str(firmware_tree), checked(bus_path=None, board=name))

"""`device.json`: what the operator decides. Read once at boot; every key is checked, an unknown one is refused.

Times are milliseconds, sizes bytes, paths relative to the state directory unless they begin with a slash.
"""

import json
from collections import namedtuple

from voltseal_wire import cose
from voltseal_wire.commitment import MAX_READINGS
from voltseal_wire.enrolment import DEVICE_CLASSES
from voltseal_wire.errors import WireError

from .errors import DeviceError
from .segment import MAX_MESSAGE_BYTES

FILE = "device.json"
MAX_SEGMENTS = 64  # bounds the spool's index in memory
_LONGEST_MS = 86_400_000

# key: (least, greatest, default); no default means that the key must be given
_INTEGERS = {
    "broker_port": (1, 65535, None),
    "bus_baud": (300, 4_000_000, 9600),
    "bus_timeout_ms": (10, 60_000, 500),
    "bus_retries": (0, 10, 2),
    "period_ms": (10, _LONGEST_MS, None),
    "readings_per_statement": (1, MAX_READINGS, None),
    "cadence_ms": (1, (1 << 53) - 1, None),
    "clock_uncertainty_ms": (1, (1 << 53) - 1, 60_000),
    "spool_bytes": (65_792, 1 << 30, 1 << 20),
    "spool_segment_bytes": (4096, 1 << 24, 32_768),
    "sequence_block": (1, 65_536, 64),
    "keepalive_s": (5, 3600, 60),
    "window": (1, 64, 8),
    "receipt_timeout_ms": (100, 3_600_000, 30_000),
}
_TEXTS = {
    "site": (1, 32, None),
    "origin": (1, 128, None),
    "broker_host": (1, 255, None),
    "gateway_receipt_key": (128, 128, None),
    "device_class": (1, 64, None),
    "hwmodel": (1, 32, None),
    "driver": (1, 32, None),
    "signer": (1, 64, "software:"),
    "clock": (1, 8, "rtc"),
    "tls_ca": (0, 255, ""),
    "tls_certificate": (0, 255, ""),
    "tls_key": (0, 255, ""),
    "tls_server_name": (0, 255, ""),
    "bus_path": (0, 255, ""),
    "board": (0, 64, ""),
    "enrolment_nonce": (0, 128, ""),
}
_IN_HEX = ("gateway_receipt_key", "enrolment_nonce")
_SITE_CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789-"


Settings = namedtuple("Settings", sorted(_INTEGERS) + sorted(_TEXTS) + ["directory"])
"""The checked values, named as the keys are; keys in hex have become bytes. `directory` is the state directory.

A tuple and no class of its own, because this module is forgotten after boot.
"""


def load(files, directory: str) -> Settings:
    """Read and check `device.json`. Raises DeviceError('bad-config'), which names the key and what would be right."""
    path = directory + "/" + FILE
    try:
        with files.open(path, "rb") as file:
            values = json.loads(file.read())
    except OSError as error:
        raise DeviceError("bad-config", path + " cannot be read: " + str(error)) from error
    except (ValueError, RuntimeError) as error:  # RuntimeError: nested beyond measure
        raise DeviceError("bad-config", path + " is not JSON: " + str(error)) from error
    if not isinstance(values, dict):
        raise DeviceError("bad-config", path + " must be one JSON object")
    return check(values, directory)


def check(values: dict, directory: str) -> Settings:
    """The settings in these values. Raises DeviceError('bad-config')."""
    _refuse_unknown(values)
    checked: dict[str, object] = {"directory": directory}
    for key in _INTEGERS:
        checked[key] = _integer(key, values)
    for key in _TEXTS:
        text = _text(key, values)
        checked[key] = _hex(key, text) if key in _IN_HEX else text
    settings = Settings(**checked)
    _check_names(settings)
    _check_bus_and_tls(settings)
    _check_sizes(settings)
    return settings


def _check_names(settings: Settings) -> None:
    for character in settings.site:
        if character not in _SITE_CHARACTERS:
            raise _bad("site", "only a-z, 0-9 and -, not " + repr(character))
    try:
        cose.external_aad("", settings.origin)
    except WireError as error:
        raise _bad("origin", str(error)) from error
    if settings.device_class not in DEVICE_CLASSES:
        raise _bad("device_class", "one of " + ", ".join(DEVICE_CLASSES))
    if settings.clock not in ("rtc", "none"):
        raise _bad("clock", "rtc or none")


def _check_bus_and_tls(settings: Settings) -> None:
    if bool(settings.bus_path) == bool(settings.board):
        raise _bad("bus_path", "give either bus_path (a serial line) or board (a file in boards/)")
    given = [path for path in (settings.tls_ca, settings.tls_certificate, settings.tls_key) if path]
    if given and len(given) < 3:
        raise _bad("tls_ca", "give all of tls_ca, tls_certificate and tls_key, or none")


def _check_sizes(settings: Settings) -> None:
    if settings.cadence_ms < settings.period_ms * settings.readings_per_statement:
        raise _bad("cadence_ms", "at least period_ms * readings_per_statement, or each statement comes too late")
    largest = max(settings.spool_segment_bytes, MAX_MESSAGE_BYTES + 64)
    if settings.spool_bytes < 4 * largest:
        raise _bad("spool_bytes", "at least %d, which is four segments" % (4 * largest))
    if settings.spool_bytes > MAX_SEGMENTS * settings.spool_segment_bytes:
        raise _bad("spool_segment_bytes", "at least spool_bytes / %d" % MAX_SEGMENTS)


def _refuse_unknown(values: dict) -> None:
    for key in values:
        if key not in _INTEGERS and key not in _TEXTS:
            raise _bad(key, "unknown key; known are " + ", ".join(sorted(list(_INTEGERS) + list(_TEXTS))))


def _integer(key: str, values: dict) -> int:
    least, greatest, default = _INTEGERS[key]
    value = values.get(key, default)
    if value is None:
        raise _bad(key, "is missing")
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= greatest:
        raise _bad(key, "an integer from %d to %d" % (least, greatest))
    return value


def _text(key: str, values: dict) -> str:
    least, greatest, default = _TEXTS[key]
    value = values.get(key, default)
    if value is None:
        raise _bad(key, "is missing")
    if not isinstance(value, str) or not least <= len(value.encode()) <= greatest:
        raise _bad(key, "a text of %d to %d bytes" % (least, greatest))
    return value


def _hex(key: str, text: str) -> bytes:
    if not text:
        return b""  # MicroPython's b"".hex() is b"", which would not compare equal below
    try:
        decoded = bytes.fromhex(text)
    except ValueError:
        decoded = b""
    if decoded.hex() != text:
        raise _bad(key, "lower-case hex")
    return decoded


def _bad(key: str, text: str) -> DeviceError:
    return DeviceError("bad-config", FILE + ": " + key + ": " + text)

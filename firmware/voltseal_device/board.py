"""Which line the sensors hang on: a serial device of the system, or the UART that a board file names. Boot only.

A board file, `boards/<name>.json`, says how the board is wired:

    {"name": "...", "uart": 1, "tx": 4, "rx": 5, "watchdog_ms": 120000}

`watchdog_ms` 0 means none. What is opened here has `open_line()`, `reset_cause()` and `watchdog()`, see `port.uart`.
"""

import json

from .errors import DeviceError

_KEYS = ("name", "uart", "tx", "rx", "watchdog_ms")


def absolute(directory: str, path: str) -> str:
    """A configured path: relative ones are meant from the state directory."""
    return path if path.startswith("/") else directory + "/" + path


def open_board(files, root: str, config):
    """What `config` asks for. Raises DeviceError('bad-board')."""
    if config.bus_path:
        from .port.serial import SerialHost

        return SerialHost(absolute(config.directory, config.bus_path), config.bus_baud)
    wiring = _wiring(files, root + "/boards/" + config.board + ".json")
    from .port.uart import UartBoard

    return UartBoard(wiring, config.bus_baud)


def _wiring(files, path: str) -> dict:
    try:
        with files.open(path, "rb") as file:
            wiring = json.loads(file.read())
    except (OSError, ValueError) as error:
        raise DeviceError("bad-board", path + ": " + str(error)) from error
    if not isinstance(wiring, dict) or sorted(wiring) != sorted(_KEYS):
        raise DeviceError("bad-board", path + " must have exactly the keys " + ", ".join(_KEYS))
    for key in _KEYS[1:]:
        if not isinstance(wiring[key], int) or wiring[key] < 0:
            raise DeviceError("bad-board", path + ": " + key + " must be a number")
    return wiring

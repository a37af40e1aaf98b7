"""Boots the firmware with the system clock read wrong: `shifted_clock_boot.py OFFSET_MS BOOT_SCRIPT ...`.

Runs on MicroPython and on CPython. BOOT_SCRIPT is `main.py` of a tree, or `unix_rom.py`, which an image follows.
"""

import sys


def boot(offset_ms, script, rest):  # type: ignore[no-untyped-def]
    """Put the tree or the image on the path, shift `port.epoch_ms`, run `start.main`; returns its exit code."""
    directory, _, name = script.rpartition("/")
    sys.path.insert(0, directory)
    root = directory
    if name == "unix_rom.py":
        __import__("unix_rom").mount(rest.pop(0))
        root = "/rom"
        sys.path.insert(0, root)
    __import__("voltseal_device.port")
    port = sys.modules["voltseal_device.port"]
    epoch_ms = port.epoch_ms
    port.epoch_ms = lambda: epoch_ms() + offset_ms  # type: ignore[attr-defined]
    __import__("voltseal_device.start")
    return sys.modules["voltseal_device.start"].main(rest, root)


if __name__ == "__main__":
    code = boot(int(sys.argv[1]), sys.argv[2], sys.argv[3:])  # type: ignore[no-untyped-call]
    sys.exit(code)

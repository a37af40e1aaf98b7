"""A runtime whose boards have a real-time clock that is wrong. The firmware's files stay as they are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from voltseal_sim.runtimes.interface import Runtime

_BOOT_SCRIPTS = ("unix_rom.py", "main.py")
_WRAPPER = Path(__file__).with_name("shifted_clock_boot.py")


@dataclass(frozen=True, slots=True)
class ShiftedClock:
    """Any runtime, with its boards' clocks `offset_ms` milliseconds ahead (or back, where negative)."""

    inner: Runtime
    offset_ms: int

    @property
    def tree(self) -> Path:
        """See `Runtime`."""
        return self.inner.tree

    @property
    def name(self) -> str:
        """See `Runtime`."""
        return self.inner.name

    @property
    def description(self) -> str:
        """See `Runtime`."""
        return f"{self.inner.description}, clock {self.offset_ms:+d} ms"

    def command(self, state_directory: Path, *arguments: str) -> list[str]:
        """The inner command, with the wrapper before its boot script."""
        command = self.inner.command(state_directory, *arguments)
        at = next(index for index, word in enumerate(command) if word.endswith(_BOOT_SCRIPTS))
        return [*command[:at], str(_WRAPPER), str(self.offset_ms), *command[at:]]

    def with_tree(self, tree: Path) -> Self:
        """See `Runtime`."""
        return replace(self, inner=self.inner.with_tree(tree))

    def environment(self) -> dict[str, str]:
        """See `Runtime`."""
        return self.inner.environment()

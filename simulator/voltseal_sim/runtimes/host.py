"""The `host` runtime: the firmware tree on this very CPython, for machines without MicroPython."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from voltseal_sim.toolchain.locations import firmware_root


@dataclass(frozen=True, slots=True)
class HostRuntime:
    """CPython in isolated mode: no user site, no PYTHON* variables, only the firmware tree and the standard library.

    `tree` is the firmware: ours, or a copy with changes.
    """

    tree: Path = field(default_factory=firmware_root)

    @property
    def name(self) -> str:
        """`host`."""
        return "host"

    @property
    def description(self) -> str:
        """Interpreter and version."""
        return f"CPython {platform.python_version()}"

    def command(self, state_directory: Path, *arguments: str) -> list[str]:
        """`python -S main.py STATE …`: -S leaves installed packages out, as they are on a device."""
        return [sys.executable, "-S", "-u", str(self.tree / "main.py"), str(state_directory), *arguments]

    def with_tree(self, tree: Path) -> Self:
        """See `Runtime`."""
        return replace(self, tree=tree)

    def environment(self) -> dict[str, str]:
        """A minimal environment; bytecode is not written into the firmware tree."""
        return {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONNOUSERSITE": "1", "PATH": "/usr/bin:/bin"}

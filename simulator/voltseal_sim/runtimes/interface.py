"""What a runtime is: a way to turn a device's state directory into a running process."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self


class Runtime(Protocol):
    """One way to run the firmware. Implementations are stateless and may be shared by any number of devices."""

    @property
    def tree(self) -> Path:
        """The firmware tree that it runs."""
        ...

    @property
    def name(self) -> str:
        """The name used on command lines and in scenarios, such as `unix`."""
        ...

    @property
    def description(self) -> str:
        """What it is, for a person: interpreter, version, heap."""
        ...

    def command(self, state_directory: Path, *arguments: str) -> list[str]:
        """The argument vector that runs `main.py` on `state_directory`; it never holds a secret."""
        ...

    def with_tree(self, tree: Path) -> Self:
        """The same runtime on another firmware tree."""
        ...

    def environment(self) -> dict[str, str]:
        """The whole environment of the process."""
        ...

"""Build hook: puts the firmware tree into built wheels, and only there.

An editable install reads firmware/ where it stands (`dev-mode-dirs`). Were the tree force-included statically,
hatchling would also copy it into site-packages for editable installs, where it would go stale at the next edit.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_CARRIED = {"firmware": "voltseal_sim/_firmware", "simulator/scenarios": "voltseal_sim/_scenarios"}


class WheelHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Adds the directories that the simulator runs, rather than imports, to a standard wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map each carried directory to its place in the wheel; `version` is "standard" or "editable"."""
        if version == "editable":
            return
        for source, target in _CARRIED.items():
            directory = Path(self.root, source)
            if directory.is_dir():
                build_data["force_include"][str(directory)] = target

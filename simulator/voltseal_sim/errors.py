"""The simulator's errors, under the distribution's one root."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class SimulatorError(VoltsealError):
    """Something that the simulator's user can mend; `hint` says how."""

    code: ClassVar[str] = "simulator-error"

"""The one error root of the gateway: every error a caller may meet derives from `VoltsealError`."""

from __future__ import annotations

from typing import ClassVar


class VoltsealError(Exception):
    """Something the caller can act upon.

    `code` is stable and machine-readable: subclasses override it, programs and tests compare it, and it is never
    translated. `hint` says what to do next, for a person; the command line prints it below the message.
    """

    code: ClassVar[str] = "voltseal-error"

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint

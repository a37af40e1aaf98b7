"""Errors of anchoring, each with a stable code. Retryable and final ones are different kinds."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class AnchorError(VoltsealError):
    """Root of everything anchoring raises. Unless it says otherwise, trying again changes nothing."""

    code: ClassVar[str] = "anchor-error"


class UnknownAnchorSchemeError(AnchorError):
    """No backend goes by this URI's scheme."""

    code: ClassVar[str] = "unknown-anchor-scheme"


class AnchorUnavailableError(AnchorError):
    """The backend cannot be reached or written right now. Retryable: the anchorer tries again later."""

    code: ClassVar[str] = "anchor-unavailable"


class AnchorSupersededError(AnchorError):
    """The backend already holds a later checkpoint of the log and takes no earlier ones. `by`: its tree size."""

    code: ClassVar[str] = "anchor-superseded"

    def __init__(self, message: str, by: int) -> None:
        super().__init__(message)
        self.by = by


class AnchorContradictionError(AnchorError):
    """The backend holds another root for the same tree size: the log was forked, or the backend lies. Raise alarm."""

    code: ClassVar[str] = "anchor-contradiction"


class LedgerDamagedError(AnchorError):
    """A ledger file holds something other than its blocks and one torn tail."""

    code: ClassVar[str] = "ledger-damaged"

"""The one error of the decoders."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError
from voltseal.wire.outcome import Outcome


class WireError(VoltsealError):
    """Received bytes are refused.

    `outcome` is the stable code of docs/spec/outcomes.md, `reason` says in words what is wrong; reasons may change.
    """

    code: ClassVar[str] = "wire-error"

    def __init__(self, outcome: Outcome, reason: str) -> None:
        super().__init__(f"{outcome.value}: {reason}")
        self.outcome = outcome
        self.reason = reason

    def __reduce__(self) -> tuple[type[WireError], tuple[Outcome, str]]:
        """Arguments of the constructor, not its message: so that the error crosses process boundaries whole."""
        return (type(self), (self.outcome, self.reason))


def malformed(reason: str) -> WireError:
    """The commonest refusal, to be raised by the caller."""
    return WireError(Outcome.MALFORMED, reason)

"""How a verification ends when it does not end in a verdict: invalid, or could not be checked."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class NotVerifiedError(VoltsealError):
    """Verification ended before its verdict, in `step` (docs/spec/verification.md) for the reason `code` names."""

    code: ClassVar[str] = "not-verified"
    outcome: ClassVar[str]
    exit_status: ClassVar[int]

    def __init__(self, step: int, code: str, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.step = step
        self.reason_code = code

    def __reduce__(self) -> tuple[object, ...]:
        """Let it cross from a worker process: exceptions with several arguments do not pickle by themselves."""
        return _restore, (type(self), self.step, self.reason_code, str(self), self.hint)


class Invalid(NotVerifiedError):
    """The bundle contradicts itself or the trust file: it proves nothing."""

    code: ClassVar[str] = "invalid"
    outcome: ClassVar[str] = "invalid"
    exit_status: ClassVar[int] = 1


class CouldNotCheck(NotVerifiedError):
    """Something needed for judging is missing: nothing is said for or against the bundle."""

    code: ClassVar[str] = "could-not-check"
    outcome: ClassVar[str] = "could-not-check"
    exit_status: ClassVar[int] = 2


def _restore(kind: type[NotVerifiedError], step: int, code: str, message: str, hint: str | None) -> NotVerifiedError:
    return kind(step, code, message, hint=hint)

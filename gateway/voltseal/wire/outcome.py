"""Outcome codes: the one word that each message on `up` ends with (specification, "Outcome codes").

The order of the members is the order of the checks: of several things wrong with a message, the first decides.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """A stable code; its value is what metrics, logs and vectors say."""

    OVERSIZE = "oversize"
    MALFORMED = "malformed"
    UNSUPPORTED = "unsupported"
    UNKNOWN_DEVICE = "unknown-device"
    WRONG_TOPIC = "wrong-topic"
    BAD_SIGNATURE = "bad-signature"
    NOT_YET_VALID_KEY = "not-yet-valid-key"
    REVOKED_KEY = "revoked-key"
    BAD_COMMITMENT = "bad-commitment"
    DUPLICATE = "duplicate"
    EQUIVOCATION = "equivocation"
    BROKEN_CHAIN = "broken-chain"
    BOOT_REGRESSION = "boot-regression"
    ACCEPTED = "accepted"

    @property
    def stored(self) -> bool:
        """Whether the statement is in the log after this outcome, and may therefore be receipted."""
        return self in _STORED

    @property
    def alarming(self) -> bool:
        """Whether the statement was stored although it contradicts another: somebody has to look."""
        return self in _ALARMING


_ALARMING = frozenset({Outcome.EQUIVOCATION, Outcome.BROKEN_CHAIN, Outcome.BOOT_REGRESSION})
_STORED = _ALARMING | {Outcome.DUPLICATE, Outcome.ACCEPTED}

"""The keys of one device through its life, folded from the log's registry events. Pure; gateway and verifier share it.

Nobody's signature is checked here: whoever folds has verified each endorsement, or is told by its log that it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from voltseal.registry.errors import HistoryError
from voltseal.wire.enrolment import Endorsement, parse_consent, parse_endorsement
from voltseal.wire.entry import RegistryEvent, Revoke, Rotate
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Kid, Ueid
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement


@dataclass(frozen=True, slots=True)
class Revocation:
    """Where in the log, from what time on, and why a key does not count."""

    leaf_index: int
    effective_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Rotation:
    """Where in the log, and from what time on, a key gave way to the key `successor`."""

    leaf_index: int
    from_ms: int
    successor: Kid


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """One key of the device, from its enrolment's (or rotation's) leaf index on."""

    leaf_index: int
    endorsement: Endorsement
    revocation: Revocation | None = None
    rotation: Rotation | None = None

    @property
    def kid(self) -> Kid:
        """Names the key."""
        return self.endorsement.request.public_key.kid

    @property
    def active(self) -> bool:
        """Whether it was neither revoked nor rotated."""
        return self.revocation is None and self.rotation is None

    def with_rotation(self, leaf_index: int, next_key: Endorsement) -> KeyPeriod:
        """This period, ended by the key of an endorsement."""
        return replace(self, rotation=Rotation(leaf_index, next_key.not_before_ms, next_key.request.public_key.kid))


@dataclass(frozen=True, slots=True)
class KeyHistory:
    """The keys of the device `ueid`, in the order of their enrolment. Each event makes a new history."""

    ueid: Ueid
    periods: tuple[KeyPeriod, ...] = ()

    @property
    def active(self) -> KeyPeriod | None:
        """The key that is neither revoked nor rotated, if there is one; the newest, should there be several."""
        return next((period for period in reversed(self.periods) if period.active), None)

    def period(self, kid: Kid) -> KeyPeriod | None:
        """What is known of a key."""
        return next((period for period in self.periods if period.kid == kid), None)

    def enrolled(self, leaf_index: int, endorsement: Endorsement) -> KeyHistory:
        """With one more key. HistoryError if it is another device's, or was here before.

        That another key is active is no contradiction of the log's, but the gateway's to refuse: see `Registry.enrol`.
        """
        if endorsement.request.ueid != self.ueid:
            raise HistoryError("an endorsement is for another device")
        if self.period(endorsement.request.public_key.kid) is not None:
            raise HistoryError("a key is enrolled twice")
        return replace(self, periods=(*self.periods, KeyPeriod(leaf_index, endorsement)))

    def revoked(self, leaf_index: int, event: Revoke) -> KeyHistory:
        """With a key ended. HistoryError if the device has no such key, or it is revoked already."""
        if event.ueid != self.ueid:
            raise HistoryError("a revocation is for another device")
        period = self.period(event.kid)
        if period is None:
            raise HistoryError("a revocation names a key that was not enrolled")
        if period.revocation is not None:
            raise HistoryError("a key is revoked twice")
        ended = replace(period, revocation=Revocation(leaf_index, event.effective_ms, event.reason))
        return replace(self, periods=tuple(ended if one is period else one for one in self.periods))

    def giving_way(self, kid: Kid) -> KeyPeriod:
        """The key that a rotation may end. HistoryError unless it was enrolled, and is active."""
        period = self.period(kid)
        if period is None or not period.active:
            raise HistoryError("a rotation is signed by a key that is not active")
        return period

    def rotated(self, leaf_index: int, endorsement: Endorsement, old_kid: Kid) -> KeyHistory:
        """With one key in another's place. HistoryError as for `enrolled` and `giving_way`.

        Precondition: the old key's consent is verified.
        """
        old = self.giving_way(old_kid)
        after = self.enrolled(leaf_index, endorsement)
        ended = old.with_rotation(leaf_index, endorsement)
        return replace(after, periods=tuple(ended if one is old else one for one in after.periods))

    def extended(self, leaf_index: int, event: RegistryEvent, origin: str) -> KeyHistory:
        """With an event that is known to be good: of the signatures in it only the requests' are verified again.

        Raises WireError or HistoryError.
        """
        if isinstance(event, Revoke):
            return self.revoked(leaf_index, event)
        endorsement = parse_endorsement(event.endorsement, origin)
        if isinstance(event, Rotate):
            return self.rotated(leaf_index, endorsement, parse_consent(event.consent).kid)
        return self.enrolled(leaf_index, endorsement)

    def judge(self, kid: Kid, statement: Statement, leaf_index: int | None = None) -> None:
        """Return if the key may speak at the statement's time.

        A statement with no known time is judged by its place in the log: `leaf_index`, or None for one that is not in
        the log yet, and would stand after all events of this history. So gateway and verifier agree, whatever their
        clocks say. WireError: unknown-device, not-yet-valid-key or revoked-key.
        """
        period = self.period(kid)
        if period is None:
            raise WireError(Outcome.UNKNOWN_DEVICE, "the device has no such key")
        if statement.time_known and statement.time_ms < period.endorsement.not_before_ms:
            raise WireError(Outcome.NOT_YET_VALID_KEY, "the statement's time is before the key's not_before_ms")
        ended, succeeded = period.revocation, period.rotation
        if ended is not None:
            late = leaf_index is None or leaf_index > ended.leaf_index
            if statement.time_ms >= ended.effective_ms if statement.time_known else late:
                raise WireError(Outcome.REVOKED_KEY, f"the key is revoked: {ended.reason}")
        if succeeded is not None:
            # What was logged before the rotation stays. What comes after must be older, and may have been spooled.
            logged_after = leaf_index is None or leaf_index > succeeded.leaf_index
            older = statement.time_known and statement.time_ms < succeeded.from_ms
            if logged_after and not older:
                raise WireError(Outcome.REVOKED_KEY, f"the key has given way to {succeeded.successor.hex()}")

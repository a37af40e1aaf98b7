"""The registry: all devices of a gateway, by the keys that speak for them.

Owner of the state is whoever holds the `Registry` (the gateway's ingest). It is built by replaying the log's events in
their order. `enrol` and `revoke` only make the event to be appended; the state changes with `apply`, once it is stored.
A crash between the two leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from voltseal.registry.errors import (
    AlreadyEnrolledError,
    AlreadyRevokedError,
    FutureRevocationError,
    FutureRotationError,
    NotActiveError,
    UnknownKeyError,
    UnknownMakerError,
)
from voltseal.registry.key_history import KeyHistory
from voltseal.wire import enrolment, entry
from voltseal.wire.boot import KeyTier
from voltseal.wire.enrolment import Endorsement
from voltseal.wire.entry import Enrol, RegistryEvent, Revoke, Rotate
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Kid, Ueid, ueid_hex
from voltseal.wire.keys import PublicKey, check_origin
from voltseal.wire.outcome import Outcome


@dataclass(frozen=True, slots=True)
class DeviceRecord:
    """A device as one of its keys sees it. `history` holds all its keys; `public_key` is the one looked up."""

    ueid: Ueid
    public_key: PublicKey
    device_class: str
    hwmodel: bytes
    key_tier: KeyTier
    maker: str
    history: KeyHistory


class Registry:
    """kid -> DeviceRecord, for the log `origin`."""

    def __init__(self, origin: str) -> None:
        self.origin = check_origin(origin)
        self._histories: dict[Ueid, KeyHistory] = {}
        self._records: dict[Kid, DeviceRecord] = {}

    @classmethod
    def replay(cls, origin: str, events: Iterable[tuple[int, RegistryEvent]]) -> Registry:
        """From the log's registry events with their leaf indexes, ascending. WireError or HistoryError if damaged."""
        registry = cls(origin)
        for leaf_index, event in events:
            registry.apply(leaf_index, event)
        return registry

    def __len__(self) -> int:
        return len(self._histories)

    def __iter__(self) -> Iterator[KeyHistory]:
        """The devices, in the order of their first enrolment."""
        return iter(self._histories.values())

    def find(self, kid: Kid) -> DeviceRecord | None:
        """The device of a key, revoked or not."""
        return self._records.get(kid)

    def lookup(self, kid: Kid) -> DeviceRecord:
        """As `find`, but WireError(unknown-device) where there is none."""
        record = self._records.get(kid)
        if record is None:
            raise WireError(Outcome.UNKNOWN_DEVICE, "no enrolled device has this kid")
        return record

    def history(self, ueid: Ueid) -> KeyHistory | None:
        """All keys of a device."""
        return self._histories.get(ueid)

    def apply(self, leaf_index: int, event: RegistryEvent) -> None:
        """Take in an event that is stored in the log. The request's proof of possession is verified again.

        Raises WireError or HistoryError if the event is damaged or contradicts those before it, and changes nothing.
        """
        history = self._histories.get(event.ueid, KeyHistory(event.ueid))
        history = history.extended(leaf_index, event, self.origin)
        self._histories[event.ueid] = history
        for period in history.periods:
            self._records[period.kid] = _record(period.endorsement, history)

    def enrol(self, endorsement_raw: bytes, makers: Mapping[Kid, PublicKey], now_ms: int) -> bytes:
        """The event that enrols an endorsed key, to be appended to the log and then applied.

        Raises WireError (malformed, bad-signature, …), UnknownMakerError or AlreadyEnrolledError.
        """
        endorsement = self._endorsed(endorsement_raw, makers)
        ueid = endorsement.request.ueid
        history = self._histories.get(ueid)
        if history is not None and history.active is not None:
            raise AlreadyEnrolledError(
                f"device {ueid_hex(ueid)} has an active key", hint="revoke it, or rotate it: `voltseal device rotate`"
            )
        self._refuse_known(endorsement)
        return entry.encode_event(Enrol(now_ms, ueid, endorsement_raw))

    def rotate(self, endorsement_raw: bytes, consent_raw: bytes, makers: Mapping[Kid, PublicKey], now_ms: int) -> bytes:
        """The event that puts an endorsed key in the place of the active one, to be appended and then applied.

        Raises WireError (malformed, bad-signature, …), UnknownMakerError, UnknownKeyError, NotActiveError,
        AlreadyEnrolledError or FutureRotationError.
        """
        endorsement = self._endorsed(endorsement_raw, makers)
        consent = enrolment.parse_consent(consent_raw)
        old = self._records.get(consent.kid)
        if old is None or old.ueid != endorsement.request.ueid:
            raise UnknownKeyError(f"the device has no key {consent.kid.hex()}, which consents to the rotation")
        if old.history.active is None or old.history.active.kid != consent.kid:
            raise NotActiveError(f"the key {consent.kid.hex()} is not active", hint="enrol the new key instead")
        enrolment.verify_consent(consent, endorsement.request, old.public_key, self.origin)
        self._refuse_known(endorsement)
        if endorsement.not_before_ms > now_ms:  # in between, statements without a known time would have no valid key
            raise FutureRotationError(
                "a new key cannot take over in the future", hint="endorse it with an earlier time"
            )
        return entry.encode_event(Rotate(now_ms, old.ueid, endorsement_raw, consent_raw))

    def _endorsed(self, raw: bytes, makers: Mapping[Kid, PublicKey]) -> Endorsement:
        """An endorsement by a trusted maker. Raises WireError or UnknownMakerError."""
        endorsement = enrolment.parse_endorsement(raw, self.origin)
        maker = makers.get(endorsement.sign1.kid)
        if maker is None:
            raise UnknownMakerError(
                f"no trusted maker has the key {endorsement.sign1.kid.hex()} ({endorsement.maker_name})",
                hint="add the maker's COSE_Key to the gateway's configuration",
            )
        enrolment.verify(endorsement, maker, self.origin)
        return endorsement

    def _refuse_known(self, endorsement: Endorsement) -> None:
        if endorsement.request.public_key.kid in self._records:
            raise AlreadyEnrolledError(
                "this key was enrolled before", hint="a key that was replaced does not come back: make a new one"
            )

    def revoke(self, kid: Kid, *, effective_ms: int, reason: str, now_ms: int) -> bytes:
        """The event that revokes a key, to be appended to the log and then applied.

        Raises UnknownKeyError, AlreadyRevokedError, FutureRevocationError, or WireError(malformed) for a reason that is
        not 1 to 64 bytes.
        """
        record = self._records.get(kid)
        if record is None:
            raise UnknownKeyError(f"no enrolled device has the key {kid.hex()}")
        period = record.history.period(kid)
        if period is None or period.revocation is not None:
            raise AlreadyRevokedError(f"the key {kid.hex()} is revoked already")
        if effective_ms > now_ms:  # the device would go on for a while with a key that the log calls revoked
            raise FutureRevocationError(
                f"a revocation cannot take effect in the future: {effective_ms} is {effective_ms - now_ms} ms from now",
                hint="revoke the key when its time has come",
            )
        return entry.encode_event(Revoke(now_ms, record.ueid, kid, effective_ms, reason))


def _record(endorsement: Endorsement, history: KeyHistory) -> DeviceRecord:
    request = endorsement.request
    return DeviceRecord(
        ueid=request.ueid,
        public_key=request.public_key,
        device_class=request.device_class,
        hwmodel=request.hwmodel,
        key_tier=request.key_tier,
        maker=endorsement.maker_name,
        history=history,
    )

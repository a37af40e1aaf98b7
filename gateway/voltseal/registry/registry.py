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
    UnknownKeyError,
    UnknownMakerError,
)
from voltseal.registry.key_history import KeyHistory
from voltseal.wire import enrolment, entry
from voltseal.wire.boot import KeyTier
from voltseal.wire.enrolment import Endorsement
from voltseal.wire.entry import Enrol, RegistryEvent, Revoke
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
        if isinstance(event, Enrol):
            endorsement = enrolment.parse_endorsement(event.endorsement, self.origin)
            history = history.enrolled(leaf_index, endorsement)
        else:
            history = history.revoked(leaf_index, event)
        self._histories[event.ueid] = history
        for period in history.periods:
            self._records[period.kid] = _record(period.endorsement, history)

    def enrol(self, endorsement_raw: bytes, makers: Mapping[Kid, PublicKey], now_ms: int) -> bytes:
        """The event that enrols an endorsed key, to be appended to the log and then applied.

        Raises WireError (malformed, bad-signature, …), UnknownMakerError or AlreadyEnrolledError.
        """
        endorsement = enrolment.parse_endorsement(endorsement_raw, self.origin)
        maker = makers.get(endorsement.sign1.kid)
        if maker is None:
            raise UnknownMakerError(
                f"no trusted maker has the key {endorsement.sign1.kid.hex()} ({endorsement.maker_name})",
                hint="add the maker's COSE_Key to the gateway's configuration",
            )
        enrolment.verify(endorsement, maker, self.origin)
        ueid = endorsement.request.ueid
        history = self._histories.get(ueid)
        if history is not None and history.active is not None:
            raise AlreadyEnrolledError(
                f"device {ueid_hex(ueid)} has an active key", hint="revoke it before enrolling another"
            )
        if endorsement.request.public_key.kid in self._records:
            raise AlreadyEnrolledError(
                "this key was enrolled before", hint="a revoked key does not come back: make a new one"
            )
        return entry.encode_event(Enrol(now_ms, ueid, endorsement_raw))

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

"""Registry events: enrolments and revocations become log entries, then take effect. Owner: the writer thread.

The event is stored first and applied to the registry afterwards, so a crash between the two leaves what a restart
replays. The command line uses the same class directly when no gateway runs (it then holds the store's lock).
"""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable
from contextlib import suppress

from voltseal.config import MakerTable
from voltseal.errors import VoltsealError
from voltseal.ingest.check import Checker
from voltseal.registry.key_history import KeyHistory
from voltseal.registry.registry import Registry
from voltseal.store.interface import EntryKind, NewEntry, StoreError, StoreReader
from voltseal.store.requests import Body, Request, RequestQueue
from voltseal.store.sqlite import SqliteStore
from voltseal.wire import entry
from voltseal.wire.errors import malformed
from voltseal.wire.ids import Kid, Ueid
from voltseal.wire.keys import PublicKey

_logger = logging.getLogger(__name__)


def replay(store: StoreReader, origin: str) -> Registry:
    """The registry as the stored log tells it; raises `WireError` or `HistoryError` if an event is damaged."""
    return Registry.replay(origin, ((e.leaf_index, entry.parse_event(e.raw)) for e in store.registry_events()))


def replay_device(store: StoreReader, origin: str, ueid: bytes) -> KeyHistory:
    """One device's keys, from its own events only. Precondition: it is enrolled. Raises as `replay` does."""
    events = ((e.leaf_index, entry.parse_event(e.raw)) for e in store.key_events_of(ueid))
    history = Registry.replay(origin, events).history(Ueid(ueid))
    assert history is not None, "a device is made by its first registry event"
    return history


def maker_keys(makers: Iterable[MakerTable]) -> dict[Kid, PublicKey]:
    """The configured makers' keys by kid; raises `WireError` for bytes that are no key."""
    keys = [PublicKey.from_cose_key(maker.cose_key) for maker in makers]
    return {key.kid: key for key in keys}


class Registrar:
    """The only one who appends registry events."""

    def __init__(
        self, store: SqliteStore, registry: Registry, makers: dict[Kid, PublicKey], checker: Checker | None = None
    ) -> None:
        self._store = store
        self._registry = registry
        self._makers = makers
        self._checker = checker
        self._queue = RequestQueue(store.connection)

    def carry_out(self, action: str, body: Body, now_ms: int) -> Body:
        """Enrol, rotate, revoke or erase, as a request body says; an event takes effect once it is stored.

        Raises `WireError` or `RegistryError`, and changes nothing then.
        """
        with self._store.transaction():
            answer, take_effect = self._do(action, body, now_ms)
        take_effect()
        return answer

    def serve(self, now_ms: int) -> int:
        """Answer the requests that wait; returns how many. Each is a transaction of its own, with its answer in it."""
        requests = self._queue.waiting()
        for request in requests:
            self._serve_one(request, now_ms)
        return len(requests)

    def _serve_one(self, request: Request, now_ms: int) -> None:
        try:
            with self._store.transaction():
                answer, take_effect = self._do(request.action, request.body, now_ms)
                self._queue.answer(request.number, succeeded=True, answer=answer)
        except VoltsealError as error:
            with self._store.transaction():
                refusal = {"code": error.code, "message": str(error), "hint": error.hint or ""}
                self._queue.answer(request.number, succeeded=False, answer=refusal)
            _logger.info("request refused action=%s code=%s reason=%r", request.action, error.code, str(error))
            return
        take_effect()
        details = " ".join(f"{name}={value}" for name, value in answer.items() if name != "ueid")
        _logger.info("request done action=%s device=%s %s", request.action, answer["ueid"], details)

    def _do(self, action: str, body: Body, now_ms: int) -> tuple[Body, Callable[[], None]]:
        """Within a transaction: the answer, and what is to be done once it is committed."""
        if action == "erase":
            return self._erase(body), lambda: None
        event, label = self._event(action, body, now_ms)
        return self._append(event, label, now_ms)

    def _erase(self, body: Body) -> Body:
        """Forget readings. The registry and the log do not change. Raises `WireError` or `StoreError`."""
        with suppress(KeyError, ValueError, TypeError):
            ueid, first, last = bytes.fromhex(str(body["ueid"])), int(body["first"]), int(body["last"])
            device = self._store.device(ueid)
            if device is None:
                raise StoreError(f"no device {ueid.hex()} is enrolled")
            erased = self._store.erase_disclosures(device.device_no, first, last)
            return {"ueid": ueid.hex(), "first": first, "last": last, "erased": erased}
        raise malformed("request 'erase' cannot be read")

    def _event(self, action: str, body: Body, now_ms: int) -> tuple[bytes, str]:
        """The event that a request asks for, and the device's label. Raises `WireError` or `RegistryError`."""
        with suppress(KeyError, ValueError, TypeError):
            if action == "enrol":
                endorsement = b64decode(str(body["endorsement"]), validate=True)
                return self._registry.enrol(endorsement, self._makers, now_ms), str(body["label"])
            if action == "rotate":
                endorsement, consent = (
                    b64decode(str(body[name]), validate=True) for name in ("endorsement", "consent")
                )
                return self._registry.rotate(endorsement, consent, self._makers, now_ms), ""
            if action == "revoke":
                kid = Kid(bytes.fromhex(str(body["kid"])))
                effective_ms, reason = int(body["effective_ms"]), str(body["reason"])
                return self._registry.revoke(kid, effective_ms=effective_ms, reason=reason, now_ms=now_ms), ""
        raise malformed(f"request {action!r} cannot be read")

    def _append(self, event_raw: bytes, label: str, now_ms: int) -> tuple[Body, Callable[[], None]]:
        """Store the event; returns the answer, and what makes it take effect once it is committed."""
        event = entry.parse_event(event_raw)
        device_no = self._store.add_device(event.ueid, label)
        leaf_index = self._store.append([NewEntry(EntryKind.REGISTRY_EVENT, device_no, None, None, now_ms, event_raw)])

        def take_effect() -> None:
            self._registry.apply(leaf_index, event)
            if self._checker is not None:
                self._checker.registry_events += 1

        return {"ueid": event.ueid.hex(), "leaf_index": leaf_index}, take_effect


def enrol_request(endorsement: bytes, label: str) -> Body:
    """The body of an `enrol` request."""
    return {"endorsement": b64encode(endorsement).decode(), "label": label}


def erase_request(ueid: bytes, first_sequence: int, last_sequence: int) -> Body:
    """The body of an `erase` request."""
    return {"ueid": ueid.hex(), "first": first_sequence, "last": last_sequence}


def rotate_request(endorsement: bytes, consent: bytes) -> Body:
    """The body of a `rotate` request."""
    return {"endorsement": b64encode(endorsement).decode(), "consent": b64encode(consent).decode()}


def revoke_request(kid: Kid, effective_ms: int, reason: str) -> Body:
    """The body of a `revoke` request."""
    return {"kid": kid.hex(), "effective_ms": effective_ms, "reason": reason}

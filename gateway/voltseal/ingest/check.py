"""Decode and verify: everything that can be said of a message without knowing what is stored. Worker threads run it.

The checks are orders 1 to 9 of docs/spec/outcomes.md, in that order. `cryptography` releases the GIL while it verifies,
so threads are enough to use several processors.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from voltseal.ingest.arrival import Arrival
from voltseal.registry.registry import DeviceRecord, Registry
from voltseal.wire import message, statement
from voltseal.wire.boot import Boot
from voltseal.wire.errors import WireError
from voltseal.wire.message import UpMessage
from voltseal.wire.outcome import Outcome

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Genuine:
    """A message that its device really sent. `registry_events`: how many events the registry had when it was judged."""

    arrival: Arrival
    message: UpMessage
    device: DeviceRecord
    registry_events: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A message that will not be stored in the log, and why."""

    arrival: Arrival
    outcome: Outcome
    reason: str


class Checker:
    """Judges messages against the registry. Safe to use from several threads: it only reads."""

    def __init__(self, registry: Registry, site: str) -> None:
        self._registry = registry
        self._topic_head = f"voltseal/1/{site}/"
        self.registry_events = 0

    def __len__(self) -> int:
        """How many devices are known."""
        return len(self._registry)

    def check_all(self, arrivals: Sequence[Arrival]) -> list[Genuine | Refused]:
        """One verdict for each arrival, in their order."""
        return [self.check(arrival) for arrival in arrivals]

    def check(self, arrival: Arrival) -> Genuine | Refused:
        """One verdict; it never raises, whatever the bytes."""
        try:
            return self._genuine(arrival)
        except WireError as error:
            return Refused(arrival, error.outcome, error.reason)
        except Exception:  # a defect of ours must cost one message, not the gateway; quarantine keeps it for us
            _logger.exception("check failed topic=%s payload_bytes=%d", arrival.topic, len(arrival.payload))
            return Refused(arrival, Outcome.MALFORMED, "internal error while checking; see the gateway's log")

    def _genuine(self, arrival: Arrival) -> Genuine:
        events = self.registry_events
        up = message.parse_up(arrival.payload)
        found = up.statement
        device = self._registry.lookup(found.kid)
        if arrival.topic != f"{self._topic_head}{device.ueid.hex()}/up":
            raise WireError(Outcome.WRONG_TOPIC, "the topic is not that of the device that the kid names")
        if isinstance(found.body, Boot) and found.body.claims.ueid != device.ueid:
            raise WireError(Outcome.WRONG_TOPIC, "the boot statement's ueid is not that of the device")
        statement.verify(found, device.public_key, self._registry.origin)
        device.history.judge(found.kid, found)
        message.check_commitment(up)
        return Genuine(arrival, up, device, events)

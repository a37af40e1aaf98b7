"""What a broker keeps for one client, connected or not: subscriptions, messages in flight, messages that wait.

Sans I/O: a session is handed a link that takes packets; the embedded broker's connections are such links.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Protocol

from voltseal_sim import mqtt_packets as mqtt
from voltseal_sim.mqtt_packets import Publish


class Link(Protocol):
    """A connection, as a session sees it."""

    @property
    def is_slow(self) -> bool:
        """The client does not keep up: hand over nothing now; `pump` is called when it has caught up."""
        ...

    def send(self, packet: bytes) -> None:
        """Hand over a whole packet."""
        ...


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """What bounds the broker's memory."""

    packet_bytes: int = 1 << 20
    in_flight_per_session: int = 500
    queued_per_session: int = 20_000
    unsent_bytes: int = 1 << 20

    def __post_init__(self) -> None:
        if not 1 <= self.in_flight_per_session < 0xFFFF:
            raise ValueError(f"in_flight_per_session must be 1 to 65534, not {self.in_flight_per_session}")


@dataclass(slots=True)
class BrokerCounts:
    """What has happened since the broker was made. `dropped`: a session's queue was full."""

    connections: int = 0
    connected: int = 0
    received: int = 0
    delivered: int = 0
    redelivered: int = 0
    acknowledged: int = 0
    dropped: int = 0
    protocol_errors: int = 0


@dataclass(slots=True)
class Session:
    """One client's state, which outlives its link unless `clean` (section 4.1)."""

    client_id: str
    limits: BrokerLimits
    counts: BrokerCounts
    clean: bool = True
    link: Link | None = None
    subscriptions: dict[str, int] = field(default_factory=dict)
    in_flight: dict[int, Publish] = field(default_factory=dict)
    waiting: deque[Publish] = field(default_factory=deque)
    _last_identifier: int = 0

    def offer(self, message: Publish) -> None:
        """Deliver a message now, keep it for later, or drop it, as its QoS and the session's room decide."""
        granted = [qos for filter_, qos in self.subscriptions.items() if mqtt.matches(filter_, message.topic)]
        if not granted:
            return
        message = replace(message, qos=min(message.qos, max(granted)), packet_id=0, retain=False)
        if message.qos == 0:
            if self.link is not None and not self.link.is_slow:
                self.link.send(mqtt.publish(message))
                self.counts.delivered += 1
            else:
                self.counts.dropped += 1
        elif len(self.waiting) < self.limits.queued_per_session:
            self.waiting.append(message)
            self.pump()
        else:
            self.counts.dropped += 1

    def pump(self) -> None:
        """Move waiting messages into flight while there is a link with room."""
        while (
            self.waiting
            and self.link is not None
            and not self.link.is_slow
            and len(self.in_flight) < self.limits.in_flight_per_session
        ):
            message = replace(self.waiting.popleft(), packet_id=self._free_identifier())
            self.in_flight[message.packet_id] = message
            self.link.send(mqtt.publish(message))
            self.counts.delivered += 1

    def _free_identifier(self) -> int:
        """The next packet identifier, 1 to 65535, that is not in flight; far fewer are than there are identifiers."""
        while True:
            self._last_identifier = self._last_identifier % 0xFFFF + 1
            if self._last_identifier not in self.in_flight:
                return self._last_identifier

    def resume(self) -> None:
        """Section 4.4: after a reconnect, what was not acknowledged goes out again, in its first order."""
        assert self.link is not None
        for message in self.in_flight.values():
            self.link.send(mqtt.publish(message, duplicate=True))
            self.counts.redelivered += 1
        self.pump()

    def acknowledged(self, identifier: int) -> None:
        """A PUBACK; one for a message that is not in flight is a repeat and harmless."""
        if self.in_flight.pop(identifier, None) is not None:
            self.counts.acknowledged += 1
            self.pump()

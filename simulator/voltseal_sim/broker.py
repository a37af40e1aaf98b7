"""An MQTT 3.1.1 broker inside the process, for the demo and for tests that should need no other software.

    broker = EmbeddedBroker()
    url = await broker.start()      # mqtt://127.0.0.1:40123
    ...
    await broker.stop()

It keeps the promise that the gateway builds on: a message taken at QoS 1 is delivered until it is acknowledged, again
after every reconnect of a persistent session, and waits while that session is away. It speaks QoS 0 and 1, clean and
persistent sessions, wills; not QoS 2, retained messages or access lists. It listens on the loopback interface only.
docs/decisions/0003-embedded-broker.md tells why it is not a library.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable

from voltseal_sim import mqtt_packets as mqtt
from voltseal_sim.mqtt_packets import Connect, Kind, MalformedPacketError, Packet, Publish
from voltseal_sim.mqtt_session import BrokerCounts, BrokerLimits, Session

_log = logging.getLogger(__name__)

_HOST = "127.0.0.1"
_CONNECT_WITHIN_S = 10.0
_REFUSED_IDENTIFIER = 2


class _Connection(asyncio.Protocol):
    """One client's connection. All of it runs in callbacks of the event loop: there are no tasks to leave behind."""

    def __init__(self, broker: EmbeddedBroker) -> None:
        self._broker = broker
        self._reader = mqtt.PacketReader(broker.limits.packet_bytes)
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._session: Session | None = None
        self._will: Publish | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._patience_s = _CONNECT_WITHIN_S
        self.is_slow = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=self._broker.limits.unsent_bytes)
        self._transport = transport
        self._broker.opened(self)
        self._postpone_deadline()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._broker.closed(self, self._session, self._will)

    def pause_writing(self) -> None:
        self.is_slow = True

    def resume_writing(self) -> None:
        self.is_slow = False
        if self._session is not None:
            self._session.pump()

    def send(self, packet: bytes) -> None:
        """Hand a packet to the kernel; nothing happens on a connection that is going."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(packet)

    def close(self, at_once: bool = False) -> None:
        """End the connection, after what was sent or `at_once`; `connection_lost` does the rest."""
        if self._transport is not None:
            if at_once:
                self._transport.abort()
            else:
                self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._postpone_deadline()
        try:
            for packet in self._reader.feed(data):
                if self._transport is None or self._transport.is_closing():
                    return
                self._take(packet)
        except MalformedPacketError as error:
            _log.info("connection closed client=%s reason=%s", self._name, error)
            self._broker.counts.protocol_errors += 1
            self.close(at_once=True)

    @property
    def _name(self) -> str:
        return self._session.client_id if self._session is not None else "-"

    def _take(self, packet: Packet) -> None:
        if packet.kind is Kind.CONNECT and self._session is None:
            self._connect(mqtt.read_connect(packet.body))
            return
        if self._session is None:
            raise MalformedPacketError(f"{packet.kind.name} before CONNECT")
        match packet.kind:
            case Kind.PUBLISH:
                message = mqtt.read_publish(packet)
                self._broker.route(message)
                if message.qos:
                    self.send(mqtt.puback(message.packet_id))
            case Kind.PUBACK:
                self._session.acknowledged(mqtt.read_puback(packet.body))
            case Kind.SUBSCRIBE:
                identifier, wanted = mqtt.read_subscribe(packet.body)
                granted = {topic_filter: min(qos, 1) for topic_filter, qos in wanted}
                self._session.subscriptions |= granted
                self.send(mqtt.suback(identifier, [granted[topic_filter] for topic_filter, _ in wanted]))
            case Kind.UNSUBSCRIBE:
                identifier, filters = mqtt.read_unsubscribe(packet.body)
                for topic_filter in filters:
                    self._session.subscriptions.pop(topic_filter, None)
                self.send(mqtt.unsuback(identifier))
            case Kind.PINGREQ:
                self.send(mqtt.PINGRESP)
            case Kind.DISCONNECT:
                self._will = None
                self.close()
            case _:
                raise MalformedPacketError(f"{packet.kind.name} from a client")

    def _connect(self, request: Connect) -> None:
        if not request.client_id and not request.clean_session:  # section 3.1.3.1
            self.send(mqtt.connack(False, _REFUSED_IDENTIFIER))
            self.close()
            return
        self._patience_s = request.keep_alive_s * 1.5  # section 3.1.2.10
        self._will = request.will
        self._postpone_deadline()
        self._session, present = self._broker.adopt(self, request)
        self.send(mqtt.connack(present, 0))
        self._session.resume()

    def _postpone_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self._loop.call_later(self._patience_s, self._expired) if self._patience_s else None

    def _expired(self) -> None:
        _log.info("connection closed client=%s reason=silent for %.1f s", self._name, self._patience_s)
        self.close(at_once=True)


class EmbeddedBroker:
    """Owns the sessions and the listening socket. Sessions outlive `stop`, so a broker's outage can be played."""

    def __init__(self, port: int = 0, limits: BrokerLimits | None = None) -> None:
        """Port 0 picks a free one at the first start; later starts use that one again."""
        self.limits = limits or BrokerLimits()
        self.counts = BrokerCounts()
        self.port = port
        self.tap: Callable[[Publish, Callable[[Publish], None]], None] | None = None
        self._sessions: dict[str, Session] = {}
        self._connections: set[_Connection] = set()
        self._server: asyncio.Server | None = None
        self._last_closed: Callable[[], None] | None = None
        self._nameless = itertools.count(1)

    @property
    def url(self) -> str:
        """Where clients connect, as mqtt://host:port."""
        return f"mqtt://{_HOST}:{self.port}"

    @property
    def session_count(self) -> int:
        """Sessions that are kept: those connected, and persistent ones that are away."""
        return len(self._sessions)

    async def start(self) -> str:
        """Listen; return the url. Raises RuntimeError when it runs already, OSError when the port is taken."""
        if self._server is not None:
            raise RuntimeError(f"the broker runs already, at {self.url}")
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), _HOST, self.port, reuse_address=True)
        self.port = self._server.sockets[0].getsockname()[1]
        _log.info("broker started url=%s", self.url)
        return self.url

    async def stop(self, flush_s: float = 0.2) -> None:
        """Close the socket and every connection; what a client does not take within `flush_s` is cut off."""
        if self._server is None:
            return
        self._server.close()
        gone = asyncio.Event()
        self._last_closed = gone.set
        for connection in tuple(self._connections):
            connection.close()
        if self._connections:
            try:
                await asyncio.wait_for(gone.wait(), flush_s)
            except TimeoutError:
                for connection in tuple(self._connections):
                    connection.close(at_once=True)
                await gone.wait()
        await self._server.wait_closed()
        self._server = self._last_closed = None
        _log.info("broker stopped received=%d delivered=%d", self.counts.received, self.counts.delivered)

    def forget(self) -> None:
        """Lose every session, as a broker without persistence does when it restarts. Only while it is stopped."""
        if self._server is not None:
            raise RuntimeError("the broker runs: stop it before it forgets")
        self._sessions.clear()

    async def __aenter__(self) -> EmbeddedBroker:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def opened(self, connection: _Connection) -> None:
        """A client's socket is open; it has not said who it is."""
        self._connections.add(connection)
        self.counts.connections += 1
        self.counts.connected += 1

    def closed(self, connection: _Connection, session: Session | None, will: Publish | None) -> None:
        """A client's socket is gone. A clean session goes with it, unless another connection has taken it over."""
        self._connections.discard(connection)
        self.counts.connected -= 1
        if session is not None and session.link is connection:
            session.link = None
            if session.clean:
                del self._sessions[session.client_id]
        if will is not None:
            self.route(will)
        if not self._connections and self._last_closed is not None:
            self._last_closed()

    def adopt(self, connection: _Connection, request: Connect) -> tuple[Session, bool]:
        """The session for a client that connects, and whether it was there before (section 3.1.2.4).

        A client identifier has one connection: the older one is closed (section 3.1.4).
        """
        client_id = request.client_id or f"nameless-{next(self._nameless)}"
        session = self._sessions.get(client_id)
        if session is not None and isinstance(session.link, _Connection):
            session.link.close(at_once=True)
            session.link = None  # its end, which comes later, must not take the session along
        present = session is not None and not session.clean and not request.clean_session
        if session is None or not present:
            session = self._sessions[client_id] = Session(client_id, self.limits, self.counts)
        session.clean = request.clean_session
        session.link = connection
        return session, present

    def route(self, message: Publish) -> None:
        """Take a message that a client has published: past the tap, if there is one, to whoever has subscribed."""
        self.counts.received += 1
        if self.tap is None:
            self.deliver(message)
        else:
            self.tap(message, self.deliver)

    def deliver(self, message: Publish) -> None:
        """Offer a message to every session; each decides by its subscriptions."""
        for session in tuple(self._sessions.values()):
            session.offer(message)

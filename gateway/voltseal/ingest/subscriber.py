"""The broker's session: messages in, acknowledgements and receipts out. Owner: the event loop's thread.

The client is paho-mqtt, driven by asyncio (docs/decisions/0005-mqtt-client.md). A message is acknowledged to the broker
only when the pipeline says so; at most `window` messages are taken before that, then the socket is not read any more
and TCP slows the broker down. The session is persistent (clean_session false): what the broker has not seen
acknowledged it sends again after a reconnect, and what arrives while the gateway is away waits in the broker.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import MQTTErrorCode

from voltseal.clock import now_ms
from voltseal.config import BrokerTable
from voltseal.ingest.arrival import Arrival
from voltseal.ingest.mqtt_client import make_client
from voltseal.ingest.mqtt_socket import BufferedSocket

if TYPE_CHECKING:
    from paho.mqtt.client import ConnectFlags, DisconnectFlags
    from paho.mqtt.properties import Properties
    from paho.mqtt.reasoncodes import ReasonCode

_logger = logging.getLogger(__name__)

_FIRST_RETRY_S = 0.5
_LAST_RETRY_S = 30.0
_PACKETS_A_TURN = 200  # then the event loop gets a turn: acknowledgements must not wait for a flood to end
_MAX_TAKEN_BYTES = 2**26  # what 4,000 of the longest messages have; a broker that is not told better lets more through
MAX_RECEIPTS_IN_FLIGHT = 1000
MAX_RECEIPTS_WAITING = 10_000


class Subscriber:
    """One session with the broker, for good: it reconnects by itself, with back-off, until `stop`."""

    def __init__(
        self, broker: BrokerTable, client_id: str, topic_filter: str, deliver: Callable[[Arrival], None]
    ) -> None:
        """`deliver` is called on the event loop's thread for each message; it must not block."""
        self._broker = broker
        self._filter = topic_filter
        self._deliver = deliver
        self._client = make_client(broker, client_id, MAX_RECEIPTS_IN_FLIGHT)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        self._client.on_publish = self._on_publish
        self._client.on_socket_register_write = self._on_register_write
        self._client.on_socket_close = self._on_socket_close
        self._socket: BufferedSocket | None = None
        self._descriptor = -1
        self._session = 0
        self._is_up = False  # from CONNACK on: a session that is resumed delivers before our subscription is confirmed
        self._was_up = False
        self._taken = 0
        self._taken_bytes = 0
        self._reading = False
        self._in_flight = 0
        self._waiting: deque[tuple[str, bytes]] = deque(maxlen=MAX_RECEIPTS_WAITING)
        self._lost = asyncio.Event()
        self._subscribed = asyncio.Event()
        self._stopping = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the broker has let us in."""
        return self._is_up

    @property
    def receipts_waiting(self) -> int:
        """Receipts that wait for the broker. From any thread."""
        return len(self._waiting)

    @property
    def _full(self) -> bool:
        """Whether so much is taken and not acknowledged that no more may come."""
        return self._taken >= self._broker.window or self._taken_bytes >= _MAX_TAKEN_BYTES

    async def wait_subscribed(self) -> None:
        """Return once the broker has confirmed the subscription."""
        await self._subscribed.wait()

    async def run(self) -> None:
        """Keep the session up until `stop`. What the broker refuses is logged and tried again."""
        retry_s = _FIRST_RETRY_S
        address = self._broker.address
        while not self._stopping.is_set():
            self._lost.clear()
            try:
                await self._connect()
                await self._attend()
                retry_s = _FIRST_RETRY_S if self._was_up else retry_s
            except (OSError, ssl.SSLError) as error:
                _logger.warning("broker unreachable host=%s port=%d error=%r", address.host, address.port, str(error))
            finally:
                self._subscribed.clear()
            if not self._stopping.is_set():
                _logger.info("broker retry in_s=%.1f", retry_s)
                await _sleep_unless(self._stopping, retry_s)
                retry_s = min(retry_s * 2, _LAST_RETRY_S)

    def acknowledge(self, arrivals: Sequence[Arrival]) -> None:
        """Tell the broker that these are done with, in the order in which they came."""
        for arrival in arrivals:
            if arrival.qos and arrival.session == self._session and self._is_up:
                self._client.ack(arrival.packet_id, arrival.qos)
        self._taken -= len(arrivals)
        self._taken_bytes -= sum(len(arrival.payload) for arrival in arrivals)
        if not self._full and not self._reading and self._socket is not None:
            self._start_reading()

    def publish(self, topic: str, payload: bytes) -> None:
        """Send on `down`, QoS 1. Waits in a bounded queue while too many are under way; a device asks again anyway."""
        if not self._is_up or self._in_flight >= MAX_RECEIPTS_IN_FLIGHT:
            self._waiting.append((topic, payload))
            return
        if self._client.publish(topic, payload, qos=1).rc == MQTTErrorCode.MQTT_ERR_SUCCESS:
            self._in_flight += 1

    def stop_reading(self) -> None:
        """Take no more messages (drain); acknowledgements and receipts still go out."""
        self._stopping.set()
        self._pause()

    async def stop(self) -> None:
        """Send what waits and leave the broker; the session there goes on queueing for us."""
        self._stopping.set()
        self._flush()
        if self._socket is not None:
            self._client.disconnect()
            self._flush()
        self._lost.set()

    # Below: what paho-mqtt calls, and the event loop.

    async def _connect(self) -> None:
        """TCP, TLS and the CONNECT packet. Resolving and connecting block, so a thread does them."""
        address = self._broker.address
        loop = asyncio.get_running_loop()
        self._was_up = False
        self._client.connect_async(address.host, address.port, self._broker.keepalive_s)
        await loop.run_in_executor(None, self._client.reconnect)
        sock = self._client.socket()
        if not isinstance(sock, BufferedSocket):
            raise ConnectionError("connection closed at once")
        self._socket, self._descriptor = sock, sock.fileno()
        self._start_reading()
        self._flush()

    async def _attend(self) -> None:
        """Until the connection is lost: keep-alive."""
        while not self._lost.is_set():
            self._client.loop_misc()
            await _sleep_unless(self._lost, 1.0)

    def _start_reading(self) -> None:
        if self._stopping.is_set():
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(self._descriptor, self._readable)
        self._reading = True
        loop.call_soon(self._readable)  # the buffer may hold whole packets that the kernel knows nothing of

    def _pause(self) -> None:
        if self._reading and self._descriptor >= 0:
            asyncio.get_running_loop().remove_reader(self._descriptor)
        self._reading = False

    def _readable(self) -> None:
        sock = self._socket
        for _ in range(_PACKETS_A_TURN):
            if sock is None or sock is not self._socket or not self._reading:
                return
            self._client.loop_read()
            if self._full:
                self._pause()
                return
            if sock is self._socket and not sock.pending():
                return
        asyncio.get_running_loop().call_soon(self._readable)

    def _on_register_write(self, _client: mqtt.Client, _userdata: Any, _sock: Any) -> None:
        """paho has something to send. During `_connect` this comes from another thread; `_connect` flushes itself."""
        if self._socket is not None:
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Move paho's packets into the buffer and the buffer into the kernel, with one call for all of them."""
        sock = self._socket
        if sock is None:
            return
        loop = asyncio.get_running_loop()
        self._client.loop_write()
        if sock is not self._socket:  # DISCONNECT closed it, which sends what waited
            return
        try:
            if sock.flush():
                loop.remove_writer(self._descriptor)
            else:
                loop.add_writer(self._descriptor, self._flush)
        except OSError as error:
            _logger.debug("broker write failed error=%r", str(error))
            self._client.loop_misc()  # a dead link also shows when reading, or by keep-alive: paho then tells us

    def _on_socket_close(self, _client: mqtt.Client, _userdata: Any, sock: Any) -> None:
        if sock is not self._socket:
            return
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._descriptor)
        loop.remove_writer(self._descriptor)
        self._socket, self._descriptor, self._reading = None, -1, False

    def _on_connect(
        self, client: mqtt.Client, _userdata: Any, flags: ConnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        if reason.is_failure:
            _logger.error("broker refused reason=%r", str(reason))
            return
        self._session += 1
        self._is_up = self._was_up = True
        _logger.info("broker session resumed=%s", str(flags.session_present).lower())
        client.subscribe(self._filter, qos=1)
        self._send_waiting()

    def _on_subscribe(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, reasons: list[ReasonCode], _: Properties | None
    ) -> None:
        if any(reason.is_failure for reason in reasons):
            _logger.error("broker refused subscription filter=%s", self._filter)
            return
        self._subscribed.set()
        _logger.info("broker connected filter=%s", self._filter)

    def _on_disconnect(
        self, _client: mqtt.Client, _userdata: Any, _flags: DisconnectFlags, reason: ReasonCode, _: Properties | None
    ) -> None:
        self._is_up = False
        self._subscribed.clear()
        self._lost.set()
        if not self._stopping.is_set():
            _logger.warning("broker connection lost reason=%r", str(reason))

    def _on_message(self, _client: mqtt.Client, _userdata: Any, message: mqtt.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = ""  # no device has such a topic: the outcome will say so
        self._taken += 1
        self._taken_bytes += len(message.payload)
        self._deliver(Arrival(topic, bytes(message.payload), now_ms(), self._session, message.mid, message.qos))

    def _on_publish(
        self, _client: mqtt.Client, _userdata: Any, _mid: int, _reason: ReasonCode, _: Properties | None
    ) -> None:
        self._in_flight = max(0, self._in_flight - 1)
        if self._waiting and self._in_flight < MAX_RECEIPTS_IN_FLIGHT:
            self._send_waiting()

    def _send_waiting(self) -> None:
        while self._waiting and self._is_up and self._in_flight < MAX_RECEIPTS_IN_FLIGHT:
            topic, payload = self._waiting.popleft()
            self.publish(topic, payload)


async def _sleep_unless(event: asyncio.Event, seconds: float) -> None:
    """Sleep, but wake at once when `event` is set."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return

"""One MQTT connection over asyncio streams: connect, subscribe, publish at QoS 1, answer, stay alive.

Knows nothing of statements. Everything read is bounded in size, everything awaited is bounded in time; whatever goes
wrong raises OSError, EOFError, MqttError or asyncio.TimeoutError, and then the connection is to be closed.
"""

import asyncio

from . import packets, port
from .packets import MqttError

PATIENCE_S = 15  # for a handshake step or for room in the send buffer


class Connection:
    """Use `open`, then `receive` from one task and `publish` from another; `close` in the end, always."""

    def __init__(self, reader, writer, keepalive_s: int) -> None:
        self._reader = reader
        self._writer = writer
        self._keepalive_ms = keepalive_s * 1000
        self._packet_id = 0
        # MicroPython's drain() throws away what another task writes meanwhile: one writer at a time.
        self._writing = asyncio.Lock()
        self._heard = self._spoke = port.ticks_ms()

    async def publish(self, topic: str, payload: bytes) -> int:
        """Send one message at QoS 1 and return its packet identifier, which `receive` will report when acknowledged."""
        self._packet_id = packet_id = self._packet_id % 65535 + 1
        await self._send(packets.publish_head(packet_id, topic, len(payload)), payload)
        return packet_id

    async def receive(self) -> tuple:
        """The next (PUBACK, packet identifier, None) or (PUBLISH, topic, payload).

        An incoming message is acknowledged.
        """
        while True:
            first, body = await packets.read_packet(self._reader, packets.MAX_INCOMING_BYTES)
            self._heard = port.ticks_ms()
            kind = first >> 4
            if kind == packets.PUBACK:
                return kind, packets.parse_packet_id(body), None
            if kind == packets.PUBLISH:
                topic, packet_id, payload = packets.parse_publish(first, body)
                if packet_id:
                    await self._send(packets.puback_packet(packet_id))
                return kind, topic, payload
            if kind != packets.PINGRESP or body:
                raise MqttError("unexpected packet of type %d" % kind)

    async def keep_alive(self) -> None:
        """Call at least once a second: pings when silent, raises MqttError when the broker has been for too long."""
        now = port.ticks_ms()
        heard, spoke = port.ticks_diff(now, self._heard), port.ticks_diff(now, self._spoke)
        if heard > self._keepalive_ms * 3 // 2:
            raise MqttError("the broker is silent")
        # Messages we send do not show that the broker lives, hence `heard`.
        if max(heard, spoke) > self._keepalive_ms // 2 and spoke > 1000:
            await self._send(packets.PINGREQ_PACKET)

    async def handshake(self, client_id: str, down_topic: str) -> None:
        """CONNECT and SUBSCRIBE, until the broker has granted both."""
        await self._send(packets.connect_packet(client_id, self._keepalive_ms // 1000))
        packets.parse_connack(*await packets.read_packet(self._reader, packets.MAX_INCOMING_BYTES))
        self._packet_id = 1
        await self._send(packets.subscribe_packet(self._packet_id, down_topic))
        first, body = await packets.read_packet(self._reader, packets.MAX_INCOMING_BYTES)
        if first != packets.SUBACK << 4 or packets.parse_suback(body) != self._packet_id:
            raise MqttError("no SUBACK")
        self._heard = port.ticks_ms()

    async def close(self, orderly: bool) -> None:
        """Say good-bye if the connection is sound, and release the socket."""
        if orderly:
            await _quietly(self._send(packets.DISCONNECT_PACKET))
        self._writer.close()
        await _quietly(asyncio.wait_for(self._writer.wait_closed(), PATIENCE_S))

    async def _send(self, *parts: bytes) -> None:
        async with self._writing:
            for part in parts:
                self._writer.write(part)
            self._spoke = port.ticks_ms()
            await asyncio.wait_for(self._writer.drain(), PATIENCE_S)


async def _quietly(closing) -> None:
    try:
        await closing
    except (OSError, EOFError, asyncio.TimeoutError):
        pass  # the connection is gone already, which is what was wanted


async def open_connection(host: str, broker_port: int, tls, server_name: str):
    """(reader, writer) of a TCP or TLS connection; `tls` is a context of `port.tls_context` or None."""
    if tls is None:
        opening = asyncio.open_connection(host, broker_port)
    else:
        opening = asyncio.open_connection(host, broker_port, ssl=tls, server_hostname=server_name or host)
    return await asyncio.wait_for(opening, PATIENCE_S)


async def connect(settings, tls, client_id: str, down_topic: str) -> Connection:
    """An established `Connection` to the broker of the settings, subscribed to `down_topic`."""
    reader, writer = await open_connection(settings.broker_host, settings.broker_port, tls, settings.tls_server_name)
    connection = Connection(reader, writer, settings.keepalive_s)
    try:
        await asyncio.wait_for(connection.handshake(client_id, down_topic), PATIENCE_S)
    except (OSError, EOFError, MqttError, asyncio.TimeoutError):
        await connection.close(False)
        raise
    return connection

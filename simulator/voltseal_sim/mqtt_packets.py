"""MQTT 3.1.1 packets, sans I/O: what a small broker reads and writes (OASIS MQTT Version 3.1.1, 29 October 2014).

QoS 2 is not spoken. Everything that is not a well-formed packet raises `MalformedPacketError`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum


class MalformedPacketError(ValueError):
    """Bytes that no MQTT 3.1.1 client sends; the connection must be closed (section 4.8)."""


class Kind(IntEnum):
    """Packet types (section 2.2.1)."""

    CONNECT = 1
    CONNACK = 2
    PUBLISH = 3
    PUBACK = 4
    SUBSCRIBE = 8
    SUBACK = 9
    UNSUBSCRIBE = 10
    UNSUBACK = 11
    PINGREQ = 12
    PINGRESP = 13
    DISCONNECT = 14


# Section 2.2.2: the flags each packet must carry; PUBLISH has flags of its own.
_FIXED_FLAGS = {Kind.SUBSCRIBE: 2, Kind.UNSUBSCRIBE: 2}


@dataclass(frozen=True, slots=True)
class Packet:
    """One control packet, its body not yet read."""

    kind: Kind
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Publish:
    """An application message; packet_id is 0 at QoS 0."""

    topic: str
    payload: bytes
    qos: int
    packet_id: int = 0
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Connect:
    """What a client asks for when it connects."""

    client_id: str
    clean_session: bool
    keep_alive_s: int
    username: str | None
    password: bytes | None
    will: Publish | None


class PacketReader:
    """Cuts a byte stream into packets. Holds at most one unfinished packet of `max_bytes`."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._pending = bytearray()

    def feed(self, received: bytes) -> list[Packet]:
        """The whole packets that these bytes complete. Raises MalformedPacketError, also when one is too long."""
        self._pending += received
        packets = []
        offset = 0
        while (header := self._header(offset)) is not None:
            kind, flags, start, end = header
            if end > len(self._pending):
                break
            packets.append(Packet(kind, flags, bytes(self._pending[start:end])))
            offset = end
        del self._pending[:offset]
        return packets

    def _header(self, offset: int) -> tuple[Kind, int, int, int] | None:
        """Type, flags, begin and end of the body; None while the header is not whole (section 2.2.3)."""
        length = 0
        for index in range(1, 5):
            if offset + index >= len(self._pending):
                return None
            byte = self._pending[offset + index]
            length |= (byte & 0x7F) << 7 * (index - 1)
            if byte < 0x80:
                break
        else:
            raise MalformedPacketError("remaining length has more than four bytes")
        if length > self._max_bytes:
            raise MalformedPacketError(f"packet of {length} bytes, at most {self._max_bytes} are taken")
        first = self._pending[offset]
        try:
            kind = Kind(first >> 4)
        except ValueError:
            raise MalformedPacketError(f"packet type {first >> 4} is not taken") from None
        flags = first & 0x0F
        if kind is not Kind.PUBLISH and flags != _FIXED_FLAGS.get(kind, 0):
            raise MalformedPacketError(f"{kind.name} with flags {flags}")
        start = offset + index + 1
        return kind, flags, start, start + length


class _Body:
    """Reads the fields of one packet in turn."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._offset = 0

    @property
    def ended(self) -> bool:
        return self._offset == len(self._body)

    def take(self, size: int) -> bytes:
        chunk = self._body[self._offset : self._offset + size]
        if len(chunk) != size:
            raise MalformedPacketError("packet ends within a field")
        self._offset += size
        return chunk

    def rest(self) -> bytes:
        return self.take(len(self._body) - self._offset)

    def byte(self) -> int:
        return self.take(1)[0]

    def word(self) -> int:
        return int.from_bytes(self.take(2), "big")

    def binary(self) -> bytes:
        return self.take(self.word())

    def text(self) -> str:
        try:
            text = self.binary().decode("utf-8")
        except UnicodeDecodeError:
            raise MalformedPacketError("text is not UTF-8") from None
        if "\x00" in text:
            raise MalformedPacketError("text with a null character")
        return text

    def identifier(self) -> int:
        if not (identifier := self.word()):
            raise MalformedPacketError("packet identifier 0")
        return identifier

    def end(self) -> None:
        if not self.ended:
            raise MalformedPacketError("bytes behind the last field")


def read_connect(body: bytes) -> Connect:
    """Section 3.1."""
    fields = _Body(body)
    protocol, level, flags, keep_alive_s = fields.text(), fields.byte(), fields.byte(), fields.word()
    if (protocol, level) != ("MQTT", 4):
        raise MalformedPacketError(f"protocol {protocol!r} level {level}; MQTT 3.1.1 is level 4")
    will_qos = flags >> 3 & 3
    if flags & 1 or will_qos == 3 or (not flags & 4 and flags & 0x38) or (flags & 0x40 and not flags & 0x80):
        raise MalformedPacketError(f"connect flags 0x{flags:02x}")
    client_id = fields.text()
    will = None
    if flags & 4:
        will = Publish(_publish_topic(fields.text()), fields.binary(), min(will_qos, 1), retain=bool(flags & 0x20))
    username = fields.text() if flags & 0x80 else None
    password = fields.binary() if flags & 0x40 else None
    fields.end()
    return Connect(client_id, bool(flags & 2), keep_alive_s, username, password, will)


def _publish_topic(topic: str) -> str:
    if not topic or "+" in topic or "#" in topic:
        raise MalformedPacketError(f"topic {topic!r}")
    return topic


def read_publish(packet: Packet) -> Publish:
    """Section 3.3."""
    qos = packet.flags >> 1 & 3
    if qos > 1:
        raise MalformedPacketError(f"QoS {qos} is not taken")
    fields = _Body(packet.body)
    topic = _publish_topic(fields.text())
    packet_id = fields.identifier() if qos else 0
    return Publish(topic, fields.rest(), qos, packet_id, retain=bool(packet.flags & 1))


def read_puback(body: bytes) -> int:
    """Section 3.4: the identifier that is acknowledged."""
    fields = _Body(body)
    identifier = fields.identifier()
    fields.end()
    return identifier


def read_subscribe(body: bytes) -> tuple[int, list[tuple[str, int]]]:
    """Section 3.8: identifier and (filter, QoS) pairs."""
    fields = _Body(body)
    identifier, wanted = fields.identifier(), []
    while not fields.ended:
        topic_filter, qos = fields.text(), fields.byte()
        if qos > 2:
            raise MalformedPacketError(f"subscription with QoS byte {qos}")
        wanted.append((_filter(topic_filter), qos))
    if not wanted:
        raise MalformedPacketError("subscription to nothing")
    return identifier, wanted


def read_unsubscribe(body: bytes) -> tuple[int, list[str]]:
    """Section 3.10: identifier and filters."""
    fields = _Body(body)
    identifier, filters = fields.identifier(), []
    while not fields.ended:
        filters.append(_filter(fields.text()))
    if not filters:
        raise MalformedPacketError("unsubscription from nothing")
    return identifier, filters


def _filter(topic_filter: str) -> str:
    """Section 4.7.1: wildcards fill whole levels, and '#' is the last."""
    levels = topic_filter.split("/")
    if not topic_filter or "#" in "".join(levels[:-1]) or any(len(x) > 1 and ("+" in x or "#" in x) for x in levels):
        raise MalformedPacketError(f"topic filter {topic_filter!r}")
    return topic_filter


def matches(topic_filter: str, topic: str) -> bool:
    """Section 4.7: whether a topic falls under a filter."""
    wanted, levels = topic_filter.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("#", "+"):
        return False
    for index, level in enumerate(wanted):
        if level == "#":
            return True
        if index >= len(levels) or level not in ("+", levels[index]):
            return False
    return len(wanted) == len(levels)


def _packet(first: int, body: bytes) -> bytes:
    length, encoded = len(body), bytearray()
    while True:
        length, low = length >> 7, length & 0x7F
        encoded.append(low | (0x80 if length else 0))
        if not length:
            return bytes((first,)) + bytes(encoded) + body


def connack(session_present: bool, code: int) -> bytes:
    """Section 3.2; code 0 is acceptance."""
    return _packet(Kind.CONNACK << 4, bytes((session_present and not code, code)))


def publish(message: Publish, duplicate: bool = False) -> bytes:
    """Section 3.3."""
    topic = message.topic.encode()
    identifier = struct.pack(">H", message.packet_id) if message.qos else b""
    flags = duplicate << 3 | message.qos << 1 | message.retain
    return _packet(Kind.PUBLISH << 4 | flags, struct.pack(">H", len(topic)) + topic + identifier + message.payload)


def puback(packet_id: int) -> bytes:
    """Section 3.4."""
    return _packet(Kind.PUBACK << 4, struct.pack(">H", packet_id))


def suback(packet_id: int, granted: list[int]) -> bytes:
    """Section 3.9."""
    return _packet(Kind.SUBACK << 4, struct.pack(">H", packet_id) + bytes(granted))


def unsuback(packet_id: int) -> bytes:
    """Section 3.11."""
    return _packet(Kind.UNSUBACK << 4, struct.pack(">H", packet_id))


PINGRESP = _packet(Kind.PINGRESP << 4, b"")

"""MQTT packets, as far as a device needs them: encoding, and one bounded read (OASIS MQTT 3.1.1, sections 2 and 3)."""

from .errors import DeviceError

CONNACK, PUBLISH, PUBACK, SUBACK, PINGRESP = 2, 3, 4, 9, 13

PINGREQ_PACKET = b"\xc0\x00"
DISCONNECT_PACKET = b"\xe0\x00"

MAX_INCOMING_BYTES = 4096 + 256  # a message on `down` is at most 4,096 bytes; topic and identifier come on top
_FAILURE = 0x80


class MqttError(DeviceError):
    """The peer does not speak MQTT 3.1.1 as it should; the connection is of no use any more."""

    def __init__(self, text: str) -> None:
        super().__init__("mqtt", text)


def connect_packet(client_id: str, keepalive_s: int) -> bytes:
    """Section 3.1; clean session, because the spool is the session: what is unconfirmed is sent again anyway."""
    body = b"\x00\x04MQTT\x04\x02" + keepalive_s.to_bytes(2, "big") + _text(client_id)
    return b"\x10" + _length(len(body)) + body


def subscribe_packet(packet_id: int, topic: str) -> bytes:
    """Section 3.8, one topic at QoS 1."""
    body = packet_id.to_bytes(2, "big") + _text(topic) + b"\x01"
    return b"\x82" + _length(len(body)) + body


def publish_head(packet_id: int, topic: str, payload_bytes: int) -> bytes:
    """Section 3.3, QoS 1, not retained: everything before the payload."""
    variable = _text(topic) + packet_id.to_bytes(2, "big")
    return b"\x32" + _length(len(variable) + payload_bytes) + variable


def puback_packet(packet_id: int) -> bytes:
    """Section 3.4."""
    return b"\x40\x02" + packet_id.to_bytes(2, "big")


async def read_packet(reader, max_bytes: int) -> tuple:
    """(first byte, body) of the next packet. Raises EOFError at the end of the stream, MqttError for nonsense."""
    first = (await _exactly(reader, 1))[0]
    length = 0
    for shift in range(0, 28, 7):
        byte = (await _exactly(reader, 1))[0]
        length |= (byte & 127) << shift
        if not byte & 128:
            break
    else:
        raise MqttError("remaining length")
    if length > max_bytes:
        raise MqttError("packet of %d bytes" % length)
    return first, await _exactly(reader, length) if length else b""


def parse_connack(first: int, body: bytes) -> None:
    """Raises MqttError unless this accepts the connection (section 3.2)."""
    if first != CONNACK << 4 or len(body) != 2 or body[0] & 0xFE:
        raise MqttError("no CONNACK")
    if body[1]:
        raise MqttError("connection refused, code %d" % body[1])


def parse_packet_id(body: bytes) -> int:
    """The whole of a PUBACK. Raises MqttError."""
    if len(body) != 2 or body == b"\x00\x00":
        raise MqttError("packet identifier")
    return int.from_bytes(body, "big")


def parse_suback(body: bytes) -> int:
    """The packet identifier. Raises MqttError if the subscription was refused (section 3.9)."""
    if len(body) != 3:
        raise MqttError("SUBACK length")
    if body[2] & _FAILURE:
        raise MqttError("subscription refused")
    return parse_packet_id(body[:2])


def parse_publish(first: int, body: bytes) -> tuple:
    """(topic, packet_id or 0, payload) of an incoming message (section 3.3). Raises MqttError."""
    qos = first >> 1 & 3
    if qos > 1:
        raise MqttError("QoS %d was not asked for" % qos)
    if len(body) < 2:
        raise MqttError("topic")
    end = 2 + int.from_bytes(body[:2], "big")
    start = end + 2 * qos
    if end == 2 or start > len(body):
        raise MqttError("topic")
    try:
        topic = str(body[2:end], "utf-8")
    except ValueError as error:  # UnicodeError derives from it on both Pythons
        raise MqttError("topic") from error
    return topic, parse_packet_id(body[end:start]) if qos else 0, body[start:]


async def _exactly(reader, count: int) -> bytes:
    try:
        return await reader.readexactly(count)
    except EOFError:
        raise EOFError("closed by the broker") from None


def _text(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(2, "big") + encoded


def _length(length: int) -> bytes:
    """Section 2.2.3; the callers' lengths are far below its limit."""
    out = bytearray()
    while length > 127:
        out.append(length & 127 | 128)
        length >>= 7
    out.append(length)
    return bytes(out)

"""The packet codec: against paho's encoder, against the standard's examples, against garbage."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal_sim import mqtt_packets as mqtt
from voltseal_sim.mqtt_packets import Kind, MalformedPacketError, PacketReader, Publish

CONNECT = bytes.fromhex("1011 0004 4d515454 04 02 003c 0005 7061636b31".replace(" ", ""))
LIMIT = 1 << 16
TOPICS = st.text(st.characters(exclude_characters="\x00+#", exclude_categories=["Cs"]), min_size=1, max_size=40)


def packets(stream: bytes) -> list[mqtt.Packet]:
    return PacketReader(LIMIT).feed(stream)


def test_connect_of_a_plain_client() -> None:
    (packet,) = packets(CONNECT)
    assert packet.kind is Kind.CONNECT
    assert mqtt.read_connect(packet.body) == mqtt.Connect("pack1", True, 60, None, None, None)


def test_connect_with_everything() -> None:
    body = b"\x00\x04MQTT\x04\xec\x00\x0a\x00\x01c\x00\x03w/t\x00\x02hi\x00\x01u\x00\x01p"
    expected = mqtt.Connect("c", False, 10, "u", b"p", Publish("w/t", b"hi", 1, retain=True))
    assert mqtt.read_connect(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        b"\x00\x06MQIsdp\x03\x02\x00\x3c\x00\x01c",
        b"\x00\x04MQTT\x05\x02\x00\x3c\x00\x00\x01c",
        b"\x00\x04MQTT\x04\x03\x00\x3c\x00\x01c",
        b"\x00\x04MQTT\x04\x1e\x00\x3c\x00\x01c\x00\x01t\x00\x00",
        b"\x00\x04MQTT\x04\x0a\x00\x3c\x00\x01c",
        b"\x00\x04MQTT\x04\x42\x00\x3c\x00\x01c\x00\x01p",
        b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x02c",
        b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x01c!",
        b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x01\xff",
        b"\x00\x04MQTT\x04\x02\x00\x3c\x00\x01\x00",
    ],
)
def test_malformed_connect(body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        mqtt.read_connect(body)


@given(
    st.lists(
        st.builds(
            Publish,
            topic=st.text(
                st.characters(exclude_characters="\x00+#", exclude_categories=["Cs"]), min_size=1, max_size=40
            ),
            payload=st.binary(max_size=300),
            qos=st.just(1),
            packet_id=st.integers(1, 0xFFFF),
            retain=st.booleans(),
        ),
        max_size=5,
    ),
    st.integers(1, 50),
)
def test_published_packets_come_back_in_any_pieces(messages: list[Publish], piece: int) -> None:
    stream = b"".join(map(mqtt.publish, messages))
    reader = PacketReader(LIMIT)
    found = [packet for start in range(0, len(stream), piece) for packet in reader.feed(stream[start : start + piece])]
    assert [mqtt.read_publish(packet) for packet in found] == messages


@pytest.mark.parametrize("length", [0, 1, 127 - 3, 128 - 3, 16383 - 3, 16384 - 3, 40000])
def test_remaining_length_boundaries(length: int) -> None:
    message = Publish("t", bytes(length), 0)
    (packet,) = packets(mqtt.publish(message))
    assert mqtt.read_publish(packet) == message


@pytest.mark.parametrize(
    "stream",
    [
        b"\x00\x00",
        b"\xf0\x00",
        b"\x50\x02\x00\x01",
        b"\x11\x00",
        b"\x80\x00",
        b"\x30\xff\xff\xff\xff\x7f",
        b"\x30\xff\xff\x7f",
    ],
)
def test_malformed_header(stream: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        packets(stream)


@pytest.mark.parametrize(
    ("flags", "body"),
    [
        (4, b"\x00\x01t\x00\x01"),
        (6, b"\x00\x01t\x00\x01"),
        (2, b"\x00\x01t\x00\x00"),
        (0, b"\x00\x00"),
        (0, b"\x00\x01#"),
    ],
)
def test_malformed_publish(flags: int, body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        mqtt.read_publish(mqtt.Packet(Kind.PUBLISH, flags, body))


def test_subscribe_and_unsubscribe() -> None:
    assert mqtt.read_subscribe(b"\x00\x0a\x00\x03a/b\x01\x00\x03c/#\x02") == (10, [("a/b", 1), ("c/#", 2)])
    assert mqtt.read_unsubscribe(b"\x00\x0b\x00\x03a/b") == (11, ["a/b"])


@pytest.mark.parametrize(
    "body",
    [b"\x00\x0a", b"\x00\x00\x00\x01a\x01", b"\x00\x0a\x00\x01a\x03", b"\x00\x0a\x00\x01a", b"\x00\x0a\x00\x00\x01"]
    + [b"\x00\x0a\x00" + bytes([len(text)]) + text + b"\x01" for text in (b"#/a", b"a#", b"a/b+", b"+a", b"a/##")],
)
def test_malformed_subscribe(body: bytes) -> None:
    with pytest.raises(MalformedPacketError):
        mqtt.read_subscribe(body)


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+/c", "a/b/c", True),
        ("+", "a", True),
        ("+", "/a", False),
        ("+/+", "/a", True),
        ("#", "a/b/c", True),
        ("a/#", "a", True),  # section 4.7.1.2: '#' includes the parent level
        ("a/#", "a/b/c", True),
        ("a/#", "ab", False),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("voltseal/1/+/+/up", "voltseal/1/site/0a/up", True),
        ("voltseal/1/+/+/up", "voltseal/1/site/0a/down", False),
    ],
)
def test_filters(topic_filter: str, topic: str, expected: bool) -> None:
    assert mqtt.matches(topic_filter, topic) is expected


@given(st.binary(max_size=200))
def test_garbage_raises_only_its_own_error(stream: bytes) -> None:
    readers = {
        Kind.CONNECT: mqtt.read_connect,
        Kind.PUBACK: mqtt.read_puback,
        Kind.SUBSCRIBE: mqtt.read_subscribe,
        Kind.UNSUBSCRIBE: mqtt.read_unsubscribe,
    }
    try:
        for packet in packets(stream):
            if packet.kind is Kind.PUBLISH:
                mqtt.read_publish(packet)
            elif packet.kind in readers:
                readers[packet.kind](packet.body)
    except MalformedPacketError:
        return


@given(st.sampled_from([mqtt.read_connect, mqtt.read_puback, mqtt.read_subscribe, mqtt.read_unsubscribe]), st.binary())
def test_garbage_bodies_raise_only_their_own_error(read: object, body: bytes) -> None:
    try:
        read(body)  # type: ignore[operator]
    except MalformedPacketError:
        return

"""A real Mosquitto with the generated configuration: what each client may do, in MQTT 3.1.1 and 5.

A broker answers a denied publish in 3.1.1 like a good one, and grants a subscription that it will never serve. So the
tests look at what is delivered: after the forbidden message comes an allowed one on the same way, and MQTT keeps the
order (section 4.6), so when the second is there and the first is not, the first will never come.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.system.broker_site import DEVICE, OTHER, SITE, WITHIN_S, BrokerSite, Session

from voltseal.config import BrokerTable
from voltseal.ingest.arrival import Arrival
from voltseal.ingest.subscriber import Subscriber
from voltseal.wire.limits import MAX_UP_BYTES

UP, OTHER_UP = f"voltseal/1/{SITE}/{DEVICE}/up", f"voltseal/1/{SITE}/{OTHER}/up"
DOWN, OTHER_DOWN = f"voltseal/1/{SITE}/{DEVICE}/down", f"voltseal/1/{SITE}/{OTHER}/down"
ALL_UP = f"voltseal/1/{SITE}/+/up"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSite]:
    """A running broker."""
    with BrokerSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(params=[MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5], ids=["3.1.1", "5"])
def protocol(request: pytest.FixtureRequest) -> MQTTProtocolVersion:
    """Each version of MQTT that a device may speak."""
    return MQTTProtocolVersion(request.param)


@pytest.fixture
def gateway(site: BrokerSite, protocol: MQTTProtocolVersion) -> Iterator[Session]:
    """The gateway, which hears all devices."""
    with Session(site, "gateway", protocol) as session:
        assert not session.subscribe(ALL_UP)[0].is_failure
        yield session


@pytest.fixture
def device(site: BrokerSite, protocol: MQTTProtocolVersion) -> Iterator[Session]:
    """A device with a certificate of its own."""
    with Session(site, DEVICE, protocol) as session:
        yield session


def test_a_device_and_the_gateway_hear_one_another(gateway: Session, device: Session) -> None:
    device.subscribe(DOWN)
    device.publish(UP, b"statement")
    assert not device.answer().is_failure
    assert gateway.receive() == (UP, b"statement")
    gateway.publish(DOWN, b"receipt")
    assert device.receive() == (DOWN, b"receipt")


@pytest.mark.parametrize(
    "topic",
    [
        OTHER_UP,
        DOWN,
        OTHER_DOWN,
        f"voltseal/1/other-site/{DEVICE}/up",
        f"voltseal/2/{SITE}/{DEVICE}/up",
        f"{UP}/more",
        "anything",
    ],
)
def test_a_device_writes_no_topic_but_its_own(
    gateway: Session, device: Session, protocol: MQTTProtocolVersion, topic: str
) -> None:
    # Not this one as well: the gateway's certificate may not hear everything, and a device may hear its own `down`.
    device.subscribe(DOWN)
    gateway.subscribe("#")
    device.publish(topic, b"forged")
    forged = device.answer()
    device.publish(UP, b"sentinel")
    assert not device.answer().is_failure
    assert gateway.receive() == (UP, b"sentinel")
    gateway.publish(DOWN, b"sentinel")
    assert device.receive() == (DOWN, b"sentinel")
    if protocol == MQTTProtocolVersion.MQTTv5:
        assert forged.getName() == "Not authorized"


@pytest.mark.parametrize("topic_filter", [OTHER_DOWN, f"voltseal/1/{SITE}/+/down", "#", ALL_UP, "$SYS/#"])
def test_a_device_hears_no_topic_but_its_own(gateway: Session, device: Session, topic_filter: str) -> None:
    device.subscribe(topic_filter)
    device.subscribe(DOWN)
    gateway.publish(OTHER_DOWN, b"for another")
    device.publish(UP, b"for the gateway")
    assert gateway.receive()[0] == UP
    gateway.publish(DOWN, b"sentinel")
    # Where both filters match, a broker may deliver twice ([MQTT-3.3.5-1]); no matter here.
    assert device.receive() == (DOWN, b"sentinel")


def test_the_gateway_writes_no_up_of_a_device(gateway: Session, device: Session) -> None:
    gateway.publish(UP, b"forged by the gateway")
    gateway.answer()
    device.publish(UP, b"sentinel")
    assert gateway.receive() == (UP, b"sentinel")


def test_nobody_takes_over_a_session_by_its_client_identifier(
    site: BrokerSite, gateway: Session, device: Session, protocol: MQTTProtocolVersion
) -> None:
    device.subscribe(DOWN)
    with Session(site, OTHER, protocol, client_id=DEVICE) as thief:
        thief.subscribe(OTHER_DOWN)
        gateway.publish(DOWN, b"for the device")
        gateway.publish(OTHER_DOWN, b"for the other")
        assert device.receive() == (DOWN, b"for the device")
        assert thief.receive() == (OTHER_DOWN, b"for the other")
    assert device.ended.empty()


def test_the_largest_message_passes_and_more_ends_the_session(gateway: Session, device: Session) -> None:
    device.publish(UP, bytes(MAX_UP_BYTES))
    assert gateway.receive() == (UP, bytes(MAX_UP_BYTES))
    device.publish(UP, bytes(MAX_UP_BYTES + 1024))
    device.ended.get(timeout=WITHIN_S)
    assert gateway.messages.empty()


def test_nothing_is_retained(
    site: BrokerSite, gateway: Session, device: Session, protocol: MQTTProtocolVersion
) -> None:
    device.publish(UP, b"stays", retain=True)
    device.ended.get(timeout=WITHIN_S)
    gateway.subscribe(ALL_UP)  # a retained message would come with the answer
    with Session(site, DEVICE, protocol) as again:
        again.publish(UP, b"sentinel")
        assert gateway.receive() == (UP, b"sentinel")


def test_qos_2_ends_the_session(gateway: Session, device: Session) -> None:
    device.publish(UP, b"exactly once", qos=2)
    device.ended.get(timeout=WITHIN_S)
    assert gateway.messages.empty()


def test_weak_cipher_suites_are_refused(site: BrokerSite) -> None:
    context = site.context(site.pair(DEVICE))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256:ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    with (
        socket.create_connection(("localhost", site.port), timeout=WITHIN_S) as plain,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")
    context.set_ciphers("ECDHE-ECDSA-AES128-GCM-SHA256")
    with (
        socket.create_connection(("localhost", site.port), timeout=WITHIN_S) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        assert secure.version() == "TLSv1.2"


async def test_the_gateways_own_client_gets_in(site: BrokerSite) -> None:
    """`Subscriber` with the files named as in voltseal.toml, both ways."""
    pair = site.pair("gateway")
    table = BrokerTable(
        url=f"mqtts://localhost:{site.port}",
        ca_file=site.ca / "ca.crt",
        cert_file=pair.certificate,
        key_file=pair.key,
    )
    arrivals: asyncio.Queue[Arrival] = asyncio.Queue()
    subscriber = Subscriber(table, "any-identifier", ALL_UP, arrivals.put_nowait)
    running = asyncio.create_task(subscriber.run())
    try:
        async with asyncio.timeout(WITHIN_S):
            await subscriber.wait_subscribed()
            with await asyncio.to_thread(Session, site, DEVICE, MQTTProtocolVersion.MQTTv311) as device:
                await asyncio.to_thread(device.subscribe, DOWN)
                device.publish(UP, b"statement")
                arrival = await arrivals.get()
                subscriber.acknowledge([arrival])
                subscriber.publish(DOWN, b"receipt")
                assert await asyncio.to_thread(device.receive) == (DOWN, b"receipt")
        assert (arrival.topic, arrival.payload) == (UP, b"statement")
    finally:
        await subscriber.stop()
        await running

"""An MQTT client for the broker tests: paho with waits. The fixture `client` hands it out."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

WITHIN_S = 5.0
TOPIC = "voltseal/1/site/0a/up"


class MqttClient:
    """A paho client, MQTT 3.1.1, that connects on construction and acknowledges only on demand if `manual_ack`."""

    def __init__(self, url: str, client_id: str, clean: bool = True, manual_ack: bool = False, keep_alive_s: int = 60):
        self.messages: list[mqtt.MQTTMessage] = []
        self.session_present = False
        self.gone = threading.Event()
        self._connected, self._subscribed = threading.Event(), threading.Event()
        self.paho = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id,
            clean_session=clean,
            protocol=mqtt.MQTTv311,
            manual_ack=manual_ack,
            reconnect_on_failure=False,
        )
        self.paho.on_message = lambda _client, _data, message: self.messages.append(message)
        self.paho.on_connect = self._on_connect
        self.paho.on_subscribe = lambda *_: self._subscribed.set()
        self.paho.on_disconnect = lambda *_: self.gone.set()
        self._address = urlsplit(url)
        self._keep_alive_s = keep_alive_s

    def _on_connect(self, _client: object, _data: object, flags: mqtt.ConnectFlags, *_: object) -> None:
        self.session_present = flags.session_present
        self._connected.set()

    def connect(self) -> MqttClient:
        self.paho.connect(str(self._address.hostname), self._address.port or 0, keepalive=self._keep_alive_s)
        self.paho.loop_start()
        assert self._connected.wait(WITHIN_S)
        return self

    def subscribe(self, topic_filter: str = TOPIC, qos: int = 1) -> None:
        self._subscribed.clear()
        self.paho.subscribe(topic_filter, qos)
        assert self._subscribed.wait(WITHIN_S)

    def publish(self, *payloads: bytes, topic: str = TOPIC, qos: int = 1) -> None:
        """Publish and, at QoS 1, wait for the broker to acknowledge."""
        for info in [self.paho.publish(topic, payload, qos) for payload in payloads]:
            info.wait_for_publish(WITHIN_S)

    @staticmethod
    def wait_until(condition: Callable[[], object]) -> None:
        """Until the condition holds; fails when it does not in time."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.002)

    def expect(self, *payloads: bytes) -> None:
        """Exactly these messages arrive, in this order."""
        self.wait_until(lambda: len(self.messages) >= len(payloads))
        assert [message.payload for message in self.messages] == list(payloads)

    def acknowledge_all(self) -> None:
        for message in self.messages:
            self.paho.ack(message.mid, message.qos)

    def leave(self) -> None:
        self.paho.disconnect()
        self.paho.loop_stop()

    def vanish(self) -> None:
        """Cut the connection without a word, as a power cut does."""
        sock = self.paho.socket()
        assert sock is not None
        sock.shutdown(socket.SHUT_RDWR)
        assert self.gone.wait(WITHIN_S)
        self.paho.loop_stop()


@contextmanager
def connected(url: str, client_id: str, **options: bool | int) -> Iterator[MqttClient]:
    client = MqttClient(url, client_id, **options).connect()  # type: ignore[arg-type]
    try:
        yield client
    finally:
        client.leave()


@pytest.fixture
def mqtt_client() -> type[MqttClient]:
    """The client class, for tests that connect and end it in their own ways."""
    return MqttClient


@pytest.fixture
def client() -> Callable[..., AbstractContextManager[MqttClient]]:
    """`with client(url, name, ...)`: connected inside, properly disconnected after."""
    return connected

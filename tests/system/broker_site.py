"""A site with a real Mosquitto, set up by the commands that an operator would use: `voltseal ca`, `voltseal broker`."""

from __future__ import annotations

import getpass
import os
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from voltseal.cli import main
from voltseal_sim.mosquitto import find_mosquitto

WITHIN_S = 10.0  # for what must happen; a shared machine can stall
SITE = "depot-7"
DEVICE, OTHER = "01" + "a1" * 16, "01" + "b2" * 16


def mosquitto_program() -> Path:
    """The program. Skips without it, but in CI that is an error."""
    program = find_mosquitto()
    if program is None:
        if os.environ.get("CI"):
            raise FileNotFoundError("mosquitto is not installed: make system-packages")
        pytest.skip("no mosquitto on this machine: apt-get install mosquitto")
    return program


def voltseal(*words: object) -> None:
    """Run a command, which must succeed."""
    assert main([str(word) for word in words]) == 0


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, in files."""

    certificate: Path
    key: Path


class BrokerSite:
    """An authority, and a broker that trusts it. Owns the broker's process."""

    def __init__(self, directory: Path) -> None:
        self.ca = directory / "ca"
        self.broker = directory / "broker with a space"
        self.port = 0
        self._program = mosquitto_program()
        self._log_path = directory / "mosquitto.log"
        self._process: subprocess.Popen[bytes] | None = None
        voltseal("ca", "init", self.ca)
        voltseal("ca", "issue", "gateway", "gateway", "--ca", self.ca)
        for device in (DEVICE, OTHER):
            voltseal("ca", "issue", "device", device, "--ca", self.ca)
        self.configure()

    def configure(self) -> None:
        """Write the broker's directory anew, for a port that is free now."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        voltseal(
            "broker", "init", self.broker, "--site", SITE, "--ca", self.ca, "--host", "localhost", "--port", self.port,
            "--bind", "127.0.0.1", "--user", getpass.getuser(), "--force",
        )  # fmt: skip
        with (self.broker / "mosquitto.conf").open("a", encoding="utf-8") as file:
            file.write("log_type information\n")  # that is how it tells that it has read a signal

    def pair(self, name: str) -> Pair:
        """What the authority issued to `name`."""
        return Pair(self.ca / "issued" / f"{name}.crt", self.ca / "issued" / f"{name}.key")

    def start(self) -> None:
        """Start the broker and wait until it takes connections; another port is tried if this one was taken."""
        for _ in range(3):
            with self._log_path.open("ab") as log:
                command = [self._program, "-c", self.broker / "mosquitto.conf"]
                self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
            if self._wait_ready(self._process):
                return
            self.stop()
            self.configure()
        raise AssertionError(f"mosquitto does not start: {self.log()[-2000:]}")

    def _wait_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Until a TLS handshake is done: the port alone is open before Mosquitto minds signals, and SIGHUP ends it."""
        context, deadline = self.context(self.pair("gateway")), time.monotonic() + WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S) as plain:
                    context.wrap_socket(plain, server_hostname="localhost").close()
            except OSError:
                time.sleep(0.02)
            else:
                return process.poll() is None
        return False

    def reload(self) -> None:
        """SIGHUP, as `systemctl reload` and logrotate send it; returns when the broker says that it reads again."""
        assert self._process is not None
        before = self.log().count("Reloading config")
        self._process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + WITHIN_S
        while self.log().count("Reloading config") == before:
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)

    def stop(self) -> None:
        """End the broker; fine when it does not run."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def publish_crl(self) -> None:
        """Bring the authority's revocation list to the broker, which reads it at its start and on SIGHUP."""
        shutil.copy(self.ca / "ca.crl", self.broker / "certificates" / "ca.crl")

    def log(self) -> str:
        """All that the broker has said."""
        return self._log_path.read_text(errors="replace")

    def context(self, pair: Pair | None) -> ssl.SSLContext:
        """TLS as strict as OpenSSL can be towards the broker, with the client's certificate if there is one."""
        context = ssl.create_default_context(cafile=self.ca / "ca.crt")
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        if pair is not None:
            context.load_cert_chain(pair.certificate, pair.key)
        return context

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


@dataclass(frozen=True, slots=True)
class Published:
    """The broker's answer to a publish."""

    reason: ReasonCode


class Session:
    """One connected MQTT client. What the broker does arrives in queues: tests wait for events, not for time."""

    def __init__(
        self, site: BrokerSite, name: str, protocol: MQTTProtocolVersion, client_id: str | None = None
    ) -> None:
        self.messages: queue.Queue[mqtt.MQTTMessage] = queue.Queue()
        self.published: queue.Queue[Published] = queue.Queue()
        self.ended: queue.Queue[ReasonCode] = queue.Queue()
        self._connected: queue.Queue[ReasonCode] = queue.Queue()
        self._subscribed: queue.Queue[list[ReasonCode]] = queue.Queue()
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id or name, protocol=protocol, reconnect_on_failure=False
        )
        self._client.tls_set_context(site.context(site.pair(name)))
        self._client.on_connect = lambda _c, _u, _flags, reason, _p: self._connected.put(reason)
        self._client.on_disconnect = lambda _c, _u, _flags, reason, _p: self.ended.put(reason)
        self._client.on_message = lambda _c, _u, message: self.messages.put(message)
        self._client.on_subscribe = lambda _c, _u, _mid, reasons, _p: self._subscribed.put(reasons)
        self._client.on_publish = self._on_publish
        self._client.connect("localhost", site.port)
        self._client.loop_start()
        reason = self._connected.get(timeout=WITHIN_S)
        assert not reason.is_failure, reason

    def _on_publish(
        self, _client: mqtt.Client, _userdata: object, _mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self.published.put(Published(reason))

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> None:
        """Publish, without waiting for the answer."""
        self._client.publish(topic, payload, qos=qos, retain=retain)

    def answer(self) -> ReasonCode:
        """The answer to the earliest publish whose answer was not asked for yet."""
        return self.published.get(timeout=WITHIN_S).reason

    def subscribe(self, topic_filter: str) -> list[ReasonCode]:
        """Subscribe and wait for the answer."""
        self._client.subscribe(topic_filter, qos=1)
        return self._subscribed.get(timeout=WITHIN_S)

    def receive(self) -> tuple[str, bytes]:
        """The next message."""
        message = self.messages.get(timeout=WITHIN_S)
        return message.topic, message.payload

    def close(self) -> None:
        """Leave the broker and end the client's thread."""
        self._client.disconnect()
        self._client.loop_stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.close()

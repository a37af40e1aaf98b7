"""The broker: reachable, with a certificate that lasts, and does it let us in? By a short session of its own."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from typing import Any, Final

import paho.mqtt.client as mqtt
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

from voltseal.config import Config
from voltseal.doctor.certificate import examine_certificate_file, judge_validity
from voltseal.doctor.finding import Finding, failure, ok
from voltseal.errors import VoltsealError
from voltseal.ingest.mqtt_client import set_credentials

_CLIENT_ID: Final = "voltseal-doctor"  # not the gateway's: a second client of one name would end its session
_WAIT_S: Final = 5.0


def examine_broker(config: Config, now_ms: int) -> Iterator[Finding]:
    """Connect as the gateway would, but under another client identifier, and leave again."""
    broker = config.broker
    for name in ("ca_file", "cert_file"):
        path = getattr(broker, name)
        if path is not None:
            yield from examine_certificate_file("broker certificates", path, now_ms)
    try:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=_CLIENT_ID, clean_session=True)
        set_credentials(client, broker)
    except VoltsealError as error:
        yield failure("broker", str(error), error.hint or "correct [broker] in the configuration")
        return
    yield from _connect(client, config, now_ms)


def _connect(client: mqtt.Client, config: Config, now_ms: int) -> Iterator[Finding]:
    address = config.broker.address
    where = f"{address.host}:{address.port}"
    answers: list[Any] = []
    client.on_connect = lambda _client, _userdata, _flags, reason, _properties: answers.append(reason)
    try:
        client.connect(address.host, address.port, keepalive=10)
        peer = client.socket()
        der = peer.getpeercert(binary_form=True) if isinstance(peer, ssl.SSLSocket) else None
        if der is not None:
            yield judge_validity("broker", f"certificate of {where}", x509.load_der_x509_certificate(der), now_ms)
        deadline = time.monotonic() + _WAIT_S
        while not answers and time.monotonic() < deadline:
            client.loop(0.1)
    except ssl.SSLError as error:
        yield failure("broker", f"{where}: TLS failed: {error.reason or error}", "check ca_file, the certificates, url")
        return
    except OSError as error:
        yield failure("broker", f"{where} cannot be reached: {error}", "is it running? Is [broker] url right?")
        return
    finally:
        client.disconnect()
    if not answers:
        yield failure("broker", f"{where} did not answer within {_WAIT_S:.0f} s", "look at the broker's log")
    elif answers[0].is_failure:
        yield failure("broker", f"{where} refuses us: {answers[0]}", "check user name, password, certificate, ACL")
    else:
        yield ok("broker", f"{where} lets us in")

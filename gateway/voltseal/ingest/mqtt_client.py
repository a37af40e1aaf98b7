"""The MQTT client of the gateway, made from the configuration: address, credentials, TLS."""

from __future__ import annotations

import ssl
from typing import Any, ClassVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from voltseal.config import BrokerTable
from voltseal.errors import VoltsealError
from voltseal.ingest.mqtt_socket import BufferedSocket


class BrokerError(VoltsealError):
    """The broker cannot be used as configured; trying again would not help."""

    code: ClassVar[str] = "broker"


class _Client(mqtt.Client):
    """paho-mqtt over a buffered socket: the same place where paho puts its own websocket wrapper."""

    def _create_socket(self) -> Any:
        return BufferedSocket(super()._create_socket())  # type: ignore[arg-type]


def make_client(broker: BrokerTable, client_id: str, max_in_flight: int) -> mqtt.Client:
    """A client that is not connected yet, with a persistent session and manual acknowledgement.

    Raises `BrokerError` if a file named in the configuration is no good.
    """
    client = _Client(
        CallbackAPIVersion.VERSION2,
        client_id=broker.client_id or client_id,
        clean_session=False,
        manual_ack=True,
        reconnect_on_failure=False,
    )
    client.max_inflight_messages_set(max_in_flight + 1)
    set_credentials(client, broker)
    return client


def set_credentials(client: mqtt.Client, broker: BrokerTable) -> None:
    """User name, password and TLS as configured. Raises `BrokerError` if a file named there is no good."""
    if broker.username:
        client.username_pw_set(broker.username, _password(broker))
    if broker.address.tls:
        try:
            context = ssl.create_default_context(cafile=broker.ca_file)
            if broker.cert_file is not None:
                context.load_cert_chain(broker.cert_file, broker.key_file)
        except (OSError, ssl.SSLError) as error:
            files = ", ".join(str(f) for f in (broker.ca_file, broker.cert_file, broker.key_file) if f)
            raise BrokerError(f"[broker] certificates cannot be used ({files}): {error}") from error
        client.tls_set_context(context)


def _password(broker: BrokerTable) -> str | None:
    if broker.password_file is None:
        return None
    try:
        if broker.password_file.stat().st_mode & 0o077:
            hint = f"chmod 600 {broker.password_file}"
            raise BrokerError(f"[broker] password_file {broker.password_file} may be read by others", hint=hint)
        return broker.password_file.read_text(encoding="utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise BrokerError(f"[broker] password_file {broker.password_file}: {error}") from error

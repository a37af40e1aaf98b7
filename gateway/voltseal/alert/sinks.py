"""The sinks: a webhook (HTTP POST), and a topic on the gateway's own MQTT session."""

from __future__ import annotations

import http.client
import json
import ssl
from collections.abc import Callable, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

from voltseal import __version__
from voltseal.alert.channel import SinkUnavailable
from voltseal.alert.message import Alert
from voltseal.config import Config, ConfigError

_TIMEOUT_S = 10.0


def encode(config: Config, alerts: Sequence[Alert], dropped: int) -> bytes:
    """The JSON text of a message: docs/how-to/operate-a-gateway.md, "Alerts"."""
    content = {
        "origin": config.gateway.origin,
        "site": config.gateway.site,
        "dropped": dropped,
        "alerts": [alert.content() for alert in alerts],
    }
    return json.dumps(content, ensure_ascii=False).encode()


class Webhook:
    """POSTs to one URL. What it logs and raises names the host alone: paths and tokens may be secrets.

    Redirects are not followed: the token is for the host that was configured.
    """

    name: ClassVar[str] = "webhook"

    def __init__(self, config: Config) -> None:
        """Reads the token. Raises `ConfigError`."""
        self._config = config
        parts = urlsplit(config.alert.webhook_url)
        self._host, self._port, self._is_tls = parts.hostname or "", parts.port, parts.scheme == "https"
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json", "User-Agent": f"voltseal/{__version__}"}
        path = config.alert.webhook_token_file
        if path is not None:
            try:
                if path.stat().st_mode & 0o077:
                    raise ConfigError(f"[alert] webhook_token_file {path} may be read by others", hint="chmod 600")
                self._headers["Authorization"] = f"Bearer {path.read_text(encoding='ascii').strip()}"
            except (OSError, UnicodeDecodeError) as error:
                raise ConfigError(f"[alert] webhook_token_file {path} cannot be read") from error

    def send(self, alerts: Sequence[Alert], dropped: int) -> None:
        """See `Sink`."""
        connection = self._connection()
        try:
            connection.request("POST", self._target, encode(self._config, alerts, dropped), self._headers)
            response = connection.getresponse()
            response.read(1 << 16)
            status = response.status
        except (OSError, http.client.HTTPException, ValueError) as error:  # ValueError: a token with odd characters
            raise SinkUnavailable(f"{self._host}: {type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise SinkUnavailable(f"{self._host} answered {status}")

    def _connection(self) -> http.client.HTTPConnection:
        if not self._is_tls:
            return http.client.HTTPConnection(self._host, self._port, timeout=_TIMEOUT_S)
        context = ssl.create_default_context()
        return http.client.HTTPSConnection(self._host, self._port, timeout=_TIMEOUT_S, context=context)


class Topic:
    """Publishes with QoS 1. `publish` hands a message to the session's thread, and says whether there is a session."""

    name: ClassVar[str] = "mqtt"

    def __init__(self, config: Config, publish: Callable[[str, bytes], bool]) -> None:
        self._config = config
        self._publish = publish

    def send(self, alerts: Sequence[Alert], dropped: int) -> None:
        """See `Sink`. One message for each alert, so that none is too large for the broker."""
        for number, alert in enumerate(alerts):
            message = encode(self._config, [alert], dropped if number == 0 else 0)
            if not self._publish(self._config.alert.mqtt_topic, message):
                raise SinkUnavailable("no session with the broker")

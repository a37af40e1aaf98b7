"""The configuration's tables for what runs beside ingest: HTTP, the scheduled check of the log, alerts. Pure.

Each table says itself what no single key can say: `problem()` is None, or what is wrong in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen, from a text `host:port`, or `[address]:port` for IPv6."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> ListenAddress:
        """Raises `ValueError` with what is wrong with the text."""
        host, colon, port = text.rpartition(":")
        is_port = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65_535
        if not colon or not host or not is_port or (":" in host) != (host[:1] == "["):
            raise ValueError("is not of the form host:port, such as 127.0.0.1:8780")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class HttpTable:
    """[http]: off while `listen` is empty. The API needs `token_file` or `client_ca_file`."""

    listen: str = ""
    token_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    public_log: bool = False

    @property
    def address(self) -> ListenAddress:
        """The parsed `listen`."""
        return ListenAddress.parse(self.listen)

    def problem(self) -> str | None:
        """What is wrong with the table as a whole, if anything."""
        if (self.cert_file is None) != (self.key_file is None):
            return "cert_file and key_file go together"
        if self.client_ca_file is not None and self.cert_file is None:
            return "client_ca_file needs cert_file and key_file: certificates are asked for over TLS only"
        if not self.listen:
            return None
        try:
            address = self.address
        except ValueError as error:
            return f"listen: {self.listen!r} {error}"
        if self.token_file is not None and self.cert_file is None and not address.is_loopback:
            return (
                f"listen: {self.listen!r} can be reached from elsewhere, and the token would go over the network "
                "in the clear: set cert_file and key_file, or listen on 127.0.0.1 behind a web server with TLS"
            )
        return None


@dataclass(frozen=True, slots=True)
class CheckTable:
    """[check]: the whole log is re-read `every_h` hours (0: never), in at most `share` of one processor's time."""

    every_h: float = 24.0
    share: float = 0.1

    def problem(self) -> str | None:
        """What is wrong with the table as a whole, if anything."""
        return "share: is more than 1" if self.share > 1 else None


@dataclass(frozen=True, slots=True)
class AlertTable:
    """[alert]: where alarms are sent. `anchor_age_h`: how long entries may wait for an anchor; 0 never alarms."""

    webhook_url: str = ""
    webhook_token_file: Path | None = None
    mqtt_topic: str = ""
    anchor_age_h: float = 24.0
    repeat_h: float = 24.0

    def problem(self) -> str | None:
        """What is wrong with the table as a whole, if anything."""
        topic = self.mqtt_topic
        if any(char in "+#" or not char.isprintable() for char in topic) or len(topic.encode()) > 200:
            return f"mqtt_topic: {topic!r} is no topic to publish on"
        if not self.webhook_url:
            return "webhook_token_file is of no use without webhook_url" if self.webhook_token_file else None
        try:
            parts = urlsplit(self.webhook_url)
            host, _ = parts.hostname, parts.port
        except ValueError:
            host = None
        if not host or parts.scheme not in {"http", "https"} or parts.username or parts.password:
            return "webhook_url: is not of the form https://host[:port]/path (a token goes into webhook_token_file)"
        return None

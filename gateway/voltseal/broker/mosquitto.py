"""mosquitto.conf and the access list, as text that explains itself. Pure.

Only options that 2.0.11 knows and 2.1 still takes: `acl_file` is deprecated from 2.1 on, in favour of a plugin which
2.0 does not have, and goes with 3.0.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from voltseal.broker.settings import BrokerSettings
from voltseal.wire.limits import MAX_UP_BYTES

_PACKET_OVERHEAD: Final = 512  # fixed header, topic (at most 82 bytes), packet identifier, MQTT 5 properties
_SPARE_CONNECTIONS: Final = 16
_QUEUED_MESSAGES: Final = 100_000
_QUEUED_BYTES: Final = 64 * 1024 * 1024
_INFLIGHT_MESSAGES: Final = 2000  # as [broker] window in voltseal.toml
_MAX_KEEPALIVE_S: Final = 3600  # the most that the firmware lets an operator choose
_CIPHERS: Final = ":".join(
    f"ECDHE-{key}-{cipher}"
    for key in ("ECDSA", "RSA")
    for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
)


@dataclass(frozen=True, slots=True)
class _Option:
    name: str
    value: object
    why: str

    def render(self) -> str:
        value = {True: "true", False: "false"}[self.value] if isinstance(self.value, bool) else self.value
        comment = textwrap.fill(self.why, 100, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False)
        return f"{comment}\n{self.name} {value}\n"


def render_configuration(settings: BrokerSettings) -> str:
    """mosquitto.conf. Global options come first: what follows `listener` may belong to it."""
    head = (
        f"# Mosquitto for the Voltseal site {settings.site!r}, made by `voltseal broker init`.\n"
        "# Access is by client certificate only: its common name is the user name, and the access list goes by that.\n"
        f"# Check a change by starting it: mosquitto -c {settings.configuration_path}\n"
    )
    parts = [
        head,
        _section("Who may do what", _access(settings)),
        _section("Limits: what one sender can cost the others", _limits()),
        _section("What survives a restart", _persistence(settings)),
        _section("Log", _logging()),
        _section("The one way in", _listener(settings)),
    ]
    return "\n".join(parts)


def render_acl(settings: BrokerSettings) -> str:
    """The access list. Whatever no line allows is denied, `$SYS` included."""
    topic = f"voltseal/1/{settings.site}"
    return (
        "# Whatever no line of this file allows is denied.\n"
        "\n"
        "# The gateway hears every device of the site and answers each.\n"
        f"user {settings.gateway}\n"
        f"topic read {topic}/+/up\n"
        f"topic write {topic}/+/down\n"
        f"topic write {topic}/alert\n"
        "\n"
        "# Everybody: %u is the common name of the client's certificate. So a device can write its own `up` and read\n"
        "# its own `down`, and nothing else. (Mosquitto refuses user names with + or # here: no wildcard gets in.)\n"
        f"pattern write {topic}/%u/up\n"
        f"pattern read {topic}/%u/down\n"
    )


def _section(title: str, options: Iterable[_Option]) -> str:
    return f"# --- {title}\n\n" + "\n".join(option.render() for option in options)


def _access(settings: BrokerSettings) -> list[_Option]:
    return [
        _Option("allow_anonymous", False, "Nobody without a name."),
        _Option("acl_file", settings.acl_path, "What each name may write and read."),
        _Option(
            "sys_interval", 0, "No $SYS topics: they tell of everybody's traffic. (The access list denies them too.)"
        ),
        _Option("retain_available", False, "Nothing here is retained: a statement is an event, and so is a receipt."),
        _Option("user", settings.user, "The account to change to when root starts Mosquitto."),
    ]


def _limits() -> list[_Option]:
    return [
        _Option(
            "max_packet_size",
            MAX_UP_BYTES + _PACKET_OVERHEAD,
            f"The specification's {MAX_UP_BYTES} bytes of payload, and what MQTT puts around them. More: disconnected.",
        ),
        _Option(
            "max_inflight_messages",
            _INFLIGHT_MESSAGES,
            "Sent to one client and not acknowledged. The gateway acknowledges after storing, many at a time: at the "
            "default of 20 it would wait for its disk after every 20 statements. Equals [broker] window.",
        ),
        _Option(
            "max_queued_messages",
            _QUEUED_MESSAGES,
            "Waiting for one client. What comes on top is dropped in silence, which loses nothing: a device keeps "
            "every statement until the gateway's receipt, and sends it again.",
        ),
        _Option(
            "max_queued_bytes", _QUEUED_BYTES, "The same in bytes, so that a gateway which is away fills no memory."
        ),
        _Option("queue_qos0_messages", False, "Nothing of Voltseal is sent with QoS 0: none may fill a queue."),
        _Option(
            "max_keepalive",
            _MAX_KEEPALIVE_S,
            "Seconds. The slot of a device that vanished is free again after one and a half times its keep-alive.",
        ),
        _Option("persistent_client_expiration", "60d", "Forget the session of who has not come for so long."),
    ]


def _persistence(settings: BrokerSettings) -> list[_Option]:
    return [
        _Option(
            "persistence",
            True,
            "Keep sessions and queues over a restart. This is a convenience: a power cut loses "
            "up to autosave_interval, and receipts, not the broker, are what devices rely on.",
        ),
        _Option("persistence_location", f"{settings.persistence_path}/", "Must be writable by that account."),
        _Option("autosave_interval", 60, "Seconds between two saves. Shorter wears out an SD card."),
    ]


def _logging() -> list[_Option]:
    return [
        _Option("log_dest", "stderr", "To the journal, or to the container's log."),
        _Option("log_type", "error", "Errors,"),
        _Option("log_type", "warning", "warnings,"),
        _Option("log_type", "notice", "and who comes and goes; never what is published."),
        _Option("connection_messages", True, "Say who connects: a stranger's attempts should be seen."),
        _Option("log_timestamp_format", "%Y-%m-%dT%H:%M:%S", "Times that sort."),
    ]


def _listener(settings: BrokerSettings) -> list[_Option]:
    own = settings.credentials
    address = f"{settings.port} {settings.bind}" if settings.bind else settings.port
    options = [
        _Option("listener", address, "No other port is opened, so there is no plain MQTT."),
        _Option(
            "max_connections", settings.max_devices + _SPARE_CONNECTIONS, "All devices, the gateway, a few to spare."
        ),
        _Option("max_qos", 1, "QoS 2 costs twice the packets and adds nothing: statements are numbered."),
        _Option("tls_version", "tlsv1.2", "TLS 1.2 or newer."),
        _Option("ciphers", _CIPHERS, "For TLS 1.2: forward secrecy and authenticated encryption only."),
        _Option(
            "cafile", own.ca_file, "Whose client certificates are let in: the site's own authority, no public one."
        ),
        _Option("certfile", own.cert_file, "The broker's own certificate."),
        _Option("keyfile", own.key_file, "Its private key, readable by that account alone."),
        _Option("require_certificate", True, "No certificate, no session."),
    ]
    if own.crl_file is not None:
        why = (
            "Whose certificates are no longer good. Read at the start and on SIGHUP; open sessions live on, so "
            "restart Mosquitto after a revocation. After the list's own end nobody at all is let in."
        )
        options.append(_Option("crlfile", own.crl_file, why))
    return [
        *options,
        _Option("use_identity_as_username", True, "The certificate's common name is the user name."),
        _Option(
            "use_username_as_clientid",
            True,
            "And the client identifier too: otherwise one device could take over another's session by its identifier.",
        ),
    ]

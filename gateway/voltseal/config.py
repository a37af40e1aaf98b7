"""The gateway's configuration: one TOML file into frozen dataclasses.

Every table and key is listed once, as a dataclass field; an unknown one is an error that names the nearest known one.
Paths are relative to the file's directory. Secrets are never in the file, only the paths of the files that hold them.
The keys are described in docs/reference/configuration.md.
"""

from __future__ import annotations

import tomllib
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from voltseal.errors import VoltsealError
from voltseal.service_tables import AlertTable, CheckTable, HttpTable
from voltseal.toml_tables import TableReader

DEFAULT_FILE_NAME = "voltseal.toml"
_BROKER_PORTS = {"mqtt": 1883, "mqtts": 8883}


class ConfigError(VoltsealError):
    """The configuration cannot be read, or says something impossible. The message names file, table and key."""

    code: ClassVar[str] = "config"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker listens, from a URL `mqtt://host[:port]` or `mqtts://host[:port]`."""

    host: str
    port: int
    tls: bool

    @classmethod
    def parse(cls, url: str) -> BrokerAddress:
        """Raises `ValueError` with what is wrong with the URL."""
        parts = urlsplit(url)
        if parts.scheme not in _BROKER_PORTS:
            raise ValueError(f"starts with {parts.scheme or 'no scheme'!r}, not mqtt:// or mqtts://")
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.username or parts.password:
            raise ValueError("is not of the form mqtt://host:port (user name and password have keys of their own)")
        return cls(parts.hostname, parts.port or _BROKER_PORTS[parts.scheme], parts.scheme == "mqtts")


@dataclass(frozen=True, slots=True)
class GatewayTable:
    """[gateway]: `origin` names the log for good; `site` is the topic's second part after the version."""

    origin: str
    site: str


@dataclass(frozen=True, slots=True)
class BrokerTable:
    """[broker]: where devices' messages come from. `window` bounds the messages taken and not yet acknowledged."""

    url: str = "mqtt://localhost:1883"
    client_id: str = ""
    username: str = ""
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    keepalive_s: int = 30
    window: int = 2000

    @property
    def address(self) -> BrokerAddress:
        """The parsed URL."""
        return BrokerAddress.parse(self.url)


@dataclass(frozen=True, slots=True)
class StoreTable:
    """[store]: a commit waits up to `linger_ms` for more messages, and takes at most `group_max` of them."""

    path: Path = Path("voltseal.db")
    linger_ms: int = 5
    group_max: int = 500
    quarantine_messages: int = 10_000
    quarantine_bytes: int = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class IngestTable:
    """[ingest]: `verify_threads` 0 means one for each processor the gateway may use."""

    verify_threads: int = 0
    verify_batch: int = 64


@dataclass(frozen=True, slots=True)
class LogTable:
    """[log]: a checkpoint is cut after `checkpoint_entries` new leaves or `checkpoint_s` after the first of them."""

    key_file: Path = Path("keys/log.key")
    checkpoint_entries: int = 1000
    checkpoint_s: float = 10.0


@dataclass(frozen=True, slots=True)
class ReceiptTable:
    """[receipt]: the P-256 key whose public part devices have pinned."""

    key_file: Path = Path("keys/receipt.pem")


@dataclass(frozen=True, slots=True)
class AnchorTable:
    """[[anchor]]: where checkpoints are deposited; the URI's scheme picks the backend.

    An anchor is due `every_s` after the last one, or `every_checkpoints` after it, whichever is first. The other keys
    are of `evm:` anchors. `rpc`: endpoints in order of preference; `rpc_file`: more of them, one a line, where URLs
    hold access keys. `fees`: auto or legacy. `fee_cap_per_day`: in the chain's coin.
    """

    uri: str
    key_file: Path | None = None
    every_s: float = 60.0
    every_checkpoints: int | None = None
    rpc: tuple[str, ...] = ()
    rpc_file: Path | None = None
    password_file: Path | None = None
    fees: str = "auto"
    max_fee_gwei: float | None = None
    fee_cap_per_day: float | None = None
    confirmations: int | None = None
    stuck_s: float = 60.0


@dataclass(frozen=True, slots=True)
class MakerTable:
    """[[maker]]: whose endorsement lets a device in. `key`: base64 of the COSE_Key, 75 bytes."""

    name: str
    key: str

    @property
    def cose_key(self) -> bytes:
        """The key's 75 bytes."""
        return b64decode(self.key, validate=True)


@dataclass(frozen=True, slots=True)
class LoggingTable:
    """[logging]: `level` is debug, info, warning or error."""

    level: str = "info"


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the gateway is told. `path`: the file it came from, for messages."""

    path: Path
    gateway: GatewayTable
    broker: BrokerTable = field(default_factory=BrokerTable)
    store: StoreTable = field(default_factory=StoreTable)
    ingest: IngestTable = field(default_factory=IngestTable)
    log: LogTable = field(default_factory=LogTable)
    receipt: ReceiptTable = field(default_factory=ReceiptTable)
    logging: LoggingTable = field(default_factory=LoggingTable)
    http: HttpTable = field(default_factory=HttpTable)
    check: CheckTable = field(default_factory=CheckTable)
    alert: AlertTable = field(default_factory=AlertTable)
    anchors: tuple[AnchorTable, ...] = ()
    makers: tuple[MakerTable, ...] = ()


_TABLES: dict[str, type[Any]] = {
    "gateway": GatewayTable,
    "broker": BrokerTable,
    "store": StoreTable,
    "ingest": IngestTable,
    "log": LogTable,
    "receipt": ReceiptTable,
    "logging": LoggingTable,
    "http": HttpTable,
    "check": CheckTable,
    "alert": AlertTable,
}
_LISTS: dict[str, tuple[str, type[Any]]] = {"anchor": ("anchors", AnchorTable), "maker": ("makers", MakerTable)}
_MINIMUM: dict[str, float] = {
    "keepalive_s": 5, "window": 1, "linger_ms": 0, "group_max": 1, "quarantine_messages": 0, "quarantine_bytes": 0,
    "verify_threads": 0, "verify_batch": 1, "checkpoint_entries": 1, "checkpoint_s": 0.05, "every_s": 0,
    "every_checkpoints": 1, "max_fee_gwei": 0, "fee_cap_per_day": 0, "confirmations": 1, "stuck_s": 1,
    "every_h": 0, "share": 0.001, "anchor_age_h": 0, "repeat_h": 0,
}  # fmt: skip


def load(path: Path) -> Config:
    """Read a configuration file; raises `ConfigError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror}",
            hint="make a configuration with `voltseal init DIR`, or name one with --config FILE",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text") from error
    return parse(text, path)


def parse(text: str, path: Path) -> Config:
    """Read configuration text as if it stood in `path`; raises `ConfigError`."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib's own error, and numbers or nesting beyond all measure
        raise ConfigError(f"{path}: is not TOML: {error}") from error
    reader = TableReader(ConfigError, path.parent, _MINIMUM)
    reader.refuse_unknown(document, [*_TABLES, *_LISTS], f"{path}: table")
    parts: dict[str, Any] = {}
    for name, table_type in _TABLES.items():
        parts[name] = reader.table(document.get(name, {}), table_type, f"{path}: [{name}]")
    for name, (attribute, table_type) in _LISTS.items():
        parts[attribute] = reader.rows(document.get(name, []), table_type, name, str(path))
    config = Config(path=path, **parts)
    _check(config)
    return config


def _check(config: Config) -> None:
    """What no single key can say. Raises `ConfigError`."""
    where = config.path
    site = config.gateway.site
    if not 1 <= len(site) <= 32 or set(site) - set("abcdefghijklmnopqrstuvwxyz0123456789-"):
        raise ConfigError(f"{where}: [gateway] site: {site!r} is not 1 to 32 of a-z, 0-9 and '-'")
    origin = config.gateway.origin
    if not 1 <= len(origin) <= 128 or any(not "!" <= char <= "~" or char == "+" for char in origin):
        raise ConfigError(f"{where}: [gateway] origin: is not 1 to 128 printable ASCII characters, no space, no '+'")
    try:
        tls = config.broker.address.tls
    except ValueError as error:
        raise ConfigError(f"{where}: [broker] url: {config.broker.url!r} {error}") from error
    if not tls and (config.broker.ca_file or config.broker.cert_file):
        raise ConfigError(f"{where}: [broker] has certificates, but url is not mqtts://")
    if (config.broker.cert_file is None) != (config.broker.key_file is None):
        raise ConfigError(f"{where}: [broker] cert_file and key_file go together")
    if config.logging.level not in {"debug", "info", "warning", "error"}:
        raise ConfigError(f"{where}: [logging] level: {config.logging.level!r} is not debug, info, warning or error")
    problems = {"http": config.http.problem(), "check": config.check.problem(), "alert": config.alert.problem()}
    for name, problem in problems.items():
        if problem is not None:
            raise ConfigError(f"{where}: [{name}] {problem}")
    for number, maker in enumerate(config.makers, 1):
        try:
            length = len(maker.cose_key)
        except ValueError:
            length = 0
        if length != 75:
            raise ConfigError(f"{where}: [[maker]] {number} key: is not the base64 of a COSE_Key (75 bytes)")

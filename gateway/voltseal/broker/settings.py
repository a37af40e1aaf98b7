"""What an operator chooses about the broker; everything else follows from the specification's limits."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from voltseal.broker.errors import BrokerDirectoryError
from voltseal.certificates.profiles import Role, check_name
from voltseal.wire.errors import WireError
from voltseal.wire.message import check_site


@dataclass(frozen=True, slots=True)
class Credentials:
    """Files that the broker reads. Without `crl_file` nothing can be revoked but by replacing the authority."""

    ca_file: Path
    cert_file: Path
    key_file: Path
    crl_file: Path | None


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """One broker for one site. `directory` and the credentials' paths are absolute.

    `gateway` is the common name in the gateway's client certificate. `user` is the account that Mosquitto changes to
    when root starts it. `max_devices` leaves no room for strangers: the gateway and a few reconnecting devices are
    added to it.
    """

    site: str
    directory: Path
    credentials: Credentials
    port: int = 8883
    bind: str | None = None
    gateway: str = "gateway"
    user: str = "mosquitto"
    max_devices: int = 1000

    def __post_init__(self) -> None:
        """Raises `BrokerDirectoryError`, or `NameRefusedError` for the gateway's name."""
        try:
            check_site(self.site)
        except WireError as error:
            raise BrokerDirectoryError(f"site {self.site!r}: {error}") from error
        check_name(Role.GATEWAY, self.gateway)
        if not 1 <= self.port <= 65_535:
            raise BrokerDirectoryError(f"port {self.port} is not from 1 to 65535")
        if not 1 <= self.max_devices <= 1_000_000:
            raise BrokerDirectoryError(f"{self.max_devices} devices is not from 1 to 1,000,000")
        if self.bind is not None:
            try:
                ipaddress.ip_address(self.bind)
            except ValueError as error:
                raise BrokerDirectoryError(f"{self.bind!r} is not an IP address to listen on") from error
        for path in (self.directory, *filter(None, self._files())):
            # A line end would begin another option; Mosquitto has no way to quote one.
            if not str(path).isprintable() or not path.is_absolute():
                raise BrokerDirectoryError(f"{str(path)!r} cannot stand in a configuration of Mosquitto")
        if not self.user.isprintable() or not self.user or " " in self.user:
            raise BrokerDirectoryError(f"{self.user!r} is not the name of an account")

    def _files(self) -> tuple[Path | None, ...]:
        own = self.credentials
        return (own.ca_file, own.cert_file, own.key_file, own.crl_file)

    @property
    def configuration_path(self) -> Path:
        """What `mosquitto -c` is given."""
        return self.directory / "mosquitto.conf"

    @property
    def acl_path(self) -> Path:
        """The access list."""
        return self.directory / "acl"

    @property
    def persistence_path(self) -> Path:
        """Where Mosquitto keeps sessions and queues."""
        return self.directory / "sessions"

"""Writes a broker's directory: configuration, access list, place for sessions, with the owners Mosquitto needs.

Mosquitto reads its key and its access list after it has changed from root to its own account, and newer versions refuse
an access list that others may read. So root gives these files to that account; anybody else can only keep them.
"""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from voltseal.broker.errors import BrokerDirectoryError
from voltseal.broker.mosquitto import render_acl, render_configuration
from voltseal.broker.settings import BrokerSettings
from voltseal.certificates.files import PRIVATE_MODE, PUBLIC_MODE, replace_file

_DIRECTORY_MODE: Final = 0o755


@dataclass(frozen=True, slots=True)
class Account:
    """A user and its primary group, by number."""

    uid: int
    gid: int

    @classmethod
    def find(cls, user: str) -> Account | None:
        """The account of that name, if this machine has it."""
        try:
            entry = pwd.getpwnam(user)
        except KeyError:
            return None
        return cls(entry.pw_uid, entry.pw_gid)


@dataclass(frozen=True, slots=True)
class Installed:
    """What was written. `owned` is False where the account does not exist here, or only root could give files to it."""

    settings: BrokerSettings
    owned: bool


def install(settings: BrokerSettings, *, replace: bool = False) -> Installed:
    """Write the directory. Raises `BrokerDirectoryError` if a configuration is there and `replace` is not asked for."""
    if settings.configuration_path.exists() and not replace:
        raise BrokerDirectoryError(
            f"{settings.configuration_path} exists already", hint="name another directory, or replace it with --force"
        )
    for path in (settings.credentials.ca_file, settings.credentials.cert_file, settings.credentials.key_file):
        if not path.is_file():
            raise BrokerDirectoryError(f"{path} is not there")
    try:
        make_directory(settings.directory)
        settings.persistence_path.mkdir(exist_ok=True, mode=0o700)
        replace_file(settings.acl_path, render_acl(settings).encode(), PRIVATE_MODE)
        replace_file(settings.configuration_path, render_configuration(settings).encode(), PUBLIC_MODE)
        return Installed(settings, give_to(settings.user, [settings.persistence_path, settings.acl_path]))
    except OSError as error:
        raise BrokerDirectoryError(f"{error.filename or settings.directory}: {error.strerror}") from error


def make_directory(path: Path) -> None:
    """Make what is missing of `path`, open to every account: an operator's umask must not shut Mosquitto out."""
    for part in (*reversed(path.parents), path):
        if not part.exists():
            part.mkdir()
            part.chmod(_DIRECTORY_MODE)


def put_credential(path: Path, content: bytes, mode: int, user: str) -> None:
    """Put a certificate or key beside the configuration, owned by `user` where that can be. Raises `OSError`."""
    make_directory(path.parent)
    replace_file(path, content, mode)
    give_to(user, [path])


def give_to(user: str, paths: list[Path]) -> bool:
    """Make `user` the owner; whether the user owns them now. Raises `OSError`."""
    account = Account.find(user)
    if account is None:
        return False
    if os.geteuid() == 0:
        for path in paths:
            os.chown(path, account.uid, account.gid)
    return all(path.stat().st_uid == account.uid for path in paths)

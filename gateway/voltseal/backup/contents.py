"""Which files belong to a gateway, by its configuration. Looks at paths only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

from voltseal.anchor.backends import AnchorTarget
from voltseal.config import Config

CONFIG_ROLE: Final = "config"
STORE_ROLE: Final = "store"
LOG_KEY_ROLE: Final = "log-public-key"

_PUBLIC_KEYS: Final = frozenset({"ca_file", "cert_file", "client_ca_file"})


@dataclass(frozen=True, slots=True)
class Named:
    """A file that the configuration names, or implies. `is_secret`: its owner alone may see it."""

    role: str
    path: Path
    is_secret: bool


def files_of(config: Config) -> Iterator[Named]:
    """All files of the gateway but the store, each once; they need not exist."""
    seen: set[Path] = set()
    for named in _all(config):
        if named.path not in seen:
            seen.add(named.path)
            yield named


def secrets_of(config: Config) -> list[Named]:
    """Those that only their owner may read."""
    return [named for named in files_of(config) if named.is_secret]


def _all(config: Config) -> Iterator[Named]:
    yield Named(CONFIG_ROLE, config.path, is_secret=False)
    yield Named(LOG_KEY_ROLE, config.log.key_file.with_suffix(".vkey"), is_secret=False)
    yield Named("receipt-public-key", config.receipt.key_file.with_suffix(".pub"), is_secret=False)
    for name in ("broker", "log", "receipt", "http", "alert"):
        yield from _of_table(name, getattr(config, name))
    for number, anchor in enumerate(config.anchors, 1):
        yield from _of_table(f"anchor-{number}", anchor)
        target = AnchorTarget.parse(anchor.uri, config.gateway.origin, base=config.path.parent)
        if target.scheme == "ledger":
            path = target.base / target.rest
            yield Named(f"anchor-{number}-ledger", path, is_secret=False)
            yield Named(f"anchor-{number}-ledger-public-key", path.with_name(path.name + ".vkey"), is_secret=False)
            yield Named(f"anchor-{number}-ledger-key", path.with_name(path.name + ".key"), is_secret=True)


def _of_table(name: str, table: Any) -> Iterator[Named]:
    """Every path that a table holds: keys, tokens and passwords, unless they are known to be public."""
    for key in fields(table):
        value = getattr(table, key.name)
        if isinstance(value, Path):
            yield Named(f"{name}-{key.name.removesuffix('_file')}", value, is_secret=key.name not in _PUBLIC_KEYS)

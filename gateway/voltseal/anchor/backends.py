"""Which backend a URI means. A new backend is one line here and one module with an `open_uri`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import cast

from voltseal.anchor.errors import UnknownAnchorSchemeError
from voltseal.anchor.interface import AnchorBackend
from voltseal.config import AnchorTable

# By name, so that a gateway loads only the clients it uses.
_MODULES = {"evm": "voltseal.anchor.evm", "ledger": "voltseal.anchor.ledger"}


def _nothing(_since_ms: int) -> Sequence[bytes]:
    return ()


@dataclass(frozen=True, slots=True)
class AnchorTarget:
    """One place to anchor, as configured. `rest`: the URI after the scheme; `key_file`: the backend's own key.

    `table`: all that is configured, for backends that need more; `prepared_since`: what was prepared for this target
    since a time (POSIX milliseconds), newest first, for backends that count what they spend.
    """

    uri: str
    scheme: str
    rest: str
    origin: str
    key_file: Path | None
    base: Path
    table: AnchorTable | None = None
    prepared_since: Callable[[int], Sequence[bytes]] = _nothing

    @classmethod
    def of(
        cls, table: AnchorTable, origin: str, *, base: Path, prepared_since: Callable[[int], Sequence[bytes]] = _nothing
    ) -> AnchorTarget:
        """The target of a configuration's table. Raises `UnknownAnchorSchemeError`."""
        target = cls.parse(table.uri, origin, key_file=table.key_file, base=base)
        return replace(target, table=table, prepared_since=prepared_since)

    @classmethod
    def parse(cls, uri: str, origin: str, *, key_file: Path | None = None, base: Path = Path()) -> AnchorTarget:
        """Take a URI apart. Relative paths in it count from `base`. Raises `UnknownAnchorSchemeError`."""
        scheme, colon, rest = uri.partition(":")
        if not colon or scheme not in _MODULES:
            known = ", ".join(f"{name}:" for name in sorted(_MODULES))
            raise UnknownAnchorSchemeError(
                f"anchor {uri!r} starts with no known scheme; known: {known}", hint="for example: ledger:anchors.ledger"
            )
        return cls(uri, scheme, rest, origin, key_file, base)


def open_backend(target: AnchorTarget, clock_ms: Callable[[], int]) -> AnchorBackend:
    """Open the backend of `target`. `clock_ms` gives POSIX milliseconds. Raises `AnchorError`s."""
    open_uri = cast(
        "Callable[[AnchorTarget, Callable[[], int]], AnchorBackend]", import_module(_MODULES[target.scheme]).open_uri
    )
    return open_uri(target, clock_ms)

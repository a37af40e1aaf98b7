"""Which trust file `voltseal verify` uses, and how it came by it.

The order goes from what the user said to what merely lies about. A file beside the bundle is the last resort: whoever
could change the bundle could change that file too, so its use is said loudly wherever the result is shown.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from voltseal.verifier.trust import Trust, TrustFileError, parse_trust

TRUST_FILE_NAME: Final = "trust.toml"
TRUST_VARIABLE: Final = "VOLTSEAL_TRUST"
BESIDE_BUNDLE_WARNING: Final = (
    "whoever could change the bundle could change this file too; pass --trust to use your own"
)
_MAX_TRUST_BYTES: Final = 2**20


class TrustSource(StrEnum):
    """Where the trust file came from."""

    OPTION = "option"
    ENVIRONMENT = "environment"
    USER_CONFIG = "user-config"
    BESIDE_BUNDLE = "beside-bundle"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class FoundTrust:
    """A trust file that was read, or an empty trust where none was found."""

    source: TrustSource
    path: Path | None
    trust: Trust

    def to_json(self) -> dict[str, object]:
        """What `--json` says of it."""
        path = None if self.path is None else str(self.path)
        content: dict[str, object] = {"source": self.source.value, "path": path}
        if self.source is TrustSource.BESIDE_BUNDLE:
            content["warning"] = BESIDE_BUNDLE_WARNING
        return content


def user_trust_path(environment: Mapping[str, str] = os.environ) -> Path:
    """The user's own trust file (XDG base directories)."""
    configured = environment.get("XDG_CONFIG_HOME")
    base = Path(configured) if configured else _home(environment) / ".config"
    return base / "voltseal" / TRUST_FILE_NAME


def _home(environment: Mapping[str, str]) -> Path:
    """The home directory; one that does not exist, where the user has none (a container with any user number)."""
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        return Path("/nonexistent")


def find_trust(option: Path | None, bundle: Path | None, environment: Mapping[str, str] = os.environ) -> FoundTrust:
    """The trust to verify with. `bundle` is None where the bundle came from standard input.

    A file that was named, by option or environment, must be readable; the others are used if they exist. Raises
    `TrustFileError`.
    """
    if option is not None:
        return _load(TrustSource.OPTION, option)
    if environment.get(TRUST_VARIABLE):
        return _load(TrustSource.ENVIRONMENT, Path(environment[TRUST_VARIABLE]))
    candidates = [(TrustSource.USER_CONFIG, user_trust_path(environment))]
    if bundle is not None:
        candidates.append((TrustSource.BESIDE_BUNDLE, bundle.parent / TRUST_FILE_NAME))
    for source, path in candidates:
        if path.is_file():
            return _load(source, path)
    return FoundTrust(TrustSource.NONE, None, Trust())


def read_trust(path: Path) -> Trust:
    """A trust file's content; raises `TrustFileError`."""
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_TRUST_BYTES + 1)
    except OSError as error:
        raise TrustFileError(
            f"{path}: cannot be read: {error.strerror}", hint="make one with `voltseal trust init`"
        ) from error
    if len(raw) > _MAX_TRUST_BYTES:
        raise TrustFileError(f"{path}: longer than {_MAX_TRUST_BYTES} bytes: this is no trust file")
    try:
        return parse_trust(raw.decode("utf-8"), str(path))
    except UnicodeDecodeError as error:
        raise TrustFileError(f"{path}: not UTF-8 text") from error


def _load(source: TrustSource, path: Path) -> FoundTrust:
    return FoundTrust(source, path, read_trust(path))

"""The first member of a backup: what else is in it, with digests. Pure.

voltseal-backup/1: a tar file; its first member is `manifest.json`, then come exactly the files that it lists
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final

from voltseal.backup.errors import BackupDamagedError

FORMAT: Final = "voltseal-backup/1"
MANIFEST_NAME: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 1 << 20
OUTSIDE: Final = "outside"
"""Where files go in the archive that lie outside the configuration's directory."""


@dataclass(frozen=True, slots=True)
class BackedUpFile:
    """One file. `role`: what it is to the configuration; `original`: its path there, where it lay outside."""

    name: str
    role: str
    size_bytes: int
    sha256: str
    is_secret: bool
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the backup holds. `tree_size`, `root_hash` (hex): the newest checkpoint in it; 0 and "" before the first."""

    origin: str
    made_by: str
    made_ms: int
    entries: int
    tree_size: int
    root_hash: str
    with_keys: bool
    files: tuple[BackedUpFile, ...]

    def file(self, role: str) -> BackedUpFile:
        """The file with this role; raises `BackupDamagedError` where there is none."""
        for one in self.files:
            if one.role == role:
                return one
        raise BackupDamagedError(f"the backup has no {role}")

    def encode(self) -> bytes:
        """As JSON."""
        return json.dumps({"format": FORMAT} | asdict(self), indent=2).encode() + b"\n"

    @classmethod
    def parse(cls, raw: bytes) -> Manifest:
        """Read a manifest whose names are safe to create below a directory. Raises `BackupDamagedError`."""
        try:
            content = json.loads(raw)
            if content.pop("format") != FORMAT:
                raise BackupDamagedError(f"the backup is not of the format {FORMAT}")
            files = tuple(_file(one) for one in content.pop("files"))
            manifest = cls(files=files, **content)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BackupDamagedError("the backup's manifest cannot be read") from error
        if len({one.name for one in files}) != len(files):
            raise BackupDamagedError("the backup's manifest names a file twice")
        return manifest


def _file(content: dict[str, Any]) -> BackedUpFile:
    found = BackedUpFile(**content)
    path = PurePosixPath(found.name)
    is_safe = not path.is_absolute() and ".." not in path.parts and str(path) == found.name != MANIFEST_NAME
    if not is_safe or "\\" in found.name or "\0" in found.name:
        raise BackupDamagedError(f"the backup names a file {found.name!r} that must not be made")
    if type(content["size_bytes"]) is not int or found.size_bytes < 0:
        raise BackupDamagedError(f"the size of {found.name!r} is no size")
    return found

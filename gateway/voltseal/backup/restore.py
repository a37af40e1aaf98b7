"""Putting a backup back into an empty directory. Nothing is there until all of it is, and is as it was written.

A restored store may be older than what its gateway published before it was lost. It therefore gets a mark, and a
gateway does not sign over it until somebody has said that this is right (see `voltseal.rollback`).
"""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from voltseal.backup.contents import CONFIG_ROLE, LOG_KEY_ROLE, STORE_ROLE, secrets_of
from voltseal.backup.errors import BackupDamagedError, BackupError
from voltseal.backup.manifest import MANIFEST_NAME, MAX_MANIFEST_BYTES, BackedUpFile, Manifest
from voltseal.config import load
from voltseal.log.key_file import fsync_directory
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log_check import LogReport, Progress, check_log
from voltseal.rollback import mark_restored
from voltseal.store.reader import SqliteReader

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Restored:
    """What was put back. `missing`: secret files that the configuration names and the backup does not hold."""

    manifest: Manifest
    config_path: Path
    store_path: Path
    log_key: Ed25519Verifier
    missing: tuple[Path, ...]

    def moved(self) -> tuple[tuple[Path, str], ...]:
        """Files that lay outside the configuration's directory: where they are now, and where it names them."""
        base = self.config_path.parent
        return tuple((base / one.name, one.original) for one in self.manifest.files if one.original is not None)


def restore(backup: Path, directory: Path) -> Restored:
    """Put a backup into `directory`, which is made, or is empty. Raises `BackupError` and `BackupDamagedError`."""
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise BackupError(f"{directory} is not an empty directory", hint="choose another; nothing was changed")
    partial = directory.with_name(f".{directory.name}.partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True, mode=0o700)
        manifest = _extract(backup, partial)
        store_path = partial / manifest.file(STORE_ROLE).name
        mark_restored(store_path, manifest.made_ms, manifest.tree_size)
        if directory.exists():
            directory.rmdir()
        partial.rename(directory)
        fsync_directory(directory.absolute().parent)
    except OSError as error:
        raise BackupError(f"{error.filename or directory}: {error.strerror}") from error
    except (tarfile.TarError, EOFError) as error:
        raise BackupDamagedError(f"{backup} is no backup, or cut off: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return _describe(directory, manifest)


def check_restored(restored: Restored, progress: Progress = lambda _done, _all: None) -> LogReport:
    """The check of the whole log (`voltseal log check`) over the restored store. Raises `StoreError`."""
    with closing(SqliteReader.open(restored.store_path)) as store:
        return check_log(store, restored.log_key, progress)


def _describe(directory: Path, manifest: Manifest) -> Restored:
    config_path = directory / manifest.file(CONFIG_ROLE).name
    key_text = (directory / manifest.file(LOG_KEY_ROLE).name).read_text(encoding="ascii").strip()
    missing = tuple(named.path for named in secrets_of(load(config_path)) if not named.path.exists())
    return Restored(
        manifest, config_path, directory / manifest.file(STORE_ROLE).name, Ed25519Verifier.parse(key_text), missing
    )


def _extract(backup: Path, directory: Path) -> Manifest:
    with backup.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as archive:
        members = iter(archive)
        manifest = _read_manifest(archive, members)
        for listed in manifest.files:
            member = next(members, None)
            if member is None or member.name != listed.name or not member.isreg() or member.size != listed.size_bytes:
                raise BackupDamagedError(f"the backup lacks {listed.name}, or it has another size than listed")
            content = archive.extractfile(member)
            assert content is not None, "a regular member has content"
            _put(directory / listed.name, listed, content)  # type: ignore[arg-type]  # IO[bytes] is all it needs
        if next(members, None) is not None:
            raise BackupDamagedError("the backup holds more than its manifest lists")
    return manifest


def _read_manifest(archive: tarfile.TarFile, members: Iterator[tarfile.TarInfo]) -> Manifest:
    first = next(members, None)
    if first is None or first.name != MANIFEST_NAME or not first.isreg() or first.size > MAX_MANIFEST_BYTES:
        raise BackupDamagedError("the file does not begin with a manifest: it is no backup")
    content = archive.extractfile(first)
    assert content is not None, "a regular member has content"
    return Manifest.parse(content.read())


def _put(path: Path, listed: BackedUpFile, content: BinaryIO) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    digest = sha256()
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != listed.sha256:
        raise BackupDamagedError(f"{listed.name} in the backup is not as it was written", hint="use another backup")

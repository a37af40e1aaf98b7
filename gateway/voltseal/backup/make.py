"""Making a backup, also beside a running gateway: its writer is never held up.

Order matters. The ledgers are read first and the store after them, so that no ledger in the backup knows a checkpoint
that the store beside it does not have. The store is copied page by page within one read transaction: what is copied is
one moment of it, whatever is written meanwhile.
"""

from __future__ import annotations

import io
import os
import sqlite3
import tarfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from voltseal import __version__
from voltseal.backup.contents import LOG_KEY_ROLE, STORE_ROLE, Named, files_of
from voltseal.backup.errors import BackupError
from voltseal.backup.manifest import MANIFEST_NAME, OUTSIDE, BackedUpFile, Manifest
from voltseal.config import Config
from voltseal.keys import read_log_key
from voltseal.log.key_file import fsync_directory
from voltseal.store.reader import SqliteReader
from voltseal.store.schema import connect_reader

Progress = Callable[[int, int], None]
_PAGES_A_STEP = 2000
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Member:
    """A file for the archive: its entry in the manifest, and where its bytes are."""

    listed: BackedUpFile
    source: Path | bytes


def make_backup(
    config: Config, output: Path, now_ms: int, *, with_keys: bool, progress: Progress = lambda _done, _all: None
) -> Manifest:
    """Write the backup into a new file with mode 0600; it appears when it is complete and durable.

    `progress` is called with pages copied and pages in all. Needs as much free space beside `output` as the store
    has, for a while. Raises `BackupError`, `StoreError`, and what reading the log's key raises.
    """
    if output.exists():
        raise BackupError(f"{output} exists already", hint="choose another name; nothing was changed")
    partial, copy = output.with_name(f".{output.name}.partial"), output.with_name(f".{output.name}.store")
    try:
        members = list(_small_files(config, with_keys=with_keys))
        _copy_store(config.store.path, copy, progress)
        members.append(_member(Named(STORE_ROLE, config.store.path, is_secret=False), config, copy))
        manifest = _manifest(config, copy, members, now_ms, with_keys=with_keys)
        _write(partial, manifest, members, now_ms)
        os.link(partial, output)  # unlike a rename, a link never replaces what is there
        fsync_directory(output.absolute().parent)
    except (OSError, sqlite3.Error) as error:
        raise BackupError(f"{output}: the backup cannot be made: {error}") from error
    finally:
        for path in (partial, copy):
            path.unlink(missing_ok=True)
    return manifest


def _small_files(config: Config, *, with_keys: bool) -> Iterator[_Member]:
    vkey = read_log_key(config).verifier.encode().encode() + b"\n"
    for named in files_of(config):
        if named.role == LOG_KEY_ROLE:
            yield _member(named, config, vkey)
        elif named.path.is_file() and (with_keys or not named.is_secret):
            yield _member(named, config, named.path.read_bytes())


def _member(named: Named, config: Config, source: Path | bytes) -> _Member:
    """A file in the configuration's directory keeps its place below it; any other gets one under `outside/`."""
    base = config.path.absolute().parent
    path = Path(os.path.normpath(named.path.absolute()))
    if path.is_relative_to(base):
        name, original = path.relative_to(base).as_posix(), None
    else:
        name, original = f"{OUTSIDE}/{named.role}/{path.name}", str(path)
    size, digest = _measure(source)
    return _Member(BackedUpFile(name, named.role, size, digest, named.is_secret, original), source)


def _measure(source: Path | bytes) -> tuple[int, str]:
    if isinstance(source, bytes):
        return len(source), sha256(source).hexdigest()
    digest = sha256()
    with source.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return source.stat().st_size, digest.hexdigest()


def _copy_store(path: Path, copy: Path, progress: Progress) -> None:
    """One moment of the store, as one file without a journal beside it."""
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    with closing(connect_reader(path)) as source, closing(sqlite3.connect(copy, isolation_level=None)) as target:
        source.execute("BEGIN")
        source.execute("SELECT COUNT(*) FROM meta").fetchone()  # the read transaction begins with the first read
        source.backup(target, pages=_PAGES_A_STEP, progress=lambda _status, left, total: progress(total - left, total))
        source.execute("COMMIT")
        target.execute("PRAGMA journal_mode=DELETE")


def _manifest(config: Config, copy: Path, members: list[_Member], now_ms: int, *, with_keys: bool) -> Manifest:
    with closing(SqliteReader.open(copy)) as store:
        newest, entries = store.latest_checkpoint(), store.entry_count()
    return Manifest(
        origin=config.gateway.origin,
        made_by=f"voltseal {__version__}",
        made_ms=now_ms,
        entries=entries,
        tree_size=newest.checkpoint.tree_size if newest else 0,
        root_hash=newest.checkpoint.root_hash.hex() if newest else "",
        with_keys=with_keys,
        files=tuple(member.listed for member in members),
    )


def _write(path: Path, manifest: Manifest, members: list[_Member], now_ms: int) -> None:
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            raw = manifest.encode()
            archive.addfile(_header(MANIFEST_NAME, len(raw), now_ms), io.BytesIO(raw))
            for member in members:
                header = _header(member.listed.name, member.listed.size_bytes, now_ms)
                with io.BytesIO(member.source) if isinstance(member.source, bytes) else member.source.open("rb") as one:
                    archive.addfile(header, one)
        file.flush()
        os.fsync(file.fileno())


def _header(name: str, size: int, now_ms: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mtime, header.mode = size, now_ms // 1000, 0o600
    return header

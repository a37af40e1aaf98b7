"""The machine: files of keys, clock, disk."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from voltseal.backup.contents import secrets_of
from voltseal.config import Config
from voltseal.doctor.finding import Finding, failure, ok, warning
from voltseal.errors import VoltsealError
from voltseal.keys import read_log_key, read_receipt_key
from voltseal.store.interface import StoreReader

_NEVER_BEFORE: Final = datetime(2025, 1, 1, tzinfo=UTC)  # older than the software: a clock that was never set
_CLOCK_BEHIND_MS: Final = 60_000
_TIMESYNC: Final = Path("/run/systemd/timesync")
_MIN_FREE_BYTES: Final = 64 << 20
_LOW_FREE_BYTES: Final = 1 << 30


def examine_keys(config: Config) -> Iterator[Finding]:
    """Secret files: there, and the owner's alone; the two that the gateway cannot do without can be read."""
    wrong = 0
    for named in secrets_of(config):
        if named.role.endswith("-ledger-key") and not named.path.exists():
            continue  # the gateway makes it at its first start
        for finding in _secret(named.path):
            wrong += 1
            yield finding
    try:
        read_log_key(config)
        read_receipt_key(config)
    except VoltsealError as error:
        wrong += 1
        yield failure("keys", str(error), error.hint or "put the key back from a backup")
    if not wrong:
        yield ok("keys", "all there, and readable by their owner alone")


def _secret(path: Path) -> Iterator[Finding]:
    try:
        mode = path.stat().st_mode & 0o777
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        yield failure("keys", f"{path}: {error.strerror}", "put it back, or run this as the gateway's own user")
        return
    if mode & 0o077:
        yield failure("keys", f"{path}: others may read it (mode {mode:03o})", f"chmod 600 {path}")


def examine_clock(now_ms: int, store: StoreReader | None) -> Iterator[Finding]:
    """Neither before this software, nor before what is stored already; and synchronised, where that can be told."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    newest_ms = _newest_ms(store) if store is not None else 0
    advice = "let it be set by NTP (systemd-timesyncd, chrony) or a real-time clock, then restart the gateway"
    if now < _NEVER_BEFORE:
        yield failure("clock", f"it says {now:%Y-%m-%d %H:%M}Z: it was never set", advice)
    elif newest_ms - now_ms > _CLOCK_BEHIND_MS:
        behind_s = (newest_ms - now_ms) // 1000
        yield failure("clock", f"it is {behind_s} s behind what the store holds already: it was set back", advice)
    elif _TIMESYNC.is_dir() and not (_TIMESYNC / "synchronized").exists():
        yield warning("clock", "systemd-timesyncd has not synchronised it yet", "timedatectl status")
    else:
        yield ok("clock", f"{now:%Y-%m-%d %H:%M:%S}Z, after everything stored")


def _newest_ms(store: StoreReader) -> int:
    checkpoint, entry = store.latest_checkpoint(), store.entry(store.entry_count() - 1)
    return max(checkpoint.cut_ms if checkpoint else 0, entry.received_ms if entry else 0)


def examine_disk(config: Config) -> Iterator[Finding]:
    """Room, and permission to write, where the store lies."""
    directory = config.store.path.absolute().parent
    try:
        usage = shutil.disk_usage(directory)
    except OSError as error:
        yield failure("disk", f"{directory}: {error.strerror}", "make the directory, or correct [store] path")
        return
    free = f"{usage.free / (1 << 20):,.0f} MB free of {usage.total / (1 << 20):,.0f} at {directory}"
    if not os.access(directory, os.W_OK):
        yield failure("disk", f"{directory} cannot be written", "is it mounted read-only, or another user's?")
    elif usage.free < _MIN_FREE_BYTES:
        yield failure("disk", free, "make room: nothing is receipted while commits fail, and nothing is lost")
    elif usage.free < _LOW_FREE_BYTES or usage.free * 20 < usage.total:
        yield warning("disk", free, "make room, or move the store to a larger disk (voltseal backup, restore)")
    else:
        yield ok("disk", free)

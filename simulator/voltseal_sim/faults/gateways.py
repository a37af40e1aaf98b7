"""Faults of the gateway: of its process, and what its operator or an intruder can do with its disk."""

from __future__ import annotations

import asyncio
import resource
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from voltseal.store.interface import EntryKind
from voltseal.store.reader import SqliteReader
from voltseal_sim.faults.kind import FaultError, FaultKind, Stage
from voltseal_sim.gateway_process import GatewayFailedError, voltseal

_WITHIN_S = 20.0
_LOG_BYTES = 16_384  # more than the log of a run, less than the store has from its beginning


async def restart(stage: Stage) -> str:
    """kill -9, then started again."""
    await stage.site.gateway.kill()
    await stage.site.gateway.start()
    return "gateway: kill -9, then started again"


async def disk_full(stage: Stage) -> str:
    """For a while, files of the gateway's process can grow no further than its own log does."""
    pid = stage.site.gateway.pid
    usual = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (_LOG_BYTES, usual[1]))
    await asyncio.sleep(stage.fault.seconds)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, usual)
    return f"gateway: its disk took no more data for {stage.fault.seconds:g} s"


async def row_edited(stage: Stage) -> str:
    """One bit of a stored statement is changed behind the gateway's back."""
    path = stage.site.gateway.config.store.path
    with closing(sqlite3.connect(path, timeout=10)) as database, database:
        rows = database.execute(
            "SELECT leaf_index, raw FROM entries JOIN devices USING (device_no) WHERE kind = ? AND label = ? "
            "ORDER BY leaf_index",
            (EntryKind.TELEMETRY, stage.device.label),
        ).fetchall()
        if not rows:
            raise FaultError(f"nothing of {stage.device.label} is stored yet")
        index, raw = rows[len(rows) // 2]
        altered = bytearray(raw)
        altered[len(raw) // 2] ^= 1
        database.execute("UPDATE entries SET raw = ? WHERE leaf_index = ?", (bytes(altered), index))
    return f"gateway: one bit of entry {index} changed in its database"


async def log_forked(stage: Stage) -> str:
    """The gateway's disk is set back to an older copy, after later checkpoints have been seen and anchored.

    While its ledger knows better, the gateway must refuse to start. The ledger being the operator's own, it is set back
    too: then only somebody outside can tell.
    """
    site = stage.site
    place = site.gateway.config_path.parent
    copy = site.directory / "gateway-copy"
    await site.gateway.stop()
    shutil.copytree(place, copy)
    await site.gateway.start()
    await stage.more_statements(3)
    size = _entries(stage)
    await site.wait_for_anchor(size, _WITHIN_S)
    stage.look()
    await site.gateway.kill()
    _set_back(place, copy, _all_but_ledger)
    try:
        await site.gateway.start()
    except GatewayFailedError:
        _set_back(place, copy, _ledger)
        await site.gateway.start()
    else:
        raise FaultError(f"a gateway set back behind {size} anchored entries started as if nothing had happened")
    await site.wait_for("the other log to be as long", lambda reader: _checkpointed(reader) > size, _WITHIN_S)
    return (
        f"gateway: set back behind {size} anchored entries, it refused to start; with its ledger set back, it went on"
    )


def _ledger(path: Path) -> bool:
    return ".ledger" in path.name


def _all_but_ledger(path: Path) -> bool:
    return not _ledger(path)


def _set_back(place: Path, copy: Path, chosen: Callable[[Path], bool]) -> None:
    """Replace the chosen files of a gateway's directory by those of a copy; what SQLite keeps beside the store goes."""
    for path in [path for path in place.iterdir() if path.is_file() and chosen(path)]:
        path.unlink()
    for path in [path for path in copy.iterdir() if path.is_file() and chosen(path)]:
        shutil.copy2(path, place / path.name)


def _entries(stage: Stage) -> int:
    reader = stage.site.gateway.reader()
    try:
        return reader.entry_count()
    finally:
        reader.close()


def _checkpointed(reader: SqliteReader) -> int:
    published = reader.latest_checkpoint()
    return published.checkpoint.tree_size if published else 0


async def revoked_key(stage: Stage) -> str:
    """The operator revokes the key; the device does not know and goes on."""
    config = ("--config", str(stage.site.gateway.config_path))
    await voltseal("device", "revoke", stage.device.label, "--reason", "stolen", *config)
    return f"{stage.device.label}: its key revoked, while it goes on sending"


KINDS = (
    FaultKind("disk-full", "the gateway's disk takes no more data for {seconds}", disk_full, ("seconds",)),
    FaultKind("gateway-restart", "the gateway is killed and started again", restart),
    FaultKind("row-edited", "a stored statement of {device} is changed in the gateway's database", row_edited),
    FaultKind("log-forked", "the gateway's log and its own ledger are set back to an old copy", log_forked),
    FaultKind("revoked-key", "{device}'s key is revoked, and {device} goes on", revoked_key),
)

"""There is one writer: whoever holds the lock file beside the store. The kernel frees it when the process ends."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import ClassVar

from voltseal.store.interface import StoreError

_ATTEMPTS = 10
_PAUSE_S = 0.02


class StoreLocked(StoreError):
    """Another process writes to this store."""

    code: ClassVar[str] = "store-locked"


class StoreLock:
    """Held from construction to `release()`; raises `StoreLocked` if another process holds it."""

    def __init__(self, store_path: Path) -> None:
        self._path = store_path.with_name(store_path.name + ".lock")
        try:
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"{self._path}: cannot be opened: {error.strerror}") from error
        if not self._take():
            holder = os.pread(self._descriptor, 32, 0).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise StoreLocked(
                f"{store_path}: process {holder or '?'} is using this store",
                hint="stop the other gateway first; two must never share a store",
            )
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, str(os.getpid()).encode(), 0)

    def _take(self) -> bool:
        """Try for a moment: `is_running` holds a shared lock for an instant."""
        for _ in range(_ATTEMPTS):
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_PAUSE_S)
            else:
                return True
        return False

    def release(self) -> None:
        """Let another process write."""
        os.close(self._descriptor)


def is_running(store_path: Path) -> bool:
    """Whether a process holds the lock now. Changes nothing, and makes no file."""
    try:
        descriptor = os.open(store_path.with_name(store_path.name + ".lock"), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

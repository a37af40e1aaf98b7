"""One writer at a time, and the kernel frees what a dead one held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from voltseal.store.lock import StoreLock, StoreLocked, is_running

HOLD = "import sys, pathlib; from voltseal.store.lock import StoreLock; l = StoreLock(pathlib.Path(sys.argv[1]))\n"


def test_a_second_lock_is_refused_with_the_holders_process(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    assert not is_running(path)
    lock = StoreLock(path)
    assert is_running(path)
    with pytest.raises(StoreLocked, match=r"process \d+ is using this store") as caught:
        StoreLock(path)
    assert caught.value.code == "store-locked"
    lock.release()
    assert not is_running(path)
    StoreLock(path).release()


def test_a_killed_holder_frees_it(tmp_path: Path) -> None:
    path = tmp_path / "s.db"
    script = HOLD + "print('held', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script, path], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    assert is_running(path)
    holder.kill()
    holder.communicate()
    StoreLock(path).release()

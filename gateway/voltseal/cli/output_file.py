"""Files that commands write where the user says: complete or not at all, and never through a stranger's link."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write; it takes the place of `path` when the block is done, and is gone if the block raises.

    What is there and is no plain file (a pipe, /dev/null) is written to as it is, never replaced. Raises `OSError`.
    """
    target = Path(os.path.realpath(path))  # /dev/stdout is a link, and must stay one
    if target.exists() and not target.is_file():
        with target.open("wb") as file:
            yield file
        return
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    # O_EXCL: in a directory such as /tmp, somebody else may have put a link there, or a file of their own
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise

"""Signer keys in files: one line of text, readable by the owner alone."""

from __future__ import annotations

import os
from pathlib import Path

from voltseal.log.errors import KeyFormatError
from voltseal.log.note_key import Ed25519Signer


def read_signer(path: Path) -> Ed25519Signer:
    """The key in `path`: the text form of a signer key and one newline.

    Raises `KeyFormatError`, also if others than the owner may read the file, and `OSError`.
    """
    if path.stat().st_mode & 0o077:
        raise KeyFormatError(f"{path} may be read by others", hint=f"chmod 600 {path}")
    text = path.read_text(encoding="utf-8")
    if not text.endswith("\n"):
        raise KeyFormatError(f"{path} is not one line of text")
    return Ed25519Signer.parse(text[:-1])


def create_signer(path: Path, name: str) -> Ed25519Signer:
    """Make a new key named `name` in `path` (mode 0600) and make it durable; raises `FileExistsError` and `OSError`.

    The file is written under another name first, so a crash leaves no half a key under `path`.
    """
    signer = Ed25519Signer.generate(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)  # of a crashed process of the same number
    # O_EXCL: a file that somebody else has put there would stay theirs, with the key in it
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(signer.encode() + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, path)  # unlike a rename, a link never replaces a key that is already there
    finally:
        partial.unlink()
    fsync_directory(path.parent)
    return signer


def fsync_directory(directory: Path) -> None:
    """Make the names in `directory` durable; raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

"""The firmware manifest, whose SHA-256 is the boot statement's `measurement` (specification, "Boot statement")."""

from hashlib import sha256

from voltseal_wire import boot

_CHUNK_BYTES = 512


def measure(files, root: str) -> bytes:
    """32 bytes over every file that can run below `root`; the paths are relative to it. Raises OSError."""
    found = []
    for path in _runnable(files, root, ""):
        found.append((path, _digest(files, root + "/" + path)))
    return boot.measurement(found)


def _runnable(files, root: str, below: str) -> list:
    """Relative paths, walked in depth; symbolic links do not occur on the file systems of boards."""
    paths = []
    for name in files.names(root + "/" + below if below else root or "/"):
        path = below + "/" + name if below else name
        if name.endswith(".py") or name.endswith(".mpy"):  # noqa: PIE810 -- MicroPython takes no tuple here
            paths.append(path)
        elif files.is_directory(root + "/" + path):
            paths += _runnable(files, root, path)
    return paths


def _digest(files, path: str) -> bytes:
    digest = sha256()
    with files.open(path, "rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.digest()

"""The file system, as far as the device's durability needs it."""

import os

from . import MICROPYTHON, UNIX, is_absent


def keep_to_owner() -> None:
    """What this process writes from now on, its private key first of all, only its own account may read."""
    if not UNIX:
        return
    if MICROPYTHON:
        try:
            import ffi  # pyright: ignore[reportMissingImports] -- the unix port only
        except ImportError:
            return  # then the account's umask decides
        ffi.open(None).func("i", "umask", "i")(0o077)
    else:
        os.umask(0o077)  # pyright: ignore[reportAttributeAccessIssue]


class Files:
    """The file operations that the device's durability rests on; a power-cut test puts its own in place of this.

    On LittleFS every operation is durable when it returns, once the file is flushed. On POSIX a file's content needs
    fsync, and so does the directory that names it.
    """

    def open(self, path: str, mode: str):
        """`rb` to read (seekable), `wb` to create or empty, `ab` to append."""
        return open(path, mode)

    def sync(self, file) -> None:
        """Make what was written to an open file durable."""
        file.flush()  # MicroPython's unix port answers a flush with fsync, LittleFS with lfs_file_sync
        if not MICROPYTHON:
            os.fsync(file.fileno())

    def sync_directory(self, path: str) -> None:
        """Make the names in a directory durable."""
        if not UNIX:
            return
        if MICROPYTHON:
            with open(path, "rb") as directory:
                directory.flush()
            return
        descriptor = os.open(path, 0)  # read-only
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, old: str, new: str) -> None:
        """Replace `new` by `old` in one step (POSIX, LittleFS)."""
        os.rename(old, new)

    def remove(self, path: str) -> None:
        """Remove a file; one that is absent is no error."""
        try:
            os.remove(path)
        except OSError as error:
            if not is_absent(error):
                raise

    def make_directory(self, path: str) -> None:
        """Make a directory unless it exists."""
        try:
            os.mkdir(path)
        except OSError as error:
            if error.errno != 17:  # EEXIST
                raise

    def names(self, path: str) -> list:
        """The names in a directory, sorted."""
        return sorted(os.listdir(path))

    def size(self, path: str) -> int:
        """Bytes in a file. Raises OSError if it is absent."""
        return os.stat(path)[6]

    def is_directory(self, path: str) -> bool:
        """Whether `path` names a directory."""
        return os.stat(path)[0] & 0xF000 == 0x4000

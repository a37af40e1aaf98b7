"""Boot count and sequence numbers: persisted before use, so that no number is ever signed twice.

The record `counters` holds the boot count, the first number that is *not* reserved, and the head of the chain as it was
when the record was written. This module owns it. A power cut at any moment leaves numbers that are reserved and unused;
the next boot goes on behind them and declares them.
"""

import struct

from . import durable

FILE = "counters"
BLOCK = 64

FORMAT = ">IQQ32s"  # boot count, reserved end, head's sequence + 1 (0: none yet), head's digest
_NO_DIGEST = bytes(32)


class Head:
    """The last statement of the chain that is in safe storage: its number (-1 before the first) and its SHA-256."""

    def __init__(self, sequence: int, digest: bytes) -> None:
        self.sequence = sequence
        self.digest = digest


NO_HEAD = Head(-1, _NO_DIGEST)


class Numbers:
    """Counts boots and hands out sequence numbers: `begin` once, then `take` for each statement."""

    def __init__(self, files, directory: str, block: int = BLOCK) -> None:
        self._files = files
        self._directory = directory
        self._block = block
        self._head = NO_HEAD
        self.boot_count = 0
        self.next = 0
        self._reserved_end = 0

    def begin(self, boot_count: int, first: int, head: Head) -> None:
        """Start this boot at number `first`: stores the boot count and reserves the first block.

        Durable when it returns.
        """
        self.boot_count = boot_count
        self.next = self._reserved_end = first
        self._head = head
        self._reserve()

    def take(self) -> int:
        """The next number, never given before and never given again. Raises OSError if a block cannot be reserved."""
        if self.next == self._reserved_end:
            self._reserve()
        self.next += 1
        return self.next - 1

    def note_head(self, head: Head) -> None:
        """Tell which statement is the chain's head; it is stored with the next block."""
        self._head = head

    def close(self) -> None:
        """Give back what is reserved and unused, at an orderly stop. Nothing may be taken afterwards."""
        self._reserved_end = self.next
        self._store()

    def _reserve(self) -> None:
        self._reserved_end += self._block
        try:
            self._store()
        except OSError:
            self._reserved_end -= self._block
            raise

    def _store(self) -> None:
        record = pack(self.boot_count, self._reserved_end, self._head)
        durable.write(self._files, self._directory + "/" + FILE, record)


def pack(boot_count: int, reserved_end: int, head: Head) -> bytes:
    """The content of the record."""
    return struct.pack(FORMAT, boot_count, reserved_end, head.sequence + 1, head.digest)

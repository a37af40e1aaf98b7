"""What will never arrive, until the gateway has the statement that says so.

Each range (first, last, reason) is kept in the record `losses` with the number of the statement that declares it (-1
while none does). It is forgotten when that statement is receipted, and undeclared again when that statement is itself
lost: so a loss stays declared whatever the spool had to drop. A range is written here before its messages are removed.
"""

import struct

from . import durable

FILE = "losses"
POWER_CUT, SPOOL_FULL, SPOOL_DAMAGED = 1, 2, 3  # the specification's "Range"

FORMAT = ">QQBq"
ROW_BYTES = 25
MAX_ROWS = 64  # beyond it, ranges that touch are joined and declared anew: the older range then shows the newer reason
_NOT_DECLARED = -1


class Losses:
    """Owns the record `losses`; rows are kept in ascending order and do not overlap."""

    def __init__(self, files, directory: str, rows: list) -> None:
        """`rows` are those that the record holds."""
        self._files = files
        self._path = directory + "/" + FILE
        self._rows = rows

    def add(self, ranges: list) -> None:
        """Note (first, last, reason) ranges and what they undo.

        Durable when it returns; known numbers are kept as they are.
        """
        for first, last, reason in ranges:
            for part_first, part_last in self._unknown_parts(first, last):
                self._rows.append((part_first, part_last, reason, _NOT_DECLARED))
            self._withdraw(first, last)
        self._rows = _joined(sorted(self._rows), False)
        if len(self._rows) > MAX_ROWS:
            self._rows = _joined(self._rows, True)
        self._store()

    def undeclared(self, limit: int, below: int) -> list:
        """At most `limit` ranges that no statement declares yet, ascending, all of numbers smaller than `below`."""
        found = [row[:3] for row in self._rows if row[3] == _NOT_DECLARED and row[1] < below]
        return found[:limit]

    def declared(self, ranges: list, sequence: int) -> None:
        """Statement `sequence`, which declares these ranges, is in the spool."""
        kept = [row for row in self._rows if row[:3] not in ranges]
        self._rows = sorted(kept + [tuple(part) + (sequence,) for part in ranges])
        self._store()

    def receipted(self, first: int, last: int) -> None:
        """The gateway has the statements first..last, and with them what they declare."""
        kept = [row for row in self._rows if not first <= row[3] <= last]
        if len(kept) < len(self._rows):
            self._rows = kept
            self._store()

    def reason(self, sequence: int) -> int:
        """Why this number is lost; 0 if it is not known to be."""
        for row in self._rows:
            if row[0] <= sequence <= row[1]:
                return row[2]
        return 0

    def _unknown_parts(self, first: int, last: int) -> list:
        """first..last without the numbers that rows already cover."""
        parts = []
        for row in self._rows:
            if row[1] < first or row[0] > last:
                continue
            if row[0] > first:
                parts.append((first, row[0] - 1))
            first = row[1] + 1
        if first <= last:
            parts.append((first, last))
        return parts

    def _withdraw(self, first: int, last: int) -> None:
        """Statements first..last are lost: what they declared is not declared any more."""
        self._rows = [row[:3] + (_NOT_DECLARED,) if first <= row[3] <= last else row for row in self._rows]

    def _store(self) -> None:
        durable.write(self._files, self._path, b"".join([struct.pack(FORMAT, *row) for row in self._rows]))


def _joined(rows: list, at_any_price: bool) -> list:
    """Ascending rows with neighbours joined that touch and are alike; `at_any_price` also those that only touch."""
    joined = []
    for row in rows:
        before = joined[-1] if joined else (0, -2)
        touches = before[1] + 1 == row[0]
        if touches and before[2:] == row[2:]:
            joined[-1] = (before[0], row[1]) + row[2:]
        elif touches and at_any_price:
            joined[-1] = (before[0], row[1], row[2], _NOT_DECLARED)
        else:
            joined.append(row)
    return joined

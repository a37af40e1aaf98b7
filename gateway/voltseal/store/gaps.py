"""What is missing of a device's statements, and whether the device declared it. Reads the store only.

Numbers count from the device's first statement (its `prev` is zero) or, where that one is not stored, from 0: then
everything before the first stored number is missing too.
"""

from __future__ import annotations

from itertools import pairwise

from voltseal.store.interface import StoreReader
from voltseal.wire import statement
from voltseal.wire.continuity import Gap, Link, find_gaps, lost_ranges
from voltseal.wire.ids import ZERO_HASH


def gaps_of(store: StoreReader, ueid: bytes) -> tuple[Gap, ...]:
    """The device's gaps, ascending, each with its reason; () while nothing is stored. WireError if an entry is damaged.

    Its cost grows with the number of gaps and of boot and loss statements, not with that of statements.
    """
    runs = store.runs_of(ueid)
    if not runs:
        return ()
    holes = [(before.last + 1, after.first - 1) for before, after in pairwise(runs)]
    first = runs[0].first
    if first and not any(
        statement.parse(entry.raw).prev == ZERO_HASH for entry in store.statements_of(ueid, first, first)
    ):
        holes.insert(0, (0, first - 1))
    if not holes:
        return ()
    lost = lost_ranges([Link.of(statement.parse(entry.raw)) for entry in store.declarations_of(ueid)])
    return tuple(gap for begin, end in holes for gap in find_gaps((), lost, begin, end))

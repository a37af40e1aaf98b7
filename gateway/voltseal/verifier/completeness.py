"""Step 8: missing numbers and contradictions, against the claim; and duplicates, which belong to step 6.

Runs decide in nearly all cases. Only where they contradict each other is every statement looked at once more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise
from typing import Final

from voltseal.evidence.bundle import Gap, GapReason, SequenceRange
from voltseal.verifier.errors import Invalid
from voltseal.verifier.runs import Run, contradictory
from voltseal.verifier.statements import STATEMENT_BYTE
from voltseal.verifier.verdict import Completeness, CompletenessFinding, Conflict, Contradiction, StatementRef
from voltseal.verifier.verification import Verification
from voltseal.wire import statement as statements
from voltseal.wire.boot import LostRange
from voltseal.wire.continuity import Continuity, Link, analyse, find_gaps, lost_ranges
from voltseal.wire.ids import StatementHash
from voltseal.wire.limits import MAX_SEQUENCE

MAX_CONFLICTS: Final = 100
"""So many are put into the verdict; the rest is counted."""


def find_duplicate(run: Verification) -> Invalid | None:
    """The fault of one statement standing at two indexes. Collects `run.links` if anything contradicts itself."""
    if not contradictory(run.tally.runs.ordered()):
        return None
    seen: dict[StatementHash, int] = {}
    for entry in run.entries():
        if entry.raw[0] == STATEMENT_BYTE:
            link = Link.of(statements.parse(entry.raw))
            if link.digest in seen:
                fault = f"entry {entry.index}: the same statement as entry {seen[link.digest]}"
                return Invalid(6, "duplicate-entry", fault)
            seen[link.digest] = entry.index
            run.links.append((entry.index, link))
    return None


def judge(run: Verification) -> CompletenessFinding:
    """The finding on the claim's numbers. Raises `Invalid` if the claim's gaps are not those of the statements."""
    claim = run.header.claim
    runs = run.tally.runs.ordered()
    lost = lost_ranges(run.tally.runs.declarations)
    computed = tuple(missing(presence(runs), lost, claim.ranges))
    if computed != claim.gaps:
        raise _gap_fault(computed, claim.gaps)
    found = analyse((link for _, link in run.links), 0, MAX_SEQUENCE)
    conflicts = list(_conflicts(found, run.links))
    return CompletenessFinding(
        result=_result(computed, contradicted=found.contradicted),
        ranges=claim.ranges,
        statements=run.tally.claimed,
        gaps=computed,
        conflicts=tuple(conflicts[:MAX_CONFLICTS]),
        conflict_count=len(conflicts),
    )


def presence(runs: Iterable[Run]) -> list[SequenceRange]:
    """The numbers that statements have, as ascending ranges that do not touch. Precondition: runs ordered by number."""
    present: list[SequenceRange] = []
    for run in runs:
        first, last = run.first.sequence, run.last.sequence
        if present and first <= present[-1][1] + 1:
            present[-1] = present[-1][0], max(present[-1][1], last)
        else:
            present.append((first, last))
    return present


def missing(
    present: Sequence[SequenceRange], lost: Sequence[LostRange], ranges: Iterable[SequenceRange]
) -> Iterator[Gap]:
    """The claim's gaps as the statements have them: maximal runs of missing numbers of one reason, range by range."""
    for first, last in ranges:
        for gap in find_gaps(_numbers(present, first, last), lost, first, last):
            yield Gap(gap.first, gap.last, GapReason(gap.reason))


def _numbers(present: Sequence[SequenceRange], first: int, last: int) -> Iterator[int]:
    place = bisect_left(present, first, key=lambda numbers: numbers[1])
    while place < len(present) and present[place][0] <= last:
        yield from range(max(present[place][0], first), min(present[place][1], last) + 1)
        place += 1


def _gap_fault(computed: Sequence[Gap], claimed: Sequence[Gap]) -> Invalid:
    for gap in computed:
        number = _first_uncovered(gap, claimed)
        if number is not None:
            return Invalid(8, "hidden-gap", f"statement {number} is missing, and the claim does not say so")
    right = set(computed)
    wrong = next((gap for gap in claimed if gap not in right), None)
    shown = "" if wrong is None else f": it says {wrong.first}..{wrong.last} {wrong.reason.value}"
    return Invalid(8, "wrong-gap", f"the claim's gaps are not those of its statements{shown}")


def _first_uncovered(gap: Gap, claimed: Sequence[Gap]) -> int | None:
    number = gap.first
    place = bisect_left(claimed, number, key=lambda one: one.last)
    while number <= gap.last:
        if place == len(claimed) or claimed[place].first > number:
            return number
        number = claimed[place].last + 1
        place += 1
    return None


def _result(gaps: Sequence[Gap], *, contradicted: bool) -> Completeness:
    if contradicted:
        return Completeness.EQUIVOCATION
    if any(gap.reason is GapReason.UNEXPLAINED for gap in gaps):
        return Completeness.GAP_UNEXPLAINED
    return Completeness.GAP_DECLARED if gaps else Completeness.COMPLETE


def _conflicts(found: Continuity, links: Sequence[tuple[int, Link]]) -> Iterator[Conflict]:
    """The contradictions with both statements of each, by kind, then by number."""
    refs = {
        link.digest: StatementRef(index, link.sequence, link.boot_count, link.digest.hex()) for index, link in links
    }
    by_number: dict[int, list[StatementRef]] = {}
    for ref in sorted(refs.values(), key=lambda ref: (ref.sequence, ref.index)):
        by_number.setdefault(ref.sequence, []).append(ref)
    before = dict(zip(islice(by_number, 1, None), by_number, strict=False))
    for double in found.equivocations:
        for first, second in pairwise(double.digests):
            yield Conflict(Contradiction.SEQUENCE, refs[first], refs[second])
    for torn in found.chain_breaks:
        yield Conflict(Contradiction.PREV, by_number[torn.sequence - 1][0], refs[torn.digest])
    for fallen in found.boot_regressions:
        earlier = by_number[before[fallen.sequence]]
        higher = next(ref for ref in earlier if ref.boot_count == fallen.earlier_boot_count)
        yield Conflict(Contradiction.BOOT_COUNT, higher, refs[fallen.digest])

"""Gaps, equivocations and breaks, against a count of every single number."""

from __future__ import annotations

import time
from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from voltseal.wire.boot import LostRange, LostReason
from voltseal.wire.continuity import UNEXPLAINED, BootRegression, ChainBreak, Equivocation, Gap, Link, analyse
from voltseal.wire.ids import StatementHash


def digest(label: object) -> StatementHash:
    return StatementHash(sha256(repr(label).encode()).digest())


def link(
    sequence: int, *, boot: int = 1, variant: int = 0, prev: object = None, lost: tuple[LostRange, ...] = ()
) -> Link:
    before = digest((sequence - 1, 0)) if prev is None else digest(prev)
    return Link(sequence, boot, digest((sequence, variant)), before, lost)


def ranges(*listed: tuple[int, int, LostReason]) -> tuple[LostRange, ...]:
    return tuple(LostRange(*one) for one in listed)


CUT, FULL, DAMAGED = LostReason.POWER_CUT, LostReason.SPOOL_FULL, LostReason.SPOOL_DAMAGED


def test_complete() -> None:
    found = analyse([link(number) for number in range(5, 40)], 5, 39)
    assert not found.gaps
    assert not found.contradicted


def test_declared_and_unexplained() -> None:
    links = [link(0), link(1), link(10, lost=ranges((2, 4, CUT), (5, 5, FULL))), link(12)]
    found = analyse(links, 0, 14)
    assert found.gaps == (
        Gap(2, 4, "power-cut"),
        Gap(5, 5, "spool-full"),
        Gap(6, 9, UNEXPLAINED),
        Gap(11, 11, UNEXPLAINED),
        Gap(13, 14, UNEXPLAINED),
    )
    assert found.unexplained == found.gaps[2:]
    assert not found.contradicted


def test_declared_from_outside_the_range() -> None:
    later = link(90, lost=ranges((3, 8, DAMAGED)))
    assert analyse([link(2)], 2, 6, declared=[later]).gaps == (Gap(3, 6, "spool-damaged"),)


def test_first_declaration_counts() -> None:
    """A later statement cannot call lost what an earlier one named otherwise; ties go by the order in the log."""
    early, late = link(20, lost=ranges((5, 9, CUT))), link(30, lost=ranges((0, 15, FULL)))
    expected = (Gap(0, 4, "spool-full"), Gap(5, 9, "power-cut"), Gap(10, 15, "spool-full"))
    assert analyse([late, early], 0, 15).gaps == expected
    twin = Link(20, 1, digest("twin"), digest((19, 0)), ranges((5, 9, DAMAGED)))
    assert analyse([twin, early], 5, 9).gaps == (Gap(5, 9, "spool-damaged"),)
    assert analyse([early, twin], 5, 9).gaps == (Gap(5, 9, "power-cut"),)


def test_touching_declarations_of_one_reason_are_one_gap() -> None:
    links = [link(9, lost=ranges((3, 4, CUT))), link(10, lost=ranges((5, 8, CUT)))]
    assert analyse(links, 3, 10).gaps == (Gap(3, 8, "power-cut"),)


def test_present_numbers_are_no_gap_though_declared() -> None:
    assert analyse([link(4), link(9, lost=ranges((3, 5, FULL)))], 3, 5).gaps == (
        Gap(3, 3, "spool-full"),
        Gap(5, 5, "spool-full"),
    )


def test_equivocation() -> None:
    links = [link(1), link(2), link(2, variant=1), link(3)]
    found = analyse([*links, links[0]], 1, 3)
    assert found.equivocations == (Equivocation(2, (digest((2, 0)), digest((2, 1)))),)
    assert not found.chain_breaks
    assert found.contradicted


def test_prev_may_name_either_twin() -> None:
    assert not analyse([link(1), link(2), link(2, variant=1), link(3, prev=(2, 1))], 1, 3).chain_breaks


def test_broken_chain() -> None:
    found = analyse([link(1), link(2, prev="other"), link(4, prev="unknown")], 1, 4)
    assert found.chain_breaks == (ChainBreak(2, digest((2, 0))),)


def test_boot_regression() -> None:
    found = analyse([link(1, boot=5), link(7, boot=3), link(9, boot=4), link(10, boot=5)], 1, 10)
    assert found.boot_regressions == (BootRegression(7, digest((7, 0)), 3, 5),)
    assert not found.chain_breaks


def test_boot_count_after_twins() -> None:
    """Of twins with different boot counts either may be the true one."""
    twins = [link(1, boot=5), link(1, boot=9, variant=1)]
    assert not analyse([*twins, link(2, boot=7)], 1, 2).boot_regressions
    assert analyse([*twins, link(2, boot=4)], 1, 2).boot_regressions == (BootRegression(2, digest((2, 0)), 4, 5),)


lost_ranges = st.builds(
    lambda first, length, reason: LostRange(first, first + length, reason),
    st.integers(0, 40), st.integers(0, 12), st.sampled_from(list(LostReason)),
)  # fmt: skip


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.lists(lost_ranges, max_size=4)), max_size=12, unique_by=lambda one: one[0]
    ),
    st.integers(0, 50),
    st.integers(0, 50),
)
def test_gaps_number_by_number(statements: list[tuple[int, list[LostRange]]], first: int, length: int) -> None:
    last = first + length
    links = [link(number, lost=tuple(lost)) for number, lost in statements]
    expected: list[Gap] = []
    for number in range(first, last + 1):
        if any(one.sequence == number for one in links):
            continue
        declared = [
            (one.sequence, at, item)
            for one in links
            for at, item in enumerate(one.lost)
            if item.first <= number <= item.last
        ]
        declared.sort(key=lambda entry: entry[:2])
        reason = declared[0][2].reason.label if declared else UNEXPLAINED
        if expected and expected[-1].last == number - 1 and expected[-1].reason == reason:
            expected[-1] = Gap(expected[-1].first, number, reason)
        else:
            expected.append(Gap(number, number, reason))
    assert list(analyse(links, first, last).gaps) == expected


def test_wide_gaps_and_many_statements_are_quick() -> None:
    """The width of a gap costs nothing; 50,000 statements with ranges take a moment."""
    assert analyse([], 0, (1 << 48) - 1).gaps == (Gap(0, (1 << 48) - 1, UNEXPLAINED),)
    links = [link(3 * number, lost=ranges((3 * number - 2, 3 * number - 2, CUT))) for number in range(1, 50_001)]
    begun = time.perf_counter()
    found = analyse(links, 0, 150_000)
    assert time.perf_counter() - begun < 5
    assert len(found.gaps) == 100_001

"""Gaps of a device, from the stored runs and what boot and loss statements declare."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway_ingest import Ingest

from voltseal.store.gaps import gaps_of


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    return Ingest(tmp_path)


def gaps(ingest: Ingest) -> list[tuple[int, int, str]]:
    return [(gap.first, gap.last, gap.reason) for gap in gaps_of(ingest.store, ingest.device.ueid)]


def test_nothing_stored_has_no_gaps(ingest: Ingest) -> None:
    assert gaps(ingest) == []


def test_a_whole_life_has_no_gaps(ingest: Ingest) -> None:
    ingest.commit(ingest.device.messages(5, ingest.xy))
    assert gaps(ingest) == []


def test_a_missing_beginning_is_a_gap_but_a_late_first_number_is_not(ingest: Ingest) -> None:
    messages = ingest.device.messages(5, ingest.xy)
    ingest.commit(messages[2:])
    assert gaps(ingest) == [(0, 1, "unexplained")]
    late = ingest.another()
    late.next_sequence = 64
    ingest.commit(late.messages(3, ingest.xy))
    assert gaps_of(ingest.store, late.ueid) == ()


def test_declared_and_unexplained_numbers_are_told_apart(ingest: Ingest) -> None:
    device = ingest.device
    first = device.messages(4, ingest.xy)
    device.next_sequence = 10
    boot = device.boot_message(ingest.xy, lost=[(4, 6, 1), (8, 8, 2)])
    ingest.commit([*first, boot])
    assert gaps(ingest) == [(4, 6, "power-cut"), (7, 7, "unexplained"), (8, 8, "spool-full"), (9, 9, "unexplained")]

"""What is exported from a store verifies, and says what was asked for."""

from __future__ import annotations

import pytest
from tests.unit.gateway.evidence.conftest import Fill
from tests.vectors.maker.bundle_case import Scene
from tests.vectors.maker.bundle_keys import rotated
from tests.vectors.maker.bundle_world import STEP_MS, trust_text
from tests.vectors.maker.cast import DEVICE_UEID, ORIGIN, STATED_MS

from voltseal.evidence.errors import CommitmentMismatchError, ExportError
from voltseal.evidence.export import Evidence, numbers_of_leaves, prepare
from voltseal.evidence.selection import Numbers, SoFar, Times, choose_fields
from voltseal.verifier import Completeness, Verdict, parse_trust, verify
from voltseal.wire.ids import Ueid

UEID = Ueid(DEVICE_UEID)
TRUST = parse_trust(trust_text())


def text(evidence: Evidence) -> bytes:
    pieces: list[bytes] = []
    evidence.write(pieces.append)
    return b"".join(pieces)


def verdict_on(evidence: Evidence) -> Verdict:
    return verify(text(evidence), TRUST)


def test_everything_so_far_is_what_the_vectors_hold(fill: Fill, played: Scene) -> None:
    evidence = prepare(fill(played.world), ORIGIN, UEID, SoFar())
    made = text(evidence).splitlines()
    expected = played.whole().text().encode().splitlines()
    assert [a for a, b in zip(made, expected, strict=True) if a != b] == [made[2], made[-1]]  # made_by and digest
    verdict = verify(text(evidence), TRUST)
    assert verdict.completeness.result is Completeness.GAP_UNEXPLAINED
    assert [gap.to_json() for gap in verdict.completeness.gaps] == played.whole().claim["gaps"]
    assert verdict.anchors[0].strength == "weak"


@pytest.mark.parametrize(
    ("ranges", "result", "statements"),
    [
        (((3, 3),), Completeness.COMPLETE, 1),
        (((4, 4), (1, 2), (2, 3)), Completeness.COMPLETE, 4),
        (((0, 4), (9, 11)), Completeness.COMPLETE, 8),
        (((3, 6),), Completeness.GAP_DECLARED, 2),
        (((6, 9),), Completeness.GAP_DECLARED, 2),
        (((13, 15),), Completeness.GAP_DECLARED, 1),
        (((11, 13),), Completeness.GAP_UNEXPLAINED, 2),
        (((17, 19),), Completeness.GAP_UNEXPLAINED, 1),
    ],
)
def test_numbers(
    fill: Fill, played: Scene, ranges: tuple[tuple[int, int], ...], result: Completeness, statements: int
) -> None:
    found = verdict_on(prepare(fill(played.world), ORIGIN, UEID, Numbers(ranges))).completeness
    assert (found.result, found.statements) == (result, statements)


def test_a_period_is_from_its_first_to_its_last_statement(fill: Fill, played: Scene) -> None:
    period = Times(STATED_MS + 2 * STEP_MS, STATED_MS + 10 * STEP_MS)
    verdict = verdict_on(prepare(fill(played.world), ORIGIN, UEID, period))
    assert verdict.completeness.ranges == ((2, 10),)
    assert verdict.completeness.result is Completeness.GAP_DECLARED


def test_evidence_that_no_verifier_would_take_is_not_made(fill: Fill) -> None:
    """The first key was revoked, and said one more thing at the very time from which that counts."""
    world, _, _ = rotated(late_ms=0)
    store = fill(world)
    with pytest.raises(ExportError, match=r"statement 3 \(leaf 6\) would make the evidence invalid") as caught:
        prepare(store, ORIGIN, UEID, SoFar())
    assert "--to" in str(caught.value.hint)
    assert verdict_on(prepare(store, ORIGIN, UEID, Numbers(((0, 2),)))).completeness.statements == 3
    just_before, _, _ = rotated(late_ms=-1)
    verdict_on(prepare(fill(just_before), ORIGIN, UEID, SoFar()))


def test_leaves_name_their_statements(fill: Fill, played: Scene) -> None:
    store = fill(played.world)
    ueid, numbers = numbers_of_leaves(store, [played.index(9), played.index(3)])
    assert (ueid, sorted(numbers.ranges)) == (UEID, [(3, 3), (9, 9)])
    for leaves, words in (([0], "registry event"), ([99], "no leaf 99"), ([4, 5], "one device")):
        with pytest.raises(ExportError, match=words):
            numbers_of_leaves(store, leaves)


def test_only_the_fields_asked_for_are_shown(fill: Fill, played: Scene) -> None:
    fields = choose_fields(["soc", "cell_01"])
    verdict = verdict_on(prepare(fill(played.world), ORIGIN, UEID, Numbers(((1, 4),)), fields))
    assert [column.name for column in verdict.disclosure.shown] == ["time_offset_ms", "soc_permille", "cell_01_mv"]
    assert verdict.disclosure.partial == 4
    none = verdict_on(prepare(fill(played.world), ORIGIN, UEID, Numbers(((1, 4),)), frozenset()))
    assert (none.disclosure.none, none.disclosure.shown) == (4, ())


def test_a_misspelt_field_is_refused_with_the_nearest() -> None:
    with pytest.raises(ExportError) as caught:
        choose_fields(["socks"])
    assert caught.value.hint == "did you mean 'soc'?"
    assert len(choose_fields(["cell", "temp"])) == 1 + 16 + 4


def test_names_that_people_use_mean_the_fields_that_tell_it() -> None:
    assert choose_fields(["soc", "soh", "cycles"]) == {
        "time_offset_ms",
        "soc_permille",
        "full_capacity_mah",
        "cycle_count",
    }


def test_erased_columns_stay_hidden_and_everything_else_still_verifies(fill: Fill, played: Scene) -> None:
    store = fill(played.world)
    before = verdict_on(prepare(store, ORIGIN, UEID, SoFar()))
    store.connection.execute("DELETE FROM disclosures WHERE leaf_index = ?", (played.index(2),))
    after = verdict_on(prepare(store, ORIGIN, UEID, SoFar()))
    assert (before.disclosure.full, after.disclosure.full, after.disclosure.none) == (9, 8, 1)
    assert after.completeness == before.completeness


def test_damaged_columns_are_noticed_before_they_are_sent(fill: Fill, played: Scene) -> None:
    store = fill(played.world)
    store.connection.execute("UPDATE disclosures SET seed = zeroblob(16) WHERE leaf_index = ?", (played.index(2),))
    with pytest.raises(CommitmentMismatchError):
        text(prepare(store, ORIGIN, UEID, Numbers(((2, 2),))))


def test_the_newest_anchored_checkpoint_that_covers_all(fill: Fill, played: Scene) -> None:
    store = fill(played.world, {10: True, 14: True, 20: False})
    sizes = {
        numbers: prepare(store, ORIGIN, UEID, Numbers((numbers,))).checkpoint.checkpoint.tree_size
        for numbers in ((1, 1), (9, 9), (13, 13))
    }
    assert sizes == {(1, 1): 14, (9, 9): 14, (13, 13): 20}
    with pytest.raises(ExportError, match="not under a checkpoint yet"):
        prepare(fill(played.world, {10: True}), ORIGIN, UEID, Numbers(((17, 17),)))


def test_so_far_ends_where_the_anchored_checkpoint_does(fill: Fill, played: Scene) -> None:
    verdict = verdict_on(prepare(fill(played.world, {10: True, 20: False}), ORIGIN, UEID, SoFar()))
    assert verdict.completeness.ranges == ((0, 3),)
    assert verdict.anchors


def test_a_revocation_after_the_statements_is_not_left_out(fill: Fill) -> None:
    world, first, _ = rotated()
    store = fill(world, {4: True, len(world.leaves): False})
    verdict = verdict_on(prepare(store, ORIGIN, Ueid(first.ueid), Numbers(((0, 1),))))
    assert verdict.inclusion.tree_size == len(world.leaves)
    assert verdict.keys[0].revoked_from_ms is not None


def test_equivocating_statements_are_both_exported(fill: Fill, played: Scene) -> None:
    double = played.device
    double.sequence, double.boot_count, double.prev = 10, 2, played.world_prev(9)
    played.world.add(double.ueid, double.telemetry(5))
    found = verdict_on(prepare(fill(played.world), ORIGIN, UEID, Numbers(((10, 10),)))).completeness
    assert (found.result, found.statements) == (Completeness.EQUIVOCATION, 2)


def test_what_is_not_there_is_said(fill: Fill, played: Scene) -> None:
    store = fill(played.world)
    for selection in (Numbers(((12, 12),)), Numbers(((500, 600),)), Times(0, 1), SoFar(500)):
        with pytest.raises(ExportError):
            prepare(store, ORIGIN, UEID, selection)
    with pytest.raises(ExportError, match="was ever enrolled"):
        prepare(store, ORIGIN, Ueid(b"\x01" + bytes(16)), SoFar())
    for ranges in ((), ((5, 4),), ((0, 2**48),)):
        with pytest.raises(ExportError):
            prepare(store, ORIGIN, UEID, Numbers(ranges))


@pytest.mark.parametrize("old_size", [12, 13, 16])
def test_the_newest_checkpoint_is_added_where_asked(fill: Fill, played: Scene, old_size: int) -> None:
    size = len(played.world.leaves)
    store = fill(played.world, {old_size: True, size: False})
    assert verdict_on(prepare(store, ORIGIN, UEID, Numbers(((0, 4),)))).inclusion.newer is None
    found = verdict_on(prepare(store, ORIGIN, UEID, Numbers(((0, 4),)), newer=True)).inclusion
    assert found.newer is not None
    assert (found.tree_size, found.newer.tree_size) == (old_size, size)
    assert found.newer.root_hash == played.world.root.hex()


def test_the_newest_checkpoint_may_be_the_bundles_own(fill: Fill, played: Scene) -> None:
    evidence = prepare(fill(played.world), ORIGIN, UEID, SoFar(), newer=True)
    found = verdict_on(evidence).inclusion
    assert found.newer is not None
    assert found.newer.root_hash == found.root_hash

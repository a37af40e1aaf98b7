"""Pictures: gaps lie where they belong, curves break at them, and a lying clock draws no nonsense."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests.unit.gateway.verifier.conftest import bundle_of, trust_of

from voltseal.evidence.bundle import Gap, GapReason
from voltseal.report.axis import CELLS, Axis
from voltseal.report.document import CURVES, INKS, Box, Label, Line, Picture, Tone
from voltseal.report.outcome import Verified, examine
from voltseal.report.plots import WIDTH, Series, cell_tones, plot, timeline
from voltseal.report.samples import Curve, GapPlace, Neighbour, Samples

T = 1_750_000_000_000


def found_in(tmp_path: Path, name: str) -> Samples:
    path = tmp_path / "b.json"
    path.write_bytes(bundle_of(name))
    found = examine(path, trust_of("full"), beside=False)
    assert isinstance(found, Verified)
    return found.samples


def samples_with(*places: GapPlace) -> Samples:
    """An axis of 480 s, so that a cell is a second."""
    return Samples(Axis(True, T, T + 479_999), list(places))


def place(
    before_s: int | None, after_s: int | None, reason: GapReason = GapReason.UNEXPLAINED, *, known: bool = True
) -> GapPlace:
    ends = [None if s is None else Neighbour(1, T + s * 1000 if known else None) for s in (before_s, after_s)]
    return GapPlace(Gap(2, 3, reason), *ends)


def marked(samples: Samples) -> dict[Tone, list[int]]:
    tones = cell_tones(samples)
    return {tone: [cell for cell in range(CELLS) if tones[cell] is tone] for tone in set(tones) if tone is not None}


def test_gaps_of_a_bundle_lie_between_their_neighbours(tmp_path: Path) -> None:
    samples = found_in(tmp_path, "whole-life")
    tones = cell_tones(samples)
    for gap, tone in zip(samples.gaps, (Tone.CAUTION, Tone.BAD, Tone.CAUTION), strict=True):
        assert gap.before is not None
        assert gap.after is not None
        assert (gap.before.sequence, gap.after.sequence) == (gap.gap.first - 1, gap.gap.last + 1)
        assert gap.before.time_ms is not None
        assert gap.after.time_ms is not None
        between = range(samples.axis.cell(gap.before.time_ms) + 1, samples.axis.cell(gap.after.time_ms))
        assert len(between) > 10
        assert {tones[cell] for cell in between} == {tone}
    assert sum(tone is not None for tone in tones) < CELLS


@pytest.mark.parametrize(
    ("gap", "cells"),
    [
        (place(10, 20), list(range(11, 20))),
        (place(10, 11), [11]),
        (place(10, 10), [10]),
        (place(None, 5), [5]),
        (place(5, None), [5]),
        (place(None, None), [0]),
        (place(3, 5, known=False), [0]),
        (place(400, 100), [250]),  # a clock that ran backwards: some one place, not half the picture
    ],
)
def test_a_gap_takes_the_cells_between_its_neighbours_or_one(gap: GapPlace, cells: list[int]) -> None:
    assert marked(samples_with(gap)) == {Tone.BAD: cells}


def test_an_unexplained_gap_is_never_painted_over() -> None:
    declared = place(0, 100, GapReason.POWER_CUT)
    for order in ((place(10, 20), declared), (declared, place(10, 20))):
        assert marked(samples_with(*order))[Tone.BAD] == list(range(11, 20))


def test_numbers_place_gaps_where_there_is_no_clock() -> None:
    samples = Samples(Axis(False, 0, 7), [place(None, None)])
    assert marked(samples) == {Tone.BAD: list(range(120, 240))}, "numbers 2 and 3 of eight"


def boxes(picture: Picture, colour: str) -> list[Box]:
    return [shape for shape in picture.shapes if isinstance(shape, Box) and shape.colour == colour]


def test_the_time_line_draws_gaps_and_statements() -> None:
    samples = samples_with(place(10, 20), place(100, 102, GapReason.SPOOL_FULL))
    samples.heard[10] = samples.heard[20] = True
    picture = timeline(samples, "words")
    (red,) = boxes(picture, INKS[Tone.BAD])
    (orange,) = boxes(picture, INKS[Tone.CAUTION])
    assert red.width == pytest.approx(9 * (WIDTH - 58) / CELLS)
    assert orange.width == 2.0, "one cell is too narrow to be seen"
    assert orange.x > red.x + red.width
    assert len(boxes(picture, "#2f4a5e")) == 2
    assert picture.description == "words"


def test_curves_break_at_gaps_and_keep_their_order() -> None:
    samples, curve = samples_with(place(10, 20)), Curve()
    for cell, value in ((1, 100), (5, 140), (5, 120), (10, 130), (20, 50), (30, 60)):
        curve.add(cell, value)
    picture = plot(samples, [Series("a", curve)], 3, "words")
    strokes = [shape.points for shape in picture.shapes if isinstance(shape, Line) and shape.colour == CURVES[0]]
    assert [len(points) for points in strokes] == [4, 2]
    assert all(before[0] <= after[0] for points in strokes for before, after in pairwise(points))
    assert strokes[0][-1][0] < strokes[1][0][0]
    heights = [y for points in strokes for _, y in points]
    assert strokes[0][1][1] > strokes[0][2][1], "of two readings in a cell the one nearer to the stroke's end is first"
    assert max(heights) == strokes[1][0][1], "the least value is lowest on the page"
    assert {shape.text for shape in picture.shapes if isinstance(shape, Label)} >= {"0.1", "0.06"}

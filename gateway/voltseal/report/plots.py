"""Pictures: the time line with its gaps, curves of disclosed columns, and the QR code. Pure; positions in points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import segno

from voltseal.evidence.bundle import GapReason
from voltseal.report.axis import CELLS, Axis, value_ticks
from voltseal.report.document import CURVES, INKS, PAPERS, Box, Label, Line, Picture, Shape, Tone
from voltseal.report.samples import Curve, GapPlace, Neighbour, Samples

WIDTH: Final = 480.0
_LEFT, _RIGHT = 48.0, 10.0
_PLOT_HEIGHT, _STRIP_HEIGHT = 96.0, 16.0
_GRID, _HEARD = "#d5dae0", "#2f4a5e"
_MODULE: Final = 2.6  # of the QR code: 0.9 mm, which a phone reads from paper
_QUIET_MODULES: Final = 4


@dataclass(frozen=True, slots=True)
class Series:
    """One curve of a plot and its name in the legend."""

    name: str
    curve: Curve


def cell_tones(samples: Samples) -> list[Tone | None]:
    """For each cell of the axis the loudest gap in it: BAD unexplained, CAUTION declared, None where there is none."""
    tones: list[Tone | None] = [None] * CELLS
    for place in samples.gaps:
        tone = Tone.BAD if place.gap.reason is GapReason.UNEXPLAINED else Tone.CAUTION
        for cell in _cells_of(samples.axis, place):
            if tones[cell] is not Tone.BAD:
                tones[cell] = tone
    return tones


def _cells_of(axis: Axis, place: GapPlace) -> range:
    """From just after the statement before the gap to just before the one after it; at least one cell."""
    if not axis.is_time:
        return axis.cells(place.gap.first, place.gap.last)
    begin, end = _cell_of(axis, place.before), _cell_of(axis, place.after)
    begin = begin if begin is not None else (end if end is not None else 0)
    end = end if end is not None else begin
    if begin + 1 < end:
        return range(begin + 1, end)
    middle = (begin + end + 1) // 2
    return range(middle, middle + 1)


def _cell_of(axis: Axis, neighbour: Neighbour | None) -> int | None:
    if neighbour is None or neighbour.time_ms is None:
        return None
    return axis.cell(neighbour.time_ms)


def timeline(samples: Samples, description: str) -> Picture:
    """A strip with the gaps, and a narrower one over it where statements are: both show where they share a cell."""
    top = 4.0
    shapes: list[Shape] = [Box(_LEFT, top, WIDTH - _LEFT - _RIGHT, _STRIP_HEIGHT, PAPERS[Tone.PLAIN])]
    heard: list[str | None] = [_HEARD if one else None for one in samples.heard]
    shapes += _strip(_inks(cell_tones(samples)), top, _STRIP_HEIGHT, least_width=2.0)
    shapes += _strip(heard, top + 5, _STRIP_HEIGHT - 10, least_width=1.2)
    bottom = top + _STRIP_HEIGHT
    shapes += _axis_marks(samples.axis, bottom, bottom)
    return Picture(WIDTH, bottom + 14, tuple(shapes), description)


def plot(samples: Samples, series: Sequence[Series], decimals: int, description: str) -> Picture:
    """Curves over the axis, with the gaps as bands. Precondition: each of the curves has a value."""
    legend = _legend(series)
    top = 6.0 + (legend[-1].y if legend else 0.0)
    bottom = top + _PLOT_HEIGHT
    least = min(value for one in series for value in one.curve.least if value is not None)
    most = max(value for one in series for value in one.curve.most if value is not None)
    margin = max(1, (most - least) // 12)
    least, most = least - margin, most + margin
    shapes: list[Shape] = [*legend]
    tones = cell_tones(samples)
    shapes += _strip(_papers(tones), top, _PLOT_HEIGHT, least_width=2.0)
    for tick in value_ticks(least, most, decimals):
        y = _height(tick.value, least, most, bottom)
        shapes += [Line(((_LEFT, y), (WIDTH - _RIGHT, y)), _GRID, 0.5), Label(_LEFT - 4, y + 2.5, tick.text, "end")]
    shapes += _axis_marks(samples.axis, top, bottom)
    for number, one in enumerate(series):
        colour = CURVES[number % len(CURVES)]
        for points in _strokes(one.curve, tones, least, most, bottom):
            shapes.append(Line(points, colour))
    shapes.append(Line(((_LEFT, top), (_LEFT, bottom), (WIDTH - _RIGHT, bottom)), INKS[Tone.QUIET], 0.6))
    return Picture(WIDTH, bottom + 14, tuple(shapes), description)


def qr_code(text: str, description: str) -> Picture:
    """The QR code of `text` (error correction M, a mask chosen by the standard's rule: same text, same picture)."""
    matrix = segno.make_qr(text, error="m", boost_error=False).matrix
    side = (len(matrix) + 2 * _QUIET_MODULES) * _MODULE
    shapes: list[Shape] = [Box(0, 0, side, side, "#ffffff")]
    for row, modules in enumerate(matrix):
        for first, last in _runs([bool(module) or None for module in modules]):
            x, y = ((place + _QUIET_MODULES) * _MODULE for place in (first, row))
            shapes.append(Box(x, y, (last - first + 1) * _MODULE, _MODULE, "#000000"))
    return Picture(side, side, tuple(shapes), description)


def _left_of(cell: int) -> float:
    return _LEFT + cell * (WIDTH - _LEFT - _RIGHT) / CELLS


def _height(value: int, least: int, most: int, bottom: float) -> float:
    return bottom - (value - least) * _PLOT_HEIGHT / (most - least)


def _inks(tones: Sequence[Tone | None]) -> list[str | None]:
    return [None if tone is None else INKS[tone] for tone in tones]


def _papers(tones: Sequence[Tone | None]) -> list[str | None]:
    return [None if tone is None else PAPERS[tone] for tone in tones]


def _runs(marks: Sequence[object | None]) -> Iterator[tuple[int, int]]:
    """First and last place of each maximal run of equal marks that are not None."""
    begin = 0
    for place in range(1, len(marks) + 1):
        if place == len(marks) or marks[place] != marks[begin]:
            if marks[begin] is not None:
                yield begin, place - 1
            begin = place


def _strip(colours: Sequence[str | None], top: float, height: float, *, least_width: float) -> Iterator[Box]:
    """A box for each run of one colour: never so narrow that it gets lost in print."""
    for first, last in _runs(colours):
        left, right = _left_of(first), _left_of(last + 1)
        missing = max(0.0, least_width - (right - left))
        yield Box(left - missing / 2, top, right - left + missing, height, str(colours[first]))


def _axis_marks(axis: Axis, top: float, bottom: float) -> Iterator[Shape]:
    """Marks and their texts below the axis; a text that would touch the one before it is left out."""
    reached = 0.0
    for tick in axis.ticks():
        x = (_left_of(axis.cell(tick.value)) + _left_of(axis.cell(tick.value) + 1)) / 2
        if bottom > top:
            yield Line(((x, top), (x, bottom)), _GRID, 0.5)
        yield Line(((x, bottom), (x, bottom + 2.5)), INKS[Tone.QUIET], 0.6)
        half = len(tick.text) * 2.1
        x = min(x, WIDTH - half)
        if x - half >= reached:
            yield Label(x, bottom + 10.5, tick.text, "middle")
            reached = x + half + 6


def _legend(series: Sequence[Series]) -> list[Label]:
    """Names in the curves' colours, four to a row; none for a single curve, which the caption names."""
    if len(series) == 1:
        return []
    width = (WIDTH - _LEFT - _RIGHT) / 4
    return [
        Label(_LEFT + number % 4 * width, 8 + number // 4 * 9, one.name, "start", CURVES[number % len(CURVES)], 7)
        for number, one in enumerate(series)
    ]


def _strokes(
    curve: Curve, tones: Sequence[Tone | None], least: int, most: int, bottom: float
) -> Iterator[tuple[tuple[float, float], ...]]:
    """Lines from cell to cell, upright within a cell from its least to its greatest value; broken at gaps."""
    points: list[tuple[float, float]] = []
    for cell, (low, high) in enumerate(zip(curve.least, curve.most, strict=True)):
        if tones[cell] is not None and points:
            yield _drawable(points)
            points = []
        if low is not None and high is not None:
            x = (_left_of(cell) + _left_of(cell + 1)) / 2
            ends = [(x, _height(low, least, most, bottom)), (x, _height(high, least, most, bottom))]
            if points and abs(points[-1][1] - ends[1][1]) < abs(points[-1][1] - ends[0][1]):
                ends.reverse()  # the nearer end first: no slanting lines between dense readings
            points += ends if high != low else ends[:1]
    if points:
        yield _drawable(points)


def _drawable(points: list[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """A single point becomes a short dash."""
    if len(points) > 1:
        return tuple(points)
    ((x, y),) = points
    return (x - 1.5, y), (x + 1.5, y)

"""What a report consists of, whatever it is drawn as. Plain values; texts are unescaped, and may come from strangers.

Pictures are shapes on a plane whose origin is the upper left corner, y downwards, in points (1/72 inch).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Tone(StrEnum):
    """How loudly something is said; each is one colour. The words must say the same: colours may get lost in print."""

    PLAIN = "plain"
    QUIET = "quiet"
    GOOD = "good"
    CAUTION = "caution"
    BAD = "bad"


INKS: dict[Tone, str] = {
    Tone.PLAIN: "#1a1f24",
    Tone.QUIET: "#5b6570",
    Tone.GOOD: "#1b6e3c",
    Tone.CAUTION: "#a85b00",
    Tone.BAD: "#b3141d",
}
PAPERS: dict[Tone, str] = {
    Tone.PLAIN: "#f4f6f8",
    Tone.QUIET: "#f4f6f8",
    Tone.GOOD: "#e4f3ea",
    Tone.CAUTION: "#fdf0dc",
    Tone.BAD: "#fbe3e4",
}
CURVES: tuple[str, ...] = (
    "#0b62a4", "#c2570c", "#1b7a4b", "#8e3aa8", "#a07800", "#0e8a93", "#b8336a", "#4d5a66",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A polyline through `points`, of at least two."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 0.9


@dataclass(frozen=True, slots=True)
class Box:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: str


@dataclass(frozen=True, slots=True)
class Label:
    """One line of text whose baseline begins, has its middle, or ends at (x, y)."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    colour: str = INKS[Tone.QUIET]
    size: float = 7.5


Shape: TypeAlias = Line | Box | Label


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes, drawn in their order, and what they show, for those who cannot see them."""

    width: float
    height: float
    shapes: tuple[Shape, ...]
    description: str


@dataclass(frozen=True, slots=True)
class Heading:
    """Begins a section."""

    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Banner:
    """The one thing that a reader must not miss, in large letters."""

    title: str
    text: str
    tone: Tone


@dataclass(frozen=True, slots=True)
class Fact:
    """One row of `Facts`. `exact`: identifiers, which are set so that they can be compared letter by letter."""

    label: str
    text: str
    tone: Tone = Tone.PLAIN
    exact: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels and what they say, with a picture beside them if there is one."""

    rows: tuple[Fact, ...]
    beside: Picture | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """Columns from `numbers_from` on hold numbers. Every row has as many cells as the header."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers_from: int = 99


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list."""

    items: tuple[str, ...]
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture with words below it."""

    picture: Picture
    caption: str


Block: TypeAlias = Heading | Paragraph | Banner | Facts | Table | Bullets | Figure


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report. `running` stands on every page with the page's number: `page` has places for {page}, {pages}."""

    language: str
    title: str
    running: str
    running_tone: Tone
    page: str
    blocks: tuple[Block, ...]

"""How paragraphs and tables look in a PDF. Lines may break anywhere Chinese allows, and within long identifiers."""

from __future__ import annotations

from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.platypus import TableStyle

from voltseal.report.document import INKS, Tone
from voltseal.report.pdf_text import EXACT, LATIN

_RULE: Final = HexColor("#d5dae0")


def _style(name: str, size: float, **more: Any) -> ParagraphStyle:
    look: dict[str, Any] = {"fontName": LATIN, "leading": size * 1.4, "splitLongWords": 1} | more
    return ParagraphStyle(name, fontSize=size, textColor=HexColor(INKS[look.pop("tone", Tone.PLAIN)]), **look)


TITLE: Final = _style("title", 15, spaceAfter=8)
HEADING: Final = _style("heading", 12, spaceBefore=13, spaceAfter=5)
BANNER: Final = _style("banner", 22)
BODY: Final = _style("body", 9.5, spaceAfter=4)
CAPTION: Final = _style("caption", 8, tone=Tone.QUIET, spaceAfter=8)
LABEL: Final = _style("label", 8, tone=Tone.QUIET)
CELL: Final = _style("cell", 8)
NUMBER: Final = _style("number", 8, alignment=TA_RIGHT)
NUMBER_LABEL: Final = _style("number-label", 8, tone=Tone.QUIET, alignment=TA_RIGHT)
EXACT_CELL: Final = _style("exact", 8, fontName=EXACT)

TABLE_GRID: Final = TableStyle([
    ("VALIGN", (0, 0), (-1, -1), "TOP"),
    ("LINEBELOW", (0, 0), (-1, -1), 0.5, _RULE),
    ("LEFTPADDING", (0, 0), (-1, -1), 0),
    ("RIGHTPADDING", (0, 0), (-1, -1), 7),
    ("TOPPADDING", (0, 0), (-1, -1), 2),
    ("BOTTOMPADDING", (0, 0), (-1, -1), 3),
])  # fmt: skip
FACTS_GRID: Final = TABLE_GRID


def in_tone(style: ParagraphStyle, tone: Tone, **more: Any) -> ParagraphStyle:
    """The same style, as loud as `tone`."""
    if tone is Tone.PLAIN and not more:
        return style
    return ParagraphStyle(f"{style.name}-{tone.value}", style, textColor=HexColor(INKS[tone]), **more)

"""A document as PDF, A4, by ReportLab. Same document, same bytes: no dates, and an identifier made from the content.

Whatever is set goes through `pdf_text.markup`, which escapes it: ReportLab reads paragraphs as markup, with images and
links, and a stranger's text must not be any.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from hashlib import md5
from io import BytesIO
from itertools import chain, repeat
from typing import Any, Final

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.pdfdoc import PDFDictionary, PDFInfo, PDFString
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import BaseDocTemplate, CondPageBreak, Flowable, Frame, KeepTogether, PageTemplate, Spacer
from reportlab.platypus import Paragraph as Text
from reportlab.platypus import Table as Grid

from voltseal.report.document import (
    INKS,
    PAPERS,
    Banner,
    Block,
    Bullets,
    Document,
    Fact,
    Facts,
    Figure,
    Heading,
    Paragraph,
    Table,
    Tone,
)
from voltseal.report.pdf_drawing import Drawing, put_text
from voltseal.report.pdf_styles import (
    BANNER,
    BODY,
    CAPTION,
    CELL,
    EXACT_CELL,
    FACTS_GRID,
    HEADING,
    LABEL,
    NUMBER,
    NUMBER_LABEL,
    TABLE_GRID,
    TITLE,
    in_tone,
)
from voltseal.report.pdf_text import CHINESE, EXACT, markup

_MARGIN: Final = 51.0
_TEXT_WIDTH: Final = A4[0] - 2 * _MARGIN
_LABEL_WIDTH: Final = 112.0
_SHORT_ROWS: Final = 8  # a table with no more is not torn apart
_WIDEST: Final = 34
_AFTER_HEADING: Final = 190.0  # so much of a section at least stays with its heading
_LANGUAGES: Final = {"en": "en", "zh": "zh-Hans"}


def render(document: Document) -> bytes:
    """The whole file. Set twice: only then is it known how many pages there are."""
    pdfmetrics.registerFont(UnicodeCIDFont(CHINESE))
    _, pages = _set(document, 0)
    return _set(document, pages)[0]


def _set(document: Document, pages: int) -> tuple[bytes, int]:
    """The file with `pages` as the total, and how many it has."""
    output = BytesIO()
    template = BaseDocTemplate(
        output,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=document.title,
        subject=document.running,
        author="voltseal",
        creator="voltseal",
        invariant=1,
        pageCompression=1,
        lang=_LANGUAGES[document.language],
    )
    frame = Frame(_MARGIN, _MARGIN, _TEXT_WIDTH, A4[1] - 2 * _MARGIN, 0, 0, 0, 0)
    template.addPageTemplates(PageTemplate(frames=[frame], onPage=_running(document, pages)))
    story: list[Flowable] = [Text(markup(document.title), TITLE)]
    story += [flowable for block in document.blocks for flowable in _block(block)]
    template.build(story, canvasmaker=_UndatedCanvas)
    return output.getvalue(), template.page


class _UndatedInfo(PDFInfo):
    """What a PDF says of itself, without the dates, which would be false."""

    def format(self, document: Any) -> bytes:
        names = {"Title": self.title, "Author": self.author, "Subject": self.subject, "Creator": self.creator}
        formatted: bytes = PDFDictionary({name: PDFString(text) for name, text in names.items()}).format(document)
        return formatted


class _UndatedCanvas(Canvas):
    """ReportLab begins a file's identifier with a time, fixed or from the environment; ours is of the content only."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        document: Any = self._doc  # type: ignore[attr-defined]  # ReportLab has no public way to its file's parts
        document.signature, document.info = md5(usedforsecurity=False), _UndatedInfo()


def _running(document: Document, pages: int) -> Callable[[Canvas, BaseDocTemplate], None]:
    """What stands on every page: a single page, taken out, must not say more than the whole."""

    def draw(canvas: Canvas, template: BaseDocTemplate) -> None:
        canvas.saveState()
        canvas.setFillColor(HexColor(INKS[document.running_tone]))
        y = A4[1] - 32
        put_text(canvas, (_MARGIN, y), document.running, 7.5, "start")
        page = document.page.format(page=template.page, pages=pages)
        canvas.setFillColor(HexColor(INKS[Tone.QUIET]))
        put_text(canvas, (A4[0] - _MARGIN, 28), page, 7.5, "end")
        canvas.setStrokeColor(HexColor(INKS[document.running_tone]))
        canvas.setLineWidth(2)
        canvas.line(_MARGIN, y - 5, A4[0] - _MARGIN, y - 5)
        canvas.restoreState()

    return draw


def _block(block: Block) -> Iterator[Flowable]:
    match block:
        case Heading(text):
            yield CondPageBreak(_AFTER_HEADING)
            yield Text(markup(text), HEADING)
        case Paragraph(text, tone):
            yield Text(markup(text), in_tone(BODY, tone))
        case Banner():
            yield _banner(block)
        case Bullets(items, tone):
            for item in items:
                yield Text(f"<bullet>•</bullet>{markup(item)}", in_tone(BODY, tone, leftIndent=12))
        case Facts(rows, beside):
            yield KeepTogether([_facts(rows, None if beside is None else Drawing(beside)), Spacer(1, 6)])
        case Table():
            grid = _table(block)
            yield KeepTogether([grid]) if len(block.rows) <= _SHORT_ROWS else grid
            yield Spacer(1, 6)
        case Figure(picture, caption):
            yield KeepTogether([Drawing(picture), Text(markup(caption), CAPTION)])


def _banner(banner: Banner) -> Flowable:
    title, body = Text(markup(banner.title), in_tone(BANNER, banner.tone)), Text(markup(banner.text), BODY)
    grid = Grid([[title], [body]], colWidths=[_TEXT_WIDTH], hAlign="LEFT")
    grid.setStyle([
        ("BACKGROUND", (0, 0), (-1, -1), HexColor(PAPERS[banner.tone])),
        ("LINEBEFORE", (0, 0), (0, -1), 7, HexColor(INKS[banner.tone]), "butt"),
        ("LEFTPADDING", (0, 0), (-1, -1), 16),
        ("TOPPADDING", (0, 0), (-1, 0), 10),
        ("BOTTOMPADDING", (0, -1), (-1, -1), 9),
    ])  # fmt: skip
    return grid


def _facts(rows: tuple[Fact, ...], beside: Drawing | None) -> Flowable:
    width = _TEXT_WIDTH - (0 if beside is None else beside.width + 10)
    cells = [[Text(markup(row.label), LABEL), _fact(row)] for row in rows]
    grid = Grid(cells, colWidths=[_LABEL_WIDTH, width - _LABEL_WIDTH], hAlign="LEFT", style=FACTS_GRID)
    if beside is None:
        return grid
    outer = Grid([[grid, beside]], colWidths=[width, _TEXT_WIDTH - width], hAlign="LEFT")
    outer.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("ALIGN", (1, 0), (1, 0), "RIGHT")])
    for side in ("LEFTPADDING", "RIGHTPADDING", "TOPPADDING", "BOTTOMPADDING"):
        outer.setStyle([(side, (0, 0), (-1, -1), 0)])
    return outer


def _fact(fact: Fact) -> Flowable:
    if fact.exact:
        return Text(markup(fact.text, EXACT), in_tone(EXACT_CELL, fact.tone))
    return Text(markup(fact.text), in_tone(CELL, fact.tone))


def _table(table: Table) -> Flowable:
    """Columns as wide as their longest texts ask, within bounds; long identifiers break anywhere."""
    rows = (table.header, *table.rows)
    asked = [min(_WIDEST, max(_ems(row[place]) for row in rows)) + 3 for place in range(len(table.header))]
    widths = [_TEXT_WIDTH * one / sum(asked) for one in asked]
    cells = [
        [Text(markup(cell), styles[place >= table.numbers_from]) for place, cell in enumerate(row)]
        for row, styles in zip(rows, chain([(LABEL, NUMBER_LABEL)], repeat((CELL, NUMBER))), strict=False)
    ]
    return Grid(cells, colWidths=widths, repeatRows=1, hAlign="LEFT", style=TABLE_GRID)


def _ems(text: str) -> int:
    """Its width, roughly: a Chinese character is as wide as two others."""
    return sum(2 if char > "\u2e7f" else 1 for char in text)

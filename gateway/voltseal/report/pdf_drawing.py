"""Pictures in a PDF, by the canvas's own primitives."""

from __future__ import annotations

from typing import Final

from reportlab.lib.colors import HexColor
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable

from voltseal.report.document import Box, Label, Line, Picture, Shape
from voltseal.report.pdf_text import runs

_SHARE: Final = {"start": 0.0, "middle": 0.5, "end": 1.0}


class Drawing(Flowable):
    """A picture among paragraphs. Its y points downwards; a PDF's points upwards."""

    def __init__(self, picture: Picture) -> None:
        super().__init__()
        self.picture = picture
        self.width, self.height = picture.width, picture.height
        self.hAlign = "LEFT"

    def wrap(self, *_: float) -> tuple[float, float]:
        """As large as the picture."""
        return self.width, self.height

    def draw(self) -> None:
        """Called by ReportLab with the origin at the lower left corner."""
        for shape in self.picture.shapes:
            self._shape(self.canv, shape)

    def _shape(self, canvas: Canvas, shape: Shape) -> None:
        match shape:
            case Line(points, colour, width):
                canvas.setStrokeColor(HexColor(colour))
                canvas.setLineWidth(width)
                path = canvas.beginPath()
                path.moveTo(points[0][0], self.height - points[0][1])
                for x, y in points[1:]:
                    path.lineTo(x, self.height - y)
                canvas.drawPath(path)
            case Box(x, y, width, height, colour):
                canvas.setFillColor(HexColor(colour))
                canvas.rect(x, self.height - y - height, width, height, stroke=0, fill=1)
            case Label(x, y, text, anchor, colour, size):
                canvas.setFillColor(HexColor(colour))
                put_text(canvas, (x, self.height - y), text, size, anchor)


def put_text(canvas: Canvas, place: tuple[float, float], text: str, size: float, anchor: str) -> None:
    """One line in as many fonts as it needs, that begins, has its middle or ends at `place`."""
    parts = [(font, part, stringWidth(part, font, size)) for font, part in runs(text)]
    x, y = place
    x -= sum(width for _, _, width in parts) * _SHARE[anchor]
    for font, part, width in parts:
        canvas.setFont(font, size)
        canvas.drawString(x, y, part)
        x += width

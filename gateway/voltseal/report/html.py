"""A document as one HTML file: no script, no reference to anything outside, pictures inline as SVG.

The policy in its head forbids a browser to load anything, whatever a text of a stranger might contain; and every text
is escaped before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from voltseal.report.document import (
    INKS,
    PAPERS,
    Banner,
    Block,
    Box,
    Bullets,
    Document,
    Fact,
    Facts,
    Figure,
    Heading,
    Label,
    Line,
    Paragraph,
    Picture,
    Shape,
    Table,
    Tone,
)

_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, "Noto Sans", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif;
  color: #1a1f24; background: #fff; max-width: 60rem; margin: 0 auto; padding: 3.5rem 1.2rem 2rem; }
.running { position: fixed; top: 0; left: 0; right: 0; padding: .3rem 1.2rem; font-size: 12px; color: #fff;
  overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
h1 { font-size: 1.5rem; margin: 0 0 1rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
.banner { border-left: 10px solid; padding: .8rem 1.2rem; }
.banner strong { display: block; font-size: 2.2rem; line-height: 1.2; letter-spacing: .01em; }
.facts { display: flex; gap: 1.5rem; align-items: flex-start; } .facts svg { flex: none; width: 10rem; height: auto; }
table { border-collapse: collapse; width: 100%; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid #d5dae0;
  overflow-wrap: anywhere; }
thead th, .facts th { color: #5b6570; font-weight: 600; } .facts th { width: 12rem; overflow-wrap: normal; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }
.exact { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; word-break: break-all; }
figure { margin: 1rem 0; break-inside: avoid; } figure svg { width: 100%; height: auto; }
figcaption, .quiet { color: #5b6570; font-size: 13px; }
@media print { .running { position: static; color: #000 !important; background: none !important; }
  body { padding-top: 0; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_LANGUAGES = {"en": "en", "zh": "zh-Hans"}


def render(document: Document) -> bytes:
    """The whole file, UTF-8."""
    body = "\n".join(part for block in document.blocks for part in _block(block))
    title, running = escape(document.title), escape(document.running)
    return (
        f'<!doctype html>\n<html lang="{_LANGUAGES[document.language]}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{escape(_POLICY)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title} · {running}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        f'<div class="running" style="background:{INKS[document.running_tone]}">{running}</div>\n'
        f"<h1>{title}</h1>\n{body}\n</body>\n</html>\n"
    ).encode()


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"<h2>{escape(text)}</h2>"
        case Paragraph(text, tone):
            yield f'<p class="{tone.value}" style="color:{INKS[tone]}">{escape(text)}</p>'
        case Banner(title, text, tone):
            style = f"color:{INKS[tone]};background:{PAPERS[tone]};border-color:{INKS[tone]}"
            yield f'<div class="banner" role="status" style="{style}">'
            yield f"<strong>{escape(title)}</strong>{escape(text)}</div>"
        case Bullets(items, tone):
            rows = "".join(f"<li>{escape(item)}</li>" for item in items)
            yield f'<ul style="color:{INKS[tone]}">{rows}</ul>'
        case Facts(rows, beside):
            yield '<div class="facts"><table><tbody>'
            yield from (_fact(row) for row in rows)
            yield "</tbody></table>" + ("" if beside is None else svg(beside)) + "</div>"
        case Table():
            yield from _table(block)
        case Figure(picture, caption):
            yield f"<figure>{svg(picture)}<figcaption>{escape(caption)}</figcaption></figure>"


def _fact(fact: Fact) -> str:
    exact = ' class="exact"' if fact.exact else ""
    colour = "" if fact.tone is Tone.PLAIN else f' style="color:{INKS[fact.tone]}"'
    return f'<tr><th scope="row">{escape(fact.label)}</th><td{exact}{colour}>{escape(fact.text)}</td></tr>'


def _table(table: Table) -> Iterator[str]:
    yield f"<table><thead>{_row('th', table.header, table.numbers_from)}</thead><tbody>"
    yield from (_row("td", row, table.numbers_from) for row in table.rows)
    yield "</tbody></table>"


def _row(tag: str, cells: tuple[str, ...], numbers_from: int) -> str:
    marks = (' class="number"' if place >= numbers_from else "" for place in range(len(cells)))
    return "<tr>" + "".join(f"<{tag}{m}>{escape(c)}</{tag}>" for m, c in zip(marks, cells, strict=True)) + "</tr>"


def svg(picture: Picture) -> str:
    """A picture as an SVG element."""
    name = escape(picture.description)
    size = f"{_n(picture.width)} {_n(picture.height)}"
    shapes = "".join(map(_shape, picture.shapes))
    return f'<svg viewBox="0 0 {size}" role="img" aria-label="{name}" font-family="sans-serif">{shapes}</svg>'


def _shape(shape: Shape) -> str:
    match shape:
        case Line(points, colour, width):
            places = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
            return f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"/>'
        case Box(x, y, width, height, colour):
            place = f'x="{_n(x)}" y="{_n(y)}" width="{_n(width)}" height="{_n(height)}"'
            return f'<rect {place} fill="{colour}" shape-rendering="crispEdges"/>'
        case Label(x, y, text, anchor, colour, size):
            place = f'x="{_n(x)}" y="{_n(y)}" font-size="{_n(size)}" text-anchor="{anchor}" fill="{colour}"'
            return f"<text {place}>{escape(text)}</text>"


def _n(value: float) -> str:
    """Hundredths of a point: the same text on every machine."""
    return f"{value:.2f}".rstrip("0").rstrip(".")

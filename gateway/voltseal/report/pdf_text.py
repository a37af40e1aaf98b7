"""Text for PDF: which font has which character, and escaping for ReportLab's paragraph markup. Pure.

Latin is Helvetica, one of the fonts that every PDF reader brings; Chinese is STSong-Light, of the Adobe-GB1 collection,
which readers replace by a Chinese font they have (docs/decisions/0017-report-libraries.md). A character that neither
has is shown as its code point, never dropped: one text of a stranger must not look like another.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

LATIN: Final = "Helvetica"
EXACT: Final = "Courier"
CHINESE: Final = "STSong-Light"

_LATIN_ENCODING: Final = "cp1252"
_CHINESE_ENCODING: Final = "gbk"


def runs(text: str, latin: str = LATIN) -> Iterator[tuple[str, str]]:
    """Stretches of `text` with the font that has all their characters."""
    printed = "".join(_printed(char) for char in text)
    for font, chars in groupby(printed, lambda char: latin if _has(_LATIN_ENCODING, char) else CHINESE):
        yield font, "".join(chars)


def markup(text: str, latin: str = LATIN) -> str:
    """`text` for a ReportLab paragraph whose style has the font `latin`. No markup of a stranger survives."""
    return "".join(
        escape(part) if font == latin else f'<font name="{font}">{escape(part)}</font>'
        for font, part in runs(text, latin)
    )


def _printed(char: str) -> str:
    if _has(_LATIN_ENCODING, char) or _has(_CHINESE_ENCODING, char):
        return char
    return f"<U+{ord(char):04X}>"


def _has(encoding: str, char: str) -> bool:
    try:
        char.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True

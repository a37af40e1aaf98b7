"""Every sentence of a report, in both languages, in one table. Names in braces are filled in by `Words.say`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from voltseal.report.column_words import COLUMNS
from voltseal.report.section_sentences import SECTION_SENTENCES
from voltseal.report.sentences import SENTENCES


class Language(StrEnum):
    """The languages a report can be written in."""

    ENGLISH = "en"
    CHINESE = "zh"


TABLE: dict[str, tuple[str, str]] = SENTENCES | SECTION_SENTENCES | COLUMNS
"""Key to (English, Chinese)."""


@dataclass(frozen=True, slots=True)
class Words:
    """The table in one language."""

    language: Language

    def say(self, key: str, /, **names: object) -> str:
        """The sentence `key`. Texts of strangers go in as `names` and are never themselves looked up or filled in."""
        sentence = TABLE[key][0 if self.language is Language.ENGLISH else 1]
        return sentence.format(**{name: _text(value) for name, value in names.items()})

    def knows(self, key: str) -> bool:
        """Whether the table has the sentence `key`: for codes that later versions may add to."""
        return key in TABLE

    def say_known(self, key: str, otherwise: str) -> str:
        """The sentence `key` if there is one."""
        return self.say(key) if key in TABLE else otherwise

    def join(self, parts: list[str]) -> str:
        """A list in one sentence."""
        return (", " if self.language is Language.ENGLISH else "、").join(parts)


def _text(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)

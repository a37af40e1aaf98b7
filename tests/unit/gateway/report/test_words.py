"""The table of sentences: complete in both languages, and each of them in use."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest
from tests.unit.gateway.report.making import texts
from tests.unit.gateway.verifier.conftest import BY_NAME, bundle_of, trust_of

from voltseal import report
from voltseal.evidence.bundle import GapReason
from voltseal.report.column_words import COLUMNS
from voltseal.report.compose import compose
from voltseal.report.outcome import examine
from voltseal.report.pdf_text import CHINESE, LATIN, runs
from voltseal.report.section_sentences import SECTION_SENTENCES
from voltseal.report.sentences import SENTENCES
from voltseal.report.values import columns
from voltseal.report.words import TABLE, Language, Words
from voltseal.verifier import STEPS, Completeness, NotProven
from voltseal.verifier.trust import FirmwareStatus
from voltseal.verifier.verdict import AnchorStatus, Contradiction
from voltseal.wire.boot import KeyTier
from voltseal.wire.enrolment import DEVICE_CLASSES
from voltseal.wire.statement import TimeQuality

CODES = [
    *(f"step.{step.number}" for step in STEPS),
    *(f"banner.{one.value}" for one in Completeness),
    *(f"banner.{one.value}.text" for one in Completeness),
    *(f"{kind}.{one}" for kind in ("banner", "running") for one in ("invalid", "could-not-check")),
    *(f"banner.{one}.text" for one in ("invalid", "could-not-check")),
    *(f"not-proven.{one.value}" for one in NotProven),
    *(f"gap.{one.value}" for one in GapReason),
    *(f"conflict.{one.value}" for one in Contradiction),
    *(f"anchor.{one.value}" for one in AnchorStatus),
    *(f"firmware.{one.value}" for one in FirmwareStatus),
    *(f"tier.{one.label}" for one in KeyTier),
    *(f"class.{one}" for one in DEVICE_CLASSES),
    *(f"quality.{one.name.lower()}" for one in TimeQuality),
    "strength.weak",
]


def test_every_code_that_a_verdict_can_have_has_words() -> None:
    assert [code for code in CODES if code not in TABLE] == []


def test_every_column_of_every_schema_has_words() -> None:
    """A new schema fails here: add its fields to `voltseal.report.column_words`."""
    for column in columns():
        assert f"column.{column.stem}" in COLUMNS, column.field
        assert f"unit.{column.unit}" in COLUMNS, column.field


@pytest.mark.parametrize("key", TABLE)
def test_both_languages_say_the_same(key: str) -> None:
    english, chinese = TABLE[key]
    named = [{name for _, name, _, _ in Formatter().parse(text) if name} for text in (english, chinese)]
    assert named[0] == named[1]
    assert not re.search(r"[\u2e80-\u9fff]", english)
    if key.split(".", maxsplit=1)[0] not in {"unit", "backend"} and english:
        assert re.search(r"[\u4e00-\u9fff]", chinese) or english.startswith("{"), key


def test_no_key_stands_twice() -> None:
    assert len(TABLE) == len(SENTENCES) + len(SECTION_SENTENCES) + len(COLUMNS)


def test_every_sentence_is_used() -> None:
    """Named in the code, or built from a code or a list of column names there."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(report.__path__[0]).glob("*.py")
        if path.name not in {"sentences.py", "section_sentences.py", "column_words.py"}
    )
    lists = {
        f"{prefix}.{name}"
        for prefix, names in re.findall(r'f"(\w+)\.\{column\}"\) for column in \(([^)]*)\)', sources)
        for name in re.findall(r'"([\w-]+)"', names)
    } | {f"{prefix}.{name}" for prefix in ("keys", "values") for name in re.findall(r'"(\w+)"', sources)}
    unused = [key for key in SENTENCES | SECTION_SENTENCES if key not in {*CODES, *lists} and f'"{key}"' not in sources]
    assert unused == []


@pytest.mark.parametrize("name", ["whole-life", "equivocation", "value-changed", "trust-empty"])
def test_no_place_is_left_unfilled_and_all_of_it_can_be_printed(tmp_path: Path, name: str) -> None:
    path = tmp_path / "b.json"
    path.write_bytes(bundle_of(name))
    findings = examine(path, trust_of(BY_NAME[name]["trust"]), beside=True)
    for language in Language:
        for text in texts(compose(findings, language)):
            assert not re.search(r"\{\w*\}", text)
            assert "<U+" not in "".join(part for _, part in runs(text)), text


def test_fonts() -> None:
    assert list(runs("12 V，弱 ok")) == [(LATIN, "12 V"), (CHINESE, "，弱"), (LATIN, " ok")]
    assert list(runs("a\U0001f50b")) == [(LATIN, "a<U+1F50B>")]


def test_strangers_cannot_name_sentences() -> None:
    assert Words(Language.ENGLISH).say("backend.ledger", key="{digest} {0} %s") == "ledger of {digest} {0} %s"

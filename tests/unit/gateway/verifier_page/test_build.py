"""The page that is committed is what its sources give, and these keep their rules."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from voltseal.cli import main
from voltseal.verifier.verdict import NotProven
from voltseal.verifier_page import build, page_bytes
from voltseal.wire.schemas import SCHEMAS

SCRIPT = "\n".join((build.SOURCES / f"{name}.js").read_text(encoding="utf-8") for name in build.SCRIPTS)
STRINGS = {
    language: json.loads((build.SOURCES / f"strings.{language}.json").read_text(encoding="utf-8"))
    for language in build.LANGUAGES
}
# What would turn a text into markup or code, store something, or open a connection.
FORBIDDEN = (
    "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function", "fetch(",
    "XMLHttpRequest", "WebSocket", "EventSource", "sendBeacon", "import(", "localStorage", "sessionStorage",
    "indexedDB", ".cookie",
)  # fmt: skip


def test_the_committed_page_is_as_built() -> None:
    assert page_bytes() == build.build()
    assert build.build() == build.build()


def test_every_source_is_used() -> None:
    assert {path.stem for path in build.SOURCES.glob("*.js")} == set(build.SCRIPTS)


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_script_uses(word: str) -> None:
    assert word not in SCRIPT


def test_the_page_names_no_address() -> None:
    text = page_bytes().decode()
    addresses = set(re.findall(r"""(?:https?:)?//[a-z0-9.-]+\.[a-z]{2,}[^\s"']*""", re.sub(r"(?m)^\s*//.*$", "", text)))
    assert addresses == {"http://www.w3.org/2000/svg"}  # the name of a namespace, which nobody asks for


def test_policy_allows_nothing_but_this_style_and_script() -> None:
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page_bytes().decode())
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == rules["connect-src"] == rules["form-action"] == rules["base-uri"] == "'none'"
    assert re.fullmatch(r"'sha256-[A-Za-z0-9+/]{43}='", rules["script-src"])
    assert rules["img-src"] == "data:"


def test_both_languages_say_the_same_things() -> None:
    english, chinese = STRINGS["en"], STRINGS["zh"]
    assert list(english) == list(chinese)
    for key, text in english.items():
        places = re.findall(r"\{[a-z]+\}", text)
        assert sorted(re.findall(r"\{[a-z]+\}", chinese[key])) == sorted(places), key
        assert (
            re.search(r"[\u4e00-\u9fff]", chinese[key]) or not re.search(r"[a-z]{3}", text.replace("{", "{#")) or places
        )


def test_every_text_is_used_and_there() -> None:
    page = (build.SOURCES / "page.html").read_text(encoding="utf-8")
    named = set(re.findall(r'data-(?:text|label)="([^"]+)"', page)) | set(re.findall(r'say\("([^"]+)"', SCRIPT))
    formed = set(re.findall(r"say\(`([a-z-]+\.)[^`]*\$\{", SCRIPT))
    chosen = set(re.findall(r'"((?:values|technical|verdict|gaps|facts)\.[a-z.-]+)"', SCRIPT))
    assert named <= STRINGS["en"].keys()
    unused = {
        key
        for key in STRINGS["en"].keys() - named - chosen
        if not any(key.startswith(prefix) for prefix in formed) and not key.startswith("field.")
    }
    assert not unused


def test_there_are_words_for_columns_and_for_what_is_not_proved() -> None:
    for schema in SCHEMAS.values():
        for field in schema.fields:
            numbered = re.fullmatch(r"(.+)_\d+_[a-z]+", field.name)
            assert f"field.{numbered[1] if numbered else field.name}" in STRINGS["en"], field.name
    assert {f"not-proven.{what}" for what in NotProven} <= STRINGS["en"].keys()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_stand_out_from_their_ground(scheme: str) -> None:
    """WCAG 2, contrast (minimum): 4.5 to 1."""
    style = (build.SOURCES / "page.css").read_text(encoding="utf-8")
    light, dark = style.split("@media (prefers-color-scheme: dark)")[:2]
    colours = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]+);", light if scheme == "light" else dark.split("\n}\n")[0]))
    grounds = {"good": "good-soft", "warn": "warn-soft", "bad": "bad-soft", "open": "open-soft", "accent": "card"}
    pairs = [("ink", "card"), ("ink", "page"), ("soft", "card"), ("soft", "page"), *grounds.items()]
    pairs += [(ink, ground) for ink in ("ink", "soft") for ground in grounds.values()]
    pairs += [(kind, "card") for kind in grounds]
    for ink, ground in pairs:
        assert contrast(colours[ink], colours[ground]) >= 4.5, (ink, ground)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, #rgb or #rrggbb."""
    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
    parts = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_command_writes_the_page(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    target = tmp_path / "new" / "check.html"
    assert main(["page", "-o", str(target)]) == 0
    assert target.read_bytes() == page_bytes()
    assert b"sha256" in capsysbinary.readouterr().out
    assert main(["page", "-o", "-"]) == 0
    assert capsysbinary.readouterr().out == page_bytes()
    assert main(["page", "-o", str(tmp_path)]) == 1

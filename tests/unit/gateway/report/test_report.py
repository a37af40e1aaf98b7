"""`voltseal report` over the bundle vectors: what the reader of a PDF or an HTML page gets to see."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.unit.gateway.report.making import make, pages_of, run, text_of
from tests.unit.gateway.verifier.conftest import BY_NAME, bundle_of, trust_of

from voltseal.cli import main
from voltseal.verifier import verify


def digest_of(name: str) -> str:
    """The digest that the verifier finds."""
    return verify(bundle_of(name), trust_of(BY_NAME[name]["trust"])).digest


def test_a_pdf_says_what_the_verdict_says(tmp_path: Path) -> None:
    shown = text_of(make(tmp_path, "whole-life"))
    for words in (
        "VALID, BUT INCOMPLETE",
        "01b75e8d65e4e188d919524546d526a862",
        "Example Batteries",
        "2025-06-15 15:06:40 UTC to 2025-06-15 15:09:30 UTC",
        "12 1 UNEXPLAINED",
        "5–7 3 declared: power cut",
        "14–15 2 declared: memory full",
        "ledger of ledger.voltseal.example WEAK: one party's word checked 2025-06-15 15:15:00 UTC",
        "Every anchor that counts is WEAK",
        "Pack voltage V 19 52.962 52.345 52.234 52.962",
        "Pack current (charging is positive) A 19 -1.514 -1.745 -1.787 -1.514",
        "Temperature 3 °C 0 – – – –",
        "that the sensors told the truth",
        "that only the device could sign",
        digest_of("whole-life"),
    ):
        assert words in shown
    assert shown.count("VALID, BUT INCOMPLETE · evidence") == pages_of(tmp_path / "report.pdf")


def test_a_chinese_pdf_says_the_same(tmp_path: Path) -> None:
    shown = text_of(make(tmp_path, "whole-life", "--lang", "zh"))
    for words in ("有效，但不完整", "未获解释", "已申报：断电", "弱：一方之言", "电池组电压", "本证据不能证明的事项",
                  "Example Batteries", "52.962", digest_of("whole-life")):  # fmt: skip
        assert words in shown


@pytest.mark.parametrize(("language", "words"), [("en", "all of it was still there"), ("zh", "上述内容仍全部在内")])
def test_a_newer_checkpoint_is_mentioned(tmp_path: Path, language: str, words: str) -> None:
    assert words in text_of(make(tmp_path, "newer-from-13", "--lang", language))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_qr_code_says_the_digest(tmp_path: Path, language: str) -> None:
    pdf = make(tmp_path, "whole-life", "--lang", language)
    run("pdftoppm", "-r", "150", "-f", "1", "-l", "1", "-singlefile", "-png", str(pdf), str(tmp_path / "page"))
    decoded = run("zbarimg", "--quiet", "--raw", str(tmp_path / "page.png")).strip()
    assert decoded == f"voltseal:evidence:sha256:{digest_of('whole-life')}"


HEADLINES = {
    "complete": "VALID, NOTHING MISSING",
    "gap-declared": "VALID, WITH DECLARED GAPS",
    "gap-unexplained": "VALID, BUT INCOMPLETE",
    "equivocation": "VALID SIGNATURES, CONTRADICTORY STATEMENTS",
}


@pytest.mark.parametrize("name", BY_NAME)
def test_every_vector_has_a_report_with_its_own_headline(tmp_path: Path, name: str) -> None:
    vector = BY_NAME[name]
    page = make(tmp_path, name, suffix="html").read_text()
    headline = re.findall(r"<strong>(.*?)</strong>", page)
    if vector["expect"] == "valid":
        assert headline == [HEADLINES[verify(bundle_of(name), trust_of(vector["trust"])).completeness.result.value]]
    else:
        assert headline == ["INVALID" if vector["expect"] == "invalid" else "NOT CHECKED"]
        assert vector["code"] in page


FAILED = ["value-changed", "gap-hidden", "trust-empty"]


@pytest.mark.parametrize("suffix", ["pdf", "html"])
@pytest.mark.parametrize("name", FAILED)
def test_nothing_of_what_failed_is_shown_as_proved(tmp_path: Path, name: str, suffix: str) -> None:
    report = make(tmp_path, name, suffix=suffix)
    shown = text_of(report) if suffix == "pdf" else report.read_text()
    claim = json.loads(bundle_of(name))["claim"]
    assert "NOTHING HERE IS PROVED" in shown
    assert hashlib.sha256(bundle_of(name)).hexdigest() in shown
    for word in (claim["device"], "Pack voltage", "52.9", "Example Batteries", "voltseal:evidence:", "VALID,"):
        assert word not in shown
    assert "<polyline" not in shown


def test_what_weakens_the_evidence_is_said_on_the_first_page(tmp_path: Path) -> None:
    for name, words in (
        ("clock-ahead", "clock is ahead"),
        ("key-revoked-earlier-time", "1 statements that say they are older were logged after their key was revoked"),
        ("firmware-revoked", "The trust file warns of a firmware that ran on the device: "),
        ("whole-log", "No anchor that you trust fixes the time"),
        ("anchor-ledger-unknown", "No anchor that you trust fixes the time"),
    ):
        page = make(tmp_path, name, suffix="html").read_text()
        notes = page.split("Points to note")[1].split("At a glance")[0]
        assert words in notes, name
    page = make(tmp_path, "witness", suffix="html").read_text()
    assert "Points to note" not in page, "a witness that is trusted bounds the time, and is not weak"


def test_an_unchecked_anchor_does_not_boast(tmp_path: Path) -> None:
    page = make(tmp_path, "anchor-backend-unknown", suffix="html").read_text()
    row = next(row for row in page.split("<tr>") if "stone-tablet" in row)
    assert "NOT CHECKED, does not count" in row
    assert "strong" not in row


def test_hidden_columns_are_named_and_shown_ones_are_not_among_them(tmp_path: Path) -> None:
    page = make(tmp_path, "some-shown", suffix="html").read_text()
    hidden = page.split("Hidden in this evidence, but fixed when signed: ")[1].split("<")[0]
    assert hidden.startswith("Pack voltage, ")
    assert "Temperatures" in hidden
    assert "Cell 15 voltage" in hidden, "one cell is shown, so the others are named"
    assert "State of charge" not in hidden
    assert "Cell 16" not in hidden


def test_trust_that_lay_beside_the_bundle_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("XDG_CONFIG_HOME", "VOLTSEAL_TRUST"):
        monkeypatch.delenv(variable, raising=False)
    make(tmp_path, "whole-life", suffix="html")
    (tmp_path / "t.toml").rename(tmp_path / "trust.toml")
    assert main(["report", str(tmp_path / "bundle.json"), "-o", str(tmp_path / "r.html")]) == 0
    assert "The trust file lay beside the evidence" in (tmp_path / "r.html").read_text()


@pytest.mark.parametrize("suffix", ["pdf", "html"])
@pytest.mark.parametrize("name", ["whole-life", "value-changed"])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, name: str, suffix: str) -> None:
    """In another process, place, time zone and hash seed, and with a date that the environment dictates."""
    first = make(tmp_path, name, "--lang", "zh", suffix=suffix).read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.json").write_bytes(bundle_of(name))
    command = [sys.executable, "-c", "import sys; from voltseal.cli import main; sys.exit(main())", "report", "b.json"]
    command += ["-o", f"r.{suffix}", "--trust", str(tmp_path / "t.toml"), "--lang", "zh"]
    environment = os.environ | {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7", "SOURCE_DATE_EPOCH": "1234567890"}
    subprocess.run(command, cwd=other, env=environment, check=False, capture_output=True)
    assert (other / f"r.{suffix}").read_bytes() == first


def test_a_pdf_bears_no_date(tmp_path: Path) -> None:
    pdf = make(tmp_path, "whole-life")
    described = run("pdfinfo", str(pdf))
    assert "Date" not in described
    assert b"/CreationDate" not in pdf.read_bytes()
    assert "VALID, BUT INCOMPLETE" in described


class Page(HTMLParser):
    """Which elements and attributes a page has, as a browser reads it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(name for name, _ in attrs)


ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "div", "h1", "h2", "p", "strong", "ul", "li", "table", "thead",
    "tbody", "tr", "th", "td", "figure", "figcaption", "svg", "polyline", "rect", "text",
}  # fmt: skip


@pytest.mark.parametrize("name", ["whole-life", "equivocation", "value-changed"])
def test_a_page_refers_to_nothing_outside(tmp_path: Path, name: str) -> None:
    text = make(tmp_path, name, suffix="html").read_text()
    page = Page(text)
    assert page.tags <= ELEMENTS
    assert not page.attributes & {"src", "href", "srcset", "data", "action", "background", "onload"}
    assert not re.search(r"url\(|@import|https?://|//[a-z]", text)
    assert "default-src &#x27;none&#x27;" in text


def test_output_that_is_no_report_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.json").write_bytes(bundle_of("whole-life"))
    (tmp_path / "bad.toml").write_text("nonsense = 1\n")
    bundle, output = str(tmp_path / "b.json"), str(tmp_path / "r.pdf")
    for arguments, words in (
        ([bundle, "-o", str(tmp_path / "r.docx")], "neither PDF nor HTML"),
        ([str(tmp_path / "none.json"), "-o", output], "no such file"),
        ([bundle, "-o", output, "--trust", str(tmp_path / "bad.toml")], "bad.toml"),
        ([bundle, "-o", str(tmp_path / "no" / "place" / "r.html")], "No such file or directory"),
    ):
        assert main(["report", *arguments]) == 2, "1 would say that the evidence is invalid"
        assert words in capsys.readouterr().err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.json", "bad.toml"]


@pytest.mark.parametrize(("missing", "suffix"), [("reportlab", "pdf"), ("segno", "pdf"), ("segno", "html")])
def test_without_its_packages_it_says_what_to_install(tmp_path: Path, missing: str, suffix: str) -> None:
    (tmp_path / "b.json").write_bytes(bundle_of("whole-life"))
    script = f"import sys; sys.modules[{missing!r}] = None; from voltseal.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", script, "report", "b.json", "-o", f"r.{suffix}"]
    done = subprocess.run(command, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"voltseal: reports need the package {missing}\n  try: pip install 'voltseal[report]'\n"

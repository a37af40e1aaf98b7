"""Texts of strangers and very large bundles: neither may change what a report is."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.bench.evidence import fleet
from tests.unit.gateway.report.making import pages_of, text_of
from tests.vectors.maker.bundle_world import Device, World, endorsement, enrol, revoke, trust_text
from tests.vectors.maker.cast import DEVICE, DEVICE_UEID

from voltseal.cli import main
from voltseal.evidence.bundle import Bundle, Claim, Entry, FullDisclosure, Header, MadeBy
from voltseal.evidence.layout import bundle_bytes
from voltseal.log.merkle import leaf_hash
from voltseal.log.multiproof import multi_inclusion_path
from voltseal.report.axis import CELLS
from voltseal.report.outcome import examine
from voltseal.report.samples import BundleChangedError, collect
from voltseal.verifier import parse_trust, verify
from voltseal.wire.columns import encode_columns_array

HOSTILE = '<script>alert(1)</script><img src="http://x.example/a">"\'&amp;</td></para><b>{digest}\x1b]0;\u202e宁德🔋'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A trust file and a bundle whose maker's name, revocation reason and anchor are hostile."""
    world, device = World(), Device(DEVICE, DEVICE_UEID)
    world.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    world.add(device.ueid, device.boot())
    world.add(device.ueid, revoke(device.ueid, device.key.kid, 2**50, HOSTILE[:60]))
    draft = world.draft(device, [(0, 0)])
    draft.anchors = [{"backend": HOSTILE[:80] + "x" * 100_000, "proof": "p", "strength": HOSTILE[:80]}]
    (tmp_path / "b.json").write_text(draft.text())
    escaped = HOSTILE.replace('"', '\\"').replace("\x1b", "\\u001b")
    trust = trust_text().replace('name = "Example Batteries"', f'name = "{escaped}"')
    (tmp_path / "t.toml").write_text(trust)
    return tmp_path


def test_a_page_shows_them_as_text(place: Path) -> None:
    assert main(["report", str(place / "b.json"), "-o", str(place / "r.html"), "--trust", str(place / "t.toml")]) == 0
    page = (place / "r.html").read_text()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    for forbidden in ("<script", "<img", "</para>", "<b>", "\x1b", "\u202e"):
        assert forbidden not in page
    assert len(page) < 100_000, "a long text is cut"


def test_a_pdf_shows_them_as_text(place: Path) -> None:
    assert main(["report", str(place / "b.json"), "-o", str(place / "r.pdf"), "--trust", str(place / "t.toml")]) == 0
    shown = text_of(place / "r.pdf")
    assert "<script>alert(1)</script>" in shown
    assert "宁德" in shown
    assert "<U+1F50B>" in shown, "what the fonts lack is named"
    assert "{digest}" in shown
    assert b"x.example" not in (place / "r.pdf").read_bytes(), "no link"


def test_a_file_that_changes_after_verification_gives_no_report(place: Path) -> None:
    from voltseal.evidence.container import opener_of_bytes

    text, trust = (place / "b.json").read_bytes(), parse_trust((place / "t.toml").read_text())
    verdict = verify(text, trust)
    assert collect(opener_of_bytes(text), verdict).gaps == []
    other = World()
    device = Device(DEVICE, DEVICE_UEID)
    other.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    other.add(device.ueid, device.boot())
    for changed in (text.replace(b'"index":1', b'"index":0'), text[:-9], other.draft(device, [(0, 0)]).text().encode()):
        with pytest.raises(BundleChangedError):
            collect(opener_of_bytes(changed), verdict)


COUNT = 10_000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """10,000 statements, all columns shown, and 3,000 gaps of one number each between them."""
    place = tmp_path_factory.mktemp("large")
    world, device = fleet(COUNT + 3000)
    entries: list[Entry] = []
    missing: list[int] = []
    for index, raw in enumerate(world.leaves):
        told = world.told.get(index)
        if world.owner[index] != device.ueid:
            continue
        if told is not None and told.columns and told.sequence % 4 == 2 and len(missing) < 3000:
            missing.append(told.sequence)
            continue
        shown = None
        if told is not None and told.columns:
            shown = FullDisclosure(told.seed, encode_columns_array(told.columns))
        entries.append(Entry(index, raw, shown))
    gaps = [[number, number, "unexplained"] for number in missing]
    claim = Claim.from_json({"device": device.ueid.hex(), "ranges": [[0, device.sequence - 1]], "gaps": gaps})
    nodes = multi_inclusion_path([leaf_hash(raw) for raw in world.leaves], [entry.index for entry in entries])
    bundle = Bundle(Header(world.origin, MadeBy("test"), claim, world.checkpoint()), nodes, tuple(entries))
    (place / "b.json").write_bytes(bundle_bytes(bundle))
    (place / "t.toml").write_text(trust_text())
    return place


def test_a_large_bundle_gives_a_short_report(large: Path) -> None:
    started = time.perf_counter()
    assert main(["report", str(large / "b.json"), "-o", str(large / "r.pdf"), "--trust", str(large / "t.toml")]) == 0
    spent_s = time.perf_counter() - started
    assert pages_of(large / "r.pdf") <= 8
    assert (large / "r.pdf").stat().st_size < 300_000
    assert "and 2,975 more" in text_of(large / "r.pdf")
    assert spent_s < 30, "a few seconds on a quiet machine"


def test_plots_are_decimated_and_keep_extremes(large: Path) -> None:
    found = examine(large / "b.json", parse_trust((large / "t.toml").read_text()), beside=False)
    assert hasattr(found, "verdict")
    summary = next(one for one in found.verdict.disclosure.shown if one.name == "pack_voltage_mv")
    curve = found.samples.curves[1, 1]
    assert len(curve.least) == len(curve.most) == CELLS
    assert min(value for value in curve.least if value is not None) == summary.minimum
    assert max(value for value in curve.most if value is not None) == summary.maximum

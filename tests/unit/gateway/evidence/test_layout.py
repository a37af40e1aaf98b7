"""The bundle's text and container: one way to write, and reading it back."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzzing import examples
from tests.vectors.maker.bundle_case import Scene

from voltseal.evidence import jcs, layout
from voltseal.evidence.bundle import Claim, Entry, FullDisclosure, Gap, GapReason
from voltseal.evidence.container import opener_of_bytes, opener_of_path
from voltseal.evidence.errors import BundleDigestError, MalformedBundleError
from voltseal.evidence.layout import bundle_bytes, read_bundle
from voltseal.wire.ids import Ueid, ueid_hex

DEVICE = ueid_hex(Ueid(b"\x01" + bytes(16)))
SCHEMA = Path(__file__).resolve().parents[4] / "docs" / "spec" / "evidence.schema.json"


@pytest.mark.parametrize("show", ["all", "none", [0, 5]])
def test_read_and_written_again(played: Scene, show: object) -> None:
    text = played.whole(show).text().encode()
    assert bundle_bytes(read_bundle(io.BytesIO(text))) == text


def test_it_is_json_of_the_published_schema_s_members(played: Scene) -> None:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    parsed = json.loads(played.whole().text())
    assert list(parsed) == schema["required"] == list(schema["properties"])


def test_damage_is_told_from_malformation(played: Scene) -> None:
    text = played.whole().text()
    with pytest.raises(BundleDigestError):
        read_bundle(io.BytesIO(text.replace("vectors.voltseal", "vectorz.voltseal").encode()))
    with pytest.raises(MalformedBundleError, match="line 2: "):
        read_bundle(io.BytesIO(text.replace('"origin"', '"0rigin"').encode()))


def test_a_line_has_a_bound(played: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    text = played.whole().text().encode()
    longest = max(len(line) for line in text.splitlines(keepends=True))
    monkeypatch.setattr(layout, "MAX_LINE_BYTES", longest)
    read_bundle(io.BytesIO(text))
    monkeypatch.setattr(layout, "MAX_LINE_BYTES", longest - 1)
    with pytest.raises(MalformedBundleError, match="longer than"):
        read_bundle(io.BytesIO(text))


def test_the_text_has_a_bound(played: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    text = played.whole().text().encode()
    monkeypatch.setattr(layout, "MAX_TEXT_BYTES", len(text))
    read_bundle(io.BytesIO(text))
    monkeypatch.setattr(layout, "MAX_TEXT_BYTES", len(text) - 1)
    with pytest.raises(MalformedBundleError, match="longer than"):
        read_bundle(io.BytesIO(text))


def test_a_compressed_file_reads_as_its_text(played: Scene, tmp_path: Path) -> None:
    text = played.whole().text().encode()
    path = tmp_path / "b.json.gz"
    path.write_bytes(gzip.compress(text))
    for opener in (opener_of_path(path), opener_of_bytes(path.read_bytes()), opener_of_bytes(text)):
        for _ in range(2):  # it can be opened again
            with opener() as stream:
                assert stream.read() == text


def test_a_compression_bomb_ends_at_its_first_line() -> None:
    bomb = gzip.compress(bytes(300 * 2**20), compresslevel=1)
    with opener_of_bytes(bomb)() as stream, pytest.raises(MalformedBundleError):
        read_bundle(stream)


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=6))
def test_claims_are_written_in_one_way(pairs: list[tuple[int, int]]) -> None:
    gaps = [[first, last, "unexplained"] for first, last in pairs]
    value = {"device": DEVICE, "gaps": gaps, "ranges": [[0, 20], [30, 50]]}
    try:
        claim = Claim.from_json(value)
    except MalformedBundleError:
        return
    missing = [number for first, last in pairs for number in range(first, last + 1)]
    assert missing == sorted(set(missing)), "no number twice"
    assert all(claim.covers(number) for number in missing)
    assert all(a.last + 1 < b.first for a, b in zip(claim.gaps, claim.gaps[1:], strict=False)), "maximal"
    assert Claim.from_json(json.loads(jcs.encode(claim.to_json()))) == claim


@settings(max_examples=examples(500))
@given(data=st.data())
def test_the_quick_way_to_read_an_entry_refuses_what_the_thorough_one_does(data: st.DataObject) -> None:
    disclosed = st.none() | st.builds(
        FullDisclosure, st.binary(min_size=16, max_size=16), st.binary(min_size=1, max_size=9)
    )
    entry = data.draw(st.builds(Entry, st.integers(0, 2**53 - 1), st.binary(min_size=1, max_size=9), disclosed))
    line = jcs.encode(entry.to_json()).encode()
    assert layout.parse_entry(line, "here") == entry
    place, byte = data.draw(st.integers(0, len(line) - 1)), data.draw(st.integers(0, 127))
    changed = line[:place] + data.draw(st.sampled_from([b"", bytes([byte])])) + line[place + 1 :]
    assert read(layout.parse_entry, changed) == read(thoroughly, changed)


def thoroughly(line: bytes, where: str) -> Entry:
    return Entry.from_json(jcs.decode(line, where), where)


def read(reader: Callable[[bytes, str], Entry], line: bytes) -> Entry | None:
    try:
        return reader(line, "here")
    except MalformedBundleError:
        return None


def test_claim_covers_its_ranges_only() -> None:
    claim = Claim(DEVICE, ((3, 5), (9, 9)), (Gap(4, 4, GapReason.UNEXPLAINED),))
    assert [number for number in range(12) if claim.covers(number)] == [3, 4, 5, 9]

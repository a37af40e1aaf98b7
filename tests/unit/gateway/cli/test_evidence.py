"""`voltseal evidence`, on a gateway's real store, checked by `voltseal verify`."""

from __future__ import annotations

import gzip
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.evidence.conftest import fill_store
from tests.unit.gateway.verifier.conftest import CONTENT
from tests.vectors.maker.bundle_case import scene
from tests.vectors.maker.bundle_world import STEP_MS
from tests.vectors.maker.cast import DEVICE_UEID, NEIGHBOUR_UEID, ORIGIN, STATED_MS

from voltseal.cli import main

DEVICE = DEVICE_UEID.hex()


@pytest.fixture
def gateway(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Path:
    """The working directory: a gateway's, whose store holds the usual scene, with a trust file."""
    directory = tmp_path / "site-1"
    assert main(["init", str(directory), "--origin", ORIGIN]) == 0
    fill_store(directory / "voltseal.db", scene().world).close()
    monkeypatch.chdir(directory)
    monkeypatch.delenv("VOLTSEAL_CONFIG", raising=False)
    monkeypatch.setenv("VOLTSEAL_TRUST", str(directory / "t.toml"))
    (directory / "t.toml").write_text(CONTENT["trust"]["full"])
    capsys.readouterr()
    return directory


def verdict(file: str, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["verify", file, "--json"]) == 0
    content: dict[str, Any] = json.loads(capsys.readouterr().out)["verdict"]
    return content


def iso(number: int) -> str:
    from voltseal.cli.options import show_time

    return show_time(STATED_MS + number * STEP_MS)


@pytest.mark.parametrize(
    ("arguments", "ranges"),
    [
        (["--device", DEVICE], [[0, 17]]),
        (["--device", DEVICE[:10], "--sequence", "3"], [[3, 3]]),
        (["--device", "pack-" + DEVICE[2:6], "--sequence", "9-11,1,2"], [[1, 2], [9, 11]]),
        (["--device", DEVICE, "--from", iso(2), "--to", iso(10)], [[2, 10]]),
        (["--device", DEVICE, "--from", iso(13)], [[13, 17]]),
        (["--index", "4,6"], [[1, 2]]),
    ],
)
def test_what_was_asked_for_verifies(
    gateway: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], ranges: list[list[int]]
) -> None:
    assert main(["evidence", *arguments]) == 0
    assert "anchored: ledger (weak)" in capsys.readouterr().out
    assert verdict("evidence.json", capsys)["completeness"]["ranges"] == ranges
    assert not list(gateway.glob("*.partial"))


def test_fields(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "--device", DEVICE, "--fields", "soc,cycle_count"]) == 0
    capsys.readouterr()
    found = verdict("evidence.json", capsys)["disclosure"]
    assert [column["name"] for column in found["shown"]] == ["time_offset_ms", "soc_permille", "cycle_count"]
    assert main(["evidence", "--device", DEVICE, "--fields", "none"]) == 0
    capsys.readouterr()
    assert verdict("evidence.json", capsys)["disclosure"]["shown"] == []


def test_newer(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "--device", DEVICE, "--newer"]) == 0
    capsys.readouterr()
    found = verdict("evidence.json", capsys)["inclusion"]
    assert found["newer"]["tree_size"] == found["tree_size"]
    assert main(["verify", "evidence.json"]) == 0
    assert f"still all there when the log had {found['tree_size']} entries" in capsys.readouterr().out


def test_erased_readings_are_gone_and_the_rest_still_verifies(
    gateway: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from voltseal.store.reader import SqliteReader

    def shown() -> dict[str, Any]:
        assert main(["evidence", "--device", DEVICE]) == 0
        capsys.readouterr()
        return verdict("evidence.json", capsys)

    before = shown()
    assert before["disclosure"]["full"] > 4
    reader = SqliteReader.open(gateway / "voltseal.db")
    leaf = next(e.leaf_index for e in reader.statements_of(DEVICE_UEID, 2, 2))
    kept = reader.disclosure(leaf)
    reader.close()
    assert kept is not None
    period = ["device", "erase", DEVICE, "--from", iso(1), "--to", iso(4)]
    assert main(period) == 0
    assert "would erase" in capsys.readouterr().out
    assert shown() == before
    assert main([*period, "--yes"]) == 0
    assert "erased the readings of 4 statements" in capsys.readouterr().out
    after = shown()
    assert after["disclosure"]["none"] == 4
    assert after["disclosure"]["full"] == before["disclosure"]["full"] - 4
    assert (after["completeness"], after["inclusion"]) == (before["completeness"], before["inclusion"])
    for file in gateway.glob("voltseal.db*"):
        assert kept.seed not in file.read_bytes(), file.name
    assert main([*period, "--yes"]) == 0
    assert "of 0 statements" in capsys.readouterr().out
    for device in (DEVICE, NEIGHBOUR_UEID.hex()):  # who measures the very same
        assert main(["device", "erase", device, "--all", "--yes"]) == 0
    capsys.readouterr()
    assert shown()["disclosure"]["full"] == 0
    for file in gateway.glob("voltseal.db*"):
        assert kept.columns not in file.read_bytes(), file.name


@pytest.mark.parametrize(
    "words", [[], ["--all", "--from", "2025-01-01"], ["--from", "2025-02-01", "--to", "2025-01-01"]]
)
def test_erasing_asks_for_a_period(gateway: Path, capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    assert main(["device", "erase", DEVICE, *words, "--yes"]) == 1
    assert capsys.readouterr().err.startswith("voltseal: ")


def test_a_running_gateway_erases_and_says_so(gateway: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The gateway's part: a request in the queue, served by the one writer."""
    from voltseal.ingest.registrar import Registrar, erase_request, replay
    from voltseal.store.sqlite import SqliteStore

    store = SqliteStore.create(gateway / "voltseal.db")
    registrar = Registrar(store, replay(store, ORIGIN), {})
    caplog.set_level("INFO")
    for ueid in (DEVICE_UEID, bytes(17)):
        body = json.dumps(erase_request(ueid, 2, 3))
        store.connection.execute("INSERT INTO requests (action, body) VALUES ('erase', ?)", (body,))
    store.connection.execute("INSERT INTO requests (action, body) VALUES ('erase', '{}')")
    assert registrar.serve(1) == 3
    rows = store.connection.execute("SELECT succeeded, answer FROM requests ORDER BY number").fetchall()
    store.close()
    assert [bool(row[0]) for row in rows] == [True, False, False]
    assert json.loads(rows[0][1])["erased"] == 2
    assert f"request done action=erase device={DEVICE} first=2 last=3 erased=2" in caplog.text
    assert "no device" in caplog.text


def test_compressed_is_the_same_every_time(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a.json.gz", "b.json.gz", "out/c.json"):
        assert main(["evidence", "--device", DEVICE, "-o", name]) == 0
    capsys.readouterr()
    assert Path("a.json.gz").read_bytes() == Path("b.json.gz").read_bytes()
    assert gzip.decompress(Path("a.json.gz").read_bytes()) == Path("out/c.json").read_bytes()
    assert verdict("a.json.gz", capsys)["device"] == DEVICE


def test_standard_output_has_the_bundle_alone(
    gateway: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    written = io.BytesIO()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", io.TextIOWrapper(written))
        assert main(["evidence", "--device", DEVICE, "-o", "-"]) == 0
        Path("piped.json").write_bytes(written.getvalue())
    assert "anchored" in capsys.readouterr().err
    assert verdict("piped.json", capsys)["device"] == DEVICE


def test_json(gateway: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", "--device", DEVICE, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["bytes"] == Path("evidence.json").stat().st_size
    assert content["gaps"] == [[5, 7, "power-cut"], [12, 12, "unexplained"], [14, 15, "spool-full"]]
    assert content["digest"] == verdict("evidence.json", capsys)["digest"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name a device"),
        (["--device", DEVICE, "--index", "4"], "name a device"),
        (["--device", "nobody"], "no device is called"),
        (["--device", DEVICE, "--sequence", "4-3"], "neither a number nor a range"),
        (["--device", DEVICE, "--sequence", "x"], "neither a number nor a range"),
        (["--device", DEVICE, "--sequence", "400"], "no statement with these numbers"),
        (["--device", DEVICE, "--sequence", "4", "--from", "now"], "exclude each other"),
        (["--device", DEVICE, "--from", "now", "--to", "2020-01-01"], "--from is after --to"),
        (["--device", DEVICE, "--from", "yesterday"], "is not a time"),
        (["--device", DEVICE, "--fields", "socks"], "no schema has a field 'socks'"),
        (["--device", DEVICE, "-o", "t.toml/x"], "cannot be written"),
        (["--index", "0"], "registry event"),
        (["--index", "0-999999999999999"], "entries, counted from 0"),
        (["--device", DEVICE, "--config", "missing.toml"], "missing.toml"),
    ],
)
def test_mistakes(gateway: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str) -> None:
    assert main(["evidence", *arguments]) == 1
    assert words in capsys.readouterr().err
    assert not Path("evidence.json").exists()

"""`voltseal verify` as a user meets it: exit codes, words, JSON, and never a traceback."""

from __future__ import annotations

import gzip
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from tests.unit.gateway.verifier.conftest import CONTENT, bundle_of

from voltseal.cli import main


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory, a home without trust file, and `t.toml`."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for variable in ("XDG_CONFIG_HOME", "VOLTSEAL_TRUST"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.toml").write_text(CONTENT["trust"]["full"])
    return tmp_path


def put(name: str, path: Path) -> str:
    """A vector's bundle as a file."""
    path.write_bytes(bundle_of(name))
    return str(path)


def test_valid(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", put("whole-life", place / "b.json"), "--trust", "t.toml"]) == 0
    shown = capsys.readouterr().out
    for words in ("✓  1 read", "✓  9 anchors", "VALID", "NUMBERS ARE MISSING", "gap 5..7: power-cut", "(weak)",
                  "pack_voltage", "mV", "This does not prove", "Example Batteries"):  # fmt: skip
        assert words in shown


def test_hidden_columns_are_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", put("some-shown", place / "b.json"), "--trust", "t.toml"]) == 0
    shown = capsys.readouterr().out
    assert "hidden everywhere: pack_voltage_mv" in shown
    assert "soc" in shown


def test_invalid(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", put("value-changed", place / "b.json"), "--trust", "t.toml"]) == 1
    shown = capsys.readouterr().out
    assert "✓  6 statements" in shown
    assert "✗  7 disclosure" in shown
    assert "INVALID (step 7, bad-commitment)" in shown


def test_without_trust_it_says_what_to_do_next(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", put("whole-life", place / "b.json")]) == 2
    shown = capsys.readouterr().out
    assert "?  3 checkpoint" in shown
    assert "✓  8 completeness" in shown
    assert "voltseal trust init" in shown
    assert main(["verify", put("gap-hidden", place / "b.json")]) == 1, "forgery needs no trust to be found"


def test_trust_beside_the_bundle_is_named_loudly(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "sent").mkdir()
    (place / "sent" / "trust.toml").write_text(CONTENT["trust"]["full"])
    bundle = put("whole-life", place / "sent" / "b.json")
    assert main(["verify", bundle]) == 0
    assert "could change this file too; pass --trust" in capsys.readouterr().out
    assert main(["verify", bundle, "--json"]) == 0
    trust = json.loads(capsys.readouterr().out)["trust"]
    assert trust["source"] == "beside-bundle"
    assert trust["path"].endswith("sent/trust.toml")
    assert "could change this file too" in trust["warning"]


@pytest.mark.parametrize(
    ("name", "status", "result"),
    [("whole-life", 0, "valid"), ("gap-hidden", 1, "invalid"), ("trust-no-log", 2, "could-not-check")],
)
def test_json(place: Path, capsys: pytest.CaptureFixture[str], name: str, status: int, result: str) -> None:
    trust = "no-log" if name == "trust-no-log" else "full"
    (place / "t.toml").write_text(CONTENT["trust"][trust])
    assert main(["verify", put(name, place / "b.json"), "--trust", "t.toml", "--json"]) == status
    content: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert content["result"] == result
    assert content["trust"] == {"source": "option", "path": "t.toml"}
    assert [step["step"] for step in content["steps"]] == list(range(1, 8 if status == 1 else 10))
    if status:
        assert content["message"]
    else:
        assert content["verdict"]["completeness"]["gaps"][0] == [5, 7, "power-cut"]


def test_quiet(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, status in (("whole-life", 0), ("gap-hidden", 1)):
        assert main(["verify", put(name, place / "b.json"), "--trust", "t.toml", "--quiet"]) == status
    assert main(["verify", "nowhere.json", "--quiet"]) == 2
    assert capsys.readouterr() == ("", "")


def test_standard_input_and_pipes(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for content in (bundle_of("whole-life"), gzip.compress(bundle_of("whole-life"))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
        assert main(["verify", "-", "--trust", "t.toml"]) == 0
    os.mkfifo(place / "pipe")
    writer = threading.Thread(target=lambda: (place / "pipe").write_bytes(bundle_of("whole-life")))
    writer.start()
    assert main(["verify", "pipe", "--trust", "t.toml"]) == 0
    writer.join()
    assert "VALID" in capsys.readouterr().out


def test_an_endless_pipe_does_not_fill_the_disk(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            assert self.given < 2**22, "it goes on for ever"
            return bytes(size)

    monkeypatch.setattr("voltseal.evidence.layout.MAX_TEXT_BYTES", 2**20)
    monkeypatch.setattr(sys, "stdin", type("Stream", (), {"buffer": Endless()})())
    assert main(["verify", "-"]) == 1
    assert "step 1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (["verify", "b.json", "--trust", "t.toml"], 2),
        (["verify", "b.json", "--trust", "t.toml", "--json"], 2),
        (["trust", "show", "t.toml"], 1),
    ],
)
def test_what_could_not_be_said_is_never_a_success(place: Path, arguments: list[str], status: int) -> None:
    put("whole-life", place / "b.json")
    command = [sys.executable, "-c", "import sys; from voltseal.cli import main; sys.exit(main())", *arguments]
    reader, writer = os.pipe()
    os.close(reader)
    with Path("/dev/full").open("wb") as full, os.fdopen(writer, "wb") as broken:
        for output, codes in ((full, {status}), (broken, {141, status})):
            done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, text=True, check=False)
            assert done.returncode in codes, done.stderr
            assert "Traceback" not in done.stderr
            assert "Exception ignored" not in done.stderr
            assert output is broken or done.stderr.count("\n") == 1


def test_no_file_whatsoever_ends_in_a_traceback(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "empty").touch()
    (place / "directory").mkdir()
    (place / "junk").write_bytes(os.urandom(5000))
    (place / "other.json").write_text('{"hello": [1, 2.5]}')
    (place / "bad.toml").write_text("[[")
    bundle = put("whole-life", place / "b.json")
    for arguments, status in (
        (["missing"], 2), (["directory"], 2), (["empty"], 1), (["junk"], 1), (["other.json"], 1), (["/dev/null"], 1),
        ([bundle, "--trust", "missing"], 2), ([bundle, "--trust", "bad.toml"], 2), ([bundle, "--trust", "junk"], 2),
        ([bundle, "--trust", "directory"], 2),
    ):  # fmt: skip
        for form in ([], ["--json"]):
            assert main(["verify", *arguments, *form]) == status, arguments
            shown = capsys.readouterr()
            assert "Traceback" not in shown.out + shown.err
            assert not form or json.loads(shown.out)["result"] in {"invalid", "could-not-check"}


def test_a_file_without_permission(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(path: Path, *_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    bundle = put("whole-life", place / "b.json")
    monkeypatch.setattr(Path, "open", refuse)
    assert main(["verify", bundle]) == 2
    assert "Permission denied" in capsys.readouterr().err


def test_a_fault_of_the_program_is_no_verdict(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr("voltseal.verifier.verify", break_down)
    assert main(["verify", put("whole-life", place / "b.json"), "--trust", "t.toml"]) == 2
    said = capsys.readouterr().err
    assert "ZeroDivisionError: on purpose" in said
    assert "Traceback" not in said


def test_texts_of_strangers_do_not_steer_the_terminal(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.vectors.maker.bundle_world import Device, World, endorsement, enrol, revoke
    from tests.vectors.maker.cast import DEVICE, DEVICE_UEID

    world, device = World(), Device(DEVICE, DEVICE_UEID)
    world.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    world.add(device.ueid, device.boot())
    world.add(device.ueid, revoke(device.ueid, device.key.kid, 2**50, "\x1b]0;owned\x07\u202e"))
    (place / "b.json").write_text(world.draft(device, [(0, 0)]).text())
    assert main(["verify", "b.json", "--trust", "t.toml"]) == 0
    shown = capsys.readouterr().out
    assert "owned" in shown
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)


def test_a_terminal_that_cannot_show_the_marks(place: Path) -> None:
    bundle = put("whole-life", place / "b.json")
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [sys.executable, "-c", "import sys; from voltseal.cli import main; sys.exit(main())"]
    done = subprocess.run(
        [*command, "verify", bundle, "--trust", "t.toml"], env=environment, capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


HEAVY = {"rich", "paho", "sqlite3", "asyncio", "multiprocessing", "tempfile", "gzip", "http"}


def test_start_up_is_quick(place: Path) -> None:
    """The bar is 0.3 s; what can be tested on a busy machine is that nothing heavy is loaded."""
    bundle = put("whole-life", place / "b.json")
    script = (
        "import sys; from voltseal.cli import main; code = main(sys.argv[1:]);"
        f"print(code, sorted(set(sys.modules) & {HEAVY!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "verify", bundle, "--trust", "t.toml", "--quiet"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "0 []\n"

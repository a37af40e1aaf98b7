"""Commands for whoever operates a gateway: status, quarantine export, a check that goes on."""

from __future__ import annotations

import json
import stat
from base64 import b64decode
from pathlib import Path

import pytest
from tests.gateway_ingest import Ingest

from voltseal.cli import main
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.log_check import check_log
from voltseal.log_check.state import CheckState, Position, read_state, write_state
from voltseal_sim.load import LoadMessage

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """400 statements under a checkpoint, and three refused messages."""
    made = Ingest(tmp_path)
    messages = made.device.messages(400, made.xy)
    made.commit(messages)
    topic = messages[0].topic
    made.commit([LoadMessage(topic, b"", 0, b"\x00one"), LoadMessage(topic, b"", 0, b"\x00two")])
    made.commit([LoadMessage("elsewhere\x1b[2J", b"", 0, messages[0].payload)])
    LogWriter(made.store, read_log_key(made.site.config), BatchPolicy(1, 0)).step(1000, tick=True)
    monkeypatch.setenv("VOLTSEAL_CONFIG", str(made.site.config_path))
    return made


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.usefixtures("ingest")
def test_quarantine_is_exported_whole_and_for_its_owner(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "refused.jsonl"
    assert run(capsys, "quarantine", "export", file) == (0, "", "3 messages\n")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = [json.loads(line) for line in file.read_text().splitlines()]
    assert [b64decode(one["payload"])[:4] for one in found[:2]] == [b"\x00one", b"\x00two"]
    assert [one["outcome"] for one in found] == ["malformed", "malformed", "wrong-topic"]
    assert found[2]["topic"] == "elsewhere\x1b[2J"
    assert [one["number"] for one in found] == [1, 2, 3]
    code, _, err = run(capsys, "quarantine", "export", file)
    assert (code, "cannot be written: File exists" in err) == (1, True)
    code, out, err = run(capsys, "quarantine", "export", "-", "--outcome", "wrong-topic")
    assert (code, json.loads(out)["number"], err, "\x1b" in out) == (0, 3, "1 messages\n", False)


def test_a_check_goes_on_only_when_asked_to(ingest: Ingest, capsys: Capture) -> None:
    kept: list[Position] = []
    check_log(ingest.store, ingest.site.log_key, save=lambda position: kept.append(position()))
    path = ingest.site.config.store.path
    ingest.store.connection.execute("UPDATE entries SET raw = x'00' WHERE leaf_index = 3")
    write_state(path, CheckState("example.org/test", None, kept[0]))
    code, out, _ = run(capsys, "log", "check", "--resume", "--json")
    assert (code, json.loads(out)["entries"]) == (0, 401)  # the altered entry was read before it was altered
    assert read_state(path, "example.org/test").position is None
    write_state(path, CheckState("example.org/test", None, kept[0]))
    assert run(capsys, "log", "check")[0] == 1
    last = read_state(path, "example.org/test").last
    assert last is not None
    assert not last.is_sound


def test_status_tells_of_the_last_check_the_alarms_and_the_services(ingest: Ingest, capsys: Capture) -> None:
    _, out, _ = run(capsys, "status")
    assert "log check   never ended yet" in out
    assert "alarms      none" in out
    assert "http        off" in out
    run(capsys, "log", "check")
    ingest.device.next_sequence -= 1
    ingest.commit([ingest.device.telemetry_message()])
    _, out, _ = run(capsys, "status")
    assert "log check   401 entries, 0 s ago: nothing is altered" in out
    assert "alarms      equivocation 1" in out
    ingest.store.connection.execute("UPDATE entries SET raw = x'00' WHERE leaf_index = 3")
    run(capsys, "log", "check")
    _, out, _ = run(capsys, "status", "--json")
    content = json.loads(out)
    assert (content["log_check"]["sound"], content["alarms"], content["http"], content["alerts"]) == (
        False, {"equivocation": 1}, None, []
    )  # fmt: skip
    assert "ALTERED: " in run(capsys, "status")[1]

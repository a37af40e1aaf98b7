"""The gateway's commands: what they print, their exit codes, and that a mistake is one line and a hint."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from tests.gateway_ingest import Ingest

from voltseal.cli import main
from voltseal.config import load
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.store.lock import StoreLock
from voltseal.wire.keys import load_signing_key
from voltseal_sim.load import LoadDevice, LoadMessage

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def ingest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ingest:
    """A gateway that is not running, with 20 statements, a gap of two, one refused message and a checkpoint."""
    made = Ingest(tmp_path)
    messages = made.device.messages(20, made.xy)
    made.commit([*messages[:8], *messages[10:], LoadMessage(messages[0].topic, b"", 0, b"\x00rubbish")])
    LogWriter(made.store, read_log_key(made.site.config), BatchPolicy(1, 0)).step(1000, tick=True)
    monkeypatch.setenv("VOLTSEAL_CONFIG", str(made.site.config_path))
    return made


def run(capsys: Capture, *words: object) -> tuple[int, str, str]:
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_init_makes_what_run_needs_with_secrets_for_the_owner_alone(tmp_path: Path, capsys: Capture) -> None:
    code, out, _ = run(capsys, "init", tmp_path / "site_1")
    assert code == 0
    config = load(tmp_path / "site_1" / "voltseal.toml")
    assert (config.gateway.origin, config.gateway.site) == ("site-1/log", "site-1")
    assert read_log_key(config).verifier.encode() in out
    for secret in (config.log.key_file, config.receipt.key_file):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    public = (tmp_path / "site_1" / "keys" / "receipt.pub").read_text().strip()
    assert bytes.fromhex(public) == load_signing_key(config.receipt.key_file).public.xy


def test_init_refuses_to_replace_anything(tmp_path: Path, capsys: Capture) -> None:
    assert run(capsys, "init", tmp_path / "s")[0] == 0
    before = {path: path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file()}
    code, _, err = run(capsys, "init", tmp_path / "s")
    assert (code, "exists already" in err) == (1, True)
    assert {path: path.read_bytes() for path in (tmp_path / "s").rglob("*") if path.is_file()} == before


def test_init_with_a_mistake_leaves_nothing(tmp_path: Path, capsys: Capture) -> None:
    code, _, err = run(capsys, "init", tmp_path / "s", "--site", "Not A Site")
    assert (code, "site" in err, (tmp_path / "s").exists()) == (1, True, False)


def test_a_maker_endorses_and_the_gateway_enrols(ingest: Ingest, tmp_path: Path, capsys: Capture) -> None:
    device = LoadDevice("example.org/test", "test", 50)
    (tmp_path / "request").write_text(device.enrolment_request().hex())
    config = ingest.site.config_path
    assert run(capsys, "maker", "init", tmp_path / "m.pem", "--name", "Maker 2", "--append", config)[0] == 0
    assert stat.S_IMODE((tmp_path / "m.pem").stat().st_mode) == 0o600
    endorse = ["maker", "endorse", tmp_path / "request", "--key", tmp_path / "m.pem", "--name", "Maker 2"]
    assert run(capsys, *endorse, "--origin", "example.org/test", "--output", tmp_path / "e")[0] == 0
    code, out, _ = run(capsys, "device", "enrol", "--endorsement", tmp_path / "e", "--label", "second")
    assert (code, device.ueid.hex() in out) == (0, True)
    code, out, _ = run(capsys, "device", "list", "--json")
    assert [(d["label"], d["maker"], d["key"]) for d in json.loads(out)][1] == ("second", "Maker 2", "active")
    code, _, err = run(capsys, "device", "enrol", "--endorsement", tmp_path / "e")
    assert (code, "has an active key" in err, "try: revoke it" in err) == (1, True, True)


@pytest.mark.parametrize("when", ["2999-01-01", "99999999999999999999"])
def test_a_key_is_not_revoked_in_the_future(ingest: Ingest, capsys: Capture, when: str) -> None:
    name = ingest.device.ueid.hex()[:8]
    code, _, err = run(capsys, "device", "revoke", name, "--reason", "sold", "--effective", when)
    assert (code, f"cannot take effect in the future: {when}" in err) == (1, True)
    assert "active" in run(capsys, "device", "list")[1]


def test_a_key_gives_way_to_another(ingest: Ingest, tmp_path: Path, capsys: Capture) -> None:
    from voltseal.wire import enrolment
    from voltseal.wire.boot import KeyTier
    from voltseal.wire.ids import as_ueid
    from voltseal.wire.keys import SigningKey

    origin, new = ingest.site.config.gateway.origin, SigningKey.generate()
    request = enrolment.request(
        new, ueid=as_ueid(ingest.device.ueid), device_class="bms", hwmodel=b"m", key_tier=KeyTier.SOFTWARE, nonce=b"",
        origin=origin,
    )  # fmt: skip
    endorsement = enrolment.endorse(request, ingest.site.maker, not_before_ms=0, maker_name="m", origin=origin)
    (tmp_path / "e").write_bytes(endorsement)
    stranger = enrolment.consent(request, SigningKey.generate(), origin=origin)
    (tmp_path / "c").write_bytes(stranger)
    code, _, err = run(capsys, "device", "rotate", "--endorsement", tmp_path / "e", "--consent", tmp_path / "c")
    assert (code, "has no key" in err) == (1, True)
    old = SigningKey.from_private(ingest.device.key)
    (tmp_path / "c").write_text(enrolment.consent(request, old, origin=origin).hex())
    code, out, _ = run(capsys, "device", "rotate", "--endorsement", tmp_path / "e", "--consent", tmp_path / "c")
    assert (code, "has a new key" in out) == (0, True)
    name = ingest.device.ueid.hex()
    shown = run(capsys, "device", "show", name)[1]
    assert f"gave way to {new.public.kid.hex()}" in shown
    assert f"{new.public.kid.hex()}, entry" in shown
    code, _, err = run(capsys, "device", "rotate", "--endorsement", tmp_path / "e", "--consent", tmp_path / "c")
    assert (code, "is not active" in err) == (1, True)
    code, _, err = run(capsys, "device", "rotate", "--maker-key", tmp_path / "m.pem", "--consent", tmp_path / "c")
    assert (code, "name REQUEST" in err) == (1, True)


def test_the_log_is_sound_after_readings_were_erased(ingest: Ingest, capsys: Capture) -> None:
    assert run(capsys, "log", "check")[0] == 0
    name = ingest.device.ueid.hex()
    held = [leaf for leaf in range(ingest.store.next_leaf) if ingest.store.disclosure(leaf) is not None]
    assert held
    code, out, _ = run(capsys, "device", "erase", name, "--all", "--yes")
    assert (code, f"of {len(held)} statements" in out) == (0, True)
    assert all(ingest.store.disclosure(leaf) is None for leaf in held)
    code, out, _ = run(capsys, "log", "check")
    assert code == 0, out
    assert run(capsys, "device", "show", name)[0] == 0


def test_a_revoked_device_is_listed_so(ingest: Ingest, capsys: Capture) -> None:
    name = ingest.device.ueid.hex()[:8]
    code, out, _ = run(capsys, "device", "revoke", name, "--reason", "sold", "--effective", "2025-03-01T12:00:00Z")
    assert (code, "2025-03-01 12:00:00Z" in out) == (0, True)
    assert "revoked" in run(capsys, "device", "list")[1]
    assert "revoked from 2025-03-01 12:00:00Z: sold" in run(capsys, "device", "show", name)[1]
    code, _, err = run(capsys, "device", "revoke", name, "--reason", "again")
    assert (code, "no key that is not revoked" in err) == (1, True)


def test_a_makers_key_that_the_configuration_does_not_list_is_refused(
    ingest: Ingest, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "request").write_bytes(LoadDevice("example.org/test", "test").enrolment_request())
    run(capsys, "maker", "init", tmp_path / "m.pem", "--name", "Unknown")
    code, _, err = run(capsys, "device", "enrol", tmp_path / "request", "--maker-key", tmp_path / "m.pem")
    assert (code, "does not list this maker's key" in err) == (1, True)
    assert ingest.store.entry_count() == 19


def test_status_as_table_and_data(ingest: Ingest, capsys: Capture) -> None:
    code, out, _ = run(capsys, "status")
    assert code == 0
    assert "not running" in out
    assert "1 messages" in out
    lock = StoreLock(ingest.site.config.store.path)
    content = json.loads(run(capsys, "status", "--json")[1])
    lock.release()
    assert content["running"] is True
    assert content["entries"] == 19
    assert content["checkpoint"]["tree_size"] == 19
    assert content["anchor"] is None
    assert content["outcomes"] == {"accepted": 18, "malformed": 1}
    assert content["quarantine"]["messages"] == 1
    (device,) = content["devices"]
    assert (device["cadence_ms"], device["silent"]) == (10_000, False)  # the store's clock is ahead of ours
    assert (device["statements"], device["gaps_declared"], device["gaps_unexplained"], device["alarms"]) == (
        18,
        0,
        1,
        0,
    )


def test_show_names_runs_and_gaps(ingest: Ingest, capsys: Capture) -> None:
    code, out, _ = run(capsys, "device", "show", ingest.device.ueid.hex(), "--json")
    content = json.loads(out)
    assert (code, content["stored"], content["gaps"]) == (0, [[0, 7], [10, 19]], [[8, 9, "unexplained"]])


def test_the_log_commands(ingest: Ingest, capsys: Capture) -> None:
    code, note, _ = run(capsys, "log", "checkpoint")
    assert (code, note.splitlines()[:2]) == (0, ["example.org/test", "19"])
    code, out, _ = run(capsys, "log", "proof", 7, "--json")
    proof = json.loads(out)
    assert (code, proof["leaf_index"], proof["tree_size"], len(proof["inclusion"])) == (0, 7, 19, 5)
    code, _, err = run(capsys, "log", "proof", 19)
    assert (code, "no checkpoint covers entry 19" in err) == (1, True)
    code, out, _ = run(capsys, "log", "check")
    assert (code, "19 entries, 18 statements, 1 checkpoints: nothing is altered" in out) == (0, True)


def test_log_check_names_an_altered_entry_and_fails(ingest: Ingest, capsys: Capture) -> None:
    ingest.store.connection.execute(
        "UPDATE entries SET raw = substr(raw, 1, length(raw) - 1) || x'00' WHERE leaf_index = 5"
    )
    code, out, _ = run(capsys, "log", "check", "--json")
    content = json.loads(out)
    assert (code, content["sound"]) == (1, False)
    assert {("entry-altered", 5)} <= {(f["code"], f["leaf_index"]) for f in content["findings"]}


def test_quarantine_lists_and_shows_the_whole_message(ingest: Ingest, capsys: Capture) -> None:
    code, out, _ = run(capsys, "quarantine", "list", "--json")
    (message,) = json.loads(out)
    assert (code, message["outcome"], message["bytes"]) == (0, "malformed", 8)
    assert b"\x00rubbish".hex(" ") in run(capsys, "quarantine", "show", message["number"])[1]
    code, _, err = run(capsys, "quarantine", "show", 99)
    assert (code, "holds no message 99" in err) == (1, True)


@pytest.mark.parametrize("words", [["log", "proof"], ["quarantine", "show"], ["quarantine", "list", "--limit"]])
def test_a_number_beyond_the_stores_is_not_understood(ingest: Ingest, capsys: Capture, words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(capsys, *words, 2**63)
    assert (ended.value.code, "invalid number value" in capsys.readouterr().err) == (2, True)
    assert run(capsys, *words, 2**63 - 1)[2].count("Traceback") == 0


def test_the_store_is_the_owners_alone(ingest: Ingest) -> None:
    for name in ("voltseal.db", "voltseal.db-wal", "voltseal.db-shm"):
        assert ingest.site.config.store.path.with_name(name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("UPDATE meta SET value = x'ff' WHERE name = 'tree_size'", "the tree's size in the store is damaged"),
        ("UPDATE entries SET sequence = 'a' WHERE leaf_index = 5", "entry 5 in the store is damaged"),
        ("UPDATE entries SET received_ms = 'now' WHERE leaf_index = 5", "entry 5 in the store is damaged"),
    ],
)
def test_a_store_of_other_types_is_named(ingest: Ingest, capsys: Capture, sql: str, message: str) -> None:
    ingest.store.connection.execute(sql)
    code, _, err = run(capsys, "log", "check")
    assert (code, message in err) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["status", "--config", "/nowhere/v.toml"], "cannot be read"),
        (["device", "show", "nobody"], "no device is called 'nobody'"),
        (["device", "enrol", "/nowhere", "--endorsement", "/nowhere"], "exclude each other"),
        (["device", "enrol", "--endorsement", "/nowhere"], "/nowhere: cannot be read"),
        (["device", "enrol", "--endorsement", __file__], "is not a COSE_Sign1"),
        (["device", "revoke", "0100", "--reason", "r", "--effective", "soon"], "'soon' is not a time"),
        (["quarantine", "list", "--limit", "0"], "--limit is less than 1"),
        (["maker", "init", "/nowhere/m.pem", "--name", "M"], "/nowhere/m.pem"),
        (["maker", "init", "m.pem", "--name", 'quo"te'], "--name"),
        (["maker", "endorse", "r", "--key", "/nowhere", "--name", "M", "--origin", "o", "--output", "e"], "r: cannot"),
    ],
)
def test_a_mistake_is_a_line_and_an_exit_code(ingest: Ingest, capsys: Capture, words: list[str], message: str) -> None:
    code, out, err = run(capsys, *words)
    assert (code, out) == (1, "")
    assert message in err.splitlines()[0]
    assert "Traceback" not in err
    assert ingest.store.entry_count() == 19


def test_a_command_that_is_not_understood_is_exit_code_two(capsys: Capture) -> None:
    for words in ([], ["dance"], ["run", "--speed", "9"], ["device"]):
        with pytest.raises(SystemExit) as caught:
            main(words)
        assert caught.value.code == 2
    assert "usage: voltseal" in capsys.readouterr().err


def test_a_damaged_store_is_no_traceback(ingest: Ingest, capsys: Capture) -> None:
    ingest.store.close()
    path = ingest.site.config.store.path
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    code, _, err = run(capsys, "status")
    assert (code, "the store cannot be read" in err) == (1, True)


def test_an_interruption_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: Capture, ingest: Ingest) -> None:
    def interrupt(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("voltseal.cli.status.run", interrupt)
    assert run(capsys, "status") == (130, "", "voltseal: interrupted\n")


def test_times_are_read_in_every_form(capsys: Capture) -> None:
    from voltseal.cli.options import parse_time_ms

    assert parse_time_ms("now", 5) == 5
    assert parse_time_ms("1700000000000", 5) == 1_700_000_000_000
    assert parse_time_ms("1970-01-01T01:00:00+01:00", 5) == parse_time_ms("1970-01-01", 5) == 0

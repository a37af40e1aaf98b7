"""The examination: all well with a whole gateway, and one finding with a remedy for each thing that is broken."""

from __future__ import annotations

import json
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from tests.gateway_ingest import NOW_MS, Ingest
from tests.gateway_site import run_cli

from voltseal.certificates.authority import Authority
from voltseal.certificates.profiles import Role
from voltseal.doctor.certificate import examine_certificate_file, judge_validity
from voltseal.doctor.examine import examine
from voltseal.doctor.finding import Finding, Level
from voltseal.gateway import Gateway
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.log_check import check_log
from voltseal.log_check.state import CheckState, LastCheck, write_state
from voltseal.rollback import mark_restored
from voltseal_sim.broker import EmbeddedBroker

LATER_MS = NOW_MS + 1000


class Patient:
    """A gateway that is not running, in good health but for its weak anchor, with a broker beside it."""

    def __init__(self, directory: Path, broker_url: str) -> None:
        self.ingest = Ingest(directory)
        self.directory = directory
        self.edit("mqtt://127.0.0.1:1", broker_url)
        text = '[alert]\nwebhook_url = "http://127.0.0.1:9/"\n[[anchor]]\nuri = "ledger:anchors.ledger"\nevery_s = 0\n'
        self.append(text)
        self.ingest.commit(self.ingest.device.messages(20, self.ingest.xy))
        self.publish()
        gateway = Gateway(self.ingest.site.config, lambda: NOW_MS)
        gateway._anchoring.step()
        gateway._close()
        self.check()

    def publish(self) -> None:
        signer = read_log_key(self.ingest.site.config)
        LogWriter(self.ingest.store, signer, BatchPolicy(1, 0)).step(NOW_MS, tick=True, force=True)

    def check(self) -> None:
        """As the scheduled check of the log does."""
        config = self.ingest.site.config
        report = check_log(self.ingest.store, read_log_key(config).verifier)
        write_state(config.store.path, CheckState(config.gateway.origin, LastCheck.of(report, NOW_MS)))

    def edit(self, old: str, new: str) -> None:
        path = self.ingest.site.config_path
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    def append(self, text: str) -> None:
        path = self.ingest.site.config_path
        path.write_text(path.read_text() + text)

    def sql(self, text: str) -> None:
        self.ingest.store.connection.execute(text)

    def findings(self, now_ms: int = LATER_MS) -> list[Finding]:
        return list(examine(self.ingest.site.config_path, now_ms))


@pytest.fixture
async def patient(tmp_path: Path) -> AsyncIterator[Patient]:
    broker = EmbeddedBroker()
    yield Patient(tmp_path, await broker.start())
    await broker.stop()


async def looked_at(patient: Patient, now_ms: int = LATER_MS) -> list[Finding]:
    """In a thread: the broker lives on this one's event loop."""
    import asyncio

    return await asyncio.to_thread(patient.findings, now_ms)


async def test_a_healthy_gateway_has_only_the_warnings_it_deserves(patient: Patient) -> None:
    found = await looked_at(patient)
    assert {(one.check, one.level) for one in found if one.level is not Level.OK} == {
        ("gateway", Level.WARNING), ("anchors", Level.WARNING),
    }  # fmt: skip
    assert {one.check for one in found} >= {
        "configuration", "keys", "disk", "store", "clock", "log", "log check", "broker"
    }  # fmt: skip
    assert all(one.next for one in found if one.level is not Level.OK)


def stop_time(patient: Patient) -> None:
    patient.sql(f"UPDATE entries SET received_ms = {LATER_MS + 61_000} WHERE leaf_index = 20")


def alter_root(patient: Patient) -> None:
    patient.sql("UPDATE tiles SET hashes = CAST(zeroblob(length(hashes)) AS BLOB)")


def alter_entry(patient: Patient) -> None:
    patient.sql("UPDATE entries SET raw = x'00' WHERE leaf_index = 19")


def alter_note(patient: Patient) -> None:
    patient.sql("UPDATE checkpoints SET raw = CAST(replace(CAST(raw AS TEXT), '21', '22') AS BLOB)")


def unsound(patient: Patient) -> None:
    patient.sql("UPDATE entries SET raw = x'00' WHERE leaf_index = 3")
    patient.check()


def rubbish(patient: Patient) -> None:
    patient.ingest.store.close()
    patient.ingest.site.config.store.path.write_bytes(b"rubbish" * 1000)


def chmod(name: str) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        (patient.directory / name).chmod(0o644)

    return change


def remove(name: str) -> Callable[[Patient], None]:
    def change(patient: Patient) -> None:
        (patient.directory / name).unlink()

    return change


def other_log(patient: Patient) -> None:
    patient.edit("example.org/test", "example.org/other")


def no_broker(patient: Patient) -> None:
    url = patient.ingest.site.config.broker.url
    patient.edit(url, "mqtt://127.0.0.1:1")


def no_tls(patient: Patient) -> None:
    patient.edit("mqtt://", "mqtts://")


def misspelt(patient: Patient) -> None:
    patient.append("[borker]\n")


def restored(patient: Patient) -> None:
    mark_restored(patient.ingest.site.config.store.path, NOW_MS, 21)


def not_anchored(patient: Patient) -> None:
    patient.sql("UPDATE anchors SET proof = NULL")
    patient.sql(f"UPDATE checkpoints SET cut_ms = {NOW_MS - 25 * 3_600_000}")


def short_token(patient: Patient) -> None:
    patient.append('[http]\nlisten = "127.0.0.1:0"\ntoken_file = "keys/t"\n')
    (patient.directory / "keys" / "t").write_text("short")
    (patient.directory / "keys" / "t").chmod(0o600)


@pytest.mark.parametrize(
    ("harm", "check", "message", "remedy"),
    [
        (misspelt, "configuration", "table 'borker' is not known", "broker"),
        (chmod("keys/log.key"), "keys", "others may read it (mode 644)", "chmod 600"),
        (chmod("keys/receipt.pem"), "keys", "others may read it (mode 644)", "chmod 600"),
        (remove("keys/receipt.pem"), "keys", "No such file", "put it back"),
        (other_log, "keys", "is the key of log", "put back the old origin"),
        (stop_time, "clock", "61 s behind what the store holds already", "NTP"),
        (alter_root, "log", "", "voltseal log check"),
        (alter_entry, "log", "", "voltseal log check"),
        (alter_note, "log", "", "voltseal log check"),
        (restored, "log", "was restored from a backup", "--accept-rollback"),
        (unsound, "log check", "findings", "voltseal log check"),
        (rubbish, "store", "file is not a database", "voltseal restore"),
        (not_anchored, "anchors", "have waited for 25 h", "gateway's log"),
        (no_broker, "broker", "cannot be reached", "is it running?"),
        (no_tls, "broker", "", "check"),
        (short_token, "http", "under 24 characters", "urandom"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
async def test_each_harm_is_named_with_its_remedy(
    patient: Patient, harm: Callable[[Patient], None], check: str, message: str, remedy: str
) -> None:
    harm(patient)
    failures = [one for one in await looked_at(patient) if one.level is Level.FAILURE]
    assert any(one.check == check and message in one.message and remedy in one.next for one in failures), failures


async def test_a_clock_that_was_never_set(patient: Patient) -> None:
    found = {one.check: one for one in await looked_at(patient, 1_000_000)}
    assert "never set" in found["clock"].message


async def test_little_room_on_the_disk(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, level in ((10 << 20, Level.FAILURE), (500 << 20, Level.WARNING), (100 << 30, Level.OK)):
        usage = type(shutil.disk_usage("/"))(200 << 30, 0, free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path, usage=usage: usage)
        found = {one.check: one for one in await looked_at(patient)}
        assert found["disk"].level is level


async def test_contradicting_statements_are_a_warning(patient: Patient) -> None:
    patient.sql("INSERT INTO alarms VALUES (5, 11, 1, 4, 0, 'another')")
    found = {one.check: one for one in await looked_at(patient)}
    assert (found["alarms"].level, "1 statements" in found["alarms"].message) == (Level.WARNING, True)


def test_certificates_by_their_dates(tmp_path: Path) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    authority = Authority.create(tmp_path / "ca", "Depot 7", None, begin)
    authority.issue(authority.unlock(None), Role.SERVER, ["broker.lan"], now=begin, days=100)
    path = authority.certificate_path("broker.lan")
    certificate = x509.load_pem_x509_certificate(path.read_bytes())

    def level(days: int) -> Level:
        now_ms = int((begin + timedelta(days=days)).timestamp() * 1000)
        (from_file,) = examine_certificate_file("broker", path, now_ms)
        assert from_file.level is judge_validity("broker", "x", certificate, now_ms).level
        return from_file.level

    assert [level(days) for days in (-2, 1, 69, 71, 101)] == [
        Level.FAILURE, Level.OK, Level.OK, Level.WARNING, Level.FAILURE
    ]  # fmt: skip
    (tmp_path / "x.pem").write_text("nothing")
    (finding,) = examine_certificate_file("broker", tmp_path / "x.pem", 0)
    assert finding.level is Level.FAILURE


async def test_the_command_says_what_to_do_and_fails(patient: Patient) -> None:
    import asyncio

    config = patient.ingest.site.config_path
    code, out, err = await asyncio.to_thread(run_cli, "doctor", "--config", config)
    assert (code, err) == (1, "")  # the store's entries are from a later day than this one
    assert "failure  clock: " in out
    assert "try: let it be set by NTP" in out
    code, out, _ = await asyncio.to_thread(run_cli, "doctor", "--json", "--config", config)
    content = json.loads(out)
    assert (code, content["healthy"]) == (1, False)
    assert {"check": "broker", "level": "ok"}.items() <= next(
        one for one in content["findings"] if one["check"] == "broker"
    ).items()

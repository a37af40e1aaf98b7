"""Backup beside a writer, restore, and everything that is refused; and that an older store does not sign again."""

from __future__ import annotations

import io
import json
import shutil
import stat
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from tests.gateway_ingest import NOW_MS, Ingest
from tests.gateway_site import run_cli

from voltseal.backup.errors import BackupDamagedError, BackupError
from voltseal.backup.make import make_backup
from voltseal.backup.manifest import MANIFEST_NAME, Manifest
from voltseal.backup.restore import check_restored, restore
from voltseal.config import load
from voltseal.gateway import Gateway
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.rollback import RolledBackError, published_path, restored_path
from voltseal.store.reader import SqliteReader

SECRETS = {"keys/log.key", "keys/receipt.pem", "keys/api.token", "anchors.ledger.key"}
MORE = '[http]\ntoken_file = "keys/api.token"\n[[anchor]]\nuri = "ledger:anchors.ledger"\nevery_s = 0\n'


class Running(Ingest):
    """A gateway's parts, with publishing and anchoring done by hand."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        text = self.site.config_path.read_text()
        self.site.config_path.write_text(text + MORE)
        (directory / "keys" / "api.token").write_text("t" * 40)
        (directory / "keys" / "api.token").chmod(0o600)

    def add(self, count: int) -> None:
        """More statements, and a checkpoint of all."""
        self.commit([self.device.telemetry_message() for _ in range(count)])
        self.publish()

    def publish(self) -> None:
        LogWriter(self.store, read_log_key(self.site.config), BatchPolicy(1, 0)).step(NOW_MS, tick=True, force=True)


@pytest.fixture
def running(tmp_path: Path) -> Running:
    made = Running(tmp_path / "site")
    made.commit(made.device.messages(30, made.xy))
    made.publish()
    return made


@pytest.fixture(autouse=True)
def _directory(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()


def names(path: Path) -> set[str]:
    with tarfile.open(path) as archive:
        return set(archive.getnames())


def test_a_backup_holds_what_is_public_and_comes_back_sound(running: Running, tmp_path: Path) -> None:
    file = tmp_path / "b.tar"
    manifest = make_backup(running.site.config, file, NOW_MS, with_keys=False)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (manifest.entries, manifest.tree_size, manifest.with_keys) == (31, 31, False)
    assert names(file) == {MANIFEST_NAME, "voltseal.toml", "voltseal.db", "keys/log.vkey", "keys/receipt.pub"}
    secret = (running.site.directory / "keys" / "log.key").read_bytes().strip()
    assert secret not in file.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.tar", "site"]

    restored = restore(file, tmp_path / "back")
    assert {path.relative_to(tmp_path / "back").as_posix() for path in restored.missing} == SECRETS
    report = check_restored(restored)
    assert (report.is_sound, report.entries, report.checkpoints) == (True, 31, 1)
    assert load(restored.config_path).gateway == running.site.config.gateway
    for path in (tmp_path / "back").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_private_keys_come_only_when_asked_for(running: Running, tmp_path: Path) -> None:
    Gateway(running.site.config)._close()  # makes the ledger and its key
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=True)
    assert names(tmp_path / "b.tar") >= SECRETS | {"anchors.ledger"}
    restored = restore(tmp_path / "b.tar", tmp_path / "back")
    assert restored.missing == ()
    assert read_log_key(load(restored.config_path)) == read_log_key(running.site.config)


def test_a_backup_is_one_moment_whatever_is_written_meanwhile(running: Running, tmp_path: Path) -> None:
    running.add(600)  # more pages than one step copies
    before, written = running.store.entry_count(), []

    def write_more(_done: int, _total: int) -> None:
        if len(written) < 3:
            written.append(1)
            running.add(10)

    running.store.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
    import voltseal.backup.make as module

    original, module._PAGES_A_STEP = module._PAGES_A_STEP, 20
    try:
        manifest = make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False, progress=write_more)
    finally:
        module._PAGES_A_STEP = original
    assert (len(written), manifest.entries) == (3, before)
    assert running.store.entry_count() == before + 30
    assert check_restored(restore(tmp_path / "b.tar", tmp_path / "back")).is_sound


def test_files_outside_the_directory_are_named_when_they_are_put_back(running: Running, tmp_path: Path) -> None:
    ca = tmp_path / "elsewhere" / "ca.pem"
    ca.parent.mkdir()
    ca.write_text("certificate")
    text = running.site.config_path.read_text().replace("mqtt://127.0.0.1:1", "mqtts://127.0.0.1:1")
    running.site.config_path.write_text(text.replace("[broker]\n", f'[broker]\nca_file = "{ca}"\n'))
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    restored = restore(tmp_path / "b.tar", tmp_path / "back")
    ((now, named),) = restored.moved()
    assert (now, named) == (tmp_path / "back" / "outside" / "broker-ca" / "ca.pem", str(ca))
    assert now.read_text() == "certificate"


def test_nothing_is_replaced(running: Running, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("mine")
    with pytest.raises(BackupError, match="exists already"):
        make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    assert (tmp_path / "b.tar").read_text() == "mine"
    make_backup(running.site.config, tmp_path / "c.tar", NOW_MS, with_keys=False)
    with pytest.raises(BackupError, match="is not an empty directory"):
        restore(tmp_path / "c.tar", tmp_path / "site")


Members = list[tuple[tarfile.TarInfo, bytes]]


def rewritten(path: Path, change: Callable[[Members], None]) -> Path:
    """A copy of the backup after `change`."""
    with tarfile.open(path) as archive:
        members: Members = [(one, archive.extractfile(one).read()) for one in archive]  # type: ignore[union-attr]
    change(members)
    with tarfile.open(path.with_suffix(".changed"), "w") as archive:
        for one, content in members:
            if one.isreg():
                one.size = len(content)
            archive.addfile(one, io.BytesIO(content))
    return path.with_suffix(".changed")


def flip(members: Members) -> None:
    header, content = members[-1]
    at = len(content) // 2
    members[-1] = header, content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def shorten(members: Members) -> None:
    members[-1] = members[-1][0], members[-1][1][:-1]


def leave_out(members: Members) -> None:
    del members[2]


def add_one(members: Members) -> None:
    members.append((tarfile.TarInfo("more"), b"x"))


def swap(members: Members) -> None:
    members[1], members[2] = members[2], members[1]


def link(members: Members) -> None:
    members[1][0].type, members[1][0].linkname = tarfile.SYMTYPE, "/etc/passwd"


def no_manifest(members: Members) -> None:
    del members[0]


def rename(name: str) -> Callable[[Members], None]:
    def change(members: Members) -> None:
        content = json.loads(members[0][1])
        content["files"][0]["name"] = members[1][0].name = name
        members[0] = members[0][0], json.dumps(content).encode()

    return change


@pytest.mark.parametrize(
    "change",
    [flip, shorten, leave_out, add_one, swap, link, no_manifest, rename("../escaped"), rename("/tmp/escaped"),
     rename("a/../../escaped"), rename("./x"), rename("manifest.json"), rename("voltseal.db"), rename("a\\b")],
    ids=lambda change: getattr(change, "__name__", "change"),
)  # fmt: skip
def test_a_backup_that_was_altered_leaves_nothing(
    running: Running, tmp_path: Path, change: Callable[[Members], None]
) -> None:
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    with pytest.raises(BackupDamagedError):
        restore(rewritten(tmp_path / "b.tar", change), tmp_path / "back")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.changed", "b.tar", "site"]


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.99])
def test_a_backup_that_was_cut_off_is_damaged(running: Running, tmp_path: Path, share: float) -> None:
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    raw = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(raw[: int((len(raw) - 20_000) * share)])
    with pytest.raises(BackupDamagedError):
        restore(tmp_path / "b.tar", tmp_path / "back")
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "other"}', '{"format": "voltseal-backup/1"}', "\xff"])
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(BackupDamagedError):
        Manifest.parse(text.encode("latin-1"))


def test_a_restored_store_signs_nothing_until_somebody_says_so(running: Running, tmp_path: Path) -> None:
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=True)
    config = load(restore(tmp_path / "b.tar", tmp_path / "back").config_path)
    with pytest.raises(RolledBackError, match="restored from a backup") as refusal:
        Gateway(config)
    assert "--accept-rollback" in str(refusal.value.hint)
    with pytest.raises(RolledBackError):  # refusing it once does not let it pass the next time
        Gateway(config)
    Gateway(config, accept_rollback=True)._close()
    assert not restored_path(config.store.path).exists()
    Gateway(config)._close()


def test_an_older_store_in_the_place_of_a_newer_one_is_noticed(running: Running, tmp_path: Path) -> None:
    config = running.site.config
    make_backup(config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    gateway = Gateway(config)
    running.add(5)
    gateway._anchoring.step()
    gateway._close()
    newer = running.store.latest_checkpoint()
    assert newer is not None
    running.store.close()
    restored = restore(tmp_path / "b.tar", tmp_path / "back")
    for suffix in ("-wal", "-shm"):
        config.store.path.with_name(config.store.path.name + suffix).unlink(missing_ok=True)
    shutil.copy(restored.store_path, config.store.path)
    with pytest.raises(RolledBackError, match=r"ledger .* has a checkpoint of size 36; the store holds 31 entries"):
        Gateway(config)
    Path(config.path.parent / "anchors.ledger").unlink()
    Path(config.path.parent / "anchors.ledger.key").unlink()
    published_path(config.store.path).write_bytes(newer.raw)
    with pytest.raises(RolledBackError, match=r"\.published has a checkpoint of size 36"):
        Gateway(config)
    published_path(config.store.path).write_bytes(newer.raw.replace(b"\n36\n", b"\n99\n"))
    Gateway(config)._close()  # what the log's key did not sign says nothing


def test_another_history_of_the_same_length_is_noticed(running: Running, tmp_path: Path) -> None:
    config = running.site.config
    make_backup(config, tmp_path / "b.tar", NOW_MS, with_keys=True)
    running.add(5)
    fork = Running.__new__(Running)
    fork.site, fork.xy, fork.device = running.site, running.xy, running.device
    restored = restore(tmp_path / "b.tar", tmp_path / "back")
    other_config = load(restored.config_path)
    Gateway(other_config, accept_rollback=True)._close()
    from voltseal.store.sqlite import SqliteStore

    fork.store = SqliteStore.create(other_config.store.path)
    fork.reopen()
    fork.add(5)
    newest = running.store.latest_checkpoint()
    assert newest is not None
    published_path(other_config.store.path).write_bytes(newest.raw)
    with pytest.raises(RolledBackError, match="has another checkpoint of size 36"):
        Gateway(other_config)
    with closing(SqliteReader.open(other_config.store.path)) as reader:
        assert reader.checkpoint_count() == 2


def test_the_commands(running: Running, tmp_path: Path) -> None:
    config, file = running.site.config_path, tmp_path / "b.tar"
    code, out, err = run_cli("backup", file, "--config", config)
    assert (code, err) == (0, "")
    assert "31 entries" in out
    code, _, err = run_cli("backup", tmp_path / "k.tar", "--with-keys", "--config", config)
    assert code == 0
    assert "HOLDS THE PRIVATE KEYS" in err
    code, out, _ = run_cli("restore", file, tmp_path / "back", "--verify", "--json")
    content = json.loads(out)
    assert (code, content["sound"], content["entries"]) == (0, True, 31)
    assert len(content["missing_keys"]) == 4
    wrong = "example.org/test+00000000+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA="
    code, _, err = run_cli("restore", file, tmp_path / "again", "--log-key", wrong)
    assert (code, "the log of another key" in err) == (1, True)
    code, _, err = run_cli("run", "--config", tmp_path / "back" / "voltseal.toml")
    assert (code, "Traceback" in err) == (1, False)


def test_a_damaged_store_in_the_backup_is_found_by_the_check(running: Running, tmp_path: Path) -> None:
    running.store.connection.execute("UPDATE entries SET raw = substr(raw, 1, 20) || x'00' WHERE leaf_index = 9")
    make_backup(running.site.config, tmp_path / "b.tar", NOW_MS, with_keys=False)
    code, out, _ = run_cli("restore", tmp_path / "b.tar", tmp_path / "back", "--verify")
    assert code == 1
    assert "entry-altered: entry 9" in out

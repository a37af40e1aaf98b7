"""`voltseal log export-tiles`, `log serve` and `evidence --as`, on a gateway's own store."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import redirect_stdout
from hashlib import sha256
from io import StringIO
from pathlib import Path

import pytest
from tests.http_server import RunningServer
from tests.interop.tile_reader import read_log

from voltseal.cli import main
from voltseal.config import load
from voltseal.evidence.cose_receipt import CoseReceipt
from voltseal.evidence.tlog_proof import TlogProof
from voltseal.keys import read_log_key
from voltseal.log.merkle import leaf_hash
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log.sequencer import BatchPolicy, Sequencer
from voltseal.log.tree import Tree
from voltseal.store.interface import EntryKind, NewEntry
from voltseal.store.sqlite import SqliteStore

ORIGIN = "example.org/site-1"
UEID = b"\1" + bytes(16)


class Site:
    """A gateway's directory whose store holds entries that were committed, integrated and published in turn."""

    def __init__(self, directory: Path) -> None:
        with redirect_stdout(StringIO()):
            assert main(["init", str(directory), "--origin", ORIGIN]) == 0
        self.config_path = directory / "voltseal.toml"
        config = load(self.config_path)
        self.signer = read_log_key(config)
        self.store = SqliteStore.create(config.store.path)
        self.tree = Tree.open(self.store, 0)
        self.entries: list[bytes] = []
        with self.store.transaction():
            self.device_no = self.store.add_device(UEID, "pack-7")

    @property
    def log_key(self) -> Ed25519Verifier:
        return self.signer.verifier

    def grow(self, count: int, *, publish: bool = True, sequence: int | None = None) -> None:
        numbers = range(len(self.entries), len(self.entries) + count)
        new = [b"\xd2statement %d " % number + sha256(b"%d" % number).digest() for number in numbers]
        staged = self.tree.stage(leaf_hash(raw) for raw in new)
        with self.store.transaction():
            self.store.append(
                [
                    NewEntry(EntryKind.TELEMETRY, self.device_no, number if sequence is None else sequence, 1, 0, raw)
                    for number, raw in zip(numbers, new, strict=True)
                ]
            )
            self.store.commit_tiles(staged)
        self.tree.apply(staged)
        self.entries += new
        if publish:
            policy = BatchPolicy()
            assert Sequencer.open(self.tree, self.signer, self.log_key, self.store, policy).step(0, force=True)

    def run(self, *words: str) -> int:
        return main([*words, "--config", str(self.config_path)])


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "site")


def fetch_from(directory: Path) -> Callable[[str], bytes | None]:
    return lambda name: (directory / name).read_bytes() if (directory / name).is_file() else None


def test_export_tiles(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "public"
    assert site.run("log", "export-tiles", str(target)) == 1
    assert "no checkpoint yet" in capsys.readouterr().err
    site.grow(300)
    site.grow(50, publish=False)
    assert site.run("log", "export-tiles", str(target)) == 0
    assert "300 entries (300 entries more, 6 files" in capsys.readouterr().out
    assert read_log(fetch_from(target)).entries == site.entries[:300]
    site.grow(10)
    assert site.run("log", "export-tiles", str(target), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["old_size"], told["tree_size"], told["files"]) == (300, 360, 3)
    held = read_log(fetch_from(target))
    assert (held.origin, held.entries) == (ORIGIN, site.entries)
    assert site.run("log", "export-tiles", str(target)) == 0
    assert "nothing new" in capsys.readouterr().out


def test_export_to_where_nothing_can_be_written(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.grow(3)
    (tmp_path / "file").touch()
    assert site.run("log", "export-tiles", str(tmp_path / "file")) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_evidence_as_tlog_proof(
    site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    site.grow(300)
    assert site.run("evidence", "--as", "tlog-proof", "--index", "257") == 0
    assert "proves      entry 257 under the checkpoint of size 300" in capsys.readouterr().out
    proof = TlogProof.parse(Path("entry-257.tlog-proof").read_bytes())
    entry = Path("entry-257.entry").read_bytes()
    assert entry == site.entries[257]
    assert proof.verify(entry, site.log_key).checkpoint.tree_size == 300


def test_evidence_as_cose_receipt(site: Site, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site.grow(300)
    words = ("evidence", "--as", "cose-receipt", "--device", "pack-7", "--sequence", "12")
    assert site.run(*words, "-o", str(tmp_path / "r.cose"), "--json") == 0
    assert json.loads(capsys.readouterr().out)["index"] == 12
    receipt = CoseReceipt.parse((tmp_path / "r.cose").read_bytes())
    receipt.verify((tmp_path / "r.entry").read_bytes(), site.log_key)


def test_proof_to_standard_output(site: Site, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    site.grow(2)
    assert site.run("evidence", "--as", "tlog-proof", "--index", "1", "-o", "-") == 0
    TlogProof.parse(capfdbinary.readouterr().out).verify(site.entries[1], site.log_key)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--index", "300"), "covers entries 0 to 299, not 300"),
        (("--index", "1,2"), "proves one entry"),
        (("--index", "1-2"), "proves one entry"),
        (("--device", "pack-7"), "proves one entry"),
        (("--device", "pack-8", "--sequence", "1"), "no device is called 'pack-8'"),
        (("--device", "pack-7", "--sequence", "900"), "no statement 900"),
        (("--device", "pack-7", "--sequence", "500"), "several statements 500"),
        (("--index", "1", "--fields", "soc"), "exclude each other"),
        (("--index", "1", "-o", "x.entry"), "suffix .entry"),
        (("--index", "1", "-o", "/nowhere/at/all"), "cannot be written"),
    ],
)
def test_evidence_as_refuses(
    site: Site, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], reason: str
) -> None:
    site.grow(300)
    site.grow(2, publish=False, sequence=500)
    assert site.run("evidence", "--as", "tlog-proof", *words) == 1
    assert reason in capsys.readouterr().err


def test_serve(site: Site) -> None:
    site.grow(300)
    command = [sys.executable, "-m", "voltseal.cli", "log", "serve", "--listen", "127.0.0.1:0"]
    server = subprocess.Popen(
        [*command, "--config", str(site.config_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stdout is not None
        said = server.stdout.readline()
        match = re.fullmatch(rf"serving {ORIGIN} at http://127\.0\.0\.1:(\d+)/checkpoint\n", said)
        assert match, said
        running = RunningServer(int(match[1]))
        assert read_log(running.fetch).entries == site.entries
        site.grow(20)
        assert read_log(running.fetch).entries == site.entries
    finally:
        server.send_signal(signal.SIGTERM)
        _, complaints = server.communicate(timeout=20)
    assert (server.returncode, complaints) == (0, "")


@pytest.mark.parametrize("listen", ["8080", ":8080", "localhost", "localhost:http", "localhost:65536"])
def test_serve_wants_host_and_port(site: Site, capsys: pytest.CaptureFixture[str], listen: str) -> None:
    assert site.run("log", "serve", "--listen", listen) == 1
    assert "is not HOST:PORT" in capsys.readouterr().err


def test_serve_on_a_port_that_is_not_ours(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.grow(1)
    assert site.run("log", "serve", "--listen", "203.0.113.1:8080") == 1
    assert "cannot listen on 203.0.113.1:8080" in capsys.readouterr().err

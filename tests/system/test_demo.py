"""`voltseal demo`, as a newcomer runs it: one process, judged by its exit code, its JSON and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from voltseal.cli import main
from voltseal_sim.demo import AttackReport, DemoReport, to_json
from voltseal_sim.mosquitto import Mosquitto
from voltseal_sim.toolchain import MicroPython

ATTACKS = {
    "stranger": "unknown-device",
    "impostor": "bad-signature",
    "replay": "duplicate",
    "changed value": "invalid: bad-commitment",
    "withheld statement": "invalid: hidden-gap",
    "forged log": "inconsistent",
    "forged log's evidence": "invalid: bad-anchor",
}
COMMAND = (sys.executable, "-m", "voltseal.cli")


def demo(directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run the demo to its end."""
    words = [*COMMAND, "demo", "--json", "--directory", str(directory), *options]
    return subprocess.run(words, capture_output=True, text=True, timeout=110, check=False)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory, micropython: MicroPython) -> tuple[Path, dict[str, object]]:
    """One demo on MicroPython, for all the tests that only look."""
    del micropython  # provided: so the demo may not fall back
    directory = tmp_path_factory.mktemp("demo") / "out"
    finished = demo(directory)
    assert finished.returncode == 0, finished.stderr + finished.stdout
    content: dict[str, object] = json.loads(finished.stdout)
    return directory, content


def test_everything_expected_happens_on_micropython(played: tuple[Path, dict[str, object]]) -> None:
    _, content = played
    assert content["ok"] is True
    assert content["failures"] == []
    assert "MicroPython" in str(content["runtime"])
    packs = content["packs"]
    assert isinstance(packs, dict)
    assert set(packs) == {"pack-1", "pack-2", "pack-3"}
    assert min(packs.values()) >= 6


def test_every_attack_is_caught_by_name(played: tuple[Path, dict[str, object]]) -> None:
    attacks = played[1]["attacks"]
    assert isinstance(attacks, list)
    observed = {attack["name"]: attack["observed"] for attack in attacks}
    assert observed.items() >= ATTACKS.items()
    assert observed["altered row"].startswith("unsound: entry ")
    assert observed["withheld and admitted"].startswith("valid, gap-unexplained")
    assert all(attack["caught"] for attack in attacks)


def test_the_evidence_is_left_and_valid_and_every_damage_to_it_is_noticed(
    played: tuple[Path, dict[str, object]], capsys: pytest.CaptureFixture[str]
) -> None:
    directory, content = played
    evidence, trust = directory / "evidence.json", directory / "trust.toml"
    assert content["evidence"]["file"] == str(evidence)  # type: ignore[index]
    assert main(["verify", str(evidence), "--trust", str(trust)]) == 0
    assert "VALID" in capsys.readouterr().out
    raw = evidence.read_bytes()
    damaged = directory / "damaged.json"
    for place in range(0, len(raw), 97):
        damaged.write_bytes(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :])
        assert main(["verify", str(damaged), "--trust", str(trust), "--quiet"]) == 1


def test_no_secret_stands_in_a_log(played: tuple[Path, dict[str, object]]) -> None:
    directory, _ = played
    secrets = [path.read_bytes() for path in directory.rglob("identity")]
    assert len(secrets) == 3
    for log in directory.rglob("*.log"):
        said = log.read_bytes()
        for secret in secrets:
            assert secret[17:] not in said
            assert secret[17:49].hex().encode() not in said
        assert b"PRIVATE" not in said
        assert b"Traceback" not in said


def test_on_a_real_broker(tmp_path: Path) -> None:
    async def play() -> None:
        broker = Mosquitto()
        await broker.start()
        try:
            finished = await asyncio.to_thread(
                demo, tmp_path / "out", "--broker", broker.url, "--runtime", "host", "--statements", "3"
            )
        finally:
            await broker.stop()
        assert finished.returncode == 0, finished.stderr + finished.stdout
        assert json.loads(finished.stdout)["broker"] == broker.url

    asyncio.run(play())


def test_ctrl_c_stops_everything(tmp_path: Path) -> None:
    words = [*COMMAND, "demo", "--directory", str(tmp_path / "out"), "--runtime", "host", "--statements", "500"]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("2 "):
            break
    process.send_signal(signal.SIGINT)
    said, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said + complaint
    listing = subprocess.run(["pgrep", "-f", str(tmp_path)], capture_output=True, text=True, check=False)
    assert listing.stdout == ""


def test_a_directory_that_no_demo_made_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    assert main(["demo", "--directory", str(tmp_path), "--runtime", "host"]) == 1
    assert "no demo made it" in capsys.readouterr().err
    assert (tmp_path / "thesis.txt").exists()


def test_one_attack_that_gets_through_makes_it_fail() -> None:
    report = DemoReport(attacks=[AttackReport("replay", "sent again", "gateway", "duplicate", "accepted")])
    assert not report.ok
    assert to_json(report)["attacks"][0]["caught"] is False
    assert not DemoReport().ok

"""The index of what was issued: what a crash leaves in it, what damage looks like, two writers."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voltseal.certificates.authority import Authority
from voltseal.certificates.errors import (
    IndexDamagedError,
)
from voltseal.certificates.index import REASONS, Index, Record, Status, reason_flag, reason_text
from voltseal.certificates.profiles import Role

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DEVICE = "01" + "a1" * 16


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A new authority without a passphrase."""
    return Authority.create(tmp_path / "ca", "Depot 7", None, NOW)


def test_half_a_line_at_the_end_of_the_index_is_a_crash_and_no_damage(authority: Authority) -> None:
    path = authority.directory / "index.jsonl"
    kept = authority.issue(authority.unlock(None), Role.GATEWAY, ["gateway"], now=NOW).record
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"event":"issue","ser')
    torn = Authority(authority.directory)
    assert torn.records() == [kept]
    added = torn.issue(torn.unlock(None), Role.DEVICE, [DEVICE], now=NOW).record
    assert path.read_bytes().startswith(whole + b'{"event":"issue","serial":"' + added.serial_hex.encode())
    assert Authority(authority.directory).records() == [kept, added]


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        "[]",
        '{"event":"other"}',
        '{"event":"issue","serial":"1","role":"device"}',
        '{"event":"issue","serial":"1","role":"device","names":[],"not_before":"2026-03-01","not_after":"2026-03-01"}',
        '{"event":"revoke","serial":"1","at":"2026-03-01T12:00:00Z","reason":"unspecified"}',
        '{"event":"crl","number":"x"}',
    ],
)
def test_any_other_oddity_in_the_index_is_damage(authority: Authority, line: str) -> None:
    with (authority.directory / "index.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(IndexDamagedError, match="line 2"):
        Authority(authority.directory)


def test_two_at_a_time_lose_nothing(authority: Authority) -> None:
    """Each with its own view of the directory, as two commands have."""
    devices = [f"01{number:032x}" for number in range(12)]

    def issue(names: list[str]) -> None:
        own = Authority(authority.directory)
        for name in names:
            own.issue(own.unlock(None), Role.DEVICE, [name], now=NOW)

    threads = [threading.Thread(target=issue, args=(devices[part::3],)) for part in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(record.name for record in Authority(authority.directory).records()) == devices


def test_records_survive_the_file(tmp_path: Path) -> None:
    path = tmp_path / "index.jsonl"
    path.touch()
    index = Index.read(path)
    record = Record(7, Role.SERVER, ("a.lan", "10.0.0.1"), NOW, NOW + timedelta(days=1))
    index.issued(record)
    index.next_crl_number()
    reread = Index.read(path)
    assert (list(reread.records.values()), reread.crl_number) == ([record], 1)
    assert record.status(NOW + timedelta(days=1)) is Status.VALID
    assert record.status(NOW + timedelta(days=1, seconds=1)) is Status.EXPIRED
    assert json.loads(path.read_bytes().splitlines()[0])["names"] == ["a.lan", "10.0.0.1"]


@pytest.mark.parametrize("text", REASONS)
def test_reasons_have_one_word_each(text: str) -> None:
    assert reason_text(reason_flag(text)) == text

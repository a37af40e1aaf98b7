"""Signer keys on disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voltseal.log.errors import KeyFormatError
from voltseal.log.key_file import create_signer, read_signer


def test_a_key_is_made_once_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "log.key"
    signer = create_signer(path, "example.com/log")
    assert read_signer(path) == signer
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text() == signer.encode() + "\n"
    with pytest.raises(FileExistsError):
        create_signer(path, "example.com/log")
    assert read_signer(path) == signer
    assert [item.name for item in path.parent.iterdir()] == ["log.key"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    create_signer(path, "example.com/log")
    path.chmod(0o640)
    with pytest.raises(KeyFormatError) as caught:
        read_signer(path)
    assert caught.value.hint == f"chmod 600 {path}"


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    text = create_signer(path, "example.com/log").encode() + "\n"
    for damaged in (text[:-1], text + "\n", "", text * 2, text[:-6] + "\n"):
        path.write_text(damaged)
        with pytest.raises(KeyFormatError):
            read_signer(path)


def test_a_file_that_a_stranger_put_there_gets_no_key(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    trap = tmp_path / f"log.key.{os.getpid()}.partial"
    trap.touch(0o666)
    with trap.open("rb") as held_open:
        create_signer(path, "example.org/log")
        assert held_open.read() == b""
    assert path.stat().st_mode & 0o077 == 0

"""Output files appear when they are complete, and nothing but plain files is replaced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from voltseal.cli.output_file import replacing


def test_complete_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), replacing(path) as file:
        file.write(bytes([1 // 0]))
    assert path.read_bytes() == b"old"
    with replacing(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    """As root, /dev/null would otherwise become a file."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with replacing(pipe) as file:
        file.write(b"bytes")
    assert os.read(reader, 9) == b"bytes"
    assert pipe.is_fifo()
    os.close(reader)
    with pytest.raises(IsADirectoryError), replacing(tmp_path):
        pass


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "there")
    with replacing(tmp_path / "link") as file:
        file.write(b"1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"1"


def test_a_strangers_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / f".out.{os.getpid()}.partial").symlink_to(victim)
    with pytest.raises(FileExistsError), replacing(tmp_path / "out") as file:
        file.write(b"1")
    assert victim.read_bytes() == b"precious"

"""`voltseal-sim record` between a host and a device on pseudo-terminals, and `replay` of what it wrote."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from voltseal_sim.buses.jbd import JbdBoard
from voltseal_sim.buses.recordings import JBD_4S_5AH
from voltseal_sim.buses.source import Recorded
from voltseal_sim.cli import main
from voltseal_sim.serial_commands import load
from voltseal_sim.serial_conversation import exchanges

BASIC_INFO = bytes.fromhex("dda50300fffd77")
CELL_VOLTAGES = bytes.fromhex("dda50400fffc77")
WITHIN_S = 20.0


@contextmanager
def board() -> Iterator[str]:
    """A JBD board with recorded frames on a pseudo-terminal; its path."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device, stop = JbdBoard(Recorded(JBD_4S_5AH)), threading.Event()

    def serve() -> None:
        while not stop.is_set():
            if select.select([ours], [], [], 0.05)[0] and (answer := device.respond(os.read(ours, 4096))):
                os.write(ours, answer)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield os.ttyname(theirs)
    finally:
        stop.set()
        thread.join()
        os.close(theirs)
        os.close(ours)


@contextmanager
def simulator(*words: str) -> Iterator[subprocess.Popen[str]]:
    """`voltseal-sim WORDS` until it says its first line; ended by Ctrl-C."""
    command = [sys.executable, "-c", "import sys; from voltseal_sim.cli import main; sys.exit(main())", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline(), "it ended instead"
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(WITHIN_S) == 0


def ask(path: Path, request: bytes) -> bytes:
    """Send a request and return its answer: a JBD frame, whose fourth byte is its payload's length."""
    line = os.open(path, os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(line)
        os.write(line, request)
        answer, deadline = b"", time.monotonic() + WITHIN_S
        while len(answer) < 4 or len(answer) < answer[3] + 7:
            assert select.select([line], [], [], deadline - time.monotonic())[0], f"only {answer.hex()} came"
            answer += os.read(line, 4096)
        return answer
    finally:
        os.close(line)


def test_a_recorded_device_answers_again_as_it_did(tmp_path: Path) -> None:
    recording, link = tmp_path / "bms.jsonl", tmp_path / "line"
    asked = [BASIC_INFO, CELL_VOLTAGES, BASIC_INFO]
    with board() as port:
        words = ("record", "--port", port, "--baud", "9600", "-o", str(recording), "--link", str(link))
        with simulator(*words):
            heard = [ask(link, request) for request in asked]
    assert not link.is_symlink()
    assert heard[0] == JBD_4S_5AH[3][0]
    conversation = load(recording)
    assert (conversation.port, conversation.baud) == (port, 9600)
    assert exchanges(conversation) == list(zip(asked, heard, strict=True))
    assert [piece.ms for piece in conversation.pieces] == sorted(piece.ms for piece in conversation.pieces)
    with simulator("replay", str(recording), "--link", str(link)):
        assert [ask(link, request) for request in asked] == heard


def test_record_ends_after_the_seconds_asked_for(tmp_path: Path) -> None:
    recording = tmp_path / "quiet.jsonl"
    with board() as port:
        assert main(["record", "--port", port, "-o", str(recording), "--seconds", "0.2"]) == 0
    assert load(recording).pieces == ()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["record", "--port", "/dev/nowhere", "-o", "x.jsonl"], "cannot be opened"),
        (["replay", "/nowhere.jsonl"], "cannot be read"),
        (["replay", __file__], "is no line of a serial recording"),
    ],
)
def test_mistakes_are_one_line(words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 1
    said = capsys.readouterr().err
    assert complaint in said
    assert "Traceback" not in said


def test_a_recording_is_never_replaced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    recording = tmp_path / "kept.jsonl"
    recording.write_text("precious")
    with board() as port:
        assert main(["record", "--port", port, "-o", str(recording), "--seconds", "0.1"]) == 1
    assert "exists already" in capsys.readouterr().err
    assert recording.read_text() == "precious"

"""`voltseal-sim record|replay`: a serial conversation with a real device into a file, and out of it again."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import asyncio

    from voltseal_sim.serial_conversation import Conversation


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the commands."""
    record = commands.add_parser(
        "record",
        help="write down the conversation with a real serial device",
        description="Open the port, and a pseudo-terminal for whoever talks to the device (the firmware, a vendor's "
        "program). Every byte is passed on and written down, as JSON lines, until Ctrl-C.",
        epilog="example: voltseal-sim record --port /dev/ttyUSB0 --baud 9600 -o bms.jsonl",
    )
    record.add_argument("--port", required=True, metavar="PATH", help="the serial port of the device")
    record.add_argument("--baud", type=int, default=9600, metavar="N", help="default 9600; 8 data bits, no parity")
    record.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help="a file that does not exist")
    _add_common(record)
    record.set_defaults(run=_record)
    replay = commands.add_parser(
        "replay",
        help="serve a recorded device on a pseudo-terminal",
        description="Answer each request as the recorded device did, until Ctrl-C.",
        epilog="example: voltseal-sim replay bms.jsonl --link /tmp/bms",
    )
    replay.add_argument("file", type=Path, metavar="FILE", help="a recording")
    _add_common(replay)
    replay.set_defaults(run=_replay)


def _add_common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--link", type=Path, metavar="PATH", help="make PATH a link to the pseudo-terminal meanwhile")
    parser.add_argument("--seconds", type=float, metavar="S", help="end after so long (default: at Ctrl-C)")


def load(path: Path) -> Conversation:
    """Read a recording; raises ConversationError."""
    from voltseal_sim.serial_conversation import ConversationError, parse

    try:
        with path.open(encoding="utf-8") as file:
            return parse(file, str(path))
    except OSError as error:
        raise ConversationError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ConversationError(f"{path}: is not a serial recording: it is no text") from error


def _record(options: argparse.Namespace) -> int:
    import asyncio

    from voltseal_sim.serial_conversation import ConversationError

    try:
        import serial
    except ImportError as error:
        raise ConversationError("pyserial is not installed", hint="run: pip install 'voltseal[sim]'") from error
    try:
        port = serial.Serial(options.port, options.baud, timeout=0)
    except (serial.SerialException, ValueError) as error:
        raise ConversationError(
            f"{options.port}: cannot be opened: {error}", hint="is another program on it?"
        ) from error
    with port:
        try:
            recording = options.output.open("x", encoding="utf-8")
        except FileExistsError as error:
            raise ConversationError(f"{options.output} exists already", hint="name a file that does not") from error
        except OSError as error:
            raise ConversationError(f"{options.output}: cannot be written: {error.strerror}") from error
        with recording:
            counts = asyncio.run(_recording(options, port.fileno(), recording))
    print(f"{options.output}: {counts['host']} bytes asked, {counts['device']} bytes answered")
    return 0


async def _recording(options: argparse.Namespace, device: int, recording: Any) -> Any:
    from voltseal_sim.serial_recorder import SerialRecorder, wait_for_any

    async with SerialRecorder(device, options.port, options.baud, recording) as recorder:
        with _linked(options.link, recorder.path):
            print(f"open {options.link or recorder.path} in place of {options.port}; Ctrl-C ends it", flush=True)
            await wait_for_any(_stop_requested(), recorder.ended, seconds=options.seconds)
    return recorder.counts


def _replay(options: argparse.Namespace) -> int:
    import asyncio

    from voltseal_sim.serial_conversation import ReplayedDevice

    device = ReplayedDevice(load(options.file))
    asyncio.run(_replaying(options, device))
    print(f"answered {device.answered} requests; {device.unknown_bytes} bytes belonged to none")
    return 0


async def _replaying(options: argparse.Namespace, device: Any) -> None:
    from voltseal_sim.buses.pty import PtyBus
    from voltseal_sim.serial_recorder import wait_for_any

    async with PtyBus(device, str(options.file)) as bus:
        with _linked(options.link, bus.path):
            print(
                f"{len(device.requests)} requests of {options.file} are answered at {options.link or bus.path}",
                flush=True,
            )
            await wait_for_any(_stop_requested(), seconds=options.seconds)


def _stop_requested() -> asyncio.Event:
    """Set at Ctrl-C and SIGTERM, so that the last words are said."""
    import asyncio
    import signal

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


@contextmanager
def _linked(link: Path | None, target: str) -> Iterator[None]:
    """A symbolic link while inside; nothing without a path. Raises ConversationError if something is there."""
    from voltseal_sim.serial_conversation import ConversationError

    if link is None:
        yield
        return
    try:
        link.symlink_to(target)
    except OSError as error:
        raise ConversationError(f"{link}: no link can be made there: {error.strerror}") from error
    try:
        yield
    finally:
        link.unlink(missing_ok=True)

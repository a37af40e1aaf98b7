"""What several commands share: finding the configuration, naming devices, showing times and tables."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from voltseal.errors import VoltsealError

if TYPE_CHECKING:
    from voltseal.config import Config
    from voltseal.store.interface import StoredDevice
    from voltseal.store.reader import SqliteReader

CONFIG_VARIABLE = "VOLTSEAL_CONFIG"


class UsageError(VoltsealError):
    """The command cannot be carried out as given."""

    code: ClassVar[str] = "usage"


def add_config(parser: argparse.ArgumentParser) -> None:
    """The option --config."""
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"configuration (default: ${CONFIG_VARIABLE}, or voltseal.toml in this directory)",
    )


def add_json(parser: argparse.ArgumentParser) -> None:
    """The option --json."""
    parser.add_argument("--json", action="store_true", help="for programs: JSON instead of text")


def number(text: str) -> int:
    """The type of an option or argument that counts or names something: an integer that the store can hold."""
    value = int(text)
    if not -(2**63) <= value < 2**63:
        raise ValueError("out of range")
    return value


def load_config(options: argparse.Namespace) -> Config:
    """The configuration that the options name; raises `ConfigError`."""
    from voltseal.config import DEFAULT_FILE_NAME, load

    return load(options.config or Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_FILE_NAME)))


def open_reader(config: Config) -> SqliteReader:
    """The gateway's store, read-only; raises `StoreError`."""
    from voltseal.store.reader import SqliteReader

    return SqliteReader.open(config.store.path)


def find_device(devices: Iterable[StoredDevice], wanted: str) -> StoredDevice:
    """The device with this label, this ueid in hex, or the only one whose ueid begins so; raises `UsageError`."""
    known = list(devices)
    exact = [device for device in known if wanted and wanted in {device.label, device.ueid.hex()}]
    found = exact or [device for device in known if len(wanted) >= 4 and device.ueid.hex().startswith(wanted.lower())]
    if len(found) == 1:
        return found[0]
    hint = "voltseal device list"
    if not found:
        raise UsageError(f"no device is called {wanted!r}", hint=hint)
    raise UsageError(f"{len(found)} devices are called {wanted!r}", hint=f"give more of the ueid; {hint}")


def read_bytes(source: str) -> bytes:
    """A file's bytes, or standard input's for `-`; raises `UsageError`."""
    try:
        return sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    except OSError as error:
        raise UsageError(f"{source}: cannot be read: {error.strerror}") from error


def read_sealed(source: str) -> bytes:
    """A COSE_Sign1 from a file: its bytes, or these as hex or base64 text; raises `UsageError`."""
    from base64 import b64decode
    from binascii import unhexlify

    content = read_bytes(source)
    if content[:1] == b"\xd2":  # tag 18
        return content
    text = b"".join(content.split())
    decoders: tuple[Callable[[bytes], bytes], ...] = (unhexlify, lambda chars: b64decode(chars, validate=True))
    for decode in decoders:
        try:
            decoded = decode(text)
        except ValueError:  # then it is the other form, or neither
            continue
        if decoded[:1] == b"\xd2":
            return decoded
    raise UsageError(f"{source}: is not a COSE_Sign1, nor one as hex or base64 text")


def parse_time_ms(text: str, now_ms: int) -> int:
    """`now`, milliseconds since 1970, or ISO 8601 (UTC where no zone is given); raises `UsageError`."""
    if text == "now":
        return now_ms
    if text.isascii() and text.isdigit():
        return int(text)
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a time", hint="for example 2026-03-01T12:00:00Z, or now") from None
    return int((time if time.tzinfo else time.replace(tzinfo=UTC)).timestamp() * 1000)


def show_time(time_ms: int | None) -> str:
    """UTC, to the second."""
    if time_ms is None:
        return "never"
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def show_age(time_ms: int | None, now_ms: int) -> str:
    """How long ago, in the largest fitting unit."""
    if time_ms is None:
        return "never"
    seconds = max(0, now_ms - time_ms) // 1000
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"


def print_json(content: object) -> None:
    """One JSON text on standard output."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table for a person; a column of numbers is aligned to the right."""
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(columns, *texts, strict=True)]
    right = [all(row[i].replace(",", "").isdigit() for row in texts) and bool(texts) for i in range(len(columns))]
    for line in ([name.upper() for name in columns], *texts):
        cells = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(line, widths, right, strict=True)]
        print("  ".join(cells).rstrip())

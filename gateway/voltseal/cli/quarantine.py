"""`voltseal quarantine`: messages that were refused, whole."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import (
    UsageError,
    add_config,
    add_json,
    load_config,
    number,
    open_reader,
    print_json,
    print_table,
    show_time,
)

if TYPE_CHECKING:
    from voltseal.store.interface import Quarantined


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "quarantine",
        help="look at refused messages",
        description="Refused messages are kept whole, the newest ones, up to the limits in [store]. The codes are "
        "those of the specification's page on outcome codes.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the newest refused messages")
    add_config(listing)
    add_json(listing)
    listing.add_argument("--limit", type=number, default=50, metavar="N", help="how many (default: %(default)s)")
    listing.set_defaults(run=run_list)
    show = actions.add_parser("show", help="one refused message, whole")
    add_config(show)
    add_json(show)
    show.add_argument("number", type=number, metavar="NUMBER", help="from `voltseal quarantine list`")
    show.set_defaults(run=run_show)
    add_export(actions)


def add_export(actions: argparse._SubParsersAction[Any]) -> None:
    """Register `voltseal quarantine export`."""
    export = actions.add_parser(
        "export",
        help="all refused messages as a file, one JSON object a line",
        description="Write what quarantine holds, oldest first, one JSON object a line: number, time, outcome, reason, "
        "topic, and the payload in base64. The gateway may be running.",
    )
    add_config(export)
    export.add_argument("file", metavar="FILE", help="a new file; - is standard output")
    export.add_argument("--outcome", metavar="CODE", help="only those refused with this code, such as bad-signature")
    export.set_defaults(run=run_export)


def run_list(options: argparse.Namespace) -> int:
    """The newest refused messages."""
    if options.limit < 1:
        raise UsageError("--limit is less than 1")
    reader = open_reader(load_config(options))
    try:
        messages, totals = reader.quarantined(options.limit), reader.quarantine_totals()
    finally:
        reader.close()
    if options.json:
        print_json([_content(message) for message in messages])
        return 0
    columns = ("number", "time", "outcome", "bytes", "topic", "reason")
    rows = [
        (m.number, show_time(m.time_ms), m.outcome, len(m.payload), _printable(m.topic), m.reason) for m in messages
    ]
    print_table(columns, rows)
    print(f"{totals.messages} messages, {totals.payload_bytes} bytes; {totals.dropped} older ones dropped")
    return 0


def run_show(options: argparse.Namespace) -> int:
    """One message."""
    reader = open_reader(load_config(options))
    try:
        message = reader.quarantined_message(options.number)
    finally:
        reader.close()
    if message is None:
        raise UsageError(f"quarantine holds no message {options.number}", hint="voltseal quarantine list")
    if options.json:
        print_json(_content(message) | {"payload_hex": message.payload.hex()})
        return 0
    print(f"number   {message.number}\ntime     {show_time(message.time_ms)}\ntopic    {_printable(message.topic)}")
    print(f"outcome  {message.outcome}: {message.reason}\nbytes    {len(message.payload)}")
    for at in range(0, len(message.payload), 32):
        print(f"  {at:5}  {message.payload[at : at + 32].hex(' ')}")
    return 0


def run_export(options: argparse.Namespace) -> int:
    """Everything, oldest first."""
    import json
    import os
    import sys
    from base64 import b64encode
    from contextlib import closing

    with closing(open_reader(load_config(options))) as reader, reader.snapshot():
        lines = (
            json.dumps(_content(message) | {"payload": b64encode(message.payload).decode()}) + "\n"
            for message in reader.quarantined_ascending()
            if options.outcome in {None, message.outcome}
        )
        if options.file == "-":
            count = sum(bool(sys.stdout.write(line)) for line in lines)
        else:
            try:  # strangers chose the bytes: nobody else has to be able to read them
                descriptor = os.open(options.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                    count = sum(bool(file.write(line)) for line in lines)
            except OSError as error:
                raise UsageError(f"{options.file}: cannot be written: {error.strerror}") from error
    print(f"{count} messages", file=sys.stderr)
    return 0


def _content(message: Quarantined) -> dict[str, Any]:
    return {
        "number": message.number,
        "time_ms": message.time_ms,
        "topic": message.topic,
        "outcome": message.outcome,
        "reason": message.reason,
        "bytes": len(message.payload),
    }


def _printable(text: str) -> str:
    """A stranger chose the topic: it must not drive the terminal."""
    return text if text.isprintable() else ascii(text)

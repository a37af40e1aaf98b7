"""`voltseal maker`: what a manufacturer does, on a machine of its own."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from voltseal.cli.options import UsageError, read_sealed


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "maker",
        help="a manufacturer's key: make one, endorse devices with it",
        description="A maker's key says which devices are genuine. Keep it away from the gateway.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    init = actions.add_parser(
        "init",
        help="make a key",
        description="Make a maker's private key in FILE, and print the table that gateways and trust files need.",
        epilog='example: voltseal maker init maker.pem --name "Example Batteries" --append site-1/voltseal.toml',
    )
    init.add_argument("file", type=Path, metavar="FILE", help="the private key's file, which must not exist")
    init.add_argument("--name", required=True, help="the maker's name, 1 to 64 bytes")
    init.add_argument("--append", type=Path, metavar="CONFIG", help="also add the table to this configuration")
    init.set_defaults(run=run_init)
    endorse = actions.add_parser(
        "endorse",
        help="endorse a device's enrolment request",
        description="Sign that the key in REQUEST is that of a genuine device. A gateway enrols it with "
        "`voltseal device enrol --endorsement`.",
        epilog="example: voltseal maker endorse request.bin --key maker.pem --name 'Example Batteries' "
        "--origin example.org/site-1 --output endorsement.bin",
    )
    endorse.add_argument("request", metavar="REQUEST", help="the device's request: bytes, hex or base64; - for stdin")
    endorse.add_argument("--key", type=Path, required=True, metavar="FILE", help="the maker's private key")
    endorse.add_argument("--name", required=True, help="the maker's name")
    endorse.add_argument("--origin", required=True, help="the log that the device will report to")
    endorse.add_argument("--not-before", default="now", metavar="TIME", help="statements before are not covered")
    endorse.add_argument("--output", type=Path, required=True, metavar="FILE", help="where the endorsement goes")
    endorse.set_defaults(run=run_endorse)


def run_init(options: argparse.Namespace) -> int:
    """Make a key."""
    from voltseal.cli.init import write_secret
    from voltseal.config import load
    from voltseal.wire.keys import SigningKey

    if not 1 <= len(options.name.encode()) <= 64 or not options.name.isprintable() or set('"\\') & set(options.name):
        raise UsageError("--name is not 1 to 64 printable bytes without quotes and backslashes")
    if options.append is not None:
        load(options.append)
    key = SigningKey.generate()
    try:
        write_secret(options.file, key.to_pem())
    except OSError as error:
        raise UsageError(f"{options.file}: {error.strerror}", hint="nothing was changed") from error
    table = maker_table(options.name, key.public.cose_key)
    print(table, end="")
    if options.append is not None:
        with options.append.open("a", encoding="utf-8") as file:
            file.write("\n" + table)
    return 0


def maker_table(name: str, cose_key: bytes) -> str:
    """The [[maker]] table of configurations and trust files."""
    from base64 import b64encode

    return f'[[maker]]\nname = "{name}"\nkey = "{b64encode(cose_key).decode()}"\n'


def run_endorse(options: argparse.Namespace) -> int:
    """Endorse a request."""
    from voltseal.cli.options import parse_time_ms
    from voltseal.clock import now_ms
    from voltseal.wire import enrolment
    from voltseal.wire.keys import load_signing_key

    endorsement = enrolment.endorse(
        read_sealed(options.request),
        load_signing_key(options.key),
        not_before_ms=parse_time_ms(options.not_before, now_ms()),
        maker_name=options.name,
        origin=options.origin,
    )
    try:
        options.output.write_bytes(endorsement)
    except OSError as error:
        raise UsageError(f"{options.output}: {error.strerror}") from error
    print(f"wrote {options.output}")
    return 0

"""`voltseal demo`: the whole way on emulated packs, then attacks on it. The one command that needs the simulator."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from voltseal.cli.options import UsageError, add_json, print_json


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "demo",
        help="the whole way, emulated, in a minute",
        description="Three emulated packs run the unmodified firmware; what they sign is logged, anchored, exported "
        "and checked. Then the demo attacks itself. Exits 0 if everything expected happened, else 1.",
        epilog="example: voltseal demo --broker mqtt://localhost:1883 --json",
    )
    parser.add_argument("--broker", metavar="URL", help="mqtt://host:port (default: a broker embedded in the process)")
    parser.add_argument(
        "--runtime", choices=("unix", "host"), help="MicroPython or CPython (default: MicroPython where it can be had)"
    )
    parser.add_argument(
        "--directory", type=Path, default=Path("build/demo"), metavar="DIR", help="made anew (default: %(default)s)"
    )
    parser.add_argument(
        "--statements", type=int, default=6, metavar="N", help="of each pack before going on (default: %(default)s)"
    )
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Play the demo."""
    import asyncio

    from voltseal.config import BrokerAddress
    from voltseal_sim.demo import DemoSettings, Teller, run_demo, to_json

    if options.statements < 2:
        raise UsageError("--statements must be 2 or more")
    if options.broker is not None:
        try:
            address = BrokerAddress.parse(options.broker)
        except ValueError as error:
            raise UsageError(f"--broker {options.broker!r} {error}") from None
        if address.tls:
            raise UsageError("--broker: the demo's packs have no certificates; give mqtt://host:port")
    settings = DemoSettings(options.directory, options.runtime, options.broker, options.statements)
    report = asyncio.run(run_demo(settings, Teller(quiet=options.json)))
    if options.json:
        print_json(to_json(report))
    return 0 if report.ok else 1

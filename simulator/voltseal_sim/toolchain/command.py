"""`voltseal-sim toolchain install|status`: the subcommand, to be mounted on the simulator's command line."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING

from voltseal_sim.toolchain.errors import ToolchainError, UnsupportedPlatformError
from voltseal_sim.toolchain.provision import install, locate

EXIT_UNSUPPORTED = 2
"""Told apart from 1 (it failed, try again), because setting up goes on without MicroPython only in this case."""

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_parser(subparsers: Subparsers) -> argparse.ArgumentParser:
    """Add `toolchain` to a command line's subcommands; call `run` with what it parses."""
    parser = subparsers.add_parser("toolchain", help="provide MicroPython, on which the simulator runs the firmware")
    add_arguments(parser)
    return parser


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the actions to `parser`."""
    parser.add_argument(
        "action",
        choices=("install", "status"),
        help="install: find MicroPython or provision it without root; status: say which would be used",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(arguments: argparse.Namespace) -> int:
    """Do what `arguments` say; return the exit code: 0 usable, 1 none.

    Raises ToolchainError, for the command line to print with its hint.
    """
    if arguments.action == "install":
        # Progress goes to standard error where a program reads standard output.
        stream = sys.stderr if arguments.json else sys.stdout
        found = install(lambda line: print(f"toolchain: {line}", file=stream, flush=True))
    else:
        located = locate()
        if located is None:
            print("null" if arguments.json else "toolchain: no usable MicroPython; run: voltseal-sim toolchain install")
            return 1
        found = located
        if not arguments.json:
            print(f"toolchain: {found}")
    if arguments.json:
        print(json.dumps({"path": str(found.path), "version": ".".join(map(str, found.version))}))
    return 0


def main(argv: list[str] | None = None) -> int:
    """Run the subcommand alone (`python -m voltseal_sim.toolchain`); return 0, 1 or `EXIT_UNSUPPORTED`."""
    parser = argparse.ArgumentParser(prog="python -m voltseal_sim.toolchain", description=__doc__)
    add_arguments(parser)
    try:
        return run(parser.parse_args(argv))
    except ToolchainError as error:
        print(f"toolchain: {error}", file=sys.stderr)
        if error.hint:
            print(f"toolchain: {error.hint}", file=sys.stderr)
        return EXIT_UNSUPPORTED if isinstance(error, UnsupportedPlatformError) else 1

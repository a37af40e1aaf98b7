"""The command line: `voltseal-sim COMMAND ...`. Exits 0: passed, 1: failed or an error, 2: usage, 130: interrupted,
141: whoever read the output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from voltseal import __version__
from voltseal.errors import VoltsealError
from voltseal_sim import scenario_commands, serial_commands
from voltseal_sim.toolchain import command as toolchain_command

_INTERRUPTED, _OUTPUT_CLOSED = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A user's mistake is one line and a hint, never a traceback."""
    options = _parser().parse_args(arguments)
    try:
        code = int(options.run(options))
        sys.stdout.flush()
        return code
    except VoltsealError as error:
        print(f"voltseal-sim: {error}", file=sys.stderr)
        if error.hint:
            print(f"  try: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("voltseal-sim: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _OUTPUT_CLOSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="voltseal-sim",
        description="Runs the device firmware without hardware, against emulated batteries and a real gateway.",
        epilog="Begin with `voltseal-sim list` and `voltseal-sim run three-packs`.",
    )
    parser.add_argument("--version", action="version", version=f"voltseal-sim {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    scenario_commands.add_parsers(commands)
    serial_commands.add_parsers(commands)
    toolchain_command.add_parser(commands).set_defaults(run=toolchain_command.run)
    return parser


if __name__ == "__main__":
    sys.exit(main())

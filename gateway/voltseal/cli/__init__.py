"""The command line: `voltseal COMMAND ...`. One module a command, imported only when it is the one asked for.

Exit codes: 0 done; 1 an error, or something was found wrong; 2 the command line was not understood (`voltseal verify`
also: could not check, for whatever reason); 130 interrupted; 141 the reader of our output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module

from voltseal import __version__
from voltseal.errors import VoltsealError

_COMMANDS = {
    "init": "make a new gateway: configuration and keys",
    "run": "run the gateway",
    "status": "devices, gaps, alarms, checkpoint, anchor, quarantine",
    "doctor": "check that everything is in order, and say what to do",
    "backup": "store, configuration and keys in one file",
    "restore": "put a backup into an empty directory",
    "device": "enrol, list, show and revoke devices",
    "maker": "a manufacturer's key: make one, endorse devices with it",
    "ca": "certificates for devices, broker and gateway",
    "broker": "a configuration for Mosquitto",
    "anchor": "checkpoints in other hands: contract, state, check",
    "log": "checkpoints, proofs, and a check of every entry",
    "quarantine": "look at refused messages",
    "evidence": "export evidence that anyone can check offline",
    "verify": "check evidence, offline",
    "report": "a report on evidence, as PDF or HTML",
    "page": "write the browser verifier, one HTML file",
    "trust": "make and look at trust files",
    "demo": "the whole way, emulated, in a minute",
}
_INTERRUPTED, _OUTPUT_CLOSED = 130, 141


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code. A user's mistake is one line and a hint, never a traceback."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    chosen = next((word for word in words if not word.startswith("-")), None)
    parser = argparse.ArgumentParser(
        prog="voltseal",
        description="Seals the telemetry of energy devices at the source, so that anyone can check it offline.",
        epilog="Begin with `voltseal demo`, or make a gateway of your own with `voltseal init DIR`.",
    )
    parser.add_argument("--version", action="version", version=f"voltseal {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, summary in _COMMANDS.items():
        if name == chosen:
            import_module(f"voltseal.cli.{name}").add_parser(commands)
        else:
            commands.add_parser(name, help=summary)
    options = parser.parse_args(words)
    run = options.run if hasattr(options, "run") else import_module(f"voltseal.cli.{chosen}").run
    try:
        code = int(run(options))
        if sys.stdout is not None:  # None where the shell closed it
            sys.stdout.flush()  # now, while a full disk can still be told
        return code
    except VoltsealError as error:
        print(f"voltseal: {error}", file=sys.stderr)
        if error.hint:
            print(f"  try: {error.hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("voltseal: interrupted", file=sys.stderr)
        return _INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        _discard_output()
        return _OUTPUT_CLOSED  # never 0: what was to be said was not
    except OSError as error:
        _discard_output()
        print(f"voltseal: {error.filename or 'output'}: {error.strerror or error}", file=sys.stderr)
        return 2 if chosen == "verify" else 1
    except Exception as error:
        if type(error).__module__ != "sqlite3":  # compared by name: most commands need no database, and import none
            raise
        print(f"voltseal: the store cannot be read or written: {error}", file=sys.stderr)
        return 1


def _discard_output() -> None:
    """What is still buffered goes nowhere, so that the interpreter does not fail once more when it ends."""
    with suppress(AttributeError, OSError):  # there may be no output, or one that is no file
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

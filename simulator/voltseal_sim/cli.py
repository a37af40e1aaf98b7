"""The command line: `voltseal-sim COMMAND ...`. Exits 0: passed, 1: failed or an error, 2: usage, 130: interrupted,
141: whoever read the output went away.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from voltseal import __version__
from voltseal.errors import VoltsealError
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
    run = commands.add_parser(
        "run",
        help="play a scenario and judge it",
        description="Play a scenario: one that comes along, by its name, or a TOML file. Exits 0 if it passed.",
        epilog="example: voltseal-sim run power-cut --runtime host --keep build/power-cut",
    )
    run.add_argument("scenario", metavar="SCENARIO", help="a name (see `list`) or a file")
    run.add_argument("--runtime", choices=("unix", "host"), help="instead of the scenario's")
    run.add_argument("--keep", type=Path, metavar="DIR", help="keep logs, store and bundles in a new DIR")
    run.add_argument("--json", action="store_true", help="for programs: JSON instead of text")
    run.set_defaults(run=_run)
    listing = commands.add_parser("list", help="the scenarios that come along")
    listing.add_argument("--json", action="store_true", help="for programs: JSON instead of text")
    listing.set_defaults(run=_list)
    toolchain_command.add_parser(commands).set_defaults(run=toolchain_command.run)
    return parser


def _run(options: argparse.Namespace) -> int:
    import asyncio

    from voltseal_sim.demo.telling import Teller
    from voltseal_sim.scenario import ScenarioError, load
    from voltseal_sim.scenario_run import run_scenario

    if options.keep is not None and options.keep.exists():
        raise ScenarioError(f"{options.keep} exists already", hint="name a directory that does not")
    scenario = load(_path(options.scenario))
    teller = Teller(quiet=options.json)
    teller.line(f"{scenario.name}: {scenario.description}")
    result = asyncio.run(run_scenario(scenario, options.keep, runtime_name=options.runtime, progress=teller.progress))
    if options.json:
        from voltseal.cli.options import print_json

        print_json(result.to_json())
        return 0 if result.passed else 1
    teller.fact("runtime", result.runtime)
    for fault in result.faults:
        teller.fact("fault", fault)
    for finding in result.findings:
        mark = "✓" if finding.met else "✗"
        teller.line(f"  {mark} {finding.subject}: expected {finding.expected}, came {finding.observed}")
    teller.line(f"{'PASSED' if result.passed else 'FAILED'} in {result.seconds:.1f} s")
    for label, path in result.bundles.items():
        teller.fact(label, path)
    return 0 if result.passed else 1


def _path(name: str) -> Path:
    """A file that exists, or the scenario of that name; the error names those that there are."""
    from voltseal_sim.scenario import ScenarioError
    from voltseal_sim.toolchain.locations import scenarios_root

    given = Path(name)
    if given.is_file():
        return given
    shipped = scenarios_root() / f"{name}.toml"
    if shipped.is_file():
        return shipped
    known = ", ".join(sorted(path.stem for path in scenarios_root().glob("*.toml")))
    raise ScenarioError(f"{name}: neither a file nor a scenario that comes along", hint=f"one of: {known}")


def _list(options: argparse.Namespace) -> int:
    from voltseal.cli.options import print_json, print_table
    from voltseal_sim.scenario import load
    from voltseal_sim.toolchain.locations import scenarios_root

    scenarios = [load(path) for path in sorted(scenarios_root().glob("*.toml"))]
    if options.json:
        print_json([{"name": s.name, "description": s.description, "file": str(s.path)} for s in scenarios])
    else:
        print_table(("name", "description"), [(s.name, s.description) for s in scenarios])
    return 0


if __name__ == "__main__":
    sys.exit(main())

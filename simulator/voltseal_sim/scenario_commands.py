"""`voltseal-sim run|list|new|explain`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voltseal_sim.demo.telling import Teller
    from voltseal_sim.scenario import Scenario
    from voltseal_sim.scenario_result import ScenarioResult


def add_parsers(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the commands."""
    run = commands.add_parser(
        "run",
        help="play scenarios and judge them",
        description="Play scenarios: those that come along, by name, or TOML files. Exits 0 if all of them passed.",
        epilog="example: voltseal-sim run power-cut --runtime host --keep build/power-cut",
    )
    run.add_argument("scenario", metavar="SCENARIO", nargs="*", help="a name (see `list`) or a file")
    run.add_argument("--all", action="store_true", help="all that come along")
    run.add_argument("--runtime", choices=("unix", "host"), help="instead of the scenario's")
    run.add_argument("--keep", type=Path, metavar="DIR", help="keep logs, store and bundles in a new DIR")
    run.add_argument("--junit", type=Path, metavar="FILE", help="write the findings as JUnit XML, for a CI server")
    run.add_argument("--json", action="store_true", help="for programs: JSON instead of text")
    run.set_defaults(run=_run)
    listing = commands.add_parser("list", help="the scenarios that come along")
    listing.add_argument("--json", action="store_true", help="for programs: JSON instead of text")
    listing.set_defaults(run=_list)
    new = commands.add_parser("new", help="write a scenario to begin with, every line explained")
    new.add_argument("file", metavar="FILE", type=Path, help="a file that does not exist yet, such as mine.toml")
    new.set_defaults(run=_new)
    explain = commands.add_parser("explain", help="say in words what a scenario will do and expect")
    explain.add_argument("scenario", metavar="SCENARIO", help="a name (see `list`) or a file")
    explain.set_defaults(run=_explain)


def _run(options: argparse.Namespace) -> int:
    from voltseal_sim.demo.telling import Teller
    from voltseal_sim.scenario import ScenarioError, load
    from voltseal_sim.scenario_result import write_junit

    if options.keep is not None and options.keep.exists():
        raise ScenarioError(f"{options.keep} exists already", hint="name a directory that does not")
    paths = [scenario_path(name) for name in options.scenario] + (_shipped() if options.all else [])
    if not paths:
        raise ScenarioError("which scenario?", hint="name one (`voltseal-sim list`), or say --all")
    scenarios = [load(path) for path in paths]  # all of them, so that a mistake in the last one shows at once
    teller = Teller(quiet=options.json)
    results = []
    for scenario in scenarios:
        keep = options.keep if options.keep is None or len(scenarios) == 1 else options.keep / scenario.name
        results.append(_play(scenario, keep, options.runtime, teller))
    if options.junit is not None:
        try:
            write_junit(results, options.junit)
        except OSError as error:
            raise ScenarioError(f"{options.junit}: cannot be written: {error.strerror}") from error
    if options.json:
        from voltseal.cli.options import print_json

        content = [result.to_json() for result in results]
        print_json(content[0] if len(content) == 1 else content)
    elif len(results) > 1:
        _tell_all(results, teller)
    return 0 if all(result.passed for result in results) else 1


def _play(scenario: Scenario, keep: Path | None, runtime: str | None, teller: Teller) -> ScenarioResult:
    import asyncio

    from voltseal_sim.scenario_run import run_scenario

    teller.line(f"{scenario.name}: {scenario.description}")
    result = asyncio.run(run_scenario(scenario, keep, runtime_name=runtime, progress=teller.progress))
    teller.fact("runtime", result.runtime)
    for fault in result.faults:
        teller.fact("fault", fault)
    for finding in result.findings:
        mark = "✓" if finding.met else "✗"
        teller.line(f"  {mark} {finding.subject}: expected {finding.expected}, came {finding.observed}")
    teller.line(f"{'PASSED' if result.passed else 'FAILED'} in {result.seconds:.1f} s")
    for label, path in result.bundles.items():
        teller.fact(label, path)
    return result


def _tell_all(results: list[ScenarioResult], teller: Teller) -> None:
    from voltseal.cli.options import print_table

    rows = [
        (
            result.name,
            "passed" if result.passed else "FAILED",
            f"{result.seconds:.1f} s",
            "; ".join(f"{one.subject}: {one.observed}" for one in result.findings if not one.met),
        )
        for result in results
    ]
    teller.line()
    print_table(("scenario", "result", "time", "unmet"), rows)


def scenario_path(name: str, directory: Path = Path()) -> Path:
    """A file that exists (relative to `directory`), or the scenario of that name. Raises ScenarioError."""
    from voltseal_sim.scenario import ScenarioError

    given = directory / name
    if given.is_file():
        return given
    shipped = {path.stem: path for path in _shipped()}
    if name in shipped:
        return shipped[name]
    raise ScenarioError(
        f"{name}: neither a file nor a scenario that comes along", hint=f"one of: {', '.join(sorted(shipped))}"
    )


def _shipped() -> list[Path]:
    from voltseal_sim.toolchain.locations import scenarios_root

    return sorted(scenarios_root().glob("*.toml"))


def _list(options: argparse.Namespace) -> int:
    from voltseal.cli.options import print_json, print_table
    from voltseal_sim.scenario import load

    scenarios = [load(path) for path in _shipped()]
    if options.json:
        print_json([{"name": s.name, "description": s.description, "file": str(s.path)} for s in scenarios])
    else:
        print_table(("name", "description"), [(s.name, s.description) for s in scenarios])
    return 0


def _new(options: argparse.Namespace) -> int:
    from voltseal_sim.scenario import ScenarioError
    from voltseal_sim.scenario_words import template

    path: Path = options.file
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(template(path.stem, str(path)))
    except FileExistsError as error:
        raise ScenarioError(f"{path} exists already", hint="name a file that does not") from error
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be written: {error.strerror}") from error
    print(f"wrote {path}; play it with: voltseal-sim run {path}")
    return 0


def _explain(options: argparse.Namespace) -> int:
    from voltseal_sim.scenario import load
    from voltseal_sim.scenario_words import explain

    print("\n".join(explain(load(scenario_path(options.scenario)))))
    return 0

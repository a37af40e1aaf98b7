"""`voltseal doctor`: is everything in order, and if not, what to do."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

from voltseal.cli.options import CONFIG_VARIABLE, add_config, add_json, print_json


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "doctor",
        help="check that everything is in order, and say what to do",
        description="Look at configuration, keys, clock, disk, store, log, anchors, broker and certificates, whether "
        "the gateway runs or not, and say for each finding what to do next. Changes nothing. Exit code 1 on a failure.",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Examine; 1 if anything failed."""
    from dataclasses import asdict

    from voltseal.clock import now_ms
    from voltseal.config import DEFAULT_FILE_NAME
    from voltseal.doctor.examine import examine
    from voltseal.doctor.finding import Level

    path = options.config or Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_FILE_NAME))
    findings = []
    for finding in examine(path, now_ms()):
        findings.append(finding)
        if not options.json:
            print(f"{finding.level:<8} {finding.check}: {finding.message}", flush=True)
            if finding.next:
                print(f"         try: {finding.next}", flush=True)
    worst = [sum(finding.level is level for finding in findings) for level in (Level.FAILURE, Level.WARNING)]
    if options.json:
        print_json({"healthy": not worst[0], "findings": [asdict(finding) for finding in findings]})
    else:
        print(f"{worst[0]} failures, {worst[1]} warnings")
    return 1 if worst[0] else 0

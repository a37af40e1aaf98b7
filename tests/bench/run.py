"""Measures the project into build/bench.json; run by `make bench`, for one area by `make bench AREA=name`.

Each module here is an area, and its `figures()` returns {name: {"value", "unit", "reference", ...}}. Only areas that
are run are refreshed: the file keeps the other figures, so a long measurement need not be repeated for a short one.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

HERE = Path(__file__).resolve().parent
RESULT = HERE.parents[1] / "build" / "bench.json"


def areas() -> list[str]:
    """The modules beside this one that measure something."""
    found = (path for path in HERE.glob("*.py") if "def figures(" in path.read_text(encoding="utf-8"))
    return sorted(path.stem for path in found if path.stem != Path(__file__).stem)


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    version = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=False).stdout.strip()
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.processor(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "openssl": version,
    }


def main() -> int:
    """Measure, print a table, write the file; 1 if an area could not be measured."""
    known = areas()
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--area", choices=known, help="only this one (default: all)")
    options = parser.parse_args()
    wanted = [options.area] if options.area else known
    document = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {"figures": {}}
    document["machine"] = machine()
    failed = []
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("bench", total=len(wanted))
        for area in wanted:
            progress.update(task, description=f"bench {area}")
            try:
                measured = import_module(f"tests.bench.{area}").figures()
            except Exception as error:  # noqa: BLE001  one area that fails must not cost the others' results
                console.print(f"bench {area}: {type(error).__name__}: {error}", style="red", highlight=False)
                failed.append(area)
            else:
                document["figures"].update(measured)
            progress.advance(task)
    document["figures"] = dict(sorted(document["figures"].items()))
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    for name, figure in document["figures"].items():
        reference = f"(reference {figure['reference']})" if figure.get("reference") is not None else ""
        print(f"{name:<34} {figure['value']:>12} {figure['unit']} {reference}".rstrip())
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

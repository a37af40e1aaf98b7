"""`voltseal restore`: put a backup into an empty directory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError, add_json, print_json, show_time

if TYPE_CHECKING:
    from voltseal.backup.restore import Restored
    from voltseal.log_check import LogReport


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "restore",
        help="put a backup into an empty directory",
        description="Put FILE, made by `voltseal backup`, into DIR. Every file is held against its digest; DIR appears "
        "when all is there. The gateway there does not start by itself: see --accept-rollback of `voltseal run`.",
        epilog="example: voltseal restore gateway-2026-03-01.tar /var/lib/voltseal --verify",
    )
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--verify", action="store_true", help="re-read the whole log, as `voltseal log check` does")
    parser.add_argument("--log-key", metavar="VKEY", help="the log's public key as you know it from elsewhere")
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Restore; 1 if the check finds anything wrong."""
    from voltseal.backup.restore import check_restored, restore
    from voltseal.cli.log import progress_bar

    if not options.file.is_file():
        raise UsageError(f"{options.file} is no file")
    restored = restore(options.file, options.directory)
    known = options.log_key.strip() if options.log_key else None
    if known is not None and known != restored.log_key.encode():
        raise UsageError(
            f"{options.directory} was made, but it is the log of another key: {restored.log_key.encode()}",
            hint="do not start it",
        )
    report = None
    if options.verify:
        with progress_bar("checking") as progress:
            report = check_restored(restored, progress)
    _say(options, restored, report)
    return 0 if report is None or report.is_sound else 1


def _say(options: argparse.Namespace, restored: Restored, report: LogReport | None) -> None:
    manifest = restored.manifest
    content: dict[str, Any] = {
        "directory": str(options.directory),
        "origin": manifest.origin,
        "made_ms": manifest.made_ms,
        "entries": manifest.entries,
        "tree_size": manifest.tree_size,
        "missing_keys": [str(path) for path in restored.missing],
        "moved": [[str(now), named] for now, named in restored.moved()],
        "sound": None if report is None else report.is_sound,
        "findings": [] if report is None else [f"{one.code}: {one.message}" for one in report.findings],
    }
    if options.json:
        print_json(content)
        return
    print(f"restored    {options.directory}: log {manifest.origin}, as of {show_time(manifest.made_ms)}")
    print(f"holds       {manifest.entries} entries, checkpoint of size {manifest.tree_size}")
    for text in content["findings"]:
        print(f"FOUND       {text}")
    if report is not None:
        print(f"checked     {'nothing is altered' if report.is_sound else f'{report.findings_total} findings'}")
    for path in restored.missing:
        print(f"missing     {path}: put the key back")
    for now, named in restored.moved():
        print(f"moved       {now}: the configuration names {named}")
    print("next        be sure that nothing was published after that time, then: voltseal run --accept-rollback")

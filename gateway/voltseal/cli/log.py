"""`voltseal log`: checkpoints, proofs, and a check of everything."""

from __future__ import annotations

import argparse
import sys
from base64 import b64encode
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from voltseal.cli.log_export import add_log_actions
from voltseal.cli.options import (
    UsageError,
    add_config,
    add_json,
    load_config,
    number,
    open_reader,
    print_json,
    show_time,
)

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from voltseal.log_check import LogReport, Progress


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "log",
        help="checkpoints, proofs, and a check of every entry",
        description="The append-only log of a gateway, running or not.",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    checkpoint = actions.add_parser("checkpoint", help="the newest signed checkpoint")
    add_config(checkpoint)
    add_json(checkpoint)
    checkpoint.set_defaults(run=run_checkpoint)
    proof = actions.add_parser(
        "proof",
        help="prove that one entry is in the log",
        description="The inclusion proof (RFC 9162, section 2.1.3) of entry INDEX under the newest checkpoint.",
    )
    add_config(proof)
    add_json(proof)
    proof.add_argument("index", type=number, metavar="INDEX")
    proof.set_defaults(run=run_proof)
    check = actions.add_parser(
        "check",
        help="re-read everything against the signed checkpoints",
        description="Hash every entry again, compare with the stored tree and every signed checkpoint, verify every "
        "signature and commitment. Exit code 1 if anything is wrong; altered entries are named.",
    )
    add_config(check)
    add_json(check)
    check.add_argument(
        "--resume",
        action="store_true",
        help="go on where an interrupted check stopped (also the gateway's own); without it all is read anew",
    )
    check.set_defaults(run=run_check)
    add_log_actions(actions)


def run_checkpoint(options: argparse.Namespace) -> int:
    """The newest checkpoint: the signed note itself, or JSON."""
    reader = open_reader(load_config(options))
    try:
        published = reader.latest_checkpoint()
    finally:
        reader.close()
    if published is None:
        raise UsageError("there is no checkpoint yet", hint="one is cut soon after the first entry, while it runs")
    note = published.raw.decode()
    if options.json:
        print_json(
            {
                "number": published.number,
                "origin": published.checkpoint.origin,
                "tree_size": published.checkpoint.tree_size,
                "root_hash": b64encode(published.checkpoint.root_hash).decode(),
                "time_ms": published.cut_ms,
                "note": note,
            }
        )
    else:
        print(note, end="")
        print(f"\nnumber {published.number}, cut {show_time(published.cut_ms)}", file=sys.stderr)
    return 0


def run_proof(options: argparse.Namespace) -> int:
    """An inclusion proof, verified before it is printed."""
    from voltseal.log.merkle import leaf_hash, verify_inclusion
    from voltseal.log.tree import Tree

    reader = open_reader(load_config(options))
    try:
        published, entry = reader.latest_checkpoint(), reader.entry(options.index)
        size = published.checkpoint.tree_size if published else 0
        if published is None or entry is None or options.index >= size:
            raise UsageError(f"no checkpoint covers entry {options.index}: the newest has {size} entries")
        path = Tree.open(reader, reader.tree_size()).inclusion_proof(options.index, size)
    finally:
        reader.close()
    leaf, root = leaf_hash(entry.raw), published.checkpoint.root_hash
    verify_inclusion(leaf, options.index, size, path, root)
    hashes = [b64encode(node).decode() for node in path]
    if options.json:
        print_json(
            {
                "leaf_index": options.index,
                "tree_size": size,
                "leaf_hash": b64encode(leaf).decode(),
                "root_hash": b64encode(root).decode(),
                "inclusion": hashes,
                "checkpoint": published.raw.decode(),
            }
        )
    else:
        print(f"leaf index  {options.index}\ntree size   {size}\nleaf hash   {b64encode(leaf).decode()}")
        print(f"root hash   {b64encode(root).decode()}\ninclusion   {len(hashes)} hashes")
        for text in hashes:
            print(f"  {text}")
    return 0


def run_check(options: argparse.Namespace) -> int:
    """Check everything; 1 if anything is wrong."""
    from voltseal.keys import read_log_key
    from voltseal.log_check.resumable import check_and_keep

    config = load_config(options)
    log_key = read_log_key(config).verifier
    reader = open_reader(config)
    try:
        with progress_bar("checking") as progress:
            report = check_and_keep(reader, config.store.path, log_key, progress, resume=options.resume)
    finally:
        reader.close()
    if options.json:
        print_json(_content(report))
    else:
        for finding in report.findings:
            print(f"{finding.code}: {finding.message}")
        if report.findings_total > len(report.findings):
            print(f"... and {report.findings_total - len(report.findings)} more")
        verdict = "nothing is altered" if report.is_sound else f"{report.findings_total} findings"
        counts = f"{report.entries} entries, {report.statements} statements, {report.checkpoints} checkpoints"
        print(f"{counts}: {verdict}")
    return 0 if report.is_sound else 1


def _content(report: LogReport) -> dict[str, Any]:
    return {
        "sound": report.is_sound,
        "entries": report.entries,
        "statements": report.statements,
        "checkpoints": report.checkpoints,
        "findings_total": report.findings_total,
        "findings": [{"code": f.code, "leaf_index": f.leaf_index, "message": f.message} for f in report.findings],
    }


def progress_bar(doing: str) -> AbstractContextManager[Progress]:
    """A bar on a terminal's standard error, nothing elsewhere."""
    if not sys.stderr.isatty():
        return nullcontext(lambda _done, _total: None)
    from contextlib import contextmanager

    from rich.console import Console
    from rich.progress import Progress as Bar

    @contextmanager
    def bar() -> Any:
        with Bar(console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task(doing, total=None)
            yield lambda done, total: shown.update(task, completed=done, total=total)

    return bar()

"""`voltseal evidence`: export what a device said, as one file that anyone can check offline."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.log_export import add_evidence_format, run_entry_proof
from voltseal.cli.options import (
    UsageError,
    add_config,
    add_json,
    find_device,
    load_config,
    open_reader,
    parse_time_ms,
    print_json,
)
from voltseal.cli.output_file import replacing

if TYPE_CHECKING:
    from voltseal.evidence.export import Evidence
    from voltseal.evidence.selection import Selection
    from voltseal.store.interface import StoreReader
    from voltseal.wire.ids import Ueid

_EPILOG = """\
examples:
  voltseal evidence --device pack-7 --sequence 41
  voltseal evidence --device pack-7 --sequence 0-500,612 -o pack-7.json.gz
  voltseal evidence --device pack-7 --from 2026-03-01 --to 2026-04-01 --fields soc,cycle_count
  voltseal evidence --index 1234 --fields none
  voltseal evidence --device pack-7 --newer
  voltseal evidence --device pack-7 --sequence 41 --as tlog-proof
"""
_DEFAULT_OUTPUT = "evidence.json"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "evidence",
        help="export evidence that anyone can check offline",
        description="Write one file that proves what a device said: statements, key history, gaps, proofs, anchors.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--device", metavar="D", help="label or ueid; all it said so far, unless narrowed down below")
    parser.add_argument("--sequence", metavar="N", help="these statements: numbers and ranges, such as 3,9-20")
    parser.add_argument("--index", metavar="N", help="the statements at these leaves of the log, such as 7,12")
    parser.add_argument("--from", dest="first", metavar="TIME", help="statements from this time on (ISO 8601, UTC)")
    parser.add_argument("--to", dest="last", metavar="TIME", help="statements up to this time (default: now)")
    parser.add_argument("--fields", metavar="F,...", help="show only these fields, or none (default: all)")
    parser.add_argument(
        "--newer", action="store_true", help="add the newest checkpoint, and the proof that the log only grew since"
    )
    add_evidence_format(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help=f"*.gz compresses; - is stdout ({_DEFAULT_OUTPUT})")
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the bundle, and say what is in it."""
    from voltseal.evidence.export import prepare
    from voltseal.evidence.selection import choose_fields

    _check(options)
    if options.entry_format is not None:
        return run_entry_proof(options, options.output)
    options.output = options.output or _DEFAULT_OUTPUT
    config = load_config(options)
    fields = None
    if options.fields is not None:
        fields = frozenset() if options.fields == "none" else choose_fields(options.fields.split(","))
    reader = open_reader(config)
    try:
        ueid, selection = _select(reader, options)
        evidence = prepare(reader, config.gateway.origin, ueid, selection, fields, newer=options.newer)
        written, digest = _write(evidence, options.output)
    finally:
        reader.close()
    summary = _summary(evidence, options.output, written, digest)
    # The bundle itself may go to standard output: what is said of it must not.
    if options.output == "-":
        print(_words(summary), file=sys.stderr)
    elif options.json:
        print_json(summary)
    else:
        print(_words(summary))
    return 0


def _check(options: argparse.Namespace) -> None:
    narrowed = [name for name in ("sequence", "index") if getattr(options, name) is not None]
    if options.first is not None or options.last is not None:
        narrowed.append("from/to")
    if len(narrowed) > 1:
        raise UsageError(f"--{narrowed[0]} and --{narrowed[1]} exclude each other")
    if (options.device is None) == (options.index is None):
        raise UsageError("name a device, or leaves of the log", hint="--device D, or --index N")


def _select(reader: StoreReader, options: argparse.Namespace) -> tuple[Ueid, Selection]:
    from voltseal.evidence.export import numbers_of_leaves
    from voltseal.evidence.selection import Numbers, SoFar, Times
    from voltseal.wire.ids import Ueid

    if options.index is not None:
        if max(last for _, last in _ranges(options.index)) >= reader.entry_count():
            raise UsageError(f"--index: the log has {reader.entry_count()} entries, counted from 0")
        leaves = [leaf for first, last in _ranges(options.index) for leaf in range(first, last + 1)]
        return numbers_of_leaves(reader, leaves)
    ueid = Ueid(find_device(reader.devices(), options.device).ueid)
    if options.sequence is not None:
        return ueid, Numbers(tuple(_ranges(options.sequence)))
    if options.first is None and options.last is None:
        return ueid, SoFar()
    from voltseal.clock import now_ms

    now = now_ms()
    first_ms = 0 if options.first is None else parse_time_ms(options.first, now)
    last_ms = parse_time_ms(options.last or "now", now)
    if first_ms > last_ms:
        raise UsageError("--from is after --to")
    return ueid, Times(first_ms, last_ms)


def _ranges(text: str) -> list[tuple[int, int]]:
    """`3,9-20` as ranges, both ends included."""
    ranges = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        ends = (first, last if dash else first)
        if not all(end.isascii() and end.isdigit() and len(end) < 16 for end in ends) or int(ends[0]) > int(ends[1]):
            raise UsageError(f"{part.strip()!r} is neither a number nor a range such as 9-20")
        ranges.append((int(ends[0]), int(ends[1])))
    return ranges


def _write(evidence: Evidence, output: str) -> tuple[int, bytes]:
    """Write to a file that appears only when it is complete, or to standard output; bytes written and digest."""
    if output == "-":
        digest = evidence.write(sys.stdout.buffer.write)
        sys.stdout.buffer.flush()
        return 0, digest
    path = Path(output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            digest = _compressed(evidence, file) if path.suffix == ".gz" else evidence.write(file.write)
        size = path.stat().st_size
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    return size, digest


def _compressed(evidence: Evidence, file: Any) -> bytes:
    import gzip

    with gzip.GzipFile(filename="", fileobj=file, mode="wb", mtime=0) as stream:  # no name, no time: same bytes again
        return evidence.write(stream.write)


def _summary(evidence: Evidence, output: str, written: int, digest: bytes) -> dict[str, Any]:
    claim, checkpoint = evidence.header.claim, evidence.checkpoint.checkpoint
    return {
        "file": output,
        "bytes": written,
        "digest": digest.hex(),
        "device": claim.device,
        "ranges": [list(numbers) for numbers in claim.ranges],
        "gaps": [gap.to_json() for gap in claim.gaps],
        "entries": len(evidence.indexes),
        "tree_size": checkpoint.tree_size,
        "anchors": [{"backend": one.backend, "strength": one.strength} for one in evidence.header.anchors],
    }


def _words(summary: dict[str, Any]) -> str:
    numbers = ", ".join(f"{first}" if first == last else f"{first}-{last}" for first, last in summary["ranges"])
    gaps = ", ".join(f"{first}-{last} {reason}" for first, last, reason in summary["gaps"]) or "none"
    anchors = ", ".join(f"{one['backend']} ({one['strength']})" for one in summary["anchors"])
    where = "standard output" if summary["file"] == "-" else f"{summary['file']}, {summary['bytes']} bytes"
    return "\n".join([
        f"wrote       {where}",
        f"device      {summary['device']}",
        f"statements  {numbers}; {summary['entries']} log entries",
        f"gaps        {gaps}",
        f"checkpoint  size {summary['tree_size']}, anchored: {anchors or 'not yet'}",
        f"digest      {summary['digest']}",
    ])  # fmt: skip

"""What other people's tools read: `voltseal log export-tiles`, `voltseal log serve`, `voltseal evidence --as`."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError, add_config, add_json, find_device, load_config, open_reader, print_json

if TYPE_CHECKING:
    from voltseal.config import Config
    from voltseal.log.note_key import Ed25519Signer
    from voltseal.store.interface import StoreReader

ENTRY_FORMATS = ("tlog-proof", "cose-receipt")
_SUFFIXES = {"tlog-proof": ".tlog-proof", "cose-receipt": ".cose-receipt"}
_DEFAULT_LISTEN = "127.0.0.1:8080"


def add_log_actions(actions: argparse._SubParsersAction[Any]) -> None:
    """Register `voltseal log export-tiles` and `voltseal log serve`."""
    export = actions.add_parser(
        "export-tiles",
        help="write the log as static files that any web server can serve",
        description="Write the log into DIR as C2SP tlog-tiles. Run it again to add what was published since; it may "
        "be interrupted at any time. The gateway may be running.",
    )
    export.add_argument("directory", type=Path, metavar="DIR")
    add_config(export)
    add_json(export)
    export.set_defaults(run=run_export_tiles)
    serve = actions.add_parser(
        "serve",
        help="serve the log over HTTP to witnesses, monitors and anyone else",
        description="Serve the log as C2SP tlog-tiles over HTTP, read-only, until interrupted. The gateway may be "
        "running. For the open internet, put a web server with TLS in front.",
    )
    serve.add_argument(
        "--listen", metavar="HOST:PORT", default=_DEFAULT_LISTEN, help=f"where (default: {_DEFAULT_LISTEN})"
    )
    add_config(serve)
    serve.set_defaults(run=run_serve)


def add_evidence_format(parser: argparse.ArgumentParser) -> None:
    """Register `voltseal evidence --as`."""
    parser.add_argument(
        "--as",
        dest="entry_format",
        choices=ENTRY_FORMATS,
        help="prove one entry to other people's tools instead of writing a bundle: a C2SP .tlog-proof, or a COSE "
        "Receipt (RFC 9942). The entry itself is written beside it, with the suffix .entry",
    )


def run_export_tiles(options: argparse.Namespace) -> int:
    """Bring the directory up to the newest checkpoint."""
    from voltseal.cli.log import progress_bar
    from voltseal.log.tile_export import export_tiles

    try:
        with closing(open_reader(load_config(options))) as reader, progress_bar("writing tiles") as progress:
            done = export_tiles(reader, options.directory, progress)
    except OSError as error:
        raise UsageError(f"{error.filename or options.directory}: cannot be written: {error.strerror}") from error
    if options.json:
        print_json(
            {
                "directory": str(options.directory),
                "old_size": done.old_size,
                "tree_size": done.tree_size,
                "files": done.files,
                "bytes": done.written_bytes,
            }
        )
    else:
        news = f"{done.tree_size - done.old_size} entries more, {done.files} files, {done.written_bytes} bytes"
        print(f"{options.directory}: {done.tree_size} entries ({news if done.files else 'nothing new'})")
    return 0


def run_serve(options: argparse.Namespace) -> int:
    """Serve until interrupted or terminated."""
    import asyncio
    import signal
    import socket

    from voltseal.api.log_reads import LogReads
    from voltseal.api.server import listen, serve
    from voltseal.api.tlog import log_app

    config = load_config(options)

    async def main(bound: socket.socket) -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        reads = LogReads(lambda: open_reader(config))
        await reads.start()
        shown = f"[{host}]" if ":" in host else host
        print(f"serving {config.gateway.origin} at http://{shown}:{bound.getsockname()[1]}/checkpoint", flush=True)
        try:
            await serve(log_app(reads), bound, stop)
        finally:
            await reads.close()

    host, port = _address(options.listen)
    try:
        bound = listen(host, port)
    except OSError as error:
        raise UsageError(f"cannot listen on {options.listen}: {error.strerror}") from error
    with bound:
        asyncio.run(main(bound))
    return 0


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise UsageError(f"--listen {text!r} is not HOST:PORT", hint=f"for example {_DEFAULT_LISTEN}")
    return host.removeprefix("[").removesuffix("]"), int(port)


def run_entry_proof(options: argparse.Namespace, output: str | None) -> int:
    """Write the proof of one entry to `output` (None: named after the entry), and the entry beside it."""
    from voltseal.evidence.entry_proof import prove_entry

    if options.fields is not None:
        raise UsageError(f"--fields and --as {options.entry_format} exclude each other: the entry holds no values")
    config = load_config(options)
    with closing(open_reader(config)) as reader:
        proof = prove_entry(reader, _one_leaf(reader, options))
    if options.entry_format == "tlog-proof":
        encoded = proof.to_tlog_proof().encode()
    else:
        encoded = proof.to_cose_receipt(_log_key(config)).encode()
    if output == "-":
        sys.stdout.buffer.write(encoded)
        return 0
    path = Path(output or f"entry-{proof.leaf_index}{_SUFFIXES[options.entry_format]}")
    entry_path = path.with_suffix(".entry")
    if entry_path == path:
        raise UsageError("the suffix .entry is for the entry itself", hint="choose another name for the proof")
    try:
        path.write_bytes(encoded)
        entry_path.write_bytes(proof.entry)
    except OSError as error:
        raise UsageError(f"{error.filename}: cannot be written: {error.strerror}") from error
    tree_size = proof.published.checkpoint.tree_size
    if options.json:
        print_json({"proof": str(path), "entry": str(entry_path), "index": proof.leaf_index, "tree_size": tree_size})
    else:
        print(f"wrote       {path}, {len(encoded)} bytes\nentry       {entry_path}, {len(proof.entry)} bytes")
        print(f"proves      entry {proof.leaf_index} under the checkpoint of size {tree_size}")
    return 0


def _log_key(config: Config) -> Ed25519Signer:
    from voltseal.keys import read_log_key

    return read_log_key(config)


def _one_leaf(reader: StoreReader, options: argparse.Namespace) -> int:
    """The leaf index of the one entry that the options name."""
    named = options.index if options.index is not None else options.sequence
    if named is None or not (named.isascii() and named.isdigit()):
        raise UsageError(
            f"--as {options.entry_format} proves one entry", hint="name it by --index N, or --device D --sequence N"
        )
    if options.index is not None:
        return int(named)
    device = find_device(reader.devices(), options.device)
    leaves = [entry.leaf_index for entry in reader.statements_of(device.ueid, int(named), int(named))]
    if not leaves:
        raise UsageError(f"{device.label} has no statement {named} in the log")
    if len(leaves) > 1:
        raise UsageError(
            f"{device.label} has several statements {named}: equivocation", hint=f"choose by --index {leaves}"
        )
    return leaves[0]

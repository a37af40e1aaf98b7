"""`voltseal backup`: store, configuration and keys in one file, also while the gateway runs."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from voltseal.cli.options import add_config, add_json, load_config, print_json


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "backup",
        help="store, configuration and keys in one file, also while the gateway runs",
        description="Write one moment of the store, the configuration, ledgers and public keys into FILE. It holds the "
        "readings in plain: keep it as safe as the store. Without the private keys it cannot replace the gateway; they "
        "never change, so one backup --with-keys, kept apart, is enough.",
        epilog="example: voltseal backup /mnt/backup/gateway-2026-03-01.tar",
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="a new file")
    parser.add_argument(
        "--with-keys", action="store_true", help="also the private keys: whoever has FILE can then sign as this gateway"
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the backup, and say what is in it."""
    from voltseal.backup.make import make_backup
    from voltseal.cli.log import progress_bar
    from voltseal.clock import now_ms

    config = load_config(options)
    with progress_bar("copying the store") as progress:
        manifest = make_backup(config, options.file, now_ms(), with_keys=options.with_keys, progress=progress)
    if manifest.with_keys:
        print(
            f"{options.file} HOLDS THE PRIVATE KEYS. Whoever reads it can sign checkpoints and receipts as this "
            "gateway: keep it offline.",
            file=sys.stderr,
        )
    if options.json:
        print_json(
            {
                "file": str(options.file),
                "bytes": options.file.stat().st_size,
                "entries": manifest.entries,
                "tree_size": manifest.tree_size,
                "with_keys": manifest.with_keys,
                "files": [one.name for one in manifest.files],
            }
        )
        return 0
    print(f"wrote       {options.file}, {options.file.stat().st_size} bytes, {len(manifest.files)} files")
    print(f"holds       {manifest.entries} entries, checkpoint of size {manifest.tree_size}")
    if not manifest.with_keys:
        print("keys        public ones only; keep the private ones elsewhere (--with-keys)")
    return 0

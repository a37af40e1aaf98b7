"""`voltseal page`: write the browser verifier, one HTML file that checks evidence offline."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from voltseal.cli.options import UsageError

_DEFAULT_OUTPUT = "verifier.html"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "page",
        help="write the browser verifier, one HTML file",
        description="Write a page that checks evidence in a browser, without any network. Needs no installation.",
        epilog="It gives the same verdicts as `voltseal verify`. Compare its SHA-256 when you got it from elsewhere.",
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", default=_DEFAULT_OUTPUT, help="where to ('-': standard output)"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page, and say its SHA-256; an older page of this name is replaced."""
    from hashlib import sha256

    from voltseal.verifier_page import page_bytes

    page = page_bytes()
    if options.output == "-":
        sys.stdout.buffer.write(page)
        sys.stdout.buffer.flush()
        return 0
    path = Path(options.output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(page)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error
    print(f"wrote   {path}, {len(page)} bytes\nsha256  {sha256(page).hexdigest()}")
    return 0

"""`voltseal device rotate`: a device's key gives way to another, which both the maker and the old key vouch for."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from voltseal.cli.options import UsageError, add_config, load_config, read_sealed

_DESCRIPTION = """\
The new key counts from here on; what the old one said before stays valid. The consent is the device's own: its old key
signs the new request (docs/spec/enrolment.md). Where the old key is lost or known to others, revoke it instead.
"""


def add_action(actions: argparse._SubParsersAction[Any]) -> None:
    """Register the action."""
    rotate = actions.add_parser(
        "rotate",
        help="put a new key in the place of a device's active one",
        description=_DESCRIPTION,
        epilog="example: voltseal device rotate request.bin --maker-key maker.pem --consent consent.bin",
    )
    add_config(rotate)
    rotate.add_argument(
        "request", nargs="?", metavar="REQUEST", help="the new key's request: bytes, hex or base64; - for stdin"
    )
    source = rotate.add_mutually_exclusive_group(required=True)
    source.add_argument("--maker-key", type=Path, metavar="FILE", help="endorse REQUEST here, with this maker's key")
    source.add_argument("--endorsement", metavar="FILE", help="an endorsement made elsewhere (it contains the request)")
    rotate.add_argument("--consent", required=True, metavar="FILE", help="the new request, signed by the old key")
    rotate.add_argument(
        "--not-before",
        default="now",
        metavar="TIME",
        help="the new key takes over from then on: now (default), or earlier: ISO 8601 (with --maker-key)",
    )
    rotate.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Rotate the active key of the device that the request names."""
    from voltseal.cli.device import carry_out, endorse
    from voltseal.ingest.registrar import rotate_request

    config = load_config(options)
    if (options.endorsement is None) == (options.request is None):
        raise UsageError("name REQUEST with --maker-key, or --endorsement alone: it contains its request")
    endorsement = endorse(config, options) if options.endorsement is None else read_sealed(options.endorsement)
    answer = carry_out(config, "rotate", rotate_request(endorsement, read_sealed(options.consent)))
    print(f"{answer['ueid']} has a new key, entry {answer['leaf_index']} of the log")
    return 0

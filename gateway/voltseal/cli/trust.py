"""`voltseal trust`: make the file that says whom `voltseal verify` believes, and read it back."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from voltseal.errors import VoltsealError

if TYPE_CHECKING:
    from voltseal.cli.trust_template import TrustLines

_DESCRIPTION = """\
A trust file names the logs, makers and ledgers whose keys you believe. `voltseal verify` looks for one in this order:
--trust FILE, $VOLTSEAL_TRUST, ~/.config/voltseal/trust.toml, and, with a warning, trust.toml beside the bundle.
"""


class TrustCommandError(VoltsealError):
    """`voltseal trust` cannot do what was asked."""

    code = "trust-command"


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Register `voltseal trust init|show`."""
    parser = subparsers.add_parser("trust", help="whom to believe: make or show a trust file", description=_DESCRIPTION)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    init = actions.add_parser("init", help="write a trust file with every line explained")
    init.add_argument("-o", "--output", metavar="FILE", default="trust.toml", help="where to ('-': standard output)")
    init.add_argument("--from-gateway", metavar="DIR", type=Path, help="take the keys of the gateway configured in DIR")
    init.add_argument("--force", action="store_true", help="replace a file that exists")
    init.set_defaults(run=run)
    show = actions.add_parser("show", help="check a trust file and list whom it believes")
    show.add_argument("file", metavar="FILE", nargs="?", type=Path, help="default: the one `voltseal verify` would use")
    show.add_argument("--json", action="store_true", help="print JSON")
    show.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Exit status 0, or 2 for what a `VoltsealError` says."""
    return _init(args) if args.action == "init" else _show(args)


def _init(args: argparse.Namespace) -> int:
    from voltseal.cli.trust_template import TrustLines, render_trust

    lines, missing = (TrustLines(), []) if args.from_gateway is None else gateway_lines(args.from_gateway)
    text = render_trust(lines)
    for what in missing:
        print(f"left out: {what}", file=sys.stderr)
    if args.output == "-":
        sys.stdout.write(text)
        return 0
    path = Path(args.output)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w" if args.force else "x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise TrustCommandError(f"{path} exists already", hint="name another (-o) or replace it (--force)") from error
    except OSError as error:
        raise TrustCommandError(f"{path} cannot be written: {error.strerror}") from error
    sys.stdout.write(f"wrote {path}\n")
    if args.from_gateway is None:
        sys.stdout.write("Now fill it in: each table says whose key it wants, and how to get it.\n")
    return 0


def gateway_lines(directory: Path) -> tuple[TrustLines, list[str]]:
    """The public keys of the gateway whose configuration lies in `directory`, and what could not be had yet.

    This is a convenience for whoever runs the gateway: somebody else must get the keys by a way of their own. Raises
    `VoltsealError`.
    """
    from voltseal import config
    from voltseal.cli.trust_template import TrustLines

    settings = config.load(directory / config.DEFAULT_FILE_NAME)
    log_key = _public_key(settings.log.key_file.with_suffix(".vkey"))
    if log_key is None:
        raise TrustCommandError(f"{directory} has no log key yet", hint="make one with `voltseal init`")
    makers = [(maker.name, maker.key) for maker in settings.makers]
    ledgers, evm, missing = [], [], []
    for anchor in settings.anchors:
        scheme, _, rest = anchor.uri.partition(":")
        key = _public_key(directory / f"{rest}.vkey") if scheme == "ledger" else None
        if key is not None:
            ledgers.append(key)
        elif scheme == "evm":
            evm.append(rest.lower())
        elif scheme == "ledger":
            missing.append(f"{anchor.uri}: its key is made when the gateway first runs; do this again then")
        else:
            missing.append(f"{anchor.uri}: a trust file knows no keys for such anchors yet")
    return TrustLines([(settings.gateway.origin, log_key)], makers, ledgers, evm), missing


def _public_key(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise TrustCommandError(f"{path} cannot be read: {error.strerror}") from error


def _show(args: argparse.Namespace) -> int:
    from voltseal.cli.trust_search import find_trust

    found = find_trust(args.file, None)
    if found.path is None:
        raise TrustCommandError("no trust file found", hint="make one with `voltseal trust init`")
    trust = found.trust
    content: dict[str, object] = {
        "trust": found.to_json(),
        "logs": [log.key.encode() for log in trust.logs],
        "makers": [{"name": maker.name, "kid": maker.key.kid.hex()} for maker in trust.makers],
        "ledgers": [ledger.key.encode() for ledger in trust.ledgers],
        "evm": [{"contract": f"{one.chain_id}/0x{one.registry.hex()}", "blocks": len(one.blocks)} for one in trust.evm],
        "witnesses": [witness.key.encode() for witness in trust.witnesses],
        "firmware": [
            {"name": known.name, "measurement": known.measurement.hex(), "status": known.status.value}
            for known in trust.firmware
        ],
    }
    if args.json:
        sys.stdout.write(json.dumps(content, indent=2, ensure_ascii=False) + "\n")
        return 0
    sys.stdout.write(f"{found.path} believes\n")
    for kind in ("logs", "makers", "ledgers", "evm", "witnesses", "firmware"):
        rows = content[kind]
        assert isinstance(rows, list)
        shown = [row if isinstance(row, str) else "  ".join(map(str, row.values())) for row in rows] or ["none"]
        sys.stdout.write("".join(f"  {kind if n == 0 else '':<10} {row}\n" for n, row in enumerate(shown)))
    return 0

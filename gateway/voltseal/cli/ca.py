"""`voltseal ca`: certificates for the sessions between devices, broker and gateway."""

from __future__ import annotations

import argparse
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError, add_json, print_json, print_table

if TYPE_CHECKING:
    from datetime import datetime

    from voltseal.certificates.authority import Authority, Issued
    from voltseal.certificates.profiles import Issuer

_DESCRIPTION = """\
A certificate authority for one small site. Its certificates let devices and the gateway into the broker; what a device
says is believed for its enrolled key, never for its certificate. A site that has an authority needs none of this.
"""
_REASONS = (
    "unspecified",
    "key-compromise",
    "superseded",
    "ceased",
    "transferred",
)  # index.REASONS, without its imports
_ROLES = ("server", "gateway", "device")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser("ca", help="certificates for devices, broker and gateway", description=_DESCRIPTION)
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    init = actions.add_parser(
        "init",
        help="make an authority",
        description="Make an authority in DIR. Best on a machine that is not the broker; it needs no network.",
        epilog="example: voltseal ca init ca --name 'Depot 7' --passphrase-file ~/ca-passphrase",
    )
    init.add_argument("ca", type=Path, metavar="DIR")
    init.add_argument("--name", default="Voltseal site", help="what people read in certificates (default: %(default)s)")
    init.add_argument("--days", type=_days, default=7305, help="how long the root is valid (default: 20 years)")
    _finish(init, run_init)
    _add_issue(actions)
    _add_renew(actions)
    _add_revoke(actions)
    listing = actions.add_parser("list", help="what was issued, and what it is worth now")
    listing.add_argument("--within", type=_days, metavar="DAYS", help="only valid ones that end in so many days")
    _add_ca(listing)
    add_json(listing)
    listing.set_defaults(run=run_list)
    crl = actions.add_parser(
        "crl",
        help="write the revocation list anew",
        description="Write ca.crl anew. After its end a broker lets nobody in; without --days it ends with the root.",
    )
    crl.add_argument("--days", type=_days, help="how long the list is valid")
    _add_ca(crl)
    _finish(crl, run_crl)


def _add_issue(actions: argparse._SubParsersAction[Any]) -> None:
    issue = actions.add_parser(
        "issue",
        help="issue a certificate",
        description="Issue a certificate. NAME is the broker's host name or address, a word for the gateway, or the 34 "
        "hex digits of a device's ueid. With --csr the private key stays where it was made; else it is made here.",
        epilog="examples: voltseal ca issue server broker.lan 192.168.1.10 | voltseal ca issue gateway gateway | "
        "voltseal ca issue device 01a4… --csr device.csr",
    )
    issue.add_argument("role", choices=_ROLES, metavar="ROLE", help="server, gateway or device")
    issue.add_argument("names", nargs="+", metavar="NAME", help="a server may have several names and addresses")
    issue.add_argument("--csr", type=Path, metavar="FILE", help="a certificate signing request, PEM or DER")
    issue.add_argument("--days", type=_days, help="default: 10 years for a device, 825 days for the others")
    _add_ca(issue)
    _finish(issue, run_issue)


def _add_renew(actions: argparse._SubParsersAction[Any]) -> None:
    renew = actions.add_parser(
        "renew",
        help="issue another certificate to a name that had one",
        description="Issue another certificate: for the same key, unless told otherwise. The earlier one stays valid.",
    )
    renew.add_argument("names", nargs="*", metavar="NAME")
    renew.add_argument("--within", type=_days, metavar="DAYS", help="instead of names: all that end in so many days")
    key = renew.add_mutually_exclusive_group()
    key.add_argument("--rekey", action="store_true", help="with a new private key, made here")
    key.add_argument("--csr", type=Path, metavar="FILE", help="for the key in a signing request")
    renew.add_argument("--days", type=_days, help="default: 10 years for a device, 825 days for the others")
    _add_ca(renew)
    _finish(renew, run_renew)


def _add_revoke(actions: argparse._SubParsersAction[Any]) -> None:
    revoke = actions.add_parser(
        "revoke",
        help="revoke a certificate and write ca.crl",
        description="Revoke one certificate by its serial number, or all valid ones of a name, and write ca.crl. This "
        "shuts the broker's door. To distrust the device's statements as well: voltseal device revoke.",
    )
    revoke.add_argument("certificate", metavar="NAME|SERIAL")
    revoke.add_argument("--reason", choices=_REASONS, default="unspecified", help="default: %(default)s")
    _add_ca(revoke)
    _finish(revoke, run_revoke)


def _add_ca(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--ca", type=Path, default=Path("ca"), metavar="DIR", help="the authority (default: %(default)s)"
    )


def _finish(parser: argparse.ArgumentParser, run: object) -> None:
    parser.add_argument("--passphrase-file", type=Path, metavar="FILE", help="its first line opens the authority's key")
    add_json(parser)
    parser.set_defaults(run=run)


def _days(text: str) -> int:
    """A number of days for argparse."""
    days = int(text)
    if not 1 <= days <= 36_525:
        raise argparse.ArgumentTypeError("is not from 1 to 36525 days")
    return days


def run_init(options: argparse.Namespace) -> int:
    """Make an authority."""
    from voltseal.certificates.authority import Authority, utc_now

    try:
        made = Authority.create(options.ca, options.name, _passphrase(options), utc_now(), options.days)
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error
    if options.json:
        print_json({"root": str(made.root_path), "crl": str(made.crl_path), "fingerprint_sha256": fingerprint(made)})
        return 0
    print(f"made {made.root_path}, valid until {made.root.not_valid_after_utc:%Y-%m-%d}")
    print(f"SHA-256 {fingerprint(made)}")
    if options.passphrase_file is None:
        print(f"{options.ca / 'ca.key'} has no passphrase: whoever reads that file can issue certificates")
    print(f"next: voltseal broker init DIR --ca {options.ca} --host NAME, and voltseal ca issue device UEID")
    return 0


def fingerprint(authority: Authority) -> str:
    """SHA-256 of the root's certificate, in hex: for comparing it over the telephone."""
    from cryptography.hazmat.primitives.hashes import SHA256

    return authority.root.fingerprint(SHA256()).hex()


def run_issue(options: argparse.Namespace) -> int:
    """Issue a certificate."""
    from voltseal.certificates.profiles import Role

    if options.role != "server" and len(options.names) > 1:
        raise UsageError(f"a {options.role} has one name only")
    authority, issuer, now = _open(options)
    public_key = _request(options, options.names[0])
    made = authority.issue(
        issuer, Role(options.role), options.names, now=now, public_key=public_key, days=options.days
    )  # fmt: skip
    _print_issued([made], now, options.json)
    return 0


def run_renew(options: argparse.Namespace) -> int:
    """Renew by name, or whatever ends soon."""
    if bool(options.names) == (options.within is not None):
        raise UsageError("name certificates, or say --within DAYS")
    if options.csr is not None and len(options.names) != 1:
        raise UsageError("a signing request is for one name")
    authority, issuer, now = _open(options)
    names = options.names or ending_names(authority, now, options.within)
    made = []
    for name in names:
        key = _request(options, name)
        made.append(authority.renew(issuer, name, now=now, public_key=key, rekey=options.rekey, days=options.days))
    _print_issued(made, now, options.json)
    return 0


def ending_names(authority: Authority, now: datetime, days: int) -> list[str]:
    """Names whose last valid certificate ends in so many days: what was renewed in time does not appear again."""
    from voltseal.certificates.index import Status

    ends = {record.name: record.not_after for record in authority.records() if record.status(now) is Status.VALID}
    return [name for name, end in ends.items() if end <= now + timedelta(days=days)]


def run_revoke(options: argparse.Namespace) -> int:
    """Revoke, and write the list."""
    from voltseal.certificates.index import reason_flag

    authority, issuer, now = _open(options)
    records = authority.revoke(issuer, options.certificate, now, reason_flag(options.reason))
    if options.json:
        print_json({"revoked": [record.to_json(now) for record in records], "crl": str(authority.crl_path)})
        return 0
    for record in records:
        print(f"{record.name} {record.serial_hex}: {record.status(now).value}")
    print(f"wrote {authority.crl_path}")
    print("next: copy it to the broker and restart Mosquitto (a reload would leave open sessions open)")
    return 0


def run_list(options: argparse.Namespace) -> int:
    """List."""
    from voltseal.certificates.authority import Authority, utc_now
    from voltseal.certificates.index import Status

    authority, now = Authority(options.ca), utc_now()
    records = authority.records()
    if options.within is not None:
        limit = now + timedelta(days=options.within)
        records = [r for r in records if r.status(now) is Status.VALID and r.not_after <= limit]
    if options.json:
        root = {"not_after": f"{authority.root.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}"}
        print_json({"root": root, "certificates": [record.to_json(now) for record in records]})
        return 0
    rows = [(r.name, r.role.value, r.status(now).value, f"{r.not_after:%Y-%m-%d}", r.serial_hex) for r in records]
    print_table(("name", "role", "status", "until", "serial"), rows)
    return 0


def run_crl(options: argparse.Namespace) -> int:
    """Write the revocation list."""
    authority, issuer, now = _open(options)
    until = authority.write_crl(issuer, now, options.days)
    if options.json:
        print_json({"crl": str(authority.crl_path), "next_update": f"{until:%Y-%m-%dT%H:%M:%SZ}"})
    else:
        print(f"wrote {authority.crl_path}, valid until {until:%Y-%m-%d}")
    return 0


def _open(options: argparse.Namespace) -> tuple[Authority, Issuer, datetime]:
    from voltseal.certificates.authority import Authority, utc_now

    authority = Authority(options.ca)
    return authority, authority.unlock(_passphrase(options)), utc_now()


def _passphrase(options: argparse.Namespace) -> bytes | None:
    from voltseal.certificates.files import read_passphrase

    return None if options.passphrase_file is None else read_passphrase(options.passphrase_file)


def _request(options: argparse.Namespace, name: str) -> Any:
    from voltseal.certificates.files import read_request

    return None if options.csr is None else read_request(options.csr, name)


def _print_issued(made: list[Issued], now: datetime, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {
                    **issued.record.to_json(now),
                    "certificate_file": str(issued.certificate_path),
                    "key_file": None if issued.key_path is None else str(issued.key_path),
                }
                for issued in made
            ]
        )
        return
    for issued in made:
        print(f"wrote {issued.certificate_path}, valid until {issued.record.not_after:%Y-%m-%d}")
        if issued.key_path is not None:
            print(f"wrote {issued.key_path}: move it to where it is used, and leave no copy here")
    if not made:
        print("nothing ends so soon")

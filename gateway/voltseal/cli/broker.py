"""`voltseal broker`: a configuration for Mosquitto."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError, add_config, add_json, load_config, print_json

if TYPE_CHECKING:
    from voltseal.broker.installation import Installed
    from voltseal.broker.settings import Credentials
    from voltseal.certificates.authority import Authority

_OWN_FILES = ("ca_file", "cert_file", "key_file")


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser("broker", help="a configuration for Mosquitto")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    init = actions.add_parser(
        "init",
        help="write a configuration for Mosquitto",
        description="Write DIR with a configuration for Mosquitto that explains itself: mutual TLS only, and a device "
        "may write its own topic and read its own, nothing else. With --ca the broker's certificate is issued too.",
        epilog="example: voltseal broker init /etc/voltseal/broker --site depot-7 --ca ca --host broker.lan",
    )
    init.add_argument("directory", type=Path, metavar="DIR")
    init.add_argument("--site", help="the site in MQTT topics (default: that of the gateway's configuration)")
    add_config(init)
    own = init.add_argument_group("certificates of an authority made by `voltseal ca init`")
    own.add_argument("--ca", type=Path, metavar="CADIR", help="the authority's directory")
    own.add_argument("--host", action="append", metavar="NAME", help="the broker's name or address; may be repeated")
    own.add_argument("--passphrase-file", type=Path, metavar="FILE", help="its first line opens the authority's key")
    other = init.add_argument_group("or of another authority")
    other.add_argument("--ca-file", type=Path, metavar="FILE", help="whose client certificates are let in")
    other.add_argument("--cert-file", type=Path, metavar="FILE", help="the broker's certificate")
    other.add_argument("--key-file", type=Path, metavar="FILE", help="the broker's private key")
    other.add_argument("--crl-file", type=Path, metavar="FILE", help="the revocation list")
    choice = init.add_argument_group("choices")
    choice.add_argument("--port", type=int, default=8883, help="default: %(default)s")
    choice.add_argument("--bind", metavar="ADDRESS", help="listen on this address only")
    choice.add_argument("--gateway", default="gateway", metavar="NAME", help="common name in the gateway's certificate")
    choice.add_argument("--max-devices", type=int, default=1000, metavar="N", help="default: %(default)s")
    choice.add_argument("--user", default="mosquitto", help="the account Mosquitto runs as (default: %(default)s)")
    choice.add_argument("--force", action="store_true", help="replace the configuration that is there")
    add_json(init)
    init.set_defaults(run=run_init)


def run_init(options: argparse.Namespace) -> int:
    """Write the directory."""
    from voltseal.broker.installation import install
    from voltseal.broker.settings import BrokerSettings

    _check_choice(options)
    directory: Path = options.directory.resolve()
    settings = BrokerSettings(
        site=options.site or load_config(options).gateway.site,
        directory=directory,
        credentials=planned_credentials(options, directory),
        port=options.port,
        bind=options.bind,
        gateway=options.gateway,
        user=options.user,
        max_devices=options.max_devices,
    )
    if settings.configuration_path.exists() and not options.force:
        raise UsageError(f"{settings.configuration_path} exists already", hint="replace it with --force")
    if options.ca is not None:
        copy_credentials(options, settings.credentials)
    installed = install(settings, replace=options.force)
    if options.json:
        print_json(_as_json(installed))
    else:
        _print(installed)
    return 0


def _check_choice(options: argparse.Namespace) -> None:
    named = [getattr(options, name) is not None for name in _OWN_FILES]
    if options.ca is None and not all(named):
        raise UsageError("whose certificates?", hint="--ca CADIR --host NAME, or --ca-file, --cert-file and --key-file")
    if options.ca is not None and (any(named) or options.crl_file is not None):
        raise UsageError("--ca and the files of another authority exclude each other")
    if options.ca is not None and not options.host:
        raise UsageError("by what name do devices reach the broker?", hint="--host NAME, --host 192.168.1.10")


def planned_credentials(options: argparse.Namespace, directory: Path) -> Credentials:
    """Where the broker will find its files: copies in its directory, or another authority's own files."""
    from voltseal.broker.settings import Credentials

    if options.ca is not None:
        own = directory / "certificates"
        return Credentials(own / "ca.crt", own / "server.crt", own / "server.key", own / "ca.crl")
    crl = None if options.crl_file is None else options.crl_file.resolve()
    return Credentials(options.ca_file.resolve(), options.cert_file.resolve(), options.key_file.resolve(), crl)


def copy_credentials(options: argparse.Namespace, target: Credentials) -> None:
    """Issue the broker's certificate, unless it has one, and copy what the broker needs. Raises `UsageError`."""
    from voltseal.broker.installation import put_credential
    from voltseal.certificates.authority import Authority
    from voltseal.certificates.files import PRIVATE_MODE, PUBLIC_MODE

    authority = Authority(options.ca)
    name = _server_certificate(authority, options)
    assert target.crl_file is not None
    copies = (
        (authority.root_path, target.ca_file, PUBLIC_MODE),
        (authority.crl_path, target.crl_file, PUBLIC_MODE),
        (authority.certificate_path(name), target.cert_file, PUBLIC_MODE),
        (authority.key_path(name), target.key_file, PRIVATE_MODE),
    )
    for source, path, mode in copies:
        try:
            put_credential(path, source.read_bytes(), mode, options.user)
        except OSError as error:
            raise UsageError(f"{error.filename or path}: {error.strerror}") from error


def _server_certificate(authority: Authority, options: argparse.Namespace) -> str:
    """The common name of a valid certificate for exactly these hosts, which is issued if there is none."""
    from voltseal.certificates.authority import utc_now
    from voltseal.certificates.files import read_passphrase
    from voltseal.certificates.index import Status
    from voltseal.certificates.profiles import Role

    now, hosts = utc_now(), tuple(options.host)
    held = [r for r in authority.records() if r.names == hosts and r.status(now) is Status.VALID]
    if not held:
        passphrase = None if options.passphrase_file is None else read_passphrase(options.passphrase_file)
        authority.issue(authority.unlock(passphrase), Role.SERVER, hosts, now=now)
    return str(hosts[0])


def _as_json(installed: Installed) -> dict[str, Any]:
    settings = installed.settings
    own = settings.credentials
    return {
        "configuration": str(settings.configuration_path),
        "acl": str(settings.acl_path),
        "site": settings.site,
        "port": settings.port,
        "ca_file": str(own.ca_file),
        "cert_file": str(own.cert_file),
        "key_file": str(own.key_file),
        "crl_file": None if own.crl_file is None else str(own.crl_file),
        "user": settings.user,
        "owned": installed.owned,
    }


def _print(installed: Installed) -> None:
    settings = installed.settings
    print(f"wrote {settings.configuration_path} and {settings.acl_path}")
    if not installed.owned:
        print(f"the account {settings.user!r} must own {settings.acl_path}, {settings.persistence_path} and the key:")
        print(f"  sudo chown -R {settings.user}: {settings.directory}")
    if settings.credentials.crl_file is None:
        print("without a revocation list (--crl-file) no certificate can be shut out")
    print(f"start it with: mosquitto -c {settings.configuration_path}")
    print("in the gateway's voltseal.toml:")
    print(f'  [broker]\n  url = "mqtts://HOST:{settings.port}"')
    print(f'  ca_file = "ca.crt"\n  cert_file = "{settings.gateway}.crt"\n  key_file = "{settings.gateway}.key"')

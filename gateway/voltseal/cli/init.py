"""`voltseal init`: a new gateway's directory."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from voltseal.cli.options import UsageError

_TEMPLATE = """\
# A Voltseal gateway. Every key is described in docs/reference/configuration.md; commented out stands the default.
# Paths are relative to this file. Secrets are never written here, only the names of the files that hold them.

[gateway]
origin = "{origin}"   # names the log in every checkpoint and signature; it can never be changed
site = "{site}"       # topics are voltseal/1/{site}/<device>/up and down

[broker]
url = "{broker}"      # mqtt://host:port, or mqtts://host:port for TLS
# username = ""
# password_file = "keys/broker-password"
# ca_file = "keys/broker-ca.pem"      # with mqtts:// and a private authority
# cert_file = "keys/gateway.pem"      # client certificate, together with key_file
# key_file = "keys/gateway.key"
# keepalive_s = 30
# window = 2000                       # messages taken and not yet stored; then the broker has to wait

[store]
# path = "voltseal.db"
# linger_ms = 5                       # how long a commit waits for company
# group_max = 500                     # the most messages in one commit
# quarantine_messages = 10000         # refused messages that are kept; the oldest make room
# quarantine_bytes = 16777216

[ingest]
# verify_threads = 0                  # 0: one for each processor
# verify_batch = 64                   # messages that a thread takes at a time

[log]
# key_file = "keys/log.key"
# checkpoint_entries = 1000           # a checkpoint after so many new entries,
# checkpoint_s = 10.0                 # or so long after the last one

[receipt]
# key_file = "keys/receipt.pem"

[logging]
# level = "info"                      # debug, info, warning or error

[http]                                # metrics, health, the log's tiles and the API
# listen = ""                         # off; for example "127.0.0.1:8780"
# token_file = "keys/api.token"       # who may use the API from anywhere; one token a line
# cert_file = "keys/http.pem"         # TLS, together with key_file
# key_file = "keys/http.key"
# client_ca_file = "keys/http-ca.pem" # then only clients with a certificate of this authority are let in
# public_log = false                  # true: checkpoint and tiles for everybody, without a token

[check]
# every_h = 24.0                      # re-read the whole log so often; 0: never
# share = 0.1                         # of one processor's time, at most

[alert]
# webhook_url = ""                    # alarms are sent here by POST, as JSON
# webhook_token_file = "keys/webhook.token"
# mqtt_topic = ""                     # and published here
# anchor_age_h = 24.0                 # an alarm when entries wait so long for an anchor; 0: never
# repeat_h = 24.0                     # say it again while it lasts

[[anchor]]                            # where checkpoints are deposited; may be repeated
uri = "ledger:anchors.ledger"         # weak: whoever runs the gateway could have made it alone
every_s = 60.0

# [[maker]]                           # whose endorsement lets a device in; `voltseal maker init` prints this table
# name = "Example Batteries"
# key = "pAEC..."
"""


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "init",
        help="make a new gateway: configuration and keys",
        description="Make DIR with a configuration that explains itself, and the gateway's own keys. Nothing that is "
        "there already is replaced.",
        epilog="example: voltseal init site-1 --origin example.org/site-1 --broker mqtts://broker.example.org",
    )
    parser.add_argument("directory", type=Path, metavar="DIR")
    parser.add_argument("--origin", help="the log's name, for good (default: the directory's name with /log)")
    parser.add_argument("--site", help="the site in MQTT topics: a-z, 0-9 and - (default: the directory's name)")
    parser.add_argument("--broker", default="mqtt://localhost:1883", metavar="URL", help="default: %(default)s")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Make the directory, or refuse."""
    from voltseal.config import DEFAULT_FILE_NAME, load

    directory: Path = options.directory
    name = directory.resolve().name.lower().replace("_", "-").replace(".", "-")
    config_path = directory / DEFAULT_FILE_NAME
    text = configuration_text(options.origin or f"{name}/log", options.site or name, options.broker)
    make_gateway(config_path, text)
    config = load(config_path)
    vkey = (config.log.key_file.with_suffix(".vkey")).read_text(encoding="utf-8").strip()
    print(f"made {config_path}, and keys in {config.log.key_file.parent}")
    print(f"the log's public key, for trust files:\n  {vkey}")
    print("next: voltseal maker init, voltseal device enrol, and")
    print(f"  voltseal run --config {config_path}")
    return 0


def configuration_text(origin: str, site: str, broker: str) -> str:
    """A configuration that explains itself, with every default shown."""
    return _TEMPLATE.format(origin=origin, site=site, broker=broker)


def make_gateway(config_path: Path, text: str) -> None:
    """Write the configuration and make every key that it names. Raises `UsageError` if anything is there already.

    The text is read first, so a mistake in it leaves nothing behind; the configuration is written last, so what it
    names is there whenever it is.
    """
    from secrets import token_urlsafe

    from voltseal.anchor.backends import AnchorTarget
    from voltseal.config import parse
    from voltseal.log.key_file import create_signer
    from voltseal.wire.keys import SigningKey

    config = parse(text, config_path)
    made = (config_path, config.log.key_file, config.receipt.key_file, config.store.path, config.http.token_file)
    for path in made:
        if path is not None and path.exists():
            raise UsageError(f"{path} exists already", hint="choose another directory; nothing was changed")
    try:
        config.log.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        config.receipt.key_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        signer = create_signer(config.log.key_file, config.gateway.origin)
        config.log.key_file.with_suffix(".vkey").write_text(signer.verifier.encode() + "\n", encoding="utf-8")
        receipt = SigningKey.generate()
        write_secret(config.receipt.key_file, receipt.to_pem())
        config.receipt.key_file.with_suffix(".pub").write_text(receipt.public.xy.hex() + "\n")
        if config.http.token_file is not None:
            write_secret(config.http.token_file, token_urlsafe(32).encode() + b"\n")
        for anchor in config.anchors:
            AnchorTarget.parse(anchor.uri, config.gateway.origin)
        config_path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}") from error


def write_secret(path: Path, content: bytes) -> None:
    """A new file that only its owner can read; raises `FileExistsError` rather than replace one."""
    import os

    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())

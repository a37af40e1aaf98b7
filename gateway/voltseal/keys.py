"""The gateway's own keys, read from the files that the configuration names."""

from __future__ import annotations

from voltseal.config import Config, ConfigError
from voltseal.log.key_file import read_signer
from voltseal.log.note_key import Ed25519Signer
from voltseal.wire.keys import load_private
from voltseal.wire.receipt import ReceiptKey


def read_log_key(config: Config) -> Ed25519Signer:
    """The key that signs checkpoints. Raises `ConfigError`, or `KeyFormatError` for a damaged file."""
    path = config.log.key_file
    try:
        signer = read_signer(path)
    except OSError as error:
        raise ConfigError(
            f"{config.path}: [log] key_file: {path}: {error.strerror}", hint="`voltseal init DIR` makes one"
        ) from error
    if signer.name != config.gateway.origin:
        raise ConfigError(
            f"{config.path}: [log] key_file {path} is the key of log {signer.name!r}, not of {config.gateway.origin!r}",
            hint="a log's origin is fixed for good: put back the old origin, or make a new log with `voltseal init`",
        )
    return signer


def read_receipt_key(config: Config) -> ReceiptKey:
    """The key that authenticates receipts. Raises `KeyFileError`."""
    return ReceiptKey.from_private(load_private(config.receipt.key_file))

"""Private keys, passphrases and certificates in files. Private ones get mode 0600, and are refused with another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from voltseal.certificates.errors import KeyFileError, PassphraseError, RequestRefusedError
from voltseal.log.key_file import fsync_directory

PRIVATE_MODE: Final = 0o600
PUBLIC_MODE: Final = 0o644
_MIN_PASSPHRASE: Final = 8


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Put `content` in `path`, durably and whole or not at all; raises `OSError`.

    The mode is set when the file is made, before the first byte is in it.
    """
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)  # the umask has no say
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    fsync_directory(path.parent)


def new_key() -> ec.EllipticCurvePrivateKey:
    """A fresh P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def key_pem(key: ec.EllipticCurvePrivateKey, passphrase: bytes | None = None) -> bytes:
    """PKCS #8 in PEM, encrypted if there is a passphrase."""
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase)
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


def read_key(path: Path, passphrase: bytes | None = None) -> ec.EllipticCurvePrivateKey:
    """The P-256 key in `path`. Raises `KeyFileError`, `PassphraseError` and `OSError`."""
    _refuse_shared(path, KeyFileError)
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), passphrase)
    except TypeError as error:  # how `cryptography` says: encrypted and no passphrase, or the reverse
        if passphrase is None:
            raise PassphraseError(
                f"{path} is encrypted", hint="name the file with its passphrase: --passphrase-file FILE"
            ) from error
        raise PassphraseError(f"{path} has no passphrase", hint="leave --passphrase-file out") from error
    except ValueError as error:
        if passphrase is not None:
            raise PassphraseError(f"{path} does not open with this passphrase") from error
        raise KeyFileError(f"{path} holds no private key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise KeyFileError(f"{path} is not a P-256 key")
    return key


def read_passphrase(path: Path) -> bytes:
    """The first line of `path`. Raises `PassphraseError`."""
    try:
        _refuse_shared(path, PassphraseError)
        line = path.read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
    except OSError as error:
        raise PassphraseError(f"{path} cannot be read: {error.strerror}") from error
    if len(line) < _MIN_PASSPHRASE:
        raise PassphraseError(
            f"the first line of {path} is shorter than {_MIN_PASSPHRASE} characters",
            hint=f"(umask 077; openssl rand -base64 24 > {path})",
        )
    return line


def read_request(path: Path, name: str) -> ec.EllipticCurvePublicKey:
    """The public key in the signing request (PEM or DER, RFC 2986), after its signature has been checked.

    Only the key is taken: subject and extensions are the authority's to decide. But a request that speaks for another
    name than `name` is refused, for somebody has mixed up two files. Raises `RequestRefusedError`.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RequestRefusedError(f"{path} cannot be read: {error.strerror}") from error
    try:
        load = x509.load_pem_x509_csr if b"-----BEGIN" in raw else x509.load_der_x509_csr
        request = load(raw)
        key = request.public_key()
    except (ValueError, TypeError, NotImplementedError) as error:
        raise RequestRefusedError(
            f"{path} is not a certificate signing request",
            hint=f"on the device: openssl req -new -key device.key -subj /CN={name} -out device.csr",
        ) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RequestRefusedError(f"{path} is not for a P-256 key")
    if not request.is_signature_valid:
        raise RequestRefusedError(f"{path} is not signed by the key that it is for")
    named = [str(part.value) for part in request.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)]
    if named and named != [name]:
        raise RequestRefusedError(f"{path} is for {', '.join(named)!r}, not for {name!r}")
    return key


def _refuse_shared(path: Path, error: type[KeyFileError] | type[PassphraseError]) -> None:
    if path.stat().st_mode & 0o077:
        raise error(f"{path} may be read by others", hint=f"chmod 600 {path}")

"""Keys, passphrases and requests in files: who may read them, and which are refused."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from voltseal.certificates import files
from voltseal.certificates.authority import Authority
from voltseal.certificates.errors import (
    KeyFileError,
    PassphraseError,
    RequestRefusedError,
)
from voltseal.certificates.profiles import Role

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DEVICE = "01" + "a1" * 16


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A new authority without a passphrase."""
    return Authority.create(tmp_path / "ca", "Depot 7", None, NOW)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def request(path: Path, name: str | None, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | None = None) -> Path:
    attributes = [] if name is None else [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name(attributes))
    path.write_bytes(made.sign(key or files.new_key(), hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    return path


def test_private_files_are_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        authority = Authority.create(tmp_path / "ca", "Depot 7", None, NOW)
        issued = authority.issue(authority.unlock(None), Role.GATEWAY, ["gateway"], now=NOW)
    finally:
        os.umask(before)
    assert issued.key_path is not None
    for private in (tmp_path / "ca" / "ca.key", tmp_path / "ca" / "index.jsonl", issued.key_path):
        assert mode(private) == 0o600
    assert mode(tmp_path / "ca" / "issued") == 0o700
    for public in (authority.root_path, authority.crl_path, issued.certificate_path):
        assert mode(public) == 0o644
    assert not list((tmp_path / "ca").rglob("*.partial"))


def test_a_key_that_others_may_read_is_not_used(authority: Authority) -> None:
    (authority.directory / "ca.key").chmod(0o640)
    with pytest.raises(KeyFileError) as caught:
        authority.unlock(None)
    assert (caught.value.hint or "").startswith("chmod 600")


@pytest.mark.parametrize(
    ("content", "expected"), [(b"correct horse\n", b"correct horse"), (b"12345678\r\nmore", b"12345678")]
)
def test_the_first_line_of_the_file_is_the_passphrase(tmp_path: Path, content: bytes, expected: bytes) -> None:
    path = tmp_path / "passphrase"
    path.write_bytes(content)
    path.chmod(0o600)
    assert files.read_passphrase(path) == expected


def test_a_passphrase_must_be_long_and_private(tmp_path: Path) -> None:
    path = tmp_path / "passphrase"
    with pytest.raises(PassphraseError, match="cannot be read"):
        files.read_passphrase(path)
    path.write_bytes(b"short\n")
    path.chmod(0o600)
    with pytest.raises(PassphraseError, match="shorter"):
        files.read_passphrase(path)
    path.chmod(0o604)
    with pytest.raises(PassphraseError, match="may be read by others"):
        files.read_passphrase(path)


def test_a_request_keeps_the_private_key_where_it_is(authority: Authority, tmp_path: Path) -> None:
    key = files.new_key()
    path = request(tmp_path / "device.csr", DEVICE, key)
    issued = authority.issue(
        authority.unlock(None), Role.DEVICE, [DEVICE], now=NOW, public_key=files.read_request(path, DEVICE)
    )
    assert issued.key_path is None
    assert not authority.key_path(DEVICE).exists()
    assert load(issued.certificate_path).public_key() == key.public_key()
    der = x509.load_pem_x509_csr(path.read_bytes()).public_bytes(serialization.Encoding.DER)
    path.write_bytes(der)
    assert files.read_request(path, DEVICE) == key.public_key()
    assert files.read_request(request(tmp_path / "nameless.csr", None, key), DEVICE) == key.public_key()


def test_requests_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "device.csr"
    with pytest.raises(RequestRefusedError, match="cannot be read"):
        files.read_request(path, DEVICE)
    path.write_bytes(b"not a request")
    with pytest.raises(RequestRefusedError, match="is not a certificate signing request"):
        files.read_request(path, DEVICE)
    with pytest.raises(RequestRefusedError, match="is for 'gateway', not for"):
        files.read_request(request(path, "gateway"), DEVICE)
    with pytest.raises(RequestRefusedError, match="P-256"):
        files.read_request(request(path, DEVICE, ec.generate_private_key(ec.SECP384R1())), DEVICE)
    with pytest.raises(RequestRefusedError, match="P-256"):
        files.read_request(request(path, DEVICE, rsa.generate_private_key(65537, 2048)), DEVICE)
    raw = bytearray(x509.load_pem_x509_csr(request(path, DEVICE).read_bytes()).public_bytes(serialization.Encoding.DER))
    raw[-1] ^= 1
    path.write_bytes(raw)
    with pytest.raises(RequestRefusedError, match=r"not signed by the key|not a certificate signing request"):
        files.read_request(path, DEVICE)

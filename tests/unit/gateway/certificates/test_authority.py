"""The authority: what stands in its certificates, what it refuses, renewal and revocation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from voltseal.certificates import files
from voltseal.certificates.authority import Authority
from voltseal.certificates.errors import (
    AuthorityExistsError,
    AuthorityExpiredError,
    AuthorityMissingError,
    KeyFileError,
    NameRefusedError,
    NameTakenError,
    PassphraseError,
    UnknownCertificateError,
)
from voltseal.certificates.index import Status
from voltseal.certificates.profiles import ROOT_DAYS, Role

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
DEVICE = "01" + "a1" * 16


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    """A new authority without a passphrase."""
    return Authority.create(tmp_path / "ca", "Depot 7", None, NOW)


def load(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


def test_the_root_signs_end_entities_only(authority: Authority) -> None:
    constraints = authority.root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert (constraints.critical, constraints.value.ca, constraints.value.path_length) == (True, True, 0)
    usage = authority.root.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert (usage.value.key_cert_sign, usage.value.crl_sign, usage.value.digital_signature) == (True, True, False)
    assert authority.root.not_valid_after_utc == NOW + timedelta(days=ROOT_DAYS)
    authority.root.verify_directly_issued_by(authority.root)


@pytest.mark.parametrize(
    ("role", "name", "usage", "days"),
    [
        (Role.SERVER, "broker.lan", ExtendedKeyUsageOID.SERVER_AUTH, 825),
        (Role.GATEWAY, "gateway", ExtendedKeyUsageOID.CLIENT_AUTH, 825),
        (Role.DEVICE, DEVICE, ExtendedKeyUsageOID.CLIENT_AUTH, 3652),
    ],
)
def test_each_role_gets_its_own_usage_and_lifetime(
    authority: Authority, role: Role, name: str, usage: x509.ObjectIdentifier, days: int
) -> None:
    issued = authority.issue(authority.unlock(None), role, [name], now=NOW)
    made = load(issued.certificate_path)
    made.verify_directly_issued_by(authority.root)
    assert made.subject.rfc4514_string() == f"CN={name}"
    assert list(made.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [usage]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.not_valid_before_utc < NOW
    assert made.not_valid_after_utc == NOW + timedelta(days=days)
    assert isinstance(made.signature_hash_algorithm, hashes.SHA256)
    assert issued.key_path is not None
    assert files.read_key(issued.key_path).public_key() == made.public_key()


def test_a_strict_verifier_takes_the_servers_certificate_under_each_of_its_names(authority: Authority) -> None:
    """By the rules of the web, which `cryptography` implements independently of OpenSSL."""
    issued = authority.issue(authority.unlock(None), Role.SERVER, ["broker.lan", "192.168.1.10"], now=NOW)
    made = load(issued.certificate_path)
    policy = PolicyBuilder().store(Store([authority.root])).time(NOW)
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    for name in names:
        assert isinstance(name, x509.DNSName | x509.IPAddress)
        policy.build_server_verifier(name).verify(made, [])
    with pytest.raises(VerificationError):
        policy.build_server_verifier(x509.DNSName("other.lan")).verify(made, [])


def test_no_certificate_outlives_the_root(authority: Authority) -> None:
    late = authority.root.not_valid_after_utc - timedelta(days=30)
    issued = authority.issue(authority.unlock(None), Role.DEVICE, [DEVICE], now=late)
    assert issued.record.not_after == authority.root.not_valid_after_utc
    with pytest.raises(AuthorityExpiredError):
        authority.issue(authority.unlock(None), Role.GATEWAY, ["gateway"], now=late + timedelta(days=29, hours=12))


@pytest.mark.parametrize(
    ("role", "name"),
    [
        (Role.DEVICE, "gateway"),
        (Role.DEVICE, DEVICE.upper()),
        (Role.DEVICE, DEVICE[:-1]),
        (Role.DEVICE, "02" + DEVICE[2:]),
        (Role.DEVICE, DEVICE + "\n"),
        (Role.GATEWAY, DEVICE),
        (Role.GATEWAY, "+"),
        (Role.GATEWAY, "#"),
        (Role.GATEWAY, "a/b"),
        (Role.GATEWAY, ""),
        (Role.GATEWAY, "gateway\n"),
        (Role.SERVER, "no spaces"),
        (Role.SERVER, "../escape"),
        (Role.SERVER, "-dash.lan"),
        (Role.SERVER, "a..b"),
        (Role.SERVER, "a" * 65),
        (Role.SERVER, ""),
        (Role.SERVER, "broker.lan\n"),
    ],
)
def test_a_name_that_does_not_fit_its_role_is_refused(authority: Authority, role: Role, name: str) -> None:
    with pytest.raises(NameRefusedError):
        authority.issue(authority.unlock(None), role, [name], now=NOW)
    assert authority.records() == []


def test_a_second_certificate_for_a_name_must_be_asked_for_as_such(authority: Authority) -> None:
    issuer = authority.unlock(None)
    first = authority.issue(issuer, Role.DEVICE, [DEVICE], now=NOW)
    with pytest.raises(NameTakenError):
        authority.issue(issuer, Role.DEVICE, [DEVICE], now=NOW)
    after = first.record.not_after + timedelta(seconds=1)
    assert authority.issue(issuer, Role.DEVICE, [DEVICE], now=after).record.serial != first.record.serial


def test_renewal_keeps_the_key_unless_told_otherwise(authority: Authority) -> None:
    issuer = authority.unlock(None)
    first = load(authority.issue(issuer, Role.SERVER, ["broker.lan", "10.0.0.1"], now=NOW).certificate_path)
    later = NOW + timedelta(days=800)
    renewed = authority.renew(issuer, "broker.lan", now=later)
    second = load(renewed.certificate_path)
    assert renewed.key_path is None
    assert second.public_key() == first.public_key()
    assert second.serial_number != first.serial_number
    assert second.not_valid_after_utc > first.not_valid_after_utc
    alternative = x509.SubjectAlternativeName
    assert second.extensions.get_extension_for_class(alternative) == first.extensions.get_extension_for_class(
        alternative
    )
    rekeyed = authority.renew(issuer, "broker.lan", now=later, rekey=True)
    assert rekeyed.key_path is not None
    assert load(rekeyed.certificate_path).public_key() == files.read_key(rekeyed.key_path).public_key()
    assert load(rekeyed.certificate_path).public_key() != first.public_key()
    with pytest.raises(UnknownCertificateError):
        authority.renew(issuer, "stranger.lan", now=NOW)


def test_renewal_without_the_earlier_certificate_needs_a_key(authority: Authority) -> None:
    """What a crash between the index and the files leaves."""
    issuer = authority.unlock(None)
    authority.issue(issuer, Role.GATEWAY, ["gateway"], now=NOW).certificate_path.unlink()
    with pytest.raises(UnknownCertificateError) as caught:
        authority.renew(issuer, "gateway", now=NOW)
    assert "--rekey" in (caught.value.hint or "")
    assert authority.renew(issuer, "gateway", now=NOW, rekey=True).certificate_path.exists()


def test_revocation_reaches_the_list_and_stays(authority: Authority) -> None:
    issuer = authority.unlock(None)
    lost = authority.issue(issuer, Role.DEVICE, [DEVICE], now=NOW).record
    renewed = authority.renew(issuer, DEVICE, now=NOW + timedelta(days=1)).record
    kept = authority.issue(issuer, Role.GATEWAY, ["gateway"], now=NOW).record
    empty = x509.load_pem_x509_crl(authority.crl_path.read_bytes())
    at = NOW + timedelta(days=2)
    revoked = authority.revoke(issuer, DEVICE, at, x509.ReasonFlags.key_compromise)
    assert {record.serial for record in revoked} == {lost.serial, renewed.serial}
    crl = x509.load_pem_x509_crl(authority.crl_path.read_bytes())
    assert crl.is_signature_valid(issuer.key.public_key())
    assert {entry.serial_number for entry in crl} == {lost.serial, renewed.serial}
    entry = crl.get_revoked_certificate_by_serial_number(lost.serial)
    assert entry is not None
    assert entry.revocation_date_utc == at
    assert entry.extensions.get_extension_for_class(x509.CRLReason).value.reason is x509.ReasonFlags.key_compromise
    number = x509.CRLNumber
    before, after = (list_.extensions.get_extension_for_class(number).value.crl_number for list_ in (empty, crl))
    assert after > before
    reread = {record.serial: record.status(at) for record in Authority(authority.directory).records()}
    assert reread == {lost.serial: Status.REVOKED, renewed.serial: Status.REVOKED, kept.serial: Status.VALID}
    # Once more, and by serial number: the moment of the first revocation stands.
    again = authority.revoke(issuer, lost.serial_hex.upper(), at + timedelta(days=1))
    assert [record.revocation.at for record in again if record.revocation is not None] == [at]
    with pytest.raises(UnknownCertificateError):
        authority.revoke(issuer, "nobody", at)


def test_the_list_ends_with_the_root_unless_told_otherwise(authority: Authority) -> None:
    issuer = authority.unlock(None)
    crl = x509.load_pem_x509_crl(authority.crl_path.read_bytes())
    assert crl.next_update_utc == authority.root.not_valid_after_utc
    assert authority.write_crl(issuer, NOW, 30) == NOW + timedelta(days=30)
    assert x509.load_pem_x509_crl(authority.crl_path.read_bytes()).next_update_utc == NOW + timedelta(days=30)
    assert authority.write_crl(issuer, NOW, 36_525) == authority.root.not_valid_after_utc


def test_another_authoritys_key_is_not_used(authority: Authority, tmp_path: Path) -> None:
    other = Authority.create(tmp_path / "other", "Depot 7", None, NOW)
    (other.directory / "ca.key").replace(authority.directory / "ca.key")
    with pytest.raises(KeyFileError, match="is not the key of"):
        authority.unlock(None)


def test_the_passphrase_locks_the_key_and_a_wrong_one_changes_nothing(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", "Depot 7", b"correct horse", NOW)
    assert b"ENCRYPTED" in (tmp_path / "ca" / "ca.key").read_bytes()
    authority.unlock(b"correct horse")
    before = (tmp_path / "ca" / "index.jsonl").read_bytes()
    for wrong in (None, b"wrong horse"):
        with pytest.raises(PassphraseError):
            authority.unlock(wrong)
    assert (tmp_path / "ca" / "index.jsonl").read_bytes() == before
    plain = Authority.create(tmp_path / "plain", "Depot 7", None, NOW)
    with pytest.raises(PassphraseError, match="has no passphrase"):
        plain.unlock(b"correct horse")


def test_an_authority_is_never_replaced(authority: Authority) -> None:
    before = authority.root_path.read_bytes()
    with pytest.raises(AuthorityExistsError):
        Authority.create(authority.directory, "Depot 7", None, NOW)
    assert authority.root_path.read_bytes() == before


def test_a_directory_without_an_authority_says_so(tmp_path: Path) -> None:
    with pytest.raises(AuthorityMissingError) as caught:
        Authority(tmp_path)
    assert "voltseal ca init" in (caught.value.hint or "")

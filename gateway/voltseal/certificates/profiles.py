"""What stands in a certificate of each role (RFC 5280). Pure: keys, names and times in; signed objects out.

All keys are P-256 and all signatures ECDSA with SHA-256: the one suite that every ESP32-class TLS stack has. A root
signs end entities only (path length 0), so a stolen end entity's key can never issue anything. The extended key usage
keeps the roles apart: OpenSSL refuses a server's certificate from a client, and a client's from a server.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from voltseal.certificates.errors import AuthorityExpiredError, NameRefusedError
from voltseal.wire.errors import WireError
from voltseal.wire.ids import ueid_from_hex

ROOT_DAYS: Final = 7305
"""20 years: devices pin the root, and replacing it means visiting each of them."""

_BACKDATE: Final = timedelta(hours=1)  # a broker whose clock is a little behind must not refuse a new certificate
_HOST: Final = re.compile(r"(?=.{1,64}\Z)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*\Z")
_GATEWAY: Final = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")


class Role(StrEnum):
    """Who holds the certificate."""

    SERVER = "server"
    GATEWAY = "gateway"
    DEVICE = "device"

    @property
    def days(self) -> int:
        """How long a certificate is valid unless something else is asked for.

        A device may stand for a decade where nobody can bring it a new certificate, and can be revoked. The broker and
        the gateway stand where an operator can renew them: 825 days, which is also the most that Apple's clients take.
        """
        return 3652 if self is Role.DEVICE else 825


@dataclass(frozen=True, slots=True)
class Issuer:
    """The root's certificate with its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class Revocation:
    """One entry of a revocation list. `reason` is None for *unspecified*, which RFC 5280 5.3.1 asks to leave out."""

    serial: int
    at: datetime
    reason: x509.ReasonFlags | None = None


def check_name(role: Role, name: str) -> None:
    """Raises `NameRefusedError` unless `name` can be the common name of that role.

    The broker's access list takes a device's topic from this name, so the roles' names must never overlap.
    """
    if role is Role.DEVICE:
        try:
            ueid_from_hex(name)
        except WireError as error:
            raise NameRefusedError(f"{name!r} is not a device's name: {error}") from error
    elif role is Role.GATEWAY:
        if not _GATEWAY.match(name):
            raise NameRefusedError(f"{name!r} is not a gateway's name: 1 to 32 of a-z, 0-9 and '-', a letter first")
    else:
        alternative_name(name)


def alternative_name(host: str) -> x509.GeneralName:
    """`host` as a subject alternative name: an IP address or a DNS name. Raises `NameRefusedError`."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        if not _HOST.match(host):
            raise NameRefusedError(
                f"{host!r} is neither an IP address nor a host name in lower case, at most 64 characters"
            ) from None
        return x509.DNSName(host)


def make_root(name: str, key: ec.EllipticCurvePrivateKey, now: datetime, days: int = ROOT_DAYS) -> x509.Certificate:
    """A self-signed root. `name`: 1 to 64 characters, for people to read. Raises `NameRefusedError`."""
    if not 1 <= len(name) <= 64 or not name.isprintable():
        raise NameRefusedError(f"{name!r} is not 1 to 64 printable characters")
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    return (
        _builder(subject, subject, key.public_key(), now, now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )


def make_leaf(
    issuer: Issuer,
    role: Role,
    names: Sequence[str],
    public_key: ec.EllipticCurvePublicKey,
    *,
    now: datetime,
    days: int | None = None,
) -> x509.Certificate:
    """An end entity's certificate. `names[0]` is the common name; a server's certificate bears all as alternatives.

    It never outlives the root. Raises `NameRefusedError`, or `AuthorityExpiredError` within the root's last day.
    """
    check_name(role, names[0])
    root_end = issuer.certificate.not_valid_after_utc
    if root_end < now + timedelta(days=1):
        raise AuthorityExpiredError(
            f"the root ends at {root_end:%Y-%m-%d}", hint="make a new authority and give its ca.crt to every device"
        )
    end = min(now + timedelta(days=role.days if days is None else days), root_end)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    usage = ExtendedKeyUsageOID.SERVER_AUTH if role is Role.SERVER else ExtendedKeyUsageOID.CLIENT_AUTH
    root_id = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        _builder(subject, issuer.certificate.subject, public_key, now, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), critical=False)
    )
    if role is Role.SERVER:
        alternatives = x509.SubjectAlternativeName([alternative_name(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    return builder.sign(issuer.key, hashes.SHA256())


def make_crl(
    issuer: Issuer, revoked: Iterable[Revocation], number: int, now: datetime, until: datetime
) -> x509.CertificateRevocationList:
    """The revocation list. After `until` OpenSSL, and so Mosquitto, refuses *every* certificate: choose with care."""
    root_id = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(max(now - _BACKDATE, issuer.certificate.not_valid_before_utc))
        .next_update(until)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(root_id), critical=False)
    )
    for entry in revoked:
        made = x509.RevokedCertificateBuilder().serial_number(entry.serial).revocation_date(entry.at)
        if entry.reason is not None:
            made = made.add_extension(x509.CRLReason(entry.reason), critical=False)
        builder = builder.add_revoked_certificate(made.build())
    return builder.sign(issuer.key, hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, now: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())  # 159 random bits: nothing about the site can be read from it
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )

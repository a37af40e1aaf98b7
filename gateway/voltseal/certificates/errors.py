"""What can go wrong with certificates. The code tells a program which; message and hint tell a person."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class CertificateError(VoltsealError):
    """The root of this package's errors."""

    code: ClassVar[str] = "certificate"


class AuthorityMissingError(CertificateError):
    """There is no authority in the directory, or a part of it cannot be read."""

    code: ClassVar[str] = "ca-missing"


class AuthorityExistsError(CertificateError):
    """The directory holds an authority already; making another would orphan every certificate of the first."""

    code: ClassVar[str] = "ca-exists"


class PassphraseError(CertificateError):
    """A passphrase is missing, wrong, or in a file that others may read."""

    code: ClassVar[str] = "ca-passphrase"


class KeyFileError(CertificateError):
    """A private key's file may be read by others, or holds no P-256 key."""

    code: ClassVar[str] = "ca-key-file"


class IndexDamagedError(CertificateError):
    """The list of issued certificates is not what this program wrote."""

    code: ClassVar[str] = "ca-index-damaged"


class NameRefusedError(CertificateError):
    """The name cannot stand in a certificate of that role."""

    code: ClassVar[str] = "ca-name-refused"


class NameTakenError(CertificateError):
    """The name has a valid certificate already."""

    code: ClassVar[str] = "ca-name-taken"


class RequestRefusedError(CertificateError):
    """The signing request is malformed, not signed by its own key, of another curve, or for another name."""

    code: ClassVar[str] = "ca-request-refused"


class UnknownCertificateError(CertificateError):
    """Nothing issued here has that name or serial number."""

    code: ClassVar[str] = "ca-unknown-certificate"


class AuthorityExpiredError(CertificateError):
    """The root is at its end: what it would sign could not be used."""

    code: ClassVar[str] = "ca-expired"

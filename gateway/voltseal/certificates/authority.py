"""The authority's directory, and the one place that changes it.

    ca.crt          the root: give it to the broker, the gateway and every device
    ca.crl          the revocation list: give it to the broker
    ca.key          the root's private key, mode 0600; nobody but this program needs it
    index.jsonl     what was issued and revoked
    issued/         NAME.crt, and NAME.key where the key was made here

Order of a change: sign, append to the index, write the files. A crash in between leaves an index that knows more than
the files show: `renew --rekey` (or `crl`) then writes them anew. Two commands at a time wait for one another.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from voltseal.certificates import files, profiles
from voltseal.certificates.errors import (
    AuthorityExistsError,
    AuthorityMissingError,
    KeyFileError,
    NameTakenError,
    UnknownCertificateError,
)
from voltseal.certificates.index import Index, Record, Status
from voltseal.certificates.profiles import ROOT_DAYS, Issuer, Revocation, Role


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate on disk. `key_path` is None where the private key was made elsewhere, or is kept."""

    record: Record
    certificate_path: Path
    key_path: Path | None


def utc_now() -> datetime:
    """Now, in whole seconds: certificates know no smaller ones."""
    return datetime.now(UTC).replace(microsecond=0)


class Authority:
    """An authority in a directory. Reading needs no key; what signs takes the `Issuer` that `unlock` returns."""

    def __init__(self, directory: Path) -> None:
        """Raises `AuthorityMissingError`."""
        self.directory = directory
        try:
            self.root = x509.load_pem_x509_certificate(self.root_path.read_bytes())
            self._index = Index.read(self._index_path)
        except (OSError, ValueError) as error:
            raise AuthorityMissingError(
                f"{directory} holds no certificate authority ({error})",
                hint="name its directory with --ca DIR, or make one with `voltseal ca init DIR`",
            ) from error

    @classmethod
    def create(
        cls, directory: Path, name: str, passphrase: bytes | None, now: datetime, days: int = ROOT_DAYS
    ) -> Authority:
        """Make a new authority. Raises `AuthorityExistsError`, `NameRefusedError` and `OSError`."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        if (directory / "ca.key").exists() or (directory / "ca.crt").exists():
            raise AuthorityExistsError(f"{directory} holds a certificate authority already")
        key = files.new_key()
        root = profiles.make_root(name, key, now, days)
        (directory / "issued").mkdir(exist_ok=True, mode=0o700)
        files.replace_file(directory / "ca.key", files.key_pem(key, passphrase), files.PRIVATE_MODE)
        files.replace_file(directory / "index.jsonl", b"", files.PRIVATE_MODE)
        # Last, because its presence says that the authority is complete.
        files.replace_file(directory / "ca.crt", root.public_bytes(Encoding.PEM), files.PUBLIC_MODE)
        authority = cls(directory)
        authority.write_crl(Issuer(root, key), now)
        return authority

    @property
    def root_path(self) -> Path:
        """The root's certificate."""
        return self.directory / "ca.crt"

    @property
    def crl_path(self) -> Path:
        """The revocation list."""
        return self.directory / "ca.crl"

    @property
    def _index_path(self) -> Path:
        return self.directory / "index.jsonl"

    def certificate_path(self, name: str) -> Path:
        """Where the newest certificate of that name stands."""
        return self.directory / "issued" / f"{name}.crt"

    def key_path(self, name: str) -> Path:
        """Where its private key stands, if it was made here."""
        return self.directory / "issued" / f"{name}.key"

    def records(self) -> list[Record]:
        """All that was ever issued, oldest first."""
        return list(self._index.records.values())

    def unlock(self, passphrase: bytes | None) -> Issuer:
        """The root with its private key. Raises `PassphraseError`, `KeyFileError` and `AuthorityMissingError`."""
        path = self.directory / "ca.key"
        try:
            key = files.read_key(path, passphrase)
        except OSError as error:
            raise AuthorityMissingError(f"{path} cannot be read: {error.strerror}") from error
        if key.public_key() != self.root.public_key():
            raise KeyFileError(f"{path} is not the key of {self.root_path}")
        return Issuer(self.root, key)

    def issue(
        self,
        issuer: Issuer,
        role: Role,
        names: Sequence[str],
        *,
        now: datetime,
        public_key: ec.EllipticCurvePublicKey | None = None,
        days: int | None = None,
    ) -> Issued:
        """Issue a first certificate; without `public_key` a private key is made here as well.

        Raises `NameTakenError` if the name has a valid one, and what `make_leaf` raises.
        """
        with self._exclusive():
            held = next((record for record in self._valid(now) if record.name == names[0]), None)
            if held is not None:
                raise NameTakenError(
                    f"{names[0]} has a valid certificate, until {held.not_after:%Y-%m-%d}",
                    hint=f"`voltseal ca renew {names[0]}`, or revoke it first",
                )
            return self._issue(issuer, role, tuple(names), now=now, public_key=public_key, days=days)

    def renew(
        self,
        issuer: Issuer,
        name: str,
        *,
        now: datetime,
        public_key: ec.EllipticCurvePublicKey | None = None,
        rekey: bool = False,
        days: int | None = None,
    ) -> Issued:
        """Issue another certificate to the name that had one, of the same role and names.

        For `public_key`; for a new key made here if `rekey`; else for the key it had, so that a device needs nothing
        but the new certificate, which is public. The earlier certificate stays valid to its end.
        Raises `UnknownCertificateError`.
        """
        with self._exclusive():
            record = self._latest(name)
            if public_key is None and not rekey:
                public_key = self._known_key(name)
            return self._issue(issuer, record.role, record.names, now=now, public_key=public_key, days=days)

    def revoke(
        self, issuer: Issuer, name_or_serial: str, now: datetime, reason: x509.ReasonFlags | None = None
    ) -> list[Record]:
        """Revoke one certificate by its serial number, or all valid ones of a name, and write the revocation list.

        Revoking what is revoked writes the list once more, and is no error. Raises `UnknownCertificateError`.
        """
        with self._exclusive():
            matching = [r for r in self.records() if name_or_serial.lower() in {r.name, r.serial_hex}]
            if not matching:
                raise UnknownCertificateError(
                    f"nothing issued here is called {name_or_serial!r}", hint="`voltseal ca list` shows what was issued"
                )
            for record in matching:
                if record.status(now) is Status.VALID:
                    self._index.revoked(Revocation(record.serial, now, reason))
            self._write_crl(issuer, now, None)
            return [self._index.records[record.serial] for record in matching]

    def write_crl(self, issuer: Issuer, now: datetime, days: int | None = None) -> datetime:
        """Write the revocation list anew; return its end: `days` from now, or with the root."""
        with self._exclusive():
            return self._write_crl(issuer, now, days)

    # Below, the lock is held.

    def _issue(
        self,
        issuer: Issuer,
        role: Role,
        names: tuple[str, ...],
        *,
        now: datetime,
        public_key: ec.EllipticCurvePublicKey | None,
        days: int | None,
    ) -> Issued:
        key = files.new_key() if public_key is None else None
        certified = key.public_key() if key is not None else public_key
        assert certified is not None
        made = profiles.make_leaf(issuer, role, names, certified, now=now, days=days)
        record = Record(made.serial_number, role, names, made.not_valid_before_utc, made.not_valid_after_utc)
        self._index.issued(record)
        key_path = self.key_path(names[0]) if key is not None else None
        if key is not None and key_path is not None:
            files.replace_file(key_path, files.key_pem(key), files.PRIVATE_MODE)
        path = self.certificate_path(names[0])
        files.replace_file(path, made.public_bytes(Encoding.PEM), files.PUBLIC_MODE)
        return Issued(record, path, key_path)

    def _write_crl(self, issuer: Issuer, now: datetime, days: int | None) -> datetime:
        end = issuer.certificate.not_valid_after_utc
        until = end if days is None else min(end, now + timedelta(days=days))
        revoked = [record.revocation for record in self.records() if record.revocation is not None]
        crl = profiles.make_crl(issuer, revoked, self._index.next_crl_number(), now, until)
        files.replace_file(self.crl_path, crl.public_bytes(Encoding.PEM), files.PUBLIC_MODE)
        return until

    def _valid(self, now: datetime) -> list[Record]:
        return [record for record in self.records() if record.status(now) is Status.VALID]

    def _latest(self, name: str) -> Record:
        found = [record for record in self.records() if record.name == name]
        if not found:
            raise UnknownCertificateError(
                f"{name!r} never had a certificate from here", hint="`voltseal ca list` shows what was issued"
            )
        return found[-1]

    def _known_key(self, name: str) -> ec.EllipticCurvePublicKey:
        path = self.certificate_path(name)
        try:
            key = x509.load_pem_x509_certificate(path.read_bytes()).public_key()
        except (OSError, ValueError) as error:
            raise UnknownCertificateError(
                f"{path} cannot be read ({error}), so the key of {name} is not known",
                hint="renew with --rekey or --csr FILE",
            ) from error
        assert isinstance(key, ec.EllipticCurvePublicKey)
        return key

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        """Hold the directory's lock, and know what others have written meanwhile."""
        descriptor = os.open(self.directory / ".lock", os.O_RDWR | os.O_CREAT, files.PRIVATE_MODE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            self._index = Index.read(self._index_path)
            yield
        finally:
            os.close(descriptor)

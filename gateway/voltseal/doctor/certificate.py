"""Certificates: can they be read, and how long do they last?"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509

from voltseal.doctor.finding import Finding, failure, ok, warning

_SOON: Final = timedelta(days=30)


def examine_certificate_file(check: str, path: Path, now_ms: int) -> Iterator[Finding]:
    """The first certificate in a PEM file."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except OSError as error:
        yield failure(check, f"{path}: {error.strerror}", "put the certificate there, or correct the configuration")
    except ValueError as error:
        yield failure(check, f"{path} is no certificate: {error}", "put a PEM certificate there")
    else:
        yield judge_validity(check, str(path), certificate, now_ms)


def judge_validity(check: str, name: str, certificate: x509.Certificate, now_ms: int) -> Finding:
    """Whether the certificate holds now and for a while."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    renew = "issue a new one (voltseal ca renew, where the authority is) and restart whoever uses it"
    if now < begin:
        return failure(check, f"{name}: not valid before {begin:%Y-%m-%d %H:%M}Z", "is the clock right?")
    if now > end:
        return failure(check, f"{name}: expired on {end:%Y-%m-%d %H:%M}Z", renew)
    if end - now < _SOON:
        return warning(check, f"{name}: expires on {end:%Y-%m-%d}, in {(end - now).days} days", renew)
    return ok(check, f"{name}: valid until {end:%Y-%m-%d}")

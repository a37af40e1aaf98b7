"""Errors of the evidence format and its export. Codes are part of the public interface and never change."""

from __future__ import annotations

from typing import ClassVar

from voltseal.errors import VoltsealError


class EvidenceError(VoltsealError):
    """Root of everything that `voltseal.evidence` raises."""

    code: ClassVar[str] = "evidence-error"


class MalformedBundleError(EvidenceError):
    """Bytes are not the one way to write a bundle (docs/spec/bundle.md)."""

    code: ClassVar[str] = "malformed-bundle"


class BundleDigestError(EvidenceError):
    """The bundle's digest is not that of its lines: the file was damaged."""

    code: ClassVar[str] = "bad-digest"


class MalformedDisclosureError(EvidenceError):
    """Disclosed columns do not fit the statement's schema or number of readings."""

    code: ClassVar[str] = "malformed-disclosure"


class CommitmentMismatchError(EvidenceError):
    """Disclosed columns do not lead to the statement's commitment: a value was changed."""

    code: ClassVar[str] = "bad-commitment"


class ExportError(EvidenceError):
    """The store cannot give the evidence that was asked for; the message says what is missing."""

    code: ClassVar[str] = "no-such-evidence"


class MalformedProofError(EvidenceError):
    """Bytes are not one well-formed `.tlog-proof` or COSE Receipt."""

    code: ClassVar[str] = "malformed-proof"


class ReceiptSignatureError(EvidenceError):
    """A COSE Receipt is not signed by the log's key over the root that its proof leads to."""

    code: ClassVar[str] = "bad-receipt-signature"

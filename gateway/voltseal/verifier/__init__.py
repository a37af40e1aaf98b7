"""Checks evidence offline, by the numbered steps of the specification, trusting only its user's trust file."""

from voltseal.verifier.errors import CouldNotCheck, Invalid, NotVerifiedError
from voltseal.verifier.steps import STEPS, Step, available_workers
from voltseal.verifier.trust import Trust, TrustFileError, parse_trust
from voltseal.verifier.verdict import Completeness, NotProven, Verdict, to_json
from voltseal.verifier.verify import verify

__all__ = [
    "STEPS",
    "Completeness",
    "CouldNotCheck",
    "Invalid",
    "NotProven",
    "NotVerifiedError",
    "Step",
    "Trust",
    "TrustFileError",
    "Verdict",
    "available_workers",
    "parse_trust",
    "to_json",
    "verify",
]

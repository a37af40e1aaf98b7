"""What a report is about: the findings of one verification, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TypeAlias

from voltseal.evidence.container import opener_of_path
from voltseal.report.samples import Samples, collect
from voltseal.verifier import CouldNotCheck, NotVerifiedError, Step, Trust, Verdict, available_workers, verify


@dataclass(frozen=True, slots=True)
class Verified:
    """A valid bundle. `beside`: the trust file lay beside the bundle, and so is worth little."""

    verdict: Verdict
    samples: Samples
    beside: bool


@dataclass(frozen=True, slots=True)
class NotVerified:
    """No verdict. `file_sha256`: of the file's bytes as they lie there, in hex: its own digest means nothing yet.

    `passed`: steps that found nothing wrong; `lacking`: steps that lacked trust. A step that failed is in neither.
    """

    error: NotVerifiedError
    file_sha256: str
    passed: frozenset[int]
    lacking: frozenset[int]


Findings: TypeAlias = Verified | NotVerified


def examine(path: Path, trust: Trust, *, beside: bool, workers: int = 0) -> Findings:
    """Verify, and walk once more for the pictures if the bundle is valid. `workers` 0: as many as there are cores.

    Raises `OSError`, and `BundleChangedError` if the file does not stay the same meanwhile.
    """
    opener = opener_of_path(path)
    passed: set[int] = set()
    lacking: set[int] = set()

    def heard(step: Step, lacked: CouldNotCheck | None) -> None:
        (passed if lacked is None else lacking).add(step.number)

    try:
        verdict = verify(opener, trust, workers=workers or available_workers(), on_step=heard)
    except NotVerifiedError as error:
        return NotVerified(error, _file_sha256(path), frozenset(passed), frozenset(lacking))
    return Verified(verdict, collect(opener, verdict), beside)


def _file_sha256(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()

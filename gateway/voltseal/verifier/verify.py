"""Verify a bundle: run the steps in order and come to a verdict."""

from __future__ import annotations

from collections.abc import Callable

from voltseal.evidence.container import Opener, opener_of_bytes
from voltseal.evidence.errors import MalformedBundleError
from voltseal.verifier.errors import CouldNotCheck, Invalid
from voltseal.verifier.findings import step_10_verdict
from voltseal.verifier.steps import STEPS, Step
from voltseal.verifier.trust import Trust
from voltseal.verifier.verdict import Verdict
from voltseal.verifier.verification import Verification


def verify(
    bundle: bytes | Opener,
    trust: Trust,
    *,
    workers: int = 1,
    on_step: Callable[[Step, CouldNotCheck | None], None] | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Verdict:
    """The verdict on a bundle: its file's bytes, or something that opens its text (`voltseal.evidence.container`).

    Nothing is read but the bundle, and nothing believed but `trust`. `workers` processes share large bundles; more than
    one needs a main module that can be imported. `on_step` hears of each step that passed, and of what it lacked;
    `on_progress` of entries judged out of all. Raises `Invalid` or `CouldNotCheck`, both with step and code, and
    `OSError` if the file cannot be read to its end.
    """
    opener = opener_of_bytes(bundle) if isinstance(bundle, bytes) else bundle
    run = Verification(opener, trust, workers, on_progress)
    for step in STEPS:
        lacked_before = len(run.lacking)
        try:
            step.check(run)
        except MalformedBundleError as error:  # the file is no longer what step 1 read
            raise Invalid(1, error.code, str(error)) from error
        if on_step is not None:
            on_step(step, run.lacking[lacked_before] if len(run.lacking) > lacked_before else None)
    if run.lacking:
        raise run.lacking[0]
    return step_10_verdict(run)

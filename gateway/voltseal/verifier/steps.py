"""The numbered steps of docs/spec/verification.md, one function each, and the table that puts them in order.

A step returns, or raises `Invalid` with its number and a code. What it cannot judge for want of trust it notes in
`Verification.lacking` and goes on: damage and forgery are found without any trust file.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from voltseal.evidence.bundle import Claim
from voltseal.evidence.errors import BundleDigestError, MalformedBundleError
from voltseal.evidence.layout import BundleReader, parse_entry
from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import LeafHash, NodeHash, leaf_hash
from voltseal.registry.errors import HistoryError
from voltseal.registry.key_history import KeyHistory, KeyPeriod
from voltseal.verifier import anchors, completeness
from voltseal.verifier.checkpoints import judge_checkpoint, judge_newer
from voltseal.verifier.errors import CouldNotCheck, Invalid
from voltseal.verifier.inclusion import root_from_streams
from voltseal.verifier.statements import STATEMENT_BYTE, STRETCH_LINES, Context, Stretch, judge_lines
from voltseal.verifier.verification import Outline, Verification
from voltseal.wire import enrolment, entry
from voltseal.wire.cose import Sign1
from voltseal.wire.enrolment import Endorsement
from voltseal.wire.errors import WireError
from voltseal.wire.ids import ueid_from_hex
from voltseal.wire.outcome import Outcome

_SMALL_ENTRIES: Final = 2000
"""Up to so many entries one process is done sooner than several have started."""


def step_1_read(run: Verification) -> None:
    """Every line of the text is the one way to write its content."""
    try:
        with run.opener() as stream:
            reader = BundleReader(stream)
            for _ in reader.inclusion():
                pass
            count, first, last, ascending = 0, -1, -1, True
            for where, line in reader.entry_lines():
                index = parse_entry(line, where).index
                ascending = ascending and index > last
                first, last, count = (index if count == 0 else first), index, count + 1
            if not count:
                raise MalformedBundleError("a bundle has at least one entry")
            run.outline = Outline(reader.header, count, first, last, ascending, reader.text_bytes)
            run.digest = reader.finish()
    except BundleDigestError as error:  # well-formed to the end: a matter of step 2
        run.digest_fault = error
    except MalformedBundleError as error:
        raise Invalid(1, error.code, str(error)) from error


def step_2_digest(run: Verification) -> None:
    """The stated digest is that of the lines before it."""
    if run.digest_fault is not None:
        raise Invalid(2, run.digest_fault.code, str(run.digest_fault))


def step_3_checkpoint(run: Verification) -> None:
    """The checkpoint is this log's, signed by a key that is believed; no line of a known key is wrong."""
    origin = run.header.origin
    finding = judge_checkpoint(run.header.checkpoint, origin, run.trust, step=3)
    if finding.log_key is None:
        run.lacking.append(CouldNotCheck(3, "unknown-log", f"the trust file lists no log {origin}"))
    run.checkpoint, run.cosignatures = finding.checkpoint, finding.cosignatures
    run.log_key = finding.log_key or ""


def step_4_inclusion(run: Verification) -> None:
    """The checkpoint's tree holds exactly these entries at their indexes. Registry events are kept for step 5."""
    tree_size = run.checkpoint.tree_size
    if not run.outline.ascending or run.outline.last_index >= tree_size:
        raise Invalid(4, "bad-index", f"indexes do not ascend, or reach beyond the tree of {tree_size} leaves")
    try:
        root = root_from_streams(_leaves(run), tree_size, (NodeHash(node) for node in run.nodes()))
    except InclusionProofError as error:
        raise Invalid(4, "not-included", str(error)) from error
    if root != run.checkpoint.root_hash:
        raise Invalid(4, "not-included", "entries and proof do not lead to the checkpoint's root")
    if run.header.newer is not None:
        run.newer = judge_newer(run.header.newer, run.checkpoint, run.trust)


def _leaves(run: Verification) -> Iterator[tuple[int, LeafHash]]:
    for item in run.entries():
        if item.raw[0] != STATEMENT_BYTE:
            run.events.append((item.index, item.raw))
        yield item.index, leaf_hash(item.raw)


def step_5_key_history(run: Verification) -> None:
    """The device's keys, each endorsed by a maker that is believed."""
    history = KeyHistory(ueid_from_hex(run.header.claim.device))
    for index, raw in run.events:
        history = _extend_history(run, history, index, raw)
    run.history = history


def _extend_history(run: Verification, history: KeyHistory, index: int, raw: bytes) -> KeyHistory:
    where, origin = f"entry {index}", run.header.origin
    try:
        event = entry.parse_event(raw)
        if event.ueid != history.ueid:
            raise Invalid(5, "foreign-entry", f"{where}: a registry event of another device")
        if isinstance(event, entry.Revoke):
            return history.revoked(index, event)
        consent = enrolment.parse_consent(event.consent) if isinstance(event, entry.Rotate) else None
        endorsement = enrolment.parse_endorsement(event.endorsement, origin)
        _check_endorsement(run, endorsement, where)
        if consent is None:
            return history.enrolled(index, endorsement)
        old = history.giving_way(consent.kid)
        rotated = history.rotated(index, endorsement, consent.kid)
        _check_consent(consent, endorsement, old, origin, where)
    except WireError as error:
        code = "bad-endorsement" if error.outcome is Outcome.BAD_SIGNATURE else "malformed-entry"
        raise Invalid(5, code, f"{where}: {error.reason}") from error
    except HistoryError as error:
        raise Invalid(5, error.code, f"{where}: {error}") from error
    return rotated


def _check_endorsement(run: Verification, endorsement: Endorsement, where: str) -> None:
    """Return if it is this device's, and its maker's; an unknown maker is noted. Else WireError or `Invalid`."""
    if endorsement.request.ueid != ueid_from_hex(run.header.claim.device):
        raise Invalid(5, "foreign-entry", f"{where}: an endorsement of another device")
    maker = run.trust.maker(endorsement.sign1.kid)
    if maker is not None:
        enrolment.verify(endorsement, maker.key, run.header.origin)
        return
    kid, name = endorsement.sign1.kid.hex(), endorsement.maker_name
    fault = f"{where}: the trust file has no maker with key {kid} (it calls itself {name!r})"
    run.lacking.append(CouldNotCheck(5, "unknown-maker", fault))


def _check_consent(consent: Sign1, endorsement: Endorsement, old: KeyPeriod, origin: str, where: str) -> None:
    try:
        enrolment.verify_consent(consent, endorsement.request, old.endorsement.request.public_key, origin)
    except WireError as error:
        raise Invalid(5, "bad-rotation", f"{where}: {error.reason}") from error


def step_6_statements(run: Verification) -> None:
    """Every statement is the device's, validly signed, and of the claim. Disclosures are judged on the way."""
    whole = Stretch()
    done = 0
    for stretch, entries in _stretches(run):
        whole.merge(stretch)
        if whole.statement_fault is not None:
            raise whole.statement_fault
        done += entries
        if run.progress is not None:
            run.progress(done, run.outline.entry_count)
    run.tally = whole.tally
    run.disclosure_fault = whole.disclosure_fault
    fault = completeness.find_duplicate(run)
    if fault is not None:
        raise fault


def _stretches(run: Verification) -> Iterator[tuple[Stretch, int]]:
    """Judged stretches in order, each with its number of entries."""
    arguments = (run.header.origin, run.header.claim, tuple(run.events))
    if run.workers > 1 and run.outline.entry_count > _SMALL_ENTRIES:
        # Loading the process pool costs a quick start, and most bundles need none.
        from voltseal.verifier.pool import judge_in_processes  # noqa: PLC0415

        yield from judge_in_processes(make_context, arguments, run.entry_lines(), run.workers)
        return
    context = make_context(*arguments)
    lines = run.entry_lines()
    while stretch := list(islice(lines, STRETCH_LINES)):
        yield judge_lines(context, stretch), len(stretch)


def make_context(origin: str, claim: Claim, events: tuple[tuple[int, bytes], ...]) -> Context:
    """What step 6 judges by, from what pickles. Precondition: step 5 has accepted the events."""
    device = ueid_from_hex(claim.device)
    history = KeyHistory(device)
    for index, raw in events:
        history = history.extended(index, entry.parse_event(raw), origin)
    return Context(origin, device, claim, history)


def step_7_disclosure(run: Verification) -> None:
    """What is shown is what was committed to."""
    if run.disclosure_fault is not None:
        raise run.disclosure_fault


def step_8_completeness(run: Verification) -> None:
    """The numbers that are missing are those that the claim says."""
    run.completeness = completeness.judge(run)


def step_9_anchors(run: Verification) -> None:
    """Each anchor is of this checkpoint, by a key that is believed."""
    run.anchors = tuple(anchors.judge(anchor, run.checkpoint, run.trust) for anchor in run.header.anchors)


@dataclass(frozen=True, slots=True)
class Step:
    """One row of the specification's table; `title` says what is checked, for people."""

    number: int
    name: str
    title: str
    check: Callable[[Verification], None]


STEPS: Final = (
    Step(1, "read", "the file is one well-formed bundle", step_1_read),
    Step(2, "digest", "the file is undamaged", step_2_digest),
    Step(3, "checkpoint", "the log signed the checkpoint", step_3_checkpoint),
    Step(4, "inclusion", "the log holds every entry", step_4_inclusion),
    Step(5, "key history", "the maker endorsed the device's keys", step_5_key_history),
    Step(6, "statements", "the device signed every statement", step_6_statements),
    Step(7, "disclosure", "the values shown are those signed", step_7_disclosure),
    Step(8, "completeness", "nothing is missing but what the claim says", step_8_completeness),
    Step(9, "anchors", "the checkpoint was deposited elsewhere", step_9_anchors),
)


def available_workers() -> int:
    """How many processes verification may keep busy on this machine."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

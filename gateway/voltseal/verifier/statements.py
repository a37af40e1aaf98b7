"""Steps 6 and 7 for a stretch of entries: what a worker process does. Pure; takes and gives what pickles."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from voltseal.evidence.bundle import Claim, Entry, Gap, GapReason
from voltseal.evidence.disclosure import open_columns
from voltseal.evidence.errors import CommitmentMismatchError, MalformedDisclosureError
from voltseal.evidence.layout import parse_entry
from voltseal.registry.key_history import KeyHistory, KeyPeriod
from voltseal.verifier.errors import Invalid
from voltseal.verifier.tally import Tally
from voltseal.wire import statement as statements
from voltseal.wire.boot import Boot
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Ueid
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement

STATEMENT_BYTE = 0xD2
"""The first byte of a log entry that is a statement (docs/spec/entries.md)."""

STRETCH_LINES = 500
"""How many entries are judged at a time: what a worker process gets, and how often progress is told."""

STATEMENTS_STEP, DISCLOSURE_STEP = 6, 7

_NOT_WELL_FORMED = {Outcome.OVERSIZE, Outcome.MALFORMED, Outcome.UNSUPPORTED}


@dataclass(frozen=True, slots=True)
class Context:
    """What statements are judged by: found in steps 1 to 5."""

    origin: str
    device: Ueid
    claim: Claim
    history: KeyHistory
    declared_gaps: tuple[Gap, ...] = field(init=False)

    def __post_init__(self) -> None:
        declared = tuple(gap for gap in self.claim.gaps if gap.reason is not GapReason.UNEXPLAINED)
        object.__setattr__(self, "declared_gaps", declared)

    def wants(self, statement: Statement) -> bool:
        """Whether a statement outside the claim declares one of the claim's gaps."""
        for lost in statement.lost:
            place = bisect_left(self.declared_gaps, lost.first, key=lambda gap: gap.last)
            if place < len(self.declared_gaps) and self.declared_gaps[place].first <= lost.last:
                return True
        return False


@dataclass(slots=True)
class Stretch:
    """What a stretch of entries came to: sums, and the first fault of each step. One of step 6 ends the tally."""

    tally: Tally = field(default_factory=Tally)
    statement_fault: Invalid | None = None
    disclosure_fault: Invalid | None = None

    def merge(self, later: Stretch) -> None:
        """Add the stretch that comes after this one."""
        self.tally.merge(later.tally)
        self.statement_fault = self.statement_fault or later.statement_fault
        self.disclosure_fault = self.disclosure_fault or later.disclosure_fault


def judge_lines(context: Context, lines: Sequence[bytes]) -> Stretch:
    """Judge entries from their lines in the bundle, which step 1 has found well-formed."""
    return judge_entries(context, (parse_entry(line, "entry") for line in lines))


def judge_entries(context: Context, entries: Iterable[Entry]) -> Stretch:
    """Judge entries in their order. Of registry events, which step 5 judges, only that they disclose nothing."""
    stretch = Stretch()
    for entry in entries:
        if entry.raw[0] != STATEMENT_BYTE:
            if entry.disclosure is not None and stretch.disclosure_fault is None:
                fault = f"entry {entry.index}: a registry event has no columns to disclose"
                stretch.disclosure_fault = Invalid(DISCLOSURE_STEP, "malformed-disclosure", fault)
            continue
        try:
            statement = judge_statement(context, entry, stretch.tally)
        except Invalid as fault:
            stretch.statement_fault = fault
            break
        if stretch.disclosure_fault is None:
            try:
                judge_disclosure(entry, statement, stretch.tally)
            except Invalid as fault:
                stretch.disclosure_fault = fault
    return stretch


def judge_statement(context: Context, entry: Entry, tally: Tally) -> Statement:
    """Step 6 for one entry. Raises `Invalid`."""
    where = f"entry {entry.index}"
    try:
        statement = statements.parse(entry.raw)
        period = _period(context.history, statement, entry.index)
        statements.verify(statement, period.endorsement.request.public_key, context.origin)
        context.history.judge(statement.kid, statement, leaf_index=entry.index)
    except WireError as error:
        code = "malformed-entry" if error.outcome in _NOT_WELL_FORMED else error.outcome.value
        raise Invalid(STATEMENTS_STEP, code, f"{where}: {error.reason}") from error
    if isinstance(statement.body, Boot) and statement.body.claims.ueid != context.device:
        raise Invalid(STATEMENTS_STEP, "foreign-entry", f"{where}: a boot statement that names another device")
    in_claim = context.claim.covers(statement.sequence)
    if not in_claim and not context.wants(statement):
        raise Invalid(STATEMENTS_STEP, "outside-claim", f"{where}: statement {statement.sequence} is not of the claim")
    tally.add_statement(statement, entry.index, period, in_claim=in_claim)
    return statement


def _period(history: KeyHistory, statement: Statement, index: int) -> KeyPeriod:
    period = history.period(statement.kid)
    if period is None:
        fault = f"entry {index}: its key {statement.kid.hex()} is not one of the device's"
        raise Invalid(STATEMENTS_STEP, "foreign-entry", fault)
    if index < period.leaf_index:
        raise WireError(Outcome.NOT_YET_VALID_KEY, "logged before its key was enrolled")
    return period


def judge_disclosure(entry: Entry, statement: Statement, tally: Tally) -> None:
    """Step 7 for one entry. Raises `Invalid`."""
    opened = None
    if entry.disclosure is not None:
        try:
            opened = open_columns(statement, entry.disclosure)
        except (MalformedDisclosureError, CommitmentMismatchError) as error:
            raise Invalid(DISCLOSURE_STEP, error.code, f"entry {entry.index}: {error}") from error
    tally.add_disclosure(statement, entry.disclosure, opened)

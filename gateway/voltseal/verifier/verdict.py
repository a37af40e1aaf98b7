"""The verdict on a valid bundle: what was found, on whose word, and what is not proved (docs/spec/verification.md).

Plain values without behaviour. `to_json` gives what `voltseal verify --json` prints: enums become texts.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Final

from voltseal.evidence.bundle import Gap, SequenceRange


class Completeness(StrEnum):
    """The word for a claim's numbers, worst first: an equivocation outweighs a gap."""

    EQUIVOCATION = "equivocation"
    GAP_UNEXPLAINED = "gap-unexplained"
    GAP_DECLARED = "gap-declared"
    COMPLETE = "complete"


class AnchorStatus(StrEnum):
    """`not-checked`: the trust file does not know the anchor, so it does not count."""

    VERIFIED = "verified"
    NOT_CHECKED = "not-checked"


class Contradiction(StrEnum):
    """What two statements of one device can contradict each other in."""

    SEQUENCE = "sequence"
    PREV = "prev"
    BOOT_COUNT = "boot-count"


class NotProven(StrEnum):
    """What this evidence leaves open. Stable codes; `NOT_PROVEN_WORDS` has the English words."""

    SENSOR_TRUTH = "sensor-truth"
    SAME_TREE_FOR_ALL = "same-tree-for-all"
    LATER_STATEMENTS = "later-statements"
    OTHER_EVENTS = "other-events"
    SECOND_STATEMENTS = "second-statements"
    HIDDEN_COLUMNS = "hidden-columns"
    TIME = "time"
    EXTRACTABLE_KEY = "extractable-key"


NOT_PROVEN_WORDS: Final[dict[NotProven, str]] = {
    NotProven.SENSOR_TRUTH: "that the sensors told the truth: a signature shows which key signed, no more",
    NotProven.SAME_TREE_FOR_ALL: "that the log showed everyone the same tree: no witness that you trust has cosigned",
    NotProven.LATER_STATEMENTS: "what the device said before, between or after the numbers this bundle speaks for",
    NotProven.OTHER_EVENTS: "that no revocation of the key was left out of the bundle, or came after the checkpoint",
    NotProven.SECOND_STATEMENTS: "that no second statement with one of these numbers lies elsewhere in the log",
    NotProven.HIDDEN_COLUMNS: "anything about columns that are not shown, but that they were fixed at signing",
    NotProven.TIME: "when it was said: no anchor you trust bounds the time, so there is only the device's own clock",
    NotProven.EXTRACTABLE_KEY: "that only the device could sign: whoever holds the board can copy its key",
}


@dataclass(frozen=True, slots=True)
class KeyFinding:
    """A device key under which statements of the bundle were made. Hex where bytes; times in ms.

    `maker` is the trust file's name for who endorsed it. `after_revocation`: statements that were logged after the
    key's revocation and say they were made before it; their time rests on the word of a key that was revoked.
    `succeeded_by`: the kid of the key that it gave way to at `rotation_index`.
    """

    kid: str
    maker: str
    maker_kid: str
    key_tier: str
    device_class: str
    hwmodel: str
    not_before_ms: int
    enrolled_index: int
    revoked_from_ms: int | None
    revocation_index: int | None
    revocation_reason: str | None
    rotation_index: int | None
    succeeded_by: str | None
    statements: int
    after_revocation: int


@dataclass(frozen=True, slots=True)
class NewerInclusion:
    """A later checkpoint, whose tree still holds all this. It bounds no time."""

    tree_size: int
    root_hash: str
    log_key: str
    witnesses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inclusion:
    """Under which checkpoint, signed by whose key, and which entries. `witnesses`: names of verified cosignatures."""

    origin: str
    tree_size: int
    root_hash: str
    log_key: str
    witnesses: tuple[str, ...]
    entries: int
    first_index: int
    last_index: int
    newer: NewerInclusion | None


@dataclass(frozen=True, slots=True)
class StatementRef:
    """Names one statement: its leaf index, number, boot and SHA-256."""

    index: int
    sequence: int
    boot_count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two statements that cannot both come from one honest device, in order of number, then index."""

    about: Contradiction
    first: StatementRef
    second: StatementRef


@dataclass(frozen=True, slots=True)
class CompletenessFinding:
    """What the numbers say. `statements` counts those within `ranges`; `conflicts` holds the first ones only."""

    result: Completeness
    ranges: tuple[SequenceRange, ...]
    statements: int
    gaps: tuple[Gap, ...]
    conflicts: tuple[Conflict, ...]
    conflict_count: int


@dataclass(frozen=True, slots=True)
class AnchorFinding:
    """One anchor. `key` names whose word it is; `time_ms` is None where it was not checked."""

    backend: str
    strength: str
    status: AnchorStatus
    key: str | None
    time_ms: int | None


@dataclass(frozen=True, slots=True)
class TimeBounds:
    """What is known of when. Milliseconds since 1970; None where nothing is.

    `not_after_ms` is the earliest time of a trusted anchor or witness, on the word of `not_after_by`. The device's
    times are those of its statements with a known time; `disagreement`: one of them claims, even less its
    uncertainty, a time later than `not_after_ms`. `qualities` counts statements by quality.
    """

    not_after_ms: int | None
    not_after_by: str | None
    device_first_ms: int | None
    device_last_ms: int | None
    device_uncertainty_ms: int | None
    qualities: dict[str, int]
    disagreement: bool


@dataclass(frozen=True, slots=True)
class FirmwareFinding:
    """A firmware that a boot statement of the bundle names. `status` is the trust file's word, or `unknown`."""

    measurement: str
    name: str
    version: str
    status: str
    known_as: str | None
    boots: int


@dataclass(frozen=True, slots=True)
class ColumnSummary:
    """The disclosed values of one column over all statements that show it; times, sums and units as in the schema."""

    schema: str
    name: str
    statements: int
    readings: int
    absent: int
    first: int | None
    last: int | None
    minimum: int | None
    maximum: int | None


@dataclass(frozen=True, slots=True)
class DisclosureFinding:
    """How many telemetry statements show all, some or none of their columns; which columns show, and which never do."""

    full: int
    partial: int
    none: int
    shown: tuple[ColumnSummary, ...]
    hidden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The bundle is valid, and this is what it shows. Read `completeness`: an honest claim may have gaps."""

    device: str
    digest: str
    keys: tuple[KeyFinding, ...]
    inclusion: Inclusion
    completeness: CompletenessFinding
    anchors: tuple[AnchorFinding, ...]
    time: TimeBounds
    firmware: tuple[FirmwareFinding, ...]
    disclosure: DisclosureFinding
    not_proven: tuple[NotProven, ...]


def to_json(value: object) -> object:
    """A verdict, or any part of one, as JSON values: objects for dataclasses, `[first, last, reason]` for gaps."""
    if isinstance(value, Gap):
        return value.to_json()
    if is_dataclass(value) and not isinstance(value, type):
        return {member.name: to_json(getattr(value, member.name)) for member in fields(value)}
    if isinstance(value, tuple | list):
        return [to_json(item) for item in value]
    if isinstance(value, dict):
        return {str(key): to_json(item) for key, item in value.items()}
    return value

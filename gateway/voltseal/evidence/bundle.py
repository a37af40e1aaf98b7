"""What an evidence bundle holds, as values (docs/spec/bundle.md), and their translation to and from JSON values.

Pure: no I/O, no cryptography but SHA-256. `layout` writes and reads the lines that hold these values. Every `from_json`
raises `MalformedBundleError` naming the member at fault, and checks all that can be said of the value alone.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Final, Self, TypeAlias

from voltseal.evidence import jcs
from voltseal.evidence.errors import MalformedBundleError
from voltseal.evidence.newer import NewerCheckpoint
from voltseal.wire.errors import WireError
from voltseal.wire.ids import ueid_from_hex
from voltseal.wire.keys import check_origin
from voltseal.wire.limits import (
    HASH_BYTES,
    MAX_COLUMNS,
    MAX_COLUMNS_BYTES,
    MAX_ENTRY_BYTES,
    MAX_SEQUENCE,
    SALT_BYTES,
    SEED_BYTES,
)

FORMAT: Final = "voltseal-evidence/1"
SPEC_VERSION: Final = "1"

SequenceRange: TypeAlias = tuple[int, int]
"""First and last sequence number, both included."""


def origin_from_json(value: object) -> str:
    """Read the member `origin`."""
    try:
        return check_origin(jcs.string(value, "origin"))
    except WireError as error:
        raise MalformedBundleError(f"origin: {error.reason}") from error


class GapReason(StrEnum):
    """Why numbers are missing: declared by the device (docs/spec/boot.md), or not at all."""

    POWER_CUT = "power-cut"
    SPOOL_FULL = "spool-full"
    SPOOL_DAMAGED = "spool-damaged"
    UNEXPLAINED = "unexplained"


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A maximal run of missing numbers that share a reason; `first` and `last` are included."""

    first: int
    last: int
    reason: GapReason

    def to_json(self) -> list[object]:
        """`[first, last, reason]`."""
        return [self.first, self.last, self.reason.value]

    @classmethod
    def from_json(cls, value: object, where: str) -> Self:
        """Read `[first, last, reason]`."""
        parts = jcs.items(value, where)
        if len(parts) != 3 or parts[2] not in list(GapReason):
            raise MalformedBundleError(f"{where}: not [first, last, reason] with a known reason")
        first, last = _sequence_range(parts[:2], where)
        return cls(first, last, GapReason(str(parts[2])))


@dataclass(frozen=True, slots=True)
class Claim:
    """Which device and which of its numbers a bundle speaks for, and which of those are missing.

    `device`: the ueid in hex, 34 characters. `ranges` ascend and leave at least one number between them; `gaps` ascend,
    each within one range, and neighbours that touch have different reasons (so that there is one way to write them).
    """

    device: str
    ranges: tuple[SequenceRange, ...]
    gaps: tuple[Gap, ...]

    def covers(self, sequence: int) -> bool:
        """Whether this number lies in one of the ranges."""
        place = bisect_right(self.ranges, (sequence, MAX_SEQUENCE + 1)) - 1
        return place >= 0 and sequence <= self.ranges[place][1]

    def to_json(self) -> dict[str, object]:
        """The member `claim`."""
        return {
            "device": self.device,
            "gaps": [gap.to_json() for gap in self.gaps],
            "ranges": [list(numbers) for numbers in self.ranges],
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the member `claim`."""
        claim = jcs.members(value, "claim", frozenset({"device", "gaps", "ranges"}))
        device = jcs.string(claim["device"], "claim.device")
        try:
            ueid_from_hex(device)
        except WireError as error:
            raise MalformedBundleError(f"claim.device: {error.reason}") from error
        ranges = tuple(_sequence_range(item, "claim.ranges") for item in jcs.items(claim["ranges"], "claim.ranges"))
        if not ranges or any(before[1] + 1 >= after[0] for before, after in pairwise(ranges)):
            raise MalformedBundleError("claim.ranges: empty, or not ascending with a number between them")
        gaps = tuple(Gap.from_json(item, "claim.gaps") for item in jcs.items(claim["gaps"], "claim.gaps"))
        _check_gaps(gaps, ranges)
        return cls(device, ranges, gaps)


def _sequence_range(value: object, where: str) -> SequenceRange:
    parts = jcs.items(value, where)
    if len(parts) != 2:
        raise MalformedBundleError(f"{where}: not [first, last]")
    first, last = (jcs.integer(part, where, MAX_SEQUENCE) for part in parts)
    if first > last:
        raise MalformedBundleError(f"{where}: first {first} is after last {last}")
    return first, last


def _check_gaps(gaps: Sequence[Gap], ranges: Sequence[SequenceRange]) -> None:
    """Gaps ascend, are maximal and lie in the ranges. One walk over both: a bundle may have very many gaps."""
    for before, after in pairwise(gaps):
        same_run = before.last + 1 == after.first and before.reason is after.reason
        if before.last >= after.first or same_run:  # touching gaps share a range: ranges never touch
            raise MalformedBundleError(f"claim.gaps: {after.first}..{after.last} overlaps or continues the one before")
    remaining = iter(ranges)
    first, last = next(remaining)
    for gap in gaps:
        while gap.first > last:
            first, last = next(remaining, (gap.last + 1, gap.last + 1))
        if gap.first < first or gap.last > last:
            raise MalformedBundleError(f"claim.gaps: {gap.first}..{gap.last} does not lie in one range of the claim")


@dataclass(frozen=True, slots=True)
class MadeBy:
    """Who wrote the file. Proves nothing."""

    software: str
    spec: str = SPEC_VERSION

    def to_json(self) -> dict[str, object]:
        """The member `made_by`."""
        return {"software": self.software, "spec": self.spec}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the member `made_by`."""
        made_by = jcs.members(value, "made_by", frozenset({"software", "spec"}))
        return cls(jcs.string(made_by["software"], "made_by.software"), jcs.string(made_by["spec"], "made_by.spec"))


@dataclass(frozen=True, slots=True)
class AnchorProof:
    """A proof that the checkpoint was deposited elsewhere. `proof`: text in the backend's own format."""

    backend: str
    strength: str
    proof: str

    def to_json(self) -> dict[str, object]:
        """One item of the member `anchors`."""
        return {"backend": self.backend, "proof": self.proof, "strength": self.strength}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read one item of the member `anchors`."""
        anchor = jcs.members(value, "anchors", frozenset({"backend", "proof", "strength"}))
        return cls(
            jcs.string(anchor["backend"], "anchors.backend"),
            jcs.string(anchor["strength"], "anchors.strength"),
            jcs.note_text(anchor["proof"], "anchors.proof"),
        )


@dataclass(frozen=True, slots=True)
class FullDisclosure:
    """All columns. `seed`: 16 bytes; `columns`: the encoded CBOR array, at most 12,288 bytes."""

    seed: bytes
    columns: bytes

    def to_json(self) -> dict[str, object]:
        """The member `disclosure` of an entry."""
        return {"columns": jcs.octets_text(self.columns), "seed": jcs.octets_text(self.seed)}


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """One shown column. `index`: its place in the schema; `salt`: 16 bytes; `column`: its CBOR item's bytes."""

    index: int
    salt: bytes
    column: bytes

    def to_json(self) -> dict[str, object]:
        """One item of the member `shown`."""
        return {"column": jcs.octets_text(self.column), "index": self.index, "salt": jcs.octets_text(self.salt)}

    @classmethod
    def from_json(cls, value: object, where: str) -> Self:
        """Read one item of the member `shown`."""
        shown = jcs.members(value, where, frozenset({"column", "index", "salt"}))
        return cls(
            jcs.integer(shown["index"], f"{where}.index", MAX_COLUMNS - 1),
            jcs.octets(shown["salt"], f"{where}.salt", length=SALT_BYTES),
            jcs.octets(shown["column"], f"{where}.column", maximum=MAX_COLUMNS_BYTES),
        )


@dataclass(frozen=True, slots=True)
class PartialDisclosure:
    """Some columns, ascending by index, and the multi-proof nodes (32 bytes each) of those that stay hidden."""

    nodes: tuple[bytes, ...]
    shown: tuple[ShownColumn, ...]

    def to_json(self) -> dict[str, object]:
        """The member `disclosure` of an entry."""
        return {
            "nodes": [jcs.octets_text(node) for node in self.nodes],
            "shown": [column.to_json() for column in self.shown],
        }


Disclosure: TypeAlias = FullDisclosure | PartialDisclosure


def disclosure_from_json(value: object, where: str) -> Disclosure:
    """Read the member `disclosure` of an entry."""
    if isinstance(value, dict) and "seed" in value:
        full = jcs.members(value, where, frozenset({"columns", "seed"}))
        seed = jcs.octets(full["seed"], f"{where}.seed", length=SEED_BYTES)
        return FullDisclosure(seed, jcs.octets(full["columns"], f"{where}.columns", maximum=MAX_COLUMNS_BYTES))
    partial = jcs.members(value, where, frozenset({"nodes", "shown"}))
    nodes = tuple(jcs.octets(node, f"{where}.nodes", length=HASH_BYTES) for node in jcs.items(partial["nodes"], where))
    shown = tuple(ShownColumn.from_json(item, f"{where}.shown") for item in jcs.items(partial["shown"], where))
    if not shown or not nodes or any(before.index >= after.index for before, after in pairwise(shown)):
        raise MalformedBundleError(f"{where}: nothing shown, nothing hidden, or indexes do not ascend")
    return PartialDisclosure(nodes, shown)


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry at its leaf_index, with the columns disclosed of it, if any. `raw`: 1..65,535 bytes."""

    index: int
    raw: bytes
    disclosure: Disclosure | None = None

    def to_json(self) -> dict[str, object]:
        """One item of the member `entries`."""
        value: dict[str, object] = {"bytes": jcs.octets_text(self.raw), "index": self.index}
        if self.disclosure is not None:
            value["disclosure"] = self.disclosure.to_json()
        return value

    @classmethod
    def from_json(cls, value: object, where: str) -> Self:
        """Read one item of the member `entries`."""
        entry = jcs.members(value, where, frozenset({"bytes", "index"}), frozenset({"disclosure"}))
        disclosure = disclosure_from_json(entry["disclosure"], f"{where}.disclosure") if "disclosure" in entry else None
        return cls(
            jcs.integer(entry["index"], f"{where}.index"),
            jcs.octets(entry["bytes"], f"{where}.bytes", maximum=MAX_ENTRY_BYTES),
            disclosure,
        )


@dataclass(frozen=True, slots=True)
class Header:
    """All of a bundle that is small: what stands before inclusion and entries. `checkpoint`: a signed note's text."""

    origin: str
    made_by: MadeBy
    claim: Claim
    checkpoint: str
    anchors: tuple[AnchorProof, ...] = ()
    newer: NewerCheckpoint | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """A whole bundle in memory. `inclusion`: multi-proof nodes, 32 bytes each; `entries` ascend by index."""

    header: Header
    inclusion: tuple[bytes, ...]
    entries: tuple[Entry, ...]

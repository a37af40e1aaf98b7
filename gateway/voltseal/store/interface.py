"""What the gateway keeps, and what every backend must be able to do with it. No I/O here.

Two faces: `StoreReader` is what evidence, status and proofs need, safe to use beside a running gateway; `Store` adds
what the one writer does. Whoever writes holds the gateway's lock (see `store.lock`); there is never a second writer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Protocol

from voltseal.errors import VoltsealError
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tree import StagedAppend


class StoreError(VoltsealError):
    """The store cannot be opened, or does not hold what it must."""

    code: ClassVar[str] = "store"


class EntryKind(IntEnum):
    """What a leaf is: a registry event, or a statement by its record type (docs/spec/statement.md, element 0)."""

    REGISTRY_EVENT = 0
    TELEMETRY = 1
    BOOT = 2
    LOSS = 3


class AlarmKind(IntEnum):
    """Stored with an alarm (docs/spec/outcomes.md, orders 11 to 13)."""

    EQUIVOCATION = 11
    BROKEN_CHAIN = 12
    BOOT_REGRESSION = 13


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """One leaf. `sequence` and `boot_count` are None for registry events; `received_ms` is the gateway's clock."""

    leaf_index: int
    kind: EntryKind
    device_no: int
    sequence: int | None
    boot_count: int | None
    received_ms: int
    raw: bytes


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry about to be appended; the store gives it the next leaf index."""

    kind: EntryKind
    device_no: int
    sequence: int | None
    boot_count: int | None
    received_ms: int
    raw: bytes
    seed: bytes | None = None
    columns: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredDisclosure:
    """What opens a commitment: `seed` (16 bytes) and the encoded columns array, exactly as received."""

    seed: bytes
    columns: bytes


@dataclass(frozen=True, slots=True)
class StoredDevice:
    """A device the registry has ever enrolled. `ueid`: 17 bytes."""

    device_no: int
    ueid: bytes
    label: str
    statements: int
    last_received_ms: int | None


@dataclass(frozen=True, slots=True)
class StoredAnchor:
    """A proof that the checkpoint of `tree_size` leaves was deposited elsewhere. `strength`: "weak" or "strong"."""

    tree_size: int
    backend: str
    strength: str
    proof: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class StoredAlarm:
    """A statement that was stored although it contradicts another one."""

    leaf_index: int
    kind: AlarmKind
    device_no: int
    sequence: int
    time_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A refused message, whole. `number` grows and is never used again."""

    number: int
    time_ms: int
    topic: str
    outcome: str
    reason: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class QuarantineTotals:
    """What quarantine holds, and how many messages had to make room for newer ones."""

    messages: int
    payload_bytes: int
    dropped: int


@dataclass(frozen=True, slots=True)
class Run:
    """A maximal run of stored sequence numbers, first <= last, of one device."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The end of a device's chain: its highest stored sequence number with that statement's digest and boot count.

    `head_sequence` is -1 before the first statement. `boot_leaf` is the leaf index of the newest boot statement.
    """

    device_no: int
    ueid: bytes
    head_sequence: int
    head_boot: int
    head_digest: bytes
    boot_leaf: int | None
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class ChainChange:
    """What a commit group changed of one device's chain. `dropped_runs` names runs by their first number."""

    device_no: int
    head_sequence: int
    head_boot: int
    head_digest: bytes
    boot_leaf: int | None
    new_statements: int
    last_received_ms: int
    dropped_runs: tuple[int, ...]
    saved_runs: tuple[Run, ...]


class StoreReader(Protocol):
    """Reads a consistent state; other processes may write meanwhile. Also the `NodeStore` of `voltseal.log.tree`."""

    def close(self) -> None: ...

    def snapshot(self) -> AbstractContextManager[None]:
        """What is read inside the block belongs together, whatever others write. Keep it short: it holds up the WAL."""

    def entry_count(self) -> int:
        """How many leaves are stored; leaf indexes are 0 .. count-1 without a hole."""

    def entry(self, leaf_index: int) -> StoredEntry | None: ...

    def entries(self, first: int, end: int) -> Iterator[StoredEntry]:
        """Leaves first <= leaf_index < end, ascending."""

    def statements_of(self, ueid: bytes, first_sequence: int, last_sequence: int) -> Iterator[StoredEntry]:
        """A device's statements numbered first..last inclusive, by sequence, then leaf index (equivocations: all)."""

    def declarations_of(self, ueid: bytes) -> Iterator[StoredEntry]:
        """A device's boot and loss statements, by sequence."""

    def key_events_of(self, ueid: bytes) -> Iterator[StoredEntry]:
        """A device's registry events, by leaf index."""

    def registry_events(self) -> Iterator[StoredEntry]:
        """All registry events, by leaf index."""

    def disclosure(self, leaf_index: int) -> StoredDisclosure | None:
        """What opens the statement's commitment; None for other entries, and where it was erased."""

    def devices(self) -> list[StoredDevice]: ...

    def device(self, ueid: bytes) -> StoredDevice | None: ...

    def runs_of(self, ueid: bytes) -> list[Run]:
        """A device's stored sequence numbers, ascending; none of the runs touch."""

    def tree_size(self) -> int:
        """How many leaves are integrated in the tree; at most `entry_count`."""

    def read_tile(self, level: int, index: int) -> bytes | None:
        """See `voltseal.log.tree.NodeStore`."""

    def latest_checkpoint(self) -> PublishedCheckpoint | None: ...

    def checkpoints(self, minimum_size: int = 0) -> Iterator[PublishedCheckpoint]:
        """Checkpoints of at least `minimum_size` leaves, ascending."""

    def checkpoint_notes(self, first_number: int, last_number: int) -> list[tuple[int, bytes]]:
        """Numbers and signed notes as they are stored, ascending, unread: they may be damaged."""

    def checkpoint_count(self) -> int:
        """How many checkpoints are stored; their numbers are 0 .. count-1."""

    def anchors_of(self, tree_size: int) -> list[StoredAnchor]: ...

    def latest_anchor(self) -> StoredAnchor | None: ...

    def alarms(self, ueid: bytes | None = None) -> list[StoredAlarm]: ...

    def alarms_after(self, leaf_index: int, limit: int) -> list[StoredAlarm]:
        """The first `limit` alarms about entries after `leaf_index`, ascending."""

    def alarm_counts(self) -> dict[AlarmKind, int]:
        """How many alarms of each kind there are."""

    def outcome_counts(self) -> dict[str, int]:
        """How many messages ended with each outcome code, since the store was made."""

    def quarantine_totals(self) -> QuarantineTotals: ...

    def quarantined(self, limit: int) -> list[Quarantined]:
        """The newest `limit` refused messages, newest first."""

    def quarantined_ascending(self) -> Iterator[Quarantined]:
        """All refused messages, oldest first, read while they are taken."""

    def quarantined_message(self, number: int) -> Quarantined | None: ...


class Store(StoreReader, Protocol):
    """The one writer's face. Every method that writes must run inside `transaction()`, but `record_checkpoint`."""

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing; when the block has ended without an exception, its writes survive a power cut."""

    def append(self, entries: Sequence[NewEntry]) -> int:
        """Append entries at the log's end and return the first one's leaf index."""

    def add_device(self, ueid: bytes, label: str) -> int:
        """The device's number; the existing one where the device is known."""

    def chain_heads(self) -> list[ChainHead]:
        """Where each device's chain stands: all that continuity needs to go on after a restart."""

    def save_chains(self, changes: Sequence[ChainChange]) -> None:
        """Persist what continuity changed, in the transaction that appends the statements."""

    def commit_tiles(self, staged: StagedAppend) -> None:
        """Integrate: tiles and tree size. Raises `StaleAppendError` if staged for another size."""

    def record_checkpoint(self, published: PublishedCheckpoint) -> None:
        """See `voltseal.log.sequencer.CheckpointStore`; a transaction of its own."""

    def add_alarm(self, alarm: StoredAlarm) -> None: ...

    def count_outcomes(self, counts: Mapping[str, int]) -> None: ...

    def quarantine(self, messages: Sequence[Quarantined]) -> None:
        """Keep refused messages; the oldest make room, and are counted. The given numbers are ignored."""

"""Makes an evidence bundle from the gateway's store (docs/spec/bundle.md). Reads only; safe beside a running gateway.

Everything is worked out before the first byte is written, but for the entries, which stream: a million of them need
memory for their indexes only.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from voltseal import __version__
from voltseal.evidence.bundle import AnchorProof, Claim, Entry, Gap, GapReason, Header, MadeBy, SequenceRange
from voltseal.evidence.disclosure import show_columns
from voltseal.evidence.errors import ExportError
from voltseal.evidence.layout import write_bundle
from voltseal.evidence.newer import NewerCheckpoint
from voltseal.evidence.selection import Numbers, Selection, resolve
from voltseal.log.merkle import NodeHash
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.log.tree import Tree
from voltseal.registry.registry import Registry
from voltseal.store.interface import EntryKind, StoredEntry, StoreReader
from voltseal.wire import statement
from voltseal.wire.boot import LostRange
from voltseal.wire.continuity import Link, find_gaps, lost_ranges
from voltseal.wire.entry import parse_event
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Ueid, ueid_hex


@dataclass(frozen=True, slots=True)
class Evidence:
    """A bundle that is ready to be written. `fields`: columns to show, None for all, empty for none."""

    header: Header
    checkpoint: PublishedCheckpoint
    inclusion: tuple[NodeHash, ...]
    indexes: Sequence[int]
    fields: frozenset[str] | None
    store: StoreReader

    def write(self, write: Callable[[bytes], object]) -> bytes:
        """Write the text piece by piece; its digest (32 bytes). Erased columns stay hidden.

        Raises `EvidenceError` if what the store holds of a statement's columns is damaged.
        """
        return write_bundle(self.header, self.inclusion, self._entries(), write)

    def _entries(self) -> Iterator[Entry]:
        for index in self.indexes:
            stored = self.store.entry(index)
            assert stored is not None, "entries are never removed"
            kept = None
            if stored.kind is EntryKind.TELEMETRY and (self.fields is None or self.fields):
                kept = self.store.disclosure(index)
            if kept is None:
                yield Entry(index, stored.raw)
            else:
                told = statement.parse(stored.raw)
                yield Entry(index, stored.raw, show_columns(told, kept.seed, kept.columns, self.fields))


def prepare(
    store: StoreReader,
    origin: str,
    ueid: Ueid,
    selection: Selection,
    fields: frozenset[str] | None = None,
    *,
    newer: bool = False,
) -> Evidence:
    """Work out the bundle of a device's statements. Raises `ExportError` if the store cannot prove them yet.

    The checkpoint is the newest anchored one; where that does not cover everything, the newest one. With `newer` the
    newest one is added, whichever that is, with the proof that it continues the bundle's.
    """
    events = array("q", (event.leaf_index for event in store.key_events_of(ueid)))
    if not events:
        raise ExportError(f"no device {ueid_hex(ueid)} was ever enrolled here", hint="voltseal device list")
    ranges = resolve(store, ueid, selection, _newest_covered(store))
    indexes, present = _statements(store, ueid, ranges)
    holes = [gap for first, last in ranges for gap in find_gaps(_numbers(present, first, last), (), first, last)]
    declaring = [entry for entry in store.declarations_of(ueid) if _touches(entry, [(g.first, g.last) for g in holes])]
    links = [Link.of(statement.parse(entry.raw)) for entry in sorted(declaring, key=lambda entry: entry.leaf_index)]
    gaps = tuple(_gaps(present, lost_ranges(links), ranges))
    claim = Claim(ueid_hex(ueid), ranges, gaps)
    outside = (e.leaf_index for e in declaring if e.sequence is not None and not claim.covers(e.sequence))
    chosen = array("q", sorted({*events, *indexes, *outside}))
    _refuse_uncounted(store, origin, ueid, chosen)
    published = _choose_checkpoint(store, chosen[-1])
    size = published.checkpoint.tree_size
    anchors = tuple(AnchorProof(one.backend, one.strength, one.proof) for one in store.anchors_of(size))
    tree = Tree.open(store, store.tree_size())
    continued = _newest_checkpoint(store, tree, size) if newer else None
    header = Header(origin, MadeBy(f"voltseal {__version__}"), claim, published.raw.decode(), anchors, continued)
    nodes = tree.multi_inclusion_proof(chosen, size)
    return Evidence(header, published, nodes, chosen, fields, store)


def numbers_of_leaves(store: StoreReader, leaf_indexes: Sequence[int]) -> tuple[Ueid, Numbers]:
    """The device and numbers of the statements at these leaves. Raises `ExportError` unless they are one device's."""
    owners = {device.device_no: device.ueid for device in store.devices()}
    found: set[int] = set()
    numbers: list[SequenceRange] = []
    for index in leaf_indexes:
        entry = store.entry(index)
        if entry is None:
            raise ExportError(f"the log has no leaf {index}", hint=f"it has {store.entry_count()}, counted from 0")
        if entry.sequence is None:
            raise ExportError(f"leaf {index} is no statement but a registry event")
        found.add(entry.device_no)
        numbers.append((entry.sequence, entry.sequence))
    if len(found) != 1:
        raise ExportError("a bundle holds the statements of one device", hint="export each device's by itself")
    return Ueid(owners[found.pop()]), Numbers(tuple(numbers))


def _refuse_uncounted(store: StoreReader, origin: str, ueid: Ueid, leaf_indexes: Sequence[int]) -> None:
    """A key may be revoked from a time on that lies behind statements which are logged: no verifier counts those."""
    events = ((event.leaf_index, parse_event(event.raw)) for event in store.key_events_of(ueid))
    history = Registry.replay(origin, events).history(ueid)
    assert history is not None, "the caller has seen events"
    if all(period.revocation is None for period in history.periods):
        return
    for index in leaf_indexes:
        stored = store.entry(index)
        if stored is None or stored.sequence is None:
            continue
        told = statement.parse(stored.raw)
        try:
            history.judge(told.kid, told, index)
        except WireError as error:
            raise ExportError(
                f"statement {told.sequence} (leaf {index}) would make the evidence invalid: {error.reason}",
                hint="choose statements from before the revocation, with --to or --sequence",
            ) from error


def _newest_covered(store: StoreReader) -> int:
    """How many leaves the newest anchored checkpoint covers; the newest one, where none is anchored."""
    anchor, checkpoint = store.latest_anchor(), store.latest_checkpoint()
    if anchor is not None:
        return anchor.tree_size
    return 0 if checkpoint is None else checkpoint.checkpoint.tree_size


def _choose_checkpoint(store: StoreReader, last_index: int) -> PublishedCheckpoint:
    anchor = store.latest_anchor()
    if anchor is not None and anchor.tree_size > last_index:
        return next(iter(store.checkpoints(anchor.tree_size)))
    newest = store.latest_checkpoint()
    if newest is None or newest.checkpoint.tree_size <= last_index:
        raise ExportError(
            f"leaf {last_index} is not under a checkpoint yet", hint="wait for the next one, then export again"
        )
    return newest


def _newest_checkpoint(store: StoreReader, tree: Tree, size: int) -> NewerCheckpoint:
    newest = store.latest_checkpoint()
    assert newest is not None, "there is one of `size` leaves"
    proof = tree.consistency_proof(size, newest.checkpoint.tree_size)
    return NewerCheckpoint(newest.raw.decode(), proof)


def _statements(
    store: StoreReader, ueid: Ueid, ranges: Sequence[SequenceRange]
) -> tuple[Sequence[int], list[SequenceRange]]:
    """Leaf indexes of all statements in `ranges`, and the numbers they have, as ascending ranges that do not touch.

    Both from one reading, so that a statement which arrives meanwhile is in both or in neither.
    """
    indexes = array("q")
    present: list[SequenceRange] = []
    for first, last in ranges:
        for entry in store.statements_of(ueid, first, last):
            assert entry.sequence is not None
            indexes.append(entry.leaf_index)
            if present and entry.sequence <= present[-1][1] + 1:
                present[-1] = present[-1][0], entry.sequence
            else:
                present.append((entry.sequence, entry.sequence))
    if not indexes:
        raise ExportError("the log has no statement with these numbers", hint="look at `voltseal device show`")
    return indexes, present


def _numbers(present: Sequence[SequenceRange], first: int, last: int) -> Iterator[int]:
    for begin, end in present:
        yield from range(max(begin, first), min(end, last) + 1)


def _gaps(
    present: Sequence[SequenceRange], lost: Sequence[LostRange], ranges: Sequence[SequenceRange]
) -> Iterator[Gap]:
    for first, last in ranges:
        for gap in find_gaps(_numbers(present, first, last), lost, first, last):
            yield Gap(gap.first, gap.last, GapReason(gap.reason))


def _touches(entry: StoredEntry, holes: Sequence[SequenceRange]) -> bool:
    """Whether a boot or loss statement declares any of the missing numbers."""
    return any(
        lost.first <= last and first <= lost.last for lost in statement.parse(entry.raw).lost for first, last in holes
    )

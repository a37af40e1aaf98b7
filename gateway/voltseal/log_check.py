"""Re-reads everything: is the stored log still the one whose checkpoints were signed?

Nothing stored is believed but the log's public key. Every entry is hashed again and held against the stored tree and
against every signed checkpoint; every statement's signature, commitment and place in the store's own index is checked.
Memory stays bounded: one chunk of entries, and one hash for each level of the tree.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from voltseal.errors import VoltsealError
from voltseal.ingest.registrar import replay
from voltseal.ingest.runs import RunSet
from voltseal.log.checkpoint import Checkpoint, open_checkpoint
from voltseal.log.merkle import EMPTY_ROOT, NodeHash, fold_right, leaf_hash, node_hash
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log.tiles import TILE_WIDTH
from voltseal.registry.registry import Registry
from voltseal.store.interface import EntryKind, StoredDisclosure, StoredEntry, StoreReader
from voltseal.wire import message, statement
from voltseal.wire.entry import parse_event
from voltseal.wire.errors import WireError

Progress = Callable[[int, int], None]
_HASH_BYTES = 32
_MAX_FINDINGS = 100
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `leaf_index` is None where no single entry is to blame."""

    code: str
    leaf_index: int | None
    message: str


@dataclass(slots=True)
class LogReport:
    """What was read, and what was found wrong (the first hundred findings, and how many there were in all)."""

    entries: int = 0
    statements: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    findings_total: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings_total

    def add(self, code: str, leaf_index: int | None, text: str) -> None:
        """Take note of a finding."""
        self.findings_total += 1
        if len(self.findings) < _MAX_FINDINGS:
            self.findings.append(Finding(code, leaf_index, text))


def check_log(store: StoreReader, log_key: Ed25519Verifier, progress: Progress = lambda _done, _all: None) -> LogReport:
    """Check a whole log. `progress` is called with entries done and entries in all."""
    report = LogReport()
    try:
        registry = replay(store, log_key.name)
    except VoltsealError as error:
        report.add("registry-damaged", None, f"the registry's events cannot be replayed: {error}")
        registry = Registry(log_key.name)
    with store.snapshot():  # a gateway may be appending: judge what is there now
        total, tree_size = store.entry_count(), store.tree_size()
        checkpoints = store.checkpoint_count()
        statements = _StatementChecker(report, store, registry)
    roots = _RootChecker(report, _signed_checkpoints(store, log_key, checkpoints, report))
    with statements:
        for first in range(0, total, TILE_WIDTH):
            entries = list(store.entries(first, first + TILE_WIDTH))
            _check_indexes(report, entries, first, min(first + TILE_WIDTH, total))
            _check_tile(report, entries, store.read_tile(0, first // TILE_WIDTH), tree_size)
            roots.take(entries)
            statements.take(entries)
            report.entries += len(entries)
            progress(report.entries, total)
    roots.finish()
    statements.check_runs()
    return report


def _check_indexes(report: LogReport, entries: Sequence[StoredEntry], first: int, end: int) -> None:
    missing = set(range(first, end)) - {entry.leaf_index for entry in entries}
    for leaf_index in sorted(missing):
        report.add("entry-missing", leaf_index, f"entry {leaf_index} is not in the store")


def _check_tile(report: LogReport, entries: Sequence[StoredEntry], tile: bytes | None, tree_size: int) -> None:
    """Each entry against the leaf hash that was stored when it was integrated."""
    for entry in entries:
        if entry.leaf_index >= tree_size:
            return
        at = entry.leaf_index % TILE_WIDTH * _HASH_BYTES
        if tile is None or tile[at : at + _HASH_BYTES] != leaf_hash(entry.raw):
            report.add(
                "entry-altered", entry.leaf_index, f"entry {entry.leaf_index} does not have its hash in the tree"
            )


def _signed_checkpoints(
    store: StoreReader, log_key: Ed25519Verifier, count: int, report: LogReport
) -> Iterator[Checkpoint]:
    """The first `count` checkpoints as they were signed, ascending; findings for those that were not."""
    expected = 0
    while expected < count:
        for number, raw in store.checkpoint_notes(expected, min(expected + _PAGE, count) - 1):
            try:
                checkpoint = open_checkpoint(raw, log_key).checkpoint
            except VoltsealError as error:
                report.add("checkpoint-altered", None, f"checkpoint {number} is not as it was signed: {error}")
                continue
            report.checkpoints += 1
            yield checkpoint
        expected += _PAGE


class _RootChecker:
    """Recomputes the tree from the entries alone, and compares its root wherever a checkpoint was signed."""

    def __init__(self, report: LogReport, checkpoints: Iterator[Checkpoint]) -> None:
        self._report = report
        self._checkpoints = checkpoints
        self._next = next(checkpoints, None)
        self._subtrees: list[tuple[int, NodeHash]] = []  # (leaves, root) of perfect subtrees, larger ones first
        self._size = 0
        self._last_good = 0
        self._is_broken = False

    def take(self, entries: Sequence[StoredEntry]) -> None:
        """The next entries of the log."""
        for entry in entries:
            self._compare()
            width, root = 1, NodeHash(leaf_hash(entry.raw))
            while self._subtrees and self._subtrees[-1][0] == width:
                root = node_hash(self._subtrees.pop()[1], root)
                width *= 2
            self._subtrees.append((width, root))
            self._size += 1

    def finish(self) -> None:
        """Compare what is signed of the whole log, and more than it."""
        self._compare()
        if self._next is not None:
            size = self._next.tree_size
            self._report.add("entries-lost", None, f"a checkpoint of size {size} was signed; {self._size} are stored")

    def _compare(self) -> None:
        while self._next is not None and self._next.tree_size == self._size:
            root = fold_right([root for _, root in self._subtrees]) if self._subtrees else EMPTY_ROOT
            if root == self._next.root_hash:
                self._last_good = self._size
            elif not self._is_broken:  # every later root differs as well: the first one says where
                self._is_broken = True
                self._report.add(
                    "root-mismatch",
                    None,
                    f"the root of the first {self._size} entries is not the signed one: an entry from "
                    f"{self._last_good} to {self._size - 1} was altered",
                )
            self._next = next(self._checkpoints, None)


class _StatementChecker:
    """Signatures, commitments, and the store's own index; signatures on several threads."""

    def __init__(self, report: LogReport, store: StoreReader, registry: Registry) -> None:
        self._report = report
        self._store = store
        self._registry = registry
        self._ueids = {device.device_no: device.ueid for device in store.devices()}
        self._recorded = {device_no: store.runs_of(ueid) for device_no, ueid in self._ueids.items()}
        self._numbers = {device_no: RunSet() for device_no in self._ueids}
        self._pool = ThreadPoolExecutor(len(os.sched_getaffinity(0)))

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def take(self, entries: Sequence[StoredEntry]) -> None:
        """The next entries."""
        pairs = [(entry, self._store.disclosure(entry.leaf_index)) for entry in entries]
        verdicts = self._pool.map(lambda pair: self._fault(pair[0], pair[1]), pairs)
        for entry, fault in zip(entries, verdicts, strict=True):
            if fault:
                code, text = fault
                self._report.add(code, entry.leaf_index, f"entry {entry.leaf_index}: {text}")
            if entry.sequence is not None:
                self._report.statements += 1
                numbers = self._numbers.setdefault(entry.device_no, RunSet())
                if entry.sequence not in numbers:
                    numbers.add(entry.sequence)

    def check_runs(self) -> None:
        """The numbers that the store says it has of each device, against those it has."""
        for device_no, numbers in self._numbers.items():
            if list(numbers) != self._recorded.get(device_no):
                ueid = self._ueids.get(device_no)
                name = ueid.hex() if ueid else f"number {device_no}"
                self._report.add("index-altered", None, f"the stored numbers of device {name} are not those recorded")

    def _fault(self, entry: StoredEntry, disclosure: StoredDisclosure | None) -> tuple[str, str] | None:
        """What is wrong with one entry: a code and words, or nothing."""
        try:
            if entry.kind is EntryKind.REGISTRY_EVENT:
                ueid: bytes = parse_event(entry.raw).ueid
                place: tuple[int | None, int | None] = (None, None)
            else:
                found = statement.parse(entry.raw)
                device = self._registry.lookup(found.kid)
                statement.verify(found, device.public_key, self._registry.origin)
                if disclosure is not None:
                    message.check_commitment(message.parse_disclosure(disclosure.seed, disclosure.columns, found))
                ueid, place = device.ueid, (found.sequence, found.boot_count)
                if entry.kind != found.record_type:
                    return "index-altered", "the store calls it another kind of statement"
        except WireError as error:
            return str(error.outcome), error.reason
        if self._ueids.get(entry.device_no) != ueid or place != (entry.sequence, entry.boot_count):
            return "index-altered", "the store files it under another device or number"
        return None

"""The check of a whole log, in one go or in several.

Nothing stored is believed but the log's public key. Every entry is hashed again and held against the stored tree and
against every signed checkpoint; every statement's signature, commitment and place in the store's own index is checked.
Memory stays bounded: one chunk of entries, one hash for each level of the tree, and each device's runs of numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from voltseal.errors import VoltsealError
from voltseal.ingest.registrar import replay
from voltseal.log.merkle import leaf_hash
from voltseal.log.note_key import Ed25519Verifier
from voltseal.log.tiles import TILE_WIDTH
from voltseal.log_check.report import LogReport, Progress
from voltseal.log_check.roots import RootChecker, RootState, signed_checkpoints
from voltseal.log_check.state import Position
from voltseal.log_check.statements import StatementChecker
from voltseal.registry.registry import Registry
from voltseal.store.interface import StoredEntry, StoreReader

_HASH_BYTES = 32


def check_log(
    store: StoreReader,
    log_key: Ed25519Verifier,
    progress: Progress = lambda _done, _all: None,
    *,
    resume: Position | None = None,
    save: Callable[[Callable[[], Position]], None] = lambda _position: None,
    threads: int | None = None,
) -> LogReport:
    """Check a whole log, or the rest of it from `resume` on.

    `progress` is called after each chunk, and so is `save`, with what gives the position to go on from later. What
    either of them raises ends the check.
    """
    if resume is not None and resume.report.entries > store.entry_count():
        resume = None  # another, shorter store: it is read from its start
    report = LogReport() if resume is None else _copy(resume.report)
    registry = _replay(store, log_key.name, report, is_first=resume is None)
    with store.snapshot():  # a gateway may be appending: judge what is there now
        total, tree_size = store.entry_count(), store.tree_size()
        checkpoints = store.checkpoint_count()
        statements = StatementChecker(report, store, registry, {} if resume is None else resume.numbers, threads)
    state = RootState() if resume is None else resume.roots
    signed = signed_checkpoints(store, log_key, state.next_checkpoint, checkpoints, report)
    roots = RootChecker(report, signed, checkpoints, state)
    end = report.entries
    with statements:
        while end < total:
            first, end = end, min(end + TILE_WIDTH - end % TILE_WIDTH, total)
            entries = list(store.entries(first, end))
            _check_indexes(report, entries, first, end)
            _check_tile(report, entries, store.read_tile(0, first // TILE_WIDTH), tree_size)
            roots.take(entries)
            statements.take(entries)
            report.entries += len(entries)
            if report.entries == end:  # after a hole there is no place to go on from
                save(lambda: Position(_copy(report), roots.state, statements.numbers))
            progress(report.entries, total)
    roots.finish()
    statements.check_runs()
    return report


def _copy(report: LogReport) -> LogReport:
    return replace(report, findings=list(report.findings))


def _replay(store: StoreReader, origin: str, report: LogReport, *, is_first: bool) -> Registry:
    try:
        return replay(store, origin)
    except VoltsealError as error:
        if is_first:
            report.add("registry-damaged", None, f"the registry's events cannot be replayed: {error}")
        return Registry(origin)


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

"""Every statement by itself: signature, commitment, and its place in the store's own index."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from voltseal.ingest.runs import RunSet
from voltseal.log_check.report import LogReport
from voltseal.registry.registry import Registry
from voltseal.store.interface import EntryKind, Run, StoredDisclosure, StoredEntry, StoreReader
from voltseal.wire import message, statement
from voltseal.wire.entry import parse_event
from voltseal.wire.errors import WireError

Numbers = Mapping[int, Sequence[Run]]
"""The sequence numbers that were met, as runs, by device number."""


class StatementChecker:
    """Checks entries; signatures on `threads` threads (None: one for each processor)."""

    def __init__(
        self, report: LogReport, store: StoreReader, registry: Registry, numbers: Numbers, threads: int | None
    ) -> None:
        """`numbers`: what was met by an earlier run that this one goes on from. Precondition: in a snapshot."""
        self._report = report
        self._store = store
        self._registry = registry
        self._ueids = {device.device_no: device.ueid for device in store.devices()}
        self._recorded = {device_no: store.runs_of(ueid) for device_no, ueid in self._ueids.items()}
        self._numbers = {device_no: RunSet(numbers.get(device_no, ())) for device_no in {*self._ueids, *numbers}}
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)), "log-check")

    def __enter__(self) -> None:
        return None

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def numbers(self) -> Numbers:
        """To go on from later."""
        return {device_no: tuple(runs) for device_no, runs in self._numbers.items()}

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

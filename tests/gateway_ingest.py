"""The steps of ingest without broker, threads and event loop: judge and commit, one call after the other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.gateway_site import ORIGIN, SITE, GatewaySite

from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Checker, Genuine, Refused
from voltseal.ingest.commit import Committed, GroupCommitter
from voltseal.ingest.receipts import Receipts
from voltseal.ingest.registrar import Registrar, enrol_request, maker_keys, replay
from voltseal.keys import read_receipt_key
from voltseal.store.sqlite import SqliteStore
from voltseal.wire.outcome import Outcome
from voltseal_sim.load import LoadDevice, LoadMessage

NOW_MS = 1_900_000_000_000


class Ingest:
    """An opened store with one enrolled device and the objects that work on it."""

    def __init__(self, directory: Path) -> None:
        self.site = GatewaySite(directory)
        self.xy = self.site.gateway_xy
        self.store = SqliteStore.create(self.site.config.store.path)
        self.reopen()
        self.device = self.another()

    def reopen(self) -> None:
        """As a restart does: everything in memory is made from the store again."""
        self.registry = replay(self.store, ORIGIN)
        self.checker = Checker(self.registry, SITE)
        self.registrar = Registrar(self.store, self.registry, maker_keys(self.site.config.makers), self.checker)
        receipts = Receipts(read_receipt_key(self.site.config), ORIGIN, SITE, self.store)
        self.committer = GroupCommitter(self.store, self.registry, self.checker, receipts)

    def another(self, seed: int | None = None, not_before_ms: int = 0) -> LoadDevice:
        """One more enrolled device."""
        device = LoadDevice(ORIGIN, SITE, len(self.registry) if seed is None else seed)
        endorsement = self.site.endorse(device, not_before_ms)
        self.registrar.carry_out("enrol", enrol_request(endorsement, ""), NOW_MS)
        return device

    def judge(self, messages: Iterable[LoadMessage], received_ms: int = NOW_MS) -> list[Genuine | Refused]:
        """The check step."""
        arrivals = [Arrival(m.topic, m.payload, received_ms, 1, n, 1) for n, m in enumerate(messages, 1)]
        return self.checker.check_all(arrivals)

    def commit(self, messages: Iterable[LoadMessage]) -> Committed:
        """Check and commit as one group."""
        return self.committer.commit(self.judge(messages))

    def outcomes(self, messages: Iterable[LoadMessage]) -> list[Outcome]:
        """Check and commit each as a group of its own; the outcome of each."""
        return [next(iter(self.commit([message]).outcomes)) for message in messages]

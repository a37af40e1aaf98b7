"""The durable group commit: continuity for a group of judged messages, then one transaction for all of them.

Owner: the writer thread. Everything decided about a message (its entry, its alarm, its place in quarantine, its count,
the device's chain) is in one transaction, before its receipt and before the broker hears that it was taken. A crash
before the commit leaves nothing: the broker sends the messages again. One after it leaves them stored: sent again, they
are duplicates, and are receipted.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from voltseal import crash
from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Checker, Genuine, Refused
from voltseal.ingest.continuity import Chain, Finding
from voltseal.ingest.receipts import Outgoing, Receipts
from voltseal.registry.registry import Registry
from voltseal.store.interface import AlarmKind, ChainHead, EntryKind, NewEntry, Quarantined, StoredAlarm
from voltseal.store.sqlite import SqliteStore
from voltseal.wire import statement
from voltseal.wire.boot import Boot
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Ueid
from voltseal.wire.outcome import Outcome
from voltseal.wire.statement import Statement

_logger = logging.getLogger(__name__)

_TOPIC_CHARACTERS = 256  # ours have 81 at most, MQTT allows 65,535: quarantine is bounded in bytes

_ALARMS = {
    Outcome.EQUIVOCATION: AlarmKind.EQUIVOCATION,
    Outcome.BROKEN_CHAIN: AlarmKind.BROKEN_CHAIN,
    Outcome.BOOT_REGRESSION: AlarmKind.BOOT_REGRESSION,
}


@dataclass(frozen=True, slots=True)
class Committed:
    """A group that is on the disk: what to acknowledge to the broker, and the receipts to send before that."""

    arrivals: tuple[Arrival, ...]
    receipts: tuple[Outgoing, ...]
    outcomes: Counter[Outcome]


class _Group:
    """What one transaction collects."""

    __slots__ = ("arrivals", "entries", "outcomes", "quarantined", "stored")

    def __init__(self) -> None:
        self.arrivals: list[Arrival] = []
        self.entries: list[NewEntry] = []
        self.quarantined: list[Quarantined] = []
        self.stored: dict[Chain, set[int]] = {}
        self.outcomes: Counter[Outcome] = Counter()


class GroupCommitter:
    """Owns the devices' chains in memory; the store owns them on disk. The two differ only inside `commit`."""

    def __init__(self, store: SqliteStore, registry: Registry, checker: Checker, receipts: Receipts) -> None:
        self._store = store
        self._registry = registry
        self._checker = checker
        self._receipts = receipts
        self._chains: dict[Ueid, Chain] = {}
        self._load_chains()

    def commit(self, judged: Sequence[Genuine | Refused]) -> Committed:
        """Store a group. When it returns, all of it is durable; when it raises, nothing of it is stored."""
        group = _Group()
        try:
            with self._store.transaction():
                for one in judged:
                    self._take(group, one)
                self._save(group)
        except BaseException:
            self._load_chains()  # memory must not know what the disk does not
            raise
        crash.at("after-commit")
        return Committed(tuple(group.arrivals), tuple(self._receipts.make(group.stored)), group.outcomes)

    def _take(self, group: _Group, judged: Genuine | Refused) -> None:
        group.arrivals.append(judged.arrival)
        if isinstance(judged, Genuine) and judged.registry_events != self._checker.registry_events:
            judged = self._judge_key_again(judged)
        if isinstance(judged, Refused):
            self._refuse(group, judged)
            return
        found = judged.message.statement
        chain = self._chain(judged.device.ueid)
        finding = chain.examine(found, lambda number: self._stored(group, chain, number))
        group.outcomes[finding.outcome] += 1
        group.stored.setdefault(chain, set()).add(found.sequence)
        if finding.outcome is not Outcome.DUPLICATE:
            self._append(group, chain, judged, finding)

    def _append(self, group: _Group, chain: Chain, judged: Genuine, finding: Finding) -> None:
        up, arrival = judged.message, judged.arrival
        found = up.statement
        leaf_index = self._store.next_leaf + len(group.entries)
        group.entries.append(
            NewEntry(
                kind=EntryKind(found.record_type),
                device_no=chain.device_no,
                sequence=found.sequence,
                boot_count=found.boot_count,
                received_ms=arrival.received_ms,
                raw=found.raw,
                seed=up.seed,
                columns=up.columns_raw,
            )
        )
        chain.add(found)
        alarm = _ALARMS.get(finding.outcome)
        if isinstance(found.body, Boot) and alarm is None and self._is_newer_boot(group, chain, found):
            chain.boot_leaf, chain.session = leaf_index, None
        if alarm is not None:
            self._store.add_alarm(
                StoredAlarm(leaf_index, alarm, chain.device_no, found.sequence, arrival.received_ms, finding.reason)
            )
            _logger.warning(
                "alarm outcome=%s device=%s sequence=%d leaf_index=%d reason=%r",
                finding.outcome, chain.ueid.hex(), found.sequence, leaf_index, finding.reason,
            )  # fmt: skip

    def _is_newer_boot(self, group: _Group, chain: Chain, boot: Statement) -> bool:
        """Whether receipts go under this boot's key from now on. A second boot of one count changes nothing."""
        if chain.boot_leaf is None:
            return True
        self._flush(group)
        newest = self._store.entry(chain.boot_leaf)
        return newest is None or newest.boot_count is None or boot.boot_count > newest.boot_count

    def _refuse(self, group: _Group, refused: Refused) -> None:
        arrival = refused.arrival
        group.outcomes[refused.outcome] += 1
        group.quarantined.append(
            Quarantined(
                0, arrival.received_ms, arrival.topic[:_TOPIC_CHARACTERS], str(refused.outcome), refused.reason,
                arrival.payload,
            )
        )  # fmt: skip
        _logger.debug("refused outcome=%s topic=%s reason=%r", refused.outcome, arrival.topic, refused.reason)

    def _save(self, group: _Group) -> None:
        self._flush(group)
        received_ms = max((arrival.received_ms for arrival in group.arrivals), default=0)
        self._store.save_chains([chain.take_change(received_ms) for chain in group.stored])
        if group.quarantined:
            self._store.quarantine(group.quarantined)
        self._store.count_outcomes({str(outcome): count for outcome, count in group.outcomes.items()})

    def _flush(self, group: _Group) -> None:
        if group.entries:
            self._store.append(group.entries)
            group.entries.clear()

    def _stored(self, group: _Group, chain: Chain, number: int) -> Sequence[Statement]:
        """The device's stored statements with this number, those of this very group included."""
        self._flush(group)
        return [statement.parse(entry.raw) for entry in self._store.statements_of(chain.ueid, number, number)]

    def _judge_key_again(self, judged: Genuine) -> Genuine | Refused:
        """A key may have been revoked between check and commit; the log's order decides, so judge it as of now."""
        device = self._registry.find(judged.message.statement.kid)
        try:
            if device is not None:
                found = judged.message.statement
                device.history.judge(found.kid, found)
        except WireError as error:
            return Refused(judged.arrival, error.outcome, error.reason)
        return judged

    def _chain(self, ueid: Ueid) -> Chain:
        chain = self._chains.get(ueid)
        if chain is None:  # enrolled since the start
            device_no = self._store.add_device(ueid, "")
            chain = self._chains[ueid] = Chain(ChainHead(device_no, ueid, -1, 0, b"", None, ()))
        return chain

    def _load_chains(self) -> None:
        self._chains = {Ueid(head.ueid): Chain(head) for head in self._store.chain_heads()}

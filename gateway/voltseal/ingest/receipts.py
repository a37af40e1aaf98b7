"""Receipts: what to tell which device after a commit. Owner: the writer thread.

A receipt is only made from the chains of a group that is on the disk. It names whole runs, so each one repeats what
earlier ones said, and a lost receipt is made good by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voltseal.ingest.continuity import Chain
from voltseal.store.interface import StoreError, StoreReader
from voltseal.wire import message, receipt, statement
from voltseal.wire.boot import Boot
from voltseal.wire.limits import MAX_RECEIPT_RANGES
from voltseal.wire.receipt import ReceiptKey

Outgoing = tuple[str, bytes]
"""Topic and payload of a message on `down`."""


class Receipts:
    """Makes receipts, authenticated under the key of each device's newest stored boot statement."""

    def __init__(self, key: ReceiptKey, origin: str, site: str, store: StoreReader) -> None:
        self._key = key
        self._origin = origin
        self._site = site
        self._store = store

    def make(self, stored: Mapping[Chain, Iterable[int]]) -> list[Outgoing]:
        """Receipts that cover, for each chain, the sequence numbers given. Precondition: all of them are durable.

        A device whose boot statement is not stored gets none yet: there is no key to authenticate it with.
        """
        outgoing: list[Outgoing] = []
        for chain, numbers in stored.items():
            session = self._session(chain)
            if session is None:
                continue
            boot_count, key = session
            runs = sorted({(run.first, run.last) for run in map(chain.runs.run_of, numbers)})
            topic = message.down_topic(self._site, chain.ueid)
            for at in range(0, len(runs), MAX_RECEIPT_RANGES):
                payload = receipt.encode(key, boot_count, runs[at : at + MAX_RECEIPT_RANGES])
                outgoing.append((topic, payload))
        return outgoing

    def _session(self, chain: Chain) -> tuple[int, bytes] | None:
        """Boot count and receipt key of the newest boot, worked out once a boot and again after a restart."""
        if chain.session is None and chain.boot_leaf is not None:
            entry = self._store.entry(chain.boot_leaf)
            if entry is None:
                raise StoreError(f"the boot statement at leaf {chain.boot_leaf} is missing", hint="voltseal log check")
            boot = statement.parse(entry.raw)
            assert isinstance(boot.body, Boot)
            claims = boot.body.claims
            key = self._key.session_key(claims.receipt_key, claims.bootseed, self._origin, chain.ueid)
            chain.session = (boot.boot_count, key)
        return chain.session

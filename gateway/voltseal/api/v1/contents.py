"""What the API says, as JSON values: one function for each thing. Reads the store; binary is base64, hashes are hex."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

from voltseal.ingest.registrar import replay_device
from voltseal.log.merkle import NodeHash
from voltseal.log.sequencer import PublishedCheckpoint
from voltseal.registry.key_history import KeyHistory
from voltseal.store.interface import StoredAlarm, StoredDevice, StoredEntry, StoreReader
from voltseal.wire import statement
from voltseal.wire.statement import Telemetry

Json = dict[str, Any]


def checkpoint(published: PublishedCheckpoint) -> Json:
    """A published checkpoint with its signed note."""
    return {
        "number": published.number,
        "tree_size": published.checkpoint.tree_size,
        "root_hash": published.checkpoint.root_hash.hex(),
        "time_ms": published.cut_ms,
        "note": published.raw.decode(),
    }


def device(stored: StoredDevice) -> Json:
    """A device, as far as the store's own list has it."""
    return {
        "device": stored.ueid.hex(),
        "label": stored.label,
        "statements": stored.statements,
        "last_received_ms": stored.last_received_ms,
    }


def device_details(store: StoreReader, origin: str, stored: StoredDevice) -> Json:
    """A device with its class, maker and keys, from its registry events."""
    history = replay_device(store, origin, stored.ueid)
    period = history.active or history.periods[-1]
    request = period.endorsement.request
    return device(stored) | {
        "class": request.device_class,
        "hwmodel": request.hwmodel.hex(),
        "key_tier": request.key_tier.label,
        "maker": period.endorsement.maker_name,
        "keys": _keys(history),
    }


def _keys(history: KeyHistory) -> list[Json]:
    return [
        {
            "kid": period.kid.hex(),
            "leaf_index": period.leaf_index,
            "not_before_ms": period.endorsement.not_before_ms,
            "revoked_from_ms": period.revocation.effective_ms if period.revocation else None,
            "reason": period.revocation.reason if period.revocation else None,
        }
        for period in history.periods
    ]


def stored_statement(entry: StoredEntry) -> Json:
    """A statement: its place, what its header says, and its very bytes."""
    told = statement.parse(entry.raw)
    return {
        "leaf_index": entry.leaf_index,
        "kind": entry.kind.name.lower(),
        "sequence": told.sequence,
        "boot_count": told.boot_count,
        "kid": told.kid.hex(),
        "time_ms": told.time_ms if told.time_known else None,
        "time_uncertainty_ms": told.time_uncertainty_ms if told.time_known else None,
        "readings": told.body.reading_count if isinstance(told.body, Telemetry) else None,
        "received_ms": entry.received_ms,
        "digest": told.digest.hex(),
        "raw": base64(entry.raw),
    }


def alarm(stored: StoredAlarm) -> Json:
    """A statement that contradicts another one."""
    return {
        "kind": stored.kind.name.lower().replace("_", "-"),
        "leaf_index": stored.leaf_index,
        "sequence": stored.sequence,
        "time_ms": stored.time_ms,
        "reason": stored.reason,
    }


def base64(raw: bytes) -> str:
    """Binary, as text."""
    return b64encode(raw).decode()


def hashes(nodes: Sequence[NodeHash]) -> list[str]:
    """A proof's path."""
    return [node.hex() for node in nodes]

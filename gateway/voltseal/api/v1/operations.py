"""The API's operations: the one table that routes, parameter checks and the OpenAPI description are made from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from voltseal import __version__
from voltseal.api.errors import ApiError
from voltseal.api.v1 import contents
from voltseal.api.v1.contents import Json
from voltseal.api.v1.parameters import DEVICE, LIMIT, Parameter, Values
from voltseal.log.errors import ProofError
from voltseal.log.merkle import leaf_hash
from voltseal.log.tree import Tree
from voltseal.store.gaps import gaps_of
from voltseal.store.interface import StoredDevice, StoreReader
from voltseal.wire.limits import MAX_SEQUENCE

MAX_LISTED = 1000
"""Runs, gaps and alarms in one answer about continuity; `truncated` says when there are more."""


@dataclass(frozen=True, slots=True)
class Operation:
    """GET `path`. `answer` is called within a snapshot, by the thread that owns the reader. `schema` names its answer.

    `refusals`: status codes of errors that it has beside those all have.
    """

    name: str
    path: str
    summary: str
    schema: str
    answer: Callable[[StoreReader, str, Values], Json]
    parameters: tuple[Parameter, ...] = ()
    refusals: tuple[int, ...] = ()


def log(store: StoreReader, origin: str, _values: Values) -> Json:
    """The log as a whole."""
    newest = store.latest_checkpoint()
    return {
        "origin": origin,
        "version": __version__,
        "entries": store.entry_count(),
        "tree_size": store.tree_size(),
        "checkpoint": contents.checkpoint(newest) if newest else None,
    }


def devices(store: StoreReader, _origin: str, values: Values) -> Json:
    """A page of devices, in the order of their enrolment."""
    after, limit = _int(values, "after"), _int(values, "limit")
    found = [one for one in store.devices() if one.device_no > after][: limit + 1]
    page = found[:limit]
    return {
        "devices": [contents.device(one) for one in page],
        "next": page[-1].device_no if len(found) > limit else None,
    }


def device(store: StoreReader, origin: str, values: Values) -> Json:
    """One device."""
    return contents.device_details(store, origin, _device(store, values))


def statements(store: StoreReader, _origin: str, values: Values) -> Json:
    """A page of a device's statements, by sequence number, then leaf index."""
    limit = _int(values, "limit")
    sequence, _, leaf = str(values.get("after", "")).partition(".")
    after = (int(sequence), int(leaf)) if leaf else (-1, -1)
    first, last = max(_int(values, "first"), after[0]), _int(values, "last")
    entries = store.statements_of(_device(store, values).ueid, first, last)
    found = list(islice((e for e in entries if (e.sequence or 0, e.leaf_index) > after), limit + 1))
    page = found[:limit]
    return {
        "statements": [contents.stored_statement(entry) for entry in page],
        "next": f"{page[-1].sequence}.{page[-1].leaf_index}" if len(found) > limit else None,
    }


def continuity(store: StoreReader, _origin: str, values: Values) -> Json:
    """What of a device is there, what is missing, and what contradicts itself."""
    stored = _device(store, values)
    runs, gaps, alarms = store.runs_of(stored.ueid), gaps_of(store, stored.ueid), store.alarms(stored.ueid)
    return {
        "device": stored.ueid.hex(),
        "stored": [{"first": run.first, "last": run.last} for run in runs[:MAX_LISTED]],
        "gaps": [{"first": one.first, "last": one.last, "reason": one.reason} for one in gaps[:MAX_LISTED]],
        "alarms": [contents.alarm(one) for one in alarms[:MAX_LISTED]],
        "truncated": max(len(runs), len(gaps), len(alarms)) > MAX_LISTED,
    }


def entry_proof(store: StoreReader, _origin: str, values: Values) -> Json:
    """An entry and its inclusion proof (RFC 9162, section 2.1.3) under the newest checkpoint."""
    index = _int(values, "leaf_index")
    newest, entry = store.latest_checkpoint(), store.entry(index)
    if newest is None or entry is None or index >= newest.checkpoint.tree_size:
        raise ApiError(404, "not-covered", f"no checkpoint covers entry {index}", hint="the next one covers what is in")
    size = newest.checkpoint.tree_size
    path = Tree.open(store, store.tree_size()).inclusion_proof(index, size)
    return {
        "leaf_index": index,
        "entry": contents.base64(entry.raw),
        "leaf_hash": leaf_hash(entry.raw).hex(),
        "inclusion": contents.hashes(path),
        "checkpoint": contents.checkpoint(newest),
    }


def consistency_proof(store: StoreReader, _origin: str, values: Values) -> Json:
    """That the log of one published size begins with that of another (RFC 9162, section 2.1.4)."""
    first, second = _int(values, "first_size"), _int(values, "second_size")
    newest = store.latest_checkpoint()
    if newest is None or second > newest.checkpoint.tree_size:
        raise ApiError(404, "not-covered", f"no checkpoint of size {second} or more is published")
    try:
        path = Tree.open(store, store.tree_size()).consistency_proof(first, second)
    except ProofError as error:
        raise ApiError(404, "not-covered", f"there is no proof from size {first} to {second}: {error}") from error
    return {"first_size": first, "second_size": second, "consistency": contents.hashes(path)}


def checkpoints(store: StoreReader, _origin: str, values: Values) -> Json:
    """A page of published checkpoints, by size."""
    limit = _int(values, "limit")
    found = list(islice(store.checkpoints(_int(values, "min_size")), limit + 1))
    page = found[:limit]
    return {
        "checkpoints": [contents.checkpoint(one) for one in page],
        "next": found[limit].checkpoint.tree_size if len(found) > limit else None,
    }


def newest_checkpoint(store: StoreReader, _origin: str, _values: Values) -> Json:
    """The newest published checkpoint."""
    newest = store.latest_checkpoint()
    if newest is None:
        raise ApiError(404, "no-checkpoint", "there is no checkpoint yet")
    return contents.checkpoint(newest)


def _device(store: StoreReader, values: Values) -> StoredDevice:
    found = store.device(bytes.fromhex(str(values["device"])))
    if found is None:
        raise ApiError(404, "unknown-device", "no such device was ever enrolled here")
    return found


def _int(values: Values, name: str) -> int:
    value = values[name]
    assert isinstance(value, int)
    return value


def _query(name: str, description: str, **more: Any) -> Parameter:
    return Parameter(name, "query", description, **more)


_SEQUENCES = (
    _query("first", "The least sequence number.", maximum=MAX_SEQUENCE, default=0),
    _query("last", "The greatest sequence number.", maximum=MAX_SEQUENCE, default=MAX_SEQUENCE),
)
_AFTER_STATEMENT = _query(
    "after", "`next` of the page before.", kind="text", pattern=r"[0-9]{1,15}\.[0-9]{1,15}", max_chars=31
)

OPERATIONS = (
    Operation("getLog", "/log", "The log as a whole", "Log", log),
    Operation(
        "listDevices", "/devices", "Devices, in the order of their enrolment", "Devices", devices,
        (_query("after", "`next` of the page before.", default=0), LIMIT),
    ),
    Operation("getDevice", "/devices/{device}", "One device with its keys", "Device", device, (DEVICE,), (404,)),
    Operation(
        "listStatements", "/devices/{device}/statements", "A device's statements, by sequence number", "Statements",
        statements, (DEVICE, *_SEQUENCES, _AFTER_STATEMENT, LIMIT), (404,),
    ),
    Operation(
        "getContinuity", "/devices/{device}/continuity", "What is stored, missing and contradictory of a device",
        "Continuity", continuity, (DEVICE,), (404,),
    ),
    Operation(
        "getEntryProof", "/entries/{leaf_index}/proof", "An entry and its inclusion proof", "EntryProof", entry_proof,
        (Parameter("leaf_index", "path", "The entry's place in the log, from 0."),), (404,),
    ),
    Operation(
        "getConsistencyProof", "/consistency/{first_size}/{second_size}", "That one log begins with another",
        "ConsistencyProof", consistency_proof,
        (
            Parameter("first_size", "path", "The smaller tree size.", minimum=1),
            Parameter("second_size", "path", "The larger tree size.", minimum=1),
        ),
        (404,),
    ),
    Operation(
        "listCheckpoints", "/checkpoints", "Published checkpoints, by tree size", "Checkpoints", checkpoints,
        (_query("min_size", "The least tree size; for the next page, `next`.", default=0), LIMIT),
    ),
    Operation(
        "getNewestCheckpoint", "/checkpoints/newest", "The newest checkpoint", "Checkpoint", newest_checkpoint,
        refusals=(404,),
    ),
)  # fmt: skip

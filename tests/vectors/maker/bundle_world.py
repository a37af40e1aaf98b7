"""A small world for bundles: a log with devices' statements, its checkpoint and anchor, and drafts of evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from . import parts
from .bundle_text import Draft, b64, leaf, multi_proof
from .cast import BOOT_RECEIPT, ENDORSED_MS, MAKER, ORIGIN, OTHER_ORIGIN, STATED_MS, Key, some_bytes
from .encoding import array, bstr, integer, tstr
from .notes import COSIGNATURE, NoteKey, checkpoint_text, ledger_text, signed
from .parts import FIELD_COUNT, Value, tree_hash
from .readings import pack_reading

LOG_KEY = NoteKey(ORIGIN, "voltseal vectors: log key")
OTHER_LOG_KEY = NoteKey(OTHER_ORIGIN, "voltseal vectors: other log's key")
FORGED_LOG_KEY = NoteKey(ORIGIN, "voltseal vectors: forged log key")
LEDGER_KEY = NoteKey("ledger.voltseal.example", "voltseal vectors: ledger key")
OTHER_LEDGER_KEY = NoteKey("ledger.voltseal.example", "voltseal vectors: other ledger key")
WITNESS_KEY = NoteKey("witness.voltseal.example", "voltseal vectors: witness key", COSIGNATURE)

LOGGED_MS = 1_750_000_400_000
ANCHORED_MS = 1_750_000_500_000
COSIGNED_S = 1_750_000_450
STEP_MS = 10_000  # from one statement to the next
MAKER_NAME = "Example Batteries"


def request_of(device: Key, ueid: bytes, key_tier: int = 1, origin: str = ORIGIN) -> bytes:
    """A device's enrolment request."""
    payload = array(
        [
            integer(1),
            bstr(ueid),
            bstr(device.cose_key),
            tstr("bms"),
            bstr(b"voltseal-c3"),
            integer(key_tier),
            bstr(b""),
        ]
    )
    return parts.sign1(payload, key=device, context=parts.ENROLMENT, origin=origin)


def endorsement(device: Key, ueid: bytes, maker: Key = MAKER, **changed: Any) -> bytes:
    """A maker's endorsement of a device's request; `changed` replaces request or endorsement parts."""
    origin = changed.get("origin", ORIGIN)
    asked = changed.get("request") or request_of(device, ueid, changed.get("key_tier", 1), origin)
    payload = array([integer(1), bstr(asked), integer(changed.get("not_before_ms", ENDORSED_MS)), tstr(MAKER_NAME)])
    return parts.sign1(payload, key=maker, context=parts.ENDORSEMENT, origin=origin)


def enrol(ueid: bytes, endorsed: bytes) -> bytes:
    return array([integer(1), integer(LOGGED_MS), bstr(ueid), bstr(endorsed)])


def revoke(ueid: bytes, kid: bytes, effective_ms: int, reason: str = "key copied") -> bytes:
    return array([integer(2), integer(LOGGED_MS), bstr(ueid), array([bstr(kid), integer(effective_ms), tstr(reason)])])


def readings(number: int, count: int) -> list[list[Value]]:
    return [pack_reading(number * count + index) for index in range(count)]


def timed(rows: list[list[Value]]) -> list[list[Value]]:
    """Rows whose first column counts from the statement's time."""
    return [[index * 1000, *row[1:]] for index, row in enumerate(rows)]


@dataclass
class Told:
    """One statement with what opens its commitment, if it is telemetry."""

    raw: bytes
    sequence: int
    seed: bytes = b""
    columns: list[bytes] = field(default_factory=list)


@dataclass
class Device:
    """A device that tells statements in order. Set any member before telling, to make it lie."""

    key: Key
    ueid: bytes
    boot_count: int = 0
    sequence: int = 0
    prev: bytes = bytes(32)
    time_quality: int = 2
    origin: str = ORIGIN
    time_ms: int | None = None

    def telemetry(self, count: int = 2, **changed: Any) -> Told:
        """`count` readings; `changed` may give rows, seed, schema, boot or prev."""
        sequence = self.sequence
        rows = changed.get("rows") or timed(readings(sequence, count))
        seed = some_bytes(f"seed {self.key.label} {sequence}", 16)
        columns = parts.columns_of(rows)
        body = [integer(len(rows)), bstr(parts.commitment(seed, columns))]
        raw = self._tell(1, body, **changed)
        return Told(raw, sequence, seed, columns)

    def boot(self, lost: Sequence[parts.Range] = (), **changed: Any) -> Told:
        self.boot_count += 1
        sequence = self.sequence
        claims = parts.claims(
            {
                256: bstr(changed.pop("ueid", self.ueid)),
                267: integer(self.boot_count),
                268: bstr(some_bytes(f"bootseed {self.key.label} {self.boot_count}", 32)),
                -70004: parts.ranges(lost),
                -70006: bstr(BOOT_RECEIPT.compressed),
            }
        )
        return Told(self._tell(2, [claims], **changed), sequence)

    def loss(self, lost: Sequence[parts.Range], **changed: Any) -> Told:
        sequence = self.sequence
        return Told(self._tell(3, [parts.ranges(lost)], **changed), sequence)

    def _tell(self, record_type: int, body: list[bytes], **changed: Any) -> bytes:
        quality = self.time_quality
        time_ms = self.time_ms
        if time_ms is None:
            time_ms = STATED_MS + self.sequence * STEP_MS if quality else self.sequence * STEP_MS
        replaced = {
            1: integer(changed.get("schema", 1)),
            2: integer(changed.get("boot_count", self.boot_count)),
            3: integer(self.sequence),
            4: integer(time_ms),
            5: integer(quality),
            6: integer(250 if quality else 0),
            7: bstr(changed.get("prev", self.prev)),
        }
        payload = array([*parts.common(record_type, replaced), *body])
        raw = parts.sign1(payload, key=self.key, origin=self.origin, **changed.get("sign", {}))
        self.prev = sha256(raw).digest()
        self.sequence += 1
        return raw


class World:
    """A log and what was told to it."""

    def __init__(self, origin: str = ORIGIN) -> None:
        self.origin = origin
        self.leaves: list[bytes] = []
        self.told: dict[int, Told] = {}
        self.owner: dict[int, bytes] = {}

    def add(self, ueid: bytes, entry: bytes | Told) -> int:
        """Append an entry of a device; its leaf index."""
        index = len(self.leaves)
        if isinstance(entry, Told):
            self.told[index] = entry
            entry = entry.raw
        self.leaves.append(entry)
        self.owner[index] = ueid
        return index

    def hashes(self) -> list[bytes]:
        return [leaf(entry) for entry in self.leaves]

    @property
    def root(self) -> bytes:
        return tree_hash(self.hashes())

    def checkpoint(self, key: NoteKey = LOG_KEY, *, witness: bool = False) -> str:
        text = checkpoint_text(self.origin, len(self.leaves), self.root)
        cosigned = [WITNESS_KEY.line(text, time_s=COSIGNED_S)] if witness else []
        return signed(text, key.line(text), *cosigned)

    def anchor(self, key: NoteKey = LEDGER_KEY, **changed: Any) -> dict[str, str]:
        values = {"origin": self.origin, "size": len(self.leaves), "root": self.root, "time_ms": ANCHORED_MS} | changed
        text = ledger_text(**values)
        return {"backend": "ledger", "proof": signed(text, key.line(text)), "strength": "weak"}

    def draft(
        self,
        device: Device,
        ranges: Sequence[tuple[int, int]],
        gaps: Sequence[tuple[int, int, str]] = (),
        *,
        outside: Sequence[int] = (),
        show: str | Sequence[int] = "none",
        without: Sequence[int] = (),
    ) -> Draft:
        """Honest evidence: the device's events, its statements in `ranges` and those numbered `outside`.

        `show`: `all`, `none`, or the indexes of columns. `without` leaves out leaf indexes.
        """
        chosen = [
            index for index in self.owner if self._belongs(index, device, ranges, outside) and index not in without
        ]
        claim = {"device": device.ueid.hex(), "gaps": [list(gap) for gap in gaps], "ranges": [list(r) for r in ranges]}
        entries = [self.entry(index, show) for index in chosen]
        nodes = [b64(node) for node in multi_proof(self.hashes(), chosen)]
        return Draft(self.origin, claim, self.checkpoint(), [], entries, nodes)

    def _belongs(self, index: int, device: Device, ranges: Sequence[tuple[int, int]], outside: Sequence[int]) -> bool:
        if self.owner[index] != device.ueid:
            return False
        told = self.told.get(index)
        return told is None or told.sequence in outside or any(a <= told.sequence <= b for a, b in ranges)

    def entry(self, index: int, show: str | Sequence[int] = "none") -> dict[str, Any]:
        """One item of `entries`."""
        entry: dict[str, Any] = {"bytes": b64(self.leaves[index]), "index": index}
        told = self.told.get(index)
        if told is not None and told.columns and show != "none":
            entry["disclosure"] = disclosure(told, show)
        return entry


def disclosure(told: Told, show: str | Sequence[int]) -> dict[str, Any]:
    """The member `disclosure`: `all`, or the columns of these indexes."""
    if show == "all":
        return {"columns": b64(array(told.columns)), "seed": b64(told.seed)}
    hashes = [parts.leaf_hash(told.seed, index, column) for index, column in enumerate(told.columns)]
    indexes = [int(index) for index in show]
    assert len(hashes) == FIELD_COUNT
    return {
        "nodes": [b64(node) for node in multi_proof(hashes, indexes)],
        "shown": [
            {"column": b64(told.columns[index]), "index": index, "salt": b64(parts.salt(told.seed, index))}
            for index in indexes
        ],
    }


def trust_text(
    *,
    logs: Sequence[NoteKey] = (LOG_KEY,),
    makers: Sequence[Key] = (MAKER,),
    ledgers: Sequence[NoteKey] = (LEDGER_KEY,),
    witnesses: Sequence[NoteKey] = (),
    firmware: str = "",
) -> str:
    """A trust file."""
    rows = ['format = "voltseal-trust/1"\n']
    rows += [f'[[log]]\norigin = "{key.name}"\nkey = "{key.vkey}"\n' for key in logs]
    rows += [f'[[maker]]\nname = "{MAKER_NAME}"\nkey = "{b64(key.cose_key)}"\n' for key in makers]
    rows += [f'[[ledger]]\nkey = "{key.vkey}"\n' for key in ledgers]
    rows += [f'[[witness]]\nkey = "{key.vkey}"\n' for key in witnesses]
    if firmware:
        rows.append(f'[[firmware]]\nname = "v0"\nmeasurement = "{parts.MEASUREMENT.hex()}"\nstatus = "{firmware}"\n')
    return "\n".join(rows)

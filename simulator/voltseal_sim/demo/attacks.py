"""The attacks, each carried out with what the attacker would have, and judged by the tools that a user has.

On the wire, an attacker can publish what they like on the broker. On the disk, the gateway's operator can change what
they like, and holds the log's own key. Nothing here reaches into the verifier: it is run as a command on forged files.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from voltseal.config import BrokerAddress
from voltseal.evidence.bundle import Bundle, FullDisclosure, Gap, GapReason
from voltseal.evidence.layout import bundle_bytes, read_bundle
from voltseal.log.checkpoint import Checkpoint, sign_checkpoint
from voltseal.log.errors import ProofError
from voltseal.log.key_file import read_signer
from voltseal.log.merkle import LeafHash, consistency_path, leaf_hash, root_hash, verify_consistency
from voltseal.log.multiproof import multi_inclusion_path
from voltseal.store.interface import EntryKind, StoredEntry
from voltseal.wire import cbor, message, statement
from voltseal.wire.cose import parse_sign1
from voltseal.wire.ids import Ueid
from voltseal.wire.keys import external_aad
from voltseal.wire.outcome import Outcome
from voltseal_sim.demo.telling import AttackReport
from voltseal_sim.gateway_process import voltseal, voltseal_json
from voltseal_sim.load import LoadDevice
from voltseal_sim.site import Site

_STATEMENT_CONTEXT = "voltseal/1 statement"
_PACK_VOLTAGE = 1  # column of schema bms.pack
_WITHIN_S = 20.0
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class _Sent:
    """A message that somebody publishes who should not, and the code it must end with."""

    name: str
    deed: str
    topic: str
    payload: bytes
    expected: Outcome


async def on_the_wire(site: Site) -> list[AttackReport]:
    """Messages published by somebody else. The packs are switched off first, so that every outcome has one cause."""
    await site.stop_devices()
    entry, payload = _recorded_message(site)
    topic = message.up_topic(site.settings.site, Ueid(_device(site, entry).ueid))
    stranger = LoadDevice(site.settings.origin, site.settings.site, seed=7)
    unknown = stranger.telemetry_message()
    impostor = _signed_by(stranger, entry.raw, payload, site.settings.origin)
    known = "a message well signed, by a key that no maker endorsed"
    sendings = (
        _Sent("stranger", known, unknown.topic, unknown.payload, Outcome.UNKNOWN_DEVICE),
        _Sent("impostor", "pack-1's message, signed by the stranger's key", topic, impostor, Outcome.BAD_SIGNATURE),
        _Sent("replay", f"pack-1's message {entry.sequence} sent again", topic, payload, Outcome.DUPLICATE),
    )
    return [await _publish(site, sent) for sent in sendings]


def _recorded_message(site: Site) -> tuple[StoredEntry, bytes]:
    """What somebody who listened on the network has: one of pack-1's telemetry messages, whole."""
    reader = site.gateway.reader()
    try:
        device = next(device for device in reader.devices() if device.label == "pack-1")
        statements = reader.statements_of(device.ueid, 0, 2**48 - 1)
        entry = next(found for found in statements if found.kind is EntryKind.TELEMETRY)
        kept = reader.disclosure(entry.leaf_index)
        assert kept is not None
        return entry, message.encode_up(entry.raw, kept.seed, kept.columns)
    finally:
        reader.close()


def _device(site: Site, entry: StoredEntry) -> Any:
    reader = site.gateway.reader()
    try:
        return next(device for device in reader.devices() if device.device_no == entry.device_no)
    finally:
        reader.close()


def _signed_by(stranger: LoadDevice, raw: bytes, payload: bytes, origin: str) -> bytes:
    """The same message with another key's signature over the same content."""
    signed = parse_sign1(raw).to_be_signed(external_aad(_STATEMENT_CONTEXT, origin))
    forged = raw[:-_SIGNATURE_BYTES] + stranger.sign(sha256(signed).digest())
    return payload.replace(raw, forged)


def _send(broker: BrokerAddress, sent: _Sent) -> None:
    """Publish one message as a client of its own; return once the broker has it. Raises `OSError`."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"attacker-{sent.name}")
    client.connect(broker.host, broker.port)
    client.loop_start()
    try:
        client.publish(sent.topic, sent.payload, qos=1).wait_for_publish(_WITHIN_S)
        client.disconnect()
    finally:
        client.loop_stop()


async def _publish(site: Site, sent: _Sent) -> AttackReport:
    """Publish, and see by which code the gateway's counts grow."""
    reader = site.gateway.reader()
    before = reader.outcome_counts()
    reader.close()

    await asyncio.to_thread(_send, site.broker, sent)
    seen: dict[str, int] = {}

    def counted(store: Any) -> bool:
        counts = store.outcome_counts()
        seen.update({code: counts[code] - before.get(code, 0) for code in counts if counts[code] > before.get(code, 0)})
        return bool(seen)

    await site.wait_for(f"an outcome of {sent.name}", counted, _WITHIN_S)
    return AttackReport(sent.name, sent.deed, "gateway", sent.expected.value, ", ".join(sorted(seen)))


async def on_the_disk(site: Site, evidence: Path) -> list[AttackReport]:
    """What can be done with files, the gateway's database and the log's key."""
    work = site.directory / "attacks"
    work.mkdir()
    return [
        await _changed_value(site, evidence, work),
        await _altered_row(site, work),
        *await _withheld(site, work),
        *await _forged_log(site, work, evidence),
    ]


async def _verified(site: Site, bundle: Bundle, path: Path) -> dict[str, Any]:
    """What `voltseal verify` says of a forged bundle; its digest is right, as any forger can make it."""
    await asyncio.to_thread(path.write_bytes, bundle_bytes(bundle))
    verdict: dict[str, Any] = await voltseal_json("verify", path, "--trust", site.trust_path, expect=None)
    return verdict


def _said(verdict: dict[str, Any]) -> str:
    return f"{verdict['result']}: {verdict['code']}" if verdict["result"] != "valid" else "valid"


async def _changed_value(site: Site, evidence: Path, work: Path) -> AttackReport:
    """The buyer of a used pack is shown a better voltage."""
    with evidence.open("rb") as file:
        bundle = read_bundle(file)
    place = next(n for n, entry in enumerate(bundle.entries) if isinstance(entry.disclosure, FullDisclosure))
    entry = bundle.entries[place]
    assert isinstance(entry.disclosure, FullDisclosure)
    columns = cbor.decode(entry.disclosure.columns)
    assert isinstance(columns, list)
    columns[_PACK_VOLTAGE] = _raised(columns[_PACK_VOLTAGE], 500)
    forged = replace(entry, disclosure=replace(entry.disclosure, columns=cbor.encode(columns)))
    entries = (*bundle.entries[:place], forged, *bundle.entries[place + 1 :])
    verdict = await _verified(site, replace(bundle, entries=entries), work / "changed-value.json")
    deed = "half a volt added to the pack voltage in the evidence, digest recomputed"
    return AttackReport("changed value", deed, "voltseal verify", "invalid: bad-commitment", _said(verdict))


def _raised(column: object, by_mv: int) -> cbor.Item:
    """A delta-coded column with its first value raised, and so all of them."""
    if isinstance(column, list) and isinstance(column[0], int):
        return [column[0] + by_mv, *column[1:]]
    assert isinstance(column, int), "the pack voltage is present in every reading"
    return column + by_mv


async def _altered_row(site: Site, work: Path) -> AttackReport:
    """Somebody edits one statement in the gateway's database."""
    copy = work / "altered-row"
    shutil.copytree(site.gateway.config_path.parent, copy)
    with closing(sqlite3.connect(copy / site.gateway.config.store.path.name)) as database, database:
        index, raw = database.execute(
            "SELECT leaf_index, raw FROM entries WHERE kind = ? ORDER BY leaf_index DESC LIMIT 1",
            (EntryKind.TELEMETRY,),
        ).fetchone()
        altered = bytearray(raw)
        altered[len(raw) // 2] ^= 1
        database.execute("UPDATE entries SET raw = ? WHERE leaf_index = ?", (bytes(altered), index))
    report = await voltseal_json("log", "check", "--config", copy / site.gateway.config_path.name, expect=None)
    blamed = {finding["leaf_index"] for finding in report["findings"]} - {None}
    named = [f"entry {leaf_index}" for leaf_index in sorted(blamed)]
    observed = f"unsound: {', '.join(named)}" if not report["sound"] else "sound"
    deed = f"one bit of entry {index} changed in the gateway's database"
    return AttackReport("altered row", deed, "voltseal log check", f"unsound: entry {index}", observed)


async def _withheld(site: Site, work: Path) -> list[AttackReport]:
    """The operator exports a pack's whole record, but for one statement: first in secret, then openly."""
    path = work / "whole-record.json"
    config = ("--config", site.gateway.config_path)
    await voltseal("evidence", "--device", "pack-2", "-o", path, *config)
    with path.open("rb") as file:
        whole = read_bundle(file)
    leaves = _leaf_hashes(site)[: _tree_size(whole)]
    told = [n for n, e in enumerate(whole.entries) if e.raw[:1] == b"\xd2"]
    victim = told[len(told) // 2]
    sequence = statement.parse(whole.entries[victim].raw).sequence
    entries = (*whole.entries[:victim], *whole.entries[victim + 1 :])
    nodes = multi_inclusion_path(leaves, [entry.index for entry in entries])
    hidden = replace(whole, entries=entries, inclusion=tuple(nodes))
    in_secret = await _verified(site, hidden, work / "withheld.json")
    deed = f"statement {sequence} left out of pack-2's record, proofs made anew to fit"
    claim = replace(whole.header.claim, gaps=(Gap(sequence, sequence, GapReason.UNEXPLAINED),))
    admitted = replace(hidden, header=replace(whole.header, claim=claim))
    openly = await _verified(site, admitted, work / "withheld-admitted.json")
    completeness = openly.get("verdict", {}).get("completeness", {})
    observed = f"{_said(openly)}, {completeness.get('result')} {completeness.get('gaps')}"
    return [
        AttackReport("withheld statement", deed, "voltseal verify", "invalid: hidden-gap", _said(in_secret)),
        AttackReport(
            "withheld and admitted",
            f"the same, but the bundle's claim names {sequence} as missing",
            "voltseal verify",
            f"valid, gap-unexplained [[{sequence}, {sequence}, 'unexplained']]",
            observed,
        ),
    ]


def _leaf_hashes(site: Site) -> list[LeafHash]:
    reader = site.gateway.reader()
    try:
        return [leaf_hash(entry.raw) for entry in reader.entries(0, reader.entry_count())]
    finally:
        reader.close()


def _tree_size(bundle: Bundle) -> int:
    return int(bundle.header.checkpoint.split("\n")[1])


async def _forged_log(site: Site, work: Path, evidence: Path) -> list[AttackReport]:
    """The operator makes a new log without one entry, and signs its checkpoint with the real key."""
    with evidence.open("rb") as file:
        bundle = read_bundle(file)
    anchored_size = _tree_size(bundle)
    honest = _leaf_hashes(site)
    dropped = next(n for n in range(anchored_size) if n not in {entry.index for entry in bundle.entries})
    forged = [*honest[:dropped], *honest[dropped + 1 :]]
    forged += [leaf_hash(bytes([0x84, filler])) for filler in range(anchored_size + 1 - len(forged))]  # never shorter
    checkpoint = Checkpoint(bundle.header.origin, len(forged), root_hash(forged))
    signer = read_signer(site.gateway.config.log.key_file)
    deed = f"entry {dropped} dropped from the log, the new log's checkpoint signed with the log's own key"
    reports = [
        AttackReport(
            "forged log",
            deed,
            "consistency with the anchored checkpoint",
            "inconsistent",
            _consistency(honest[:anchored_size], forged),
        )
    ]
    moved = [replace(entry, index=entry.index - (entry.index > dropped)) for entry in bundle.entries]
    header = replace(bundle.header, checkpoint=sign_checkpoint(checkpoint, signer).raw.decode())
    nodes = multi_inclusion_path(forged, [entry.index for entry in moved])
    verdict = await _verified(site, Bundle(header, tuple(nodes), tuple(moved)), work / "forged-log.json")
    deed = "evidence from the forged log, under its signed checkpoint, with the true log's anchor"
    reports.append(
        AttackReport("forged log's evidence", deed, "voltseal verify", "invalid: bad-anchor", _said(verdict))
    )
    return reports


def _consistency(anchored: Sequence[LeafHash], forged: Sequence[LeafHash]) -> str:
    """The best proof that the forger can make, judged by someone who holds the anchored root."""
    try:
        verify_consistency(
            len(anchored), len(forged), consistency_path(forged, len(anchored)), root_hash(anchored), root_hash(forged)
        )
    except ProofError:
        return "inconsistent"
    return "consistent"

"""`voltseal device`: who may report, and what of their statements is there."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import (
    UsageError,
    add_config,
    add_json,
    find_device,
    load_config,
    open_reader,
    parse_time_ms,
    print_json,
    print_table,
    read_sealed,
    show_time,
)

if TYPE_CHECKING:
    from voltseal.config import Config
    from voltseal.registry.key_history import KeyHistory
    from voltseal.store.interface import StoredDevice
    from voltseal.store.reader import SqliteReader
    from voltseal.store.requests import Body

_DEVICE = "label, ueid in hex, or the first 4 or more of its digits"


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    from voltseal.cli import device_erase, device_rotate

    parser = commands.add_parser(
        "device",
        help="enrol, list, show, rotate and revoke devices, erase readings",
        description="Enrolments, rotations and revocations become entries of the log. They work while the gateway "
        "runs (it carries them out) and while it does not (this command does).",
    )
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    enrol = actions.add_parser(
        "enrol",
        help="let a device report",
        epilog="example: voltseal device enrol request.bin --maker-key maker.pem --label pack-7",
    )
    add_config(enrol)
    enrol.add_argument(
        "request", nargs="?", metavar="REQUEST", help="the device's request: bytes, hex or base64; - for stdin"
    )
    source = enrol.add_mutually_exclusive_group(required=True)
    source.add_argument("--maker-key", type=Path, metavar="FILE", help="endorse REQUEST here, with this maker's key")
    source.add_argument("--endorsement", metavar="FILE", help="an endorsement made elsewhere (it contains the request)")
    enrol.add_argument("--label", default="", help="a name for people")
    enrol.add_argument(
        "--not-before", default="0", metavar="TIME", help="statements before are refused (with --maker-key)"
    )
    enrol.set_defaults(run=run_enrol)
    device_rotate.add_action(actions)
    listing = actions.add_parser("list", help="all devices")
    add_config(listing)
    add_json(listing)
    listing.set_defaults(run=run_list)
    show = actions.add_parser("show", help="one device: keys, numbers, gaps, alarms")
    add_config(show)
    add_json(show)
    show.add_argument("device", metavar="DEVICE", help=_DEVICE)
    show.set_defaults(run=run_show)
    revoke = actions.add_parser(
        "revoke",
        help="end a device's key",
        description="Statements whose time is at or after the effective time are refused; earlier ones stay valid.",
        epilog="example: voltseal device revoke pack-7 --reason stolen --effective 2026-03-01T12:00:00Z",
    )
    add_config(revoke)
    revoke.add_argument("device", metavar="DEVICE", help=_DEVICE)
    revoke.add_argument("--reason", required=True, help="1 to 64 bytes; everyone who verifies can read it")
    revoke.add_argument("--effective", default="now", metavar="TIME", help="now (default), or earlier: ISO 8601")
    revoke.set_defaults(run=run_revoke)
    device_erase.add_action(actions)


def run_enrol(options: argparse.Namespace) -> int:
    """Enrol a device."""
    from voltseal.ingest.registrar import enrol_request

    config = load_config(options)
    if options.endorsement is not None:
        if options.request is not None:
            raise UsageError("REQUEST and --endorsement exclude each other: an endorsement contains its request")
        endorsement = read_sealed(options.endorsement)
    elif options.request is None:
        raise UsageError("REQUEST is missing: the file with the device's enrolment request")
    else:
        endorsement = endorse(config, options)
    answer = carry_out(config, "enrol", enrol_request(endorsement, options.label))
    print(f"enrolled {answer['ueid']}, entry {answer['leaf_index']} of the log")
    return 0


def endorse(config: Config, options: argparse.Namespace) -> bytes:
    """The endorsement of the options' request by the options' maker key. Raises `UsageError` or `WireError`."""
    from voltseal.clock import now_ms
    from voltseal.wire import enrolment
    from voltseal.wire.keys import load_signing_key

    key = load_signing_key(options.maker_key)
    names = [maker.name for maker in config.makers if maker.cose_key == key.public.cose_key]
    if not names:
        raise UsageError(
            f"{options.maker_key}: {config.path} does not list this maker's key",
            hint="add its [[maker]] table, which `voltseal maker init` printed (and restart the gateway)",
        )
    return enrolment.endorse(
        read_sealed(options.request),
        key,
        not_before_ms=parse_time_ms(options.not_before, now_ms()),
        maker_name=names[0],
        origin=config.gateway.origin,
    )


def run_revoke(options: argparse.Namespace) -> int:
    """Revoke the active key of a device."""
    from voltseal.clock import now_ms
    from voltseal.ingest.registrar import replay, revoke_request

    config = load_config(options)
    started_ms = now_ms()
    effective_ms = parse_time_ms(options.effective, started_ms)
    if effective_ms > started_ms:
        raise UsageError(
            f"a revocation cannot take effect in the future: {options.effective}",
            hint="revoke the key when its time has come",
        )
    reader = open_reader(config)
    try:
        device = find_device(reader.devices(), options.device)
        history = replay(reader, config.gateway.origin).history(device.ueid)  # type: ignore[arg-type]
    finally:
        reader.close()
    if history is None or history.active is None:
        raise UsageError(f"device {options.device} has no key that is not revoked")
    answer = carry_out(config, "revoke", revoke_request(history.active.kid, effective_ms, options.reason))
    print(f"revoked the key of {answer['ueid']} from {show_time(effective_ms)} on, entry {answer['leaf_index']}")
    return 0


def carry_out(config: Config, action: str, body: Body) -> Body:
    """Have a registry request carried out: by the running gateway if there is one, else here.

    Raises what the registry or the gateway refuses it with.
    """
    from voltseal.clock import now_ms
    from voltseal.ingest.registrar import Registrar, maker_keys, replay
    from voltseal.store.lock import StoreLock, StoreLocked
    from voltseal.store.requests import ask
    from voltseal.store.sqlite import SqliteStore

    try:
        lock = StoreLock(config.store.path)
    except StoreLocked:
        return ask(config.store.path, action, body)
    try:
        store = SqliteStore.create(
            config.store.path,
            quarantine_messages=config.store.quarantine_messages,
            quarantine_bytes=config.store.quarantine_bytes,
        )
        try:
            registrar = Registrar(store, replay(store, config.gateway.origin), maker_keys(config.makers))
            return registrar.carry_out(action, body, now_ms())
        finally:
            store.close()
    finally:
        lock.release()


def run_list(options: argparse.Namespace) -> int:
    """All devices."""
    from voltseal.ingest.registrar import replay

    config = load_config(options)
    reader = open_reader(config)
    try:
        registry = replay(reader, config.gateway.origin)
        rows = [_summary(device, registry.history(device.ueid)) for device in reader.devices()]  # type: ignore[arg-type]
    finally:
        reader.close()
    if options.json:
        print_json(rows)
    else:
        columns = ("device", "label", "class", "maker", "key_tier", "key", "statements")
        print_table(columns, [[row[name] for name in columns] for row in rows])
    return 0


def _summary(device: StoredDevice, history: KeyHistory | None) -> dict[str, Any]:
    assert history is not None, "a device is made by its first registry event"
    period = history.active or history.periods[-1]
    request = period.endorsement.request
    return {
        "device": device.ueid.hex(),
        "label": device.label,
        "class": request.device_class,
        "maker": period.endorsement.maker_name,
        "key_tier": request.key_tier.label,
        "key": "active" if history.active else "revoked",
        "statements": device.statements,
    }


def run_show(options: argparse.Namespace) -> int:
    """One device."""
    from voltseal.ingest.registrar import replay

    config = load_config(options)
    reader = open_reader(config)
    try:
        device = find_device(reader.devices(), options.device)
        history = replay(reader, config.gateway.origin).history(device.ueid)  # type: ignore[arg-type]
        content = _summary(device, history) | _details(reader, device, history)
    finally:
        reader.close()
    if options.json:
        print_json(content)
    else:
        _print_device(content)
    return 0


def _details(reader: SqliteReader, device: StoredDevice, history: KeyHistory | None) -> dict[str, Any]:
    from voltseal.store.gaps import gaps_of

    assert history is not None
    return {
        "keys": [
            {
                "kid": period.kid.hex(),
                "leaf_index": period.leaf_index,
                "not_before_ms": period.endorsement.not_before_ms,
                "revoked_from_ms": period.revocation.effective_ms if period.revocation else None,
                "reason": period.revocation.reason if period.revocation else None,
                "succeeded_by": period.rotation.successor.hex() if period.rotation else None,
            }
            for period in history.periods
        ],
        "last_received_ms": device.last_received_ms,
        "stored": [[run.first, run.last] for run in reader.runs_of(device.ueid)],
        "gaps": [[gap.first, gap.last, gap.reason] for gap in gaps_of(reader, device.ueid)],
        "alarms": [
            {
                "outcome": alarm.kind.name.lower().replace("_", "-"),
                "sequence": alarm.sequence,
                "leaf_index": alarm.leaf_index,
                "reason": alarm.reason,
            }
            for alarm in reader.alarms(device.ueid)
        ],
    }


def _print_device(content: dict[str, Any]) -> None:
    for name in ("device", "label", "class", "maker", "key_tier", "statements"):
        print(f"{name:<11} {content[name]}")
    print(f"last seen   {show_time(content['last_received_ms'])}")
    for key in content["keys"]:
        ended = f", gave way to {key['succeeded_by']}" if key["succeeded_by"] else ""
        ended += f", revoked from {show_time(key['revoked_from_ms'])}: {key['reason']}" if key["reason"] else ""
        ended = ended or ", active"
        print(f"key         {key['kid']}, entry {key['leaf_index']}{ended}")
    print("stored      " + (", ".join(f"{first}..{last}" for first, last in content["stored"]) or "nothing yet"))
    for first, last, reason in content["gaps"]:
        print(f"gap         {first}..{last}, {reason}")
    if not content["gaps"] and content["stored"]:
        print("gaps        none")
    for alarm in content["alarms"]:
        print(f"alarm       {alarm['outcome']} at {alarm['sequence']}, entry {alarm['leaf_index']}: {alarm['reason']}")

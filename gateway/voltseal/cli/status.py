"""`voltseal status`: how the gateway and its devices are, whether or not it runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import add_config, add_json, load_config, open_reader, print_json, print_table, show_age

if TYPE_CHECKING:
    from voltseal.config import Config
    from voltseal.store.interface import StoredDevice
    from voltseal.store.reader import SqliteReader


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "status",
        help="devices, gaps, alarms, checkpoint, anchor, quarantine",
        description="Read the store of a gateway, running or not, and say how things are.",
    )
    add_config(parser)
    add_json(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print the status."""
    from voltseal.clock import now_ms

    config = load_config(options)
    reader = open_reader(config)
    try:
        content = collect(config, reader, now_ms())
    finally:
        reader.close()
    if options.json:
        print_json(content)
    else:
        _print(content)
    return 0


def collect(config: Config, reader: SqliteReader, now_ms: int) -> dict[str, Any]:
    """Everything that status says, as data. Times in milliseconds since 1970."""
    from voltseal.standing import Standing
    from voltseal.store.lock import is_running

    checkpoint, anchor = reader.latest_checkpoint(), reader.latest_anchor()
    standing = Standing.of(reader, config.store.path, now_ms)
    last = standing.last_check
    quarantine = reader.quarantine_totals()
    alarms: dict[int, int] = {}
    for alarm in reader.alarms():
        alarms[alarm.device_no] = alarms.get(alarm.device_no, 0) + 1
    return {
        "origin": config.gateway.origin,
        "site": config.gateway.site,
        "running": is_running(config.store.path),
        "now_ms": now_ms,
        "entries": reader.entry_count(),
        "checkpoint": checkpoint
        and {"tree_size": checkpoint.checkpoint.tree_size, "time_ms": checkpoint.cut_ms, "number": checkpoint.number},
        "anchor": anchor
        and {
            "tree_size": anchor.tree_size,
            "time_ms": anchor.time_ms,
            "backend": anchor.backend,
            "strength": anchor.strength,
        },
        "anchor_waiting_s": standing.unanchored_s(now_ms) if config.anchors else None,
        "alarms": {kind.name.lower().replace("_", "-"): count for kind, count in sorted(standing.alarms.items())},
        "log_check": last
        and {"time_ms": last.finished_ms, "sound": last.is_sound, "entries": last.entries, "findings": last.findings},
        "http": config.http.listen or None,
        "alerts": [name for name in ("webhook_url", "mqtt_topic") if getattr(config.alert, name)],
        "outcomes": reader.outcome_counts(),
        "quarantine": {
            "messages": quarantine.messages,
            "bytes": quarantine.payload_bytes,
            "dropped": quarantine.dropped,
        },
        "devices": [_device(reader, device, alarms.get(device.device_no, 0), now_ms) for device in reader.devices()],
    }


def _device(reader: SqliteReader, device: StoredDevice, alarms: int, now_ms: int) -> dict[str, Any]:
    from voltseal.store.gaps import gaps_of
    from voltseal.store.silence import cadence_ms_of, is_silent
    from voltseal.wire.continuity import UNEXPLAINED

    gaps = gaps_of(reader, device.ueid)
    cadence_ms = cadence_ms_of(reader, device.ueid)
    return {
        "device": device.ueid.hex(),
        "label": device.label,
        "statements": device.statements,
        "gaps_declared": sum(gap.reason != UNEXPLAINED for gap in gaps),
        "gaps_unexplained": sum(gap.reason == UNEXPLAINED for gap in gaps),
        "alarms": alarms,
        "last_received_ms": device.last_received_ms,
        "cadence_ms": cadence_ms,
        "silent": is_silent(device, cadence_ms, now_ms),
    }


def _print(content: dict[str, Any]) -> None:
    now_ms = content["now_ms"]
    checkpoint, anchor, quarantine = content["checkpoint"], content["anchor"], content["quarantine"]
    print(f"log         {content['origin']}, site {content['site']}")
    print(f"gateway     {'running' if content['running'] else 'not running'}")
    print(f"entries     {content['entries']}")
    if checkpoint:
        print(f"checkpoint  size {checkpoint['tree_size']}, {show_age(checkpoint['time_ms'], now_ms)}")
    else:
        print("checkpoint  none yet")
    if anchor:
        print(
            f"anchor      size {anchor['tree_size']}, {show_age(anchor['time_ms'], now_ms)}, "
            f"{anchor['backend']} ({anchor['strength']})"
        )
    else:
        print("anchor      none yet")
    if content["anchor_waiting_s"]:
        print(f"            newer entries have waited for {content['anchor_waiting_s']:.0f} s")
    check = content["log_check"]
    if check is None:
        print("log check   never ended yet")
    else:
        verdict = "nothing is altered" if check["sound"] else f"ALTERED: {'; '.join(check['findings'][:1])}"
        print(f"log check   {check['entries']} entries, {show_age(check['time_ms'], now_ms)}: {verdict}")
    print("alarms      " + (", ".join(f"{kind} {n}" for kind, n in content["alarms"].items()) or "none"))
    print(f"http        {content['http'] or 'off'}")
    print("alerts      " + (" and ".join(content["alerts"]) or "sent nowhere"))
    print(
        f"quarantine  {quarantine['messages']} messages, {quarantine['bytes']} bytes, {quarantine['dropped']} dropped"
    )
    print("outcomes    " + (", ".join(f"{code} {n}" for code, n in content["outcomes"].items()) or "none yet"))
    print()
    rows = [
        (
            device["label"] or device["device"],
            device["statements"],
            device["gaps_declared"],
            device["gaps_unexplained"],
            device["alarms"],
            show_age(device["last_received_ms"], now_ms) + (" SILENT" if device["silent"] else ""),
        )
        for device in content["devices"]
    ]
    print_table(("device", "statements", "declared gaps", "unexplained", "alarms", "last seen"), rows)

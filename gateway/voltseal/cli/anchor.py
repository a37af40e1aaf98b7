"""`voltseal anchor`: put the contract on a chain, say who may anchor, see how anchors are, check them again.

Keys come from files or the environment, never from the command line, where other users of the machine could read them.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import add_config, add_json, load_config, print_json, print_table, show_age

if TYPE_CHECKING:
    from voltseal.anchor.anchorer import AnchorRecord
    from voltseal.anchor.evm.deploy import Owner
    from voltseal.anchor.records import SqliteAnchorRecords
    from voltseal.config import AnchorTable, Config

_ALARM_ATTEMPTS = 5
_STANDING = {"stands", "moved"}  # moved: a reorganisation put it into another block; the gateway takes the new proof


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register `voltseal anchor deploy|allow|status|verify`."""
    parser = commands.add_parser(
        "anchor",
        help="checkpoints in other hands: contract, state, check",
        description="Put the contract for anchors on a chain, and see how the anchors of this gateway are.",
    )
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    deploy = actions.add_parser("deploy", help="put a new AnchorRegistry on a chain")
    _add_owner(deploy)
    deploy.add_argument("--origin", metavar="NAME", help="and let --submitter anchor this log")
    deploy.add_argument("--submitter", metavar="ADDRESS", help="default: the owner")
    deploy.set_defaults(run=_deploy)
    allow = actions.add_parser("allow", help="let an account anchor a log, or no longer")
    allow.add_argument("registry", metavar="REGISTRY", help="the contract's address")
    allow.add_argument("origin", metavar="ORIGIN", help="the log's")
    allow.add_argument("submitter", metavar="ADDRESS", help="the account")
    allow.add_argument("--revoke", action="store_true", help="no longer")
    _add_owner(allow)
    allow.set_defaults(run=_allow)
    status = actions.add_parser("status", help="how far each target's anchors are; exits 1 where something is wrong")
    status.add_argument("--online", action="store_true", help="ask the nodes as well: balance, newest anchor")
    add_config(status)
    add_json(status)
    status.set_defaults(run=_status)
    verify = actions.add_parser("verify", help="ask the chain again whether the recorded anchors still stand")
    verify.add_argument("--last", metavar="N", type=int, default=10, help="of each target (default: 10)")
    add_config(verify)
    add_json(verify)
    verify.set_defaults(run=_verify)


def _add_owner(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rpc", metavar="URL", required=True, help="a node of the chain")
    parser.add_argument("--key-file", metavar="FILE", type=Path, help="the owner's key (default: $VOLTSEAL_EVM_KEY)")
    parser.add_argument("--password-file", metavar="FILE", type=Path, help="of a keystore ($VOLTSEAL_EVM_PASSWORD)")
    parser.add_argument("--legacy", action="store_true", help="plain gas prices, as on consortium chains")
    add_json(parser)


def _owner(options: argparse.Namespace) -> Owner:
    from voltseal.anchor.evm.deploy import Owner
    from voltseal.anchor.evm.key import load_key
    from voltseal.anchor.evm.rpc import RpcClient

    key = load_key(options.key_file, options.password_file)
    return Owner(RpcClient([options.rpc], None), key, options.legacy)


def _address(text: str) -> bytes:
    from voltseal.cli.options import UsageError
    from voltseal.log.evm.proof import parse_address

    try:
        return parse_address(text.lower())
    except ValueError as error:
        raise UsageError(f"not an address: {error}") from error


def _deploy(options: argparse.Namespace) -> int:
    submitter = None if options.submitter is None else _address(options.submitter)
    owner = _owner(options)
    deployed = owner.deploy()
    uri = f"evm:{deployed.chain_id}/0x{deployed.registry.hex()}"
    submitter = owner.key.address if submitter is None else submitter
    if options.origin is not None:
        owner.set_submitter(deployed.registry, options.origin, submitter, allowed=True)
    owner.rpc.close()
    if options.json:
        print_json({"uri": uri, "registry": f"0x{deployed.registry.hex()}", "gas_used": deployed.gas_used})
        return 0
    print(f"registry 0x{deployed.registry.hex()} on chain {deployed.chain_id}, block {deployed.block_number}")
    print(f"owner    0x{owner.key.address.hex()}; {deployed.gas_used} gas used")
    if options.origin is None:
        print("Nobody may anchor there yet: voltseal anchor allow REGISTRY ORIGIN ADDRESS")
    else:
        print(f"0x{submitter.hex()} may anchor {options.origin}")
    print(f'\nIn the gateway\'s configuration:\n\n[[anchor]]\nuri = "{uri}"\nrpc = ["URL"]\nkey_file = "keys/evm.key"')
    return 0


def _allow(options: argparse.Namespace) -> int:
    registry, submitter = _address(options.registry), _address(options.submitter)
    owner = _owner(options)
    gas_used = owner.set_submitter(registry, options.origin, submitter, allowed=not options.revoke)
    owner.rpc.close()
    if options.json:
        print_json({"submitter": f"0x{submitter.hex()}", "allowed": not options.revoke, "gas_used": gas_used})
    else:
        may = "may no longer" if options.revoke else "may"
        print(f"0x{submitter.hex()} {may} anchor {options.origin}; {gas_used} gas used")
    return 0


def _status(options: argparse.Namespace) -> int:
    from voltseal.anchor.records import SqliteAnchorRecords
    from voltseal.clock import now_ms

    config = load_config(options)
    records = SqliteAnchorRecords.open(config.store.path)
    try:
        targets = [_target_status(config, table, records, now_ms(), online=options.online) for table in config.anchors]
    finally:
        records.close()
    if options.json:
        print_json({"targets": targets})
    else:
        for target in targets:
            _print_target(target, now_ms())
        if not targets:
            print("checkpoints are anchored nowhere: the configuration has no [[anchor]]")
    return 1 if any(target["alarms"] for target in targets) else 0


def _target_status(
    config: Config, table: AnchorTable, records: SqliteAnchorRecords, now_ms: int, *, online: bool
) -> dict[str, Any]:
    newest = records.latest_anchor_record(table.uri)
    unfinished = records.unfinished_anchors(table.uri)
    proved = records.latest_proved(table.uri)
    content: dict[str, Any] = {
        "target": table.uri,
        "anchored": None if proved is None else _row(proved),
        "unfinished": [_row(record) for record in unfinished],
        "planned_ms": None if newest is None else newest.planned_ms,
    }
    alarms = [
        f"size {record.tree_size}: {record.attempts} failures: {record.last_error}"
        for record in unfinished
        if record.attempts >= _ALARM_ATTEMPTS
    ]
    waiting = [record for record in unfinished if record.proof is None]
    if waiting and now_ms - waiting[0].planned_ms > max(10 * table.every_s * 1000, 3_600_000):
        alarms.append(
            f"size {waiting[0].tree_size} has waited for its anchor {show_age(waiting[0].planned_ms, now_ms)}"
        )
    if online and table.uri.startswith("evm:"):
        content |= _ask_chain(config, table, alarms)
    return content | {"alarms": alarms}


def _row(record: AnchorRecord) -> dict[str, Any]:
    return {
        "tree_size": record.tree_size,
        "state": str(record.state),
        "planned_ms": record.planned_ms,
        "attempts": record.attempts,
        "error": record.last_error,
    }


def _ask_chain(config: Config, table: AnchorTable, alarms: list[str]) -> dict[str, Any]:
    """Balance and newest anchor, as a node tells them; what cannot be asked is an alarm."""
    from voltseal.anchor.backends import AnchorTarget
    from voltseal.anchor.errors import AnchorError
    from voltseal.anchor.evm.backend import GAS_AN_ANCHOR, open_uri
    from voltseal.clock import now_ms

    try:
        backend = open_uri(AnchorTarget.of(table, config.gateway.origin, base=config.path.parent), now_ms)
        try:
            view = backend.chain.view()
        finally:
            backend.close()
    except AnchorError as error:
        alarms.append(str(error))
        return {}
    price = view.prices.gas_price
    left = view.account.balance_wei // (price * GAS_AN_ANCHOR) if price else None
    if left is not None and left < 100:
        alarms.append(f"0x{backend.account.hex()} can pay for {left} more anchors")
    return {
        "account": f"0x{backend.account.hex()}",
        "balance_wei": view.account.balance_wei,
        "anchors_left": left,
        "head": view.head.tree_size,
    }


def _print_target(target: dict[str, Any], now_ms: int) -> None:
    print(target["target"])
    anchored = target["anchored"]
    if anchored:
        print(
            f"  anchored  size {anchored['tree_size']}, {show_age(anchored['planned_ms'], now_ms)}, {anchored['state']}"
        )
    else:
        print("  anchored  nothing yet")
    if "account" in target:
        left = "any number of" if target["anchors_left"] is None else target["anchors_left"]
        print(f"  account   {target['account']} can pay for {left} more anchors")
        print(f"  registry  is at size {target['head']}")
    for record in target["unfinished"]:
        error = f", {record['attempts']} failures: {record['error']}" if record["attempts"] else ""
        age = show_age(record["planned_ms"], now_ms)
        print(f"  under way size {record['tree_size']}, {age}, {record['state']}{error}")
    for alarm in target["alarms"]:
        print(f"  ALARM     {alarm}")


def _verify(options: argparse.Namespace) -> int:
    from voltseal.anchor.records import SqliteAnchorRecords

    config = load_config(options)
    records = SqliteAnchorRecords.open(config.store.path)
    try:
        rows = [
            (table.uri, record.tree_size, str(record.state), found)
            for table in config.anchors
            if not table.uri.startswith("ledger:")  # a running gateway holds its file
            for record, found in _checked(config, table, records.anchor_records(table.uri), options.last)
        ]
    finally:
        records.close()
    if options.json:
        print_json([dict(zip(("target", "tree_size", "recorded", "found"), row, strict=True)) for row in rows])
    else:
        print_table(("target", "size", "recorded", "found"), rows)
    return 0 if all(row[3] in _STANDING for row in rows) else 1


def _checked(
    config: Config, table: AnchorTable, records: Sequence[AnchorRecord], last: int
) -> Iterator[tuple[AnchorRecord, str]]:
    """The newest `last` records with a proof, and what the backend says of each now."""
    from voltseal.anchor.backends import AnchorTarget, open_backend
    from voltseal.anchor.errors import AnchorError
    from voltseal.clock import now_ms

    backend = open_backend(AnchorTarget.of(table, config.gateway.origin, base=config.path.parent), now_ms)
    try:
        for record in [one for one in records if one.proof is not None][-last:]:
            try:
                proof = backend.check(record.request, record.prepared or b"").proof
            except AnchorError as error:
                yield record, str(error)
                continue
            yield record, "stands" if proof == record.proof else "gone" if proof is None else "moved"
    finally:
        backend.close()

"""`voltseal device erase`: forget the readings of a device, keep the proof that there were some."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import UsageError, add_config, find_device, load_config, open_reader, parse_time_ms

if TYPE_CHECKING:
    from voltseal.store.interface import StoreReader

_DESCRIPTION = """\
Deletes seeds and columns of a device's statements in the store. The statements themselves, the log and all proofs stay
as they are: they hold hashes only, which without the seed tell nothing. Evidence made from now on shows no readings of
these statements; evidence that was handed out, backups and the quarantine keep theirs. There is no way back.
"""


def add_action(actions: argparse._SubParsersAction[Any]) -> None:
    """Register the action."""
    erase = actions.add_parser(
        "erase",
        help="delete a device's readings, not its statements",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: voltseal device erase pack-7 --from 2026-01-01 --to 2026-02-01 --yes",
    )
    add_config(erase)
    erase.add_argument("device", metavar="DEVICE", help="label, ueid in hex, or the first 4 or more of its digits")
    erase.add_argument("--from", dest="first", metavar="TIME", help="statements from this time on (ISO 8601, UTC)")
    erase.add_argument("--to", dest="last", metavar="TIME", help="statements up to this time (default: now)")
    erase.add_argument("--all", action="store_true", help="all its statements, also those without a known time")
    erase.add_argument("--yes", action="store_true", help="do it; without, only say what would be erased")
    erase.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Erase, or say what would be erased."""
    from voltseal.cli.device import carry_out
    from voltseal.ingest.registrar import erase_request

    if options.all == (options.first is not None or options.last is not None):
        raise UsageError("say which: --from and --to, or --all")
    config = load_config(options)
    reader = open_reader(config)
    try:
        device = find_device(reader.devices(), options.device)
        first, last = _numbers(reader, device.ueid, options)
    finally:
        reader.close()
    if not options.yes:
        print(f"would erase the readings of {device.ueid.hex()}, statements {first} to {last}; --yes does it, for good")
        return 0
    answer = carry_out(config, "erase", erase_request(device.ueid, first, last))
    print(f"erased the readings of {answer['erased']} statements of {answer['ueid']}, numbers {first} to {last}")
    return 0


def _numbers(reader: StoreReader, ueid: bytes, options: argparse.Namespace) -> tuple[int, int]:
    """First and last number: as `voltseal evidence --from --to`, from the first to the last statement in the period."""
    from voltseal.clock import now_ms
    from voltseal.evidence.selection import Times, resolve
    from voltseal.wire.limits import MAX_SEQUENCE

    if options.all:
        return 0, MAX_SEQUENCE
    now = now_ms()
    first_ms = 0 if options.first is None else parse_time_ms(options.first, now)
    last_ms = parse_time_ms(options.last or "now", now)
    if first_ms > last_ms:
        raise UsageError("--from is after --to")
    (numbers,) = resolve(reader, ueid, Times(first_ms, last_ms), covered=0)
    return numbers

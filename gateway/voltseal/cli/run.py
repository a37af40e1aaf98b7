"""`voltseal run`: the gateway, until SIGTERM or Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from typing import TYPE_CHECKING, Any

from voltseal.cli.options import add_config, load_config

if TYPE_CHECKING:
    from voltseal.config import Config


def add_parser(commands: argparse._SubParsersAction[Any]) -> None:
    """Register the command."""
    parser = commands.add_parser(
        "run",
        help="run the gateway",
        description="Take statements from the broker, verify, store, receipt and log them, publish checkpoints and "
        "anchor these. SIGTERM or Ctrl-C finishes what was taken and stops; a second one stops at once, which loses "
        "nothing either.",
        epilog="example: voltseal run --config /etc/voltseal/voltseal.toml",
    )
    add_config(parser)
    parser.add_argument("--log-level", choices=("debug", "info", "warning", "error"), help="instead of the configured")
    parser.add_argument(
        "--accept-rollback",
        action="store_true",
        help="go on with a store that lacks, or may lack, what was published: it forks the log for whoever saw that",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run until told to stop."""
    config = load_config(options)
    start_logging(options.log_level or config.logging.level)
    asyncio.run(_run(config, accept_rollback=options.accept_rollback))
    return 0


def start_logging(level: str) -> None:
    """Log lines `time level logger message`, with key=value fields, on standard error."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")


async def _run(config: Config, *, accept_rollback: bool) -> None:
    from voltseal.gateway import Gateway

    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    gateway = Gateway(config, accept_rollback=accept_rollback)

    def ask_to_stop() -> None:
        if stop.is_set():  # asked twice: whoever asks does not want to wait
            raise KeyboardInterrupt
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    async with gateway:
        await gateway.failed_or(stop)

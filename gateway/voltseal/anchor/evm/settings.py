"""An `evm:` anchor's settings, from its URI and its table in the configuration.

    uri = "evm:<chain id>/<address of the AnchorRegistry>"

The URI names what is anchored to, not how to get there: endpoints may change, and records keep their name.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from voltseal.anchor.backends import AnchorTarget
from voltseal.anchor.evm.errors import EvmSettingsError
from voltseal.log.evm.proof import parse_address

_GWEI: Final = 10**9
_COIN: Final = 10**18
_FEES: Final = ("auto", "legacy")


@dataclass(frozen=True, slots=True)
class EvmSettings:
    """`max_fee_wei`: for a unit of gas; `fee_cap_wei`: for 24 hours; `confirmations` None: the chain's own finality.

    `stuck_ms`: how long a transaction may wait before its fee is looked at again.
    """

    chain_id: int
    registry: bytes
    rpc: tuple[str, ...]
    legacy_fees: bool = False
    max_fee_wei: int | None = None
    fee_cap_wei: int | None = None
    confirmations: int | None = None
    stuck_ms: int = 60_000

    @classmethod
    def of(cls, target: AnchorTarget) -> EvmSettings:
        """Raises `EvmSettingsError`."""
        chain, slash, address = target.rest.partition("/")
        hint = "for example: evm:11155111/0x5fbdb2315678afecb367f032d93f642f64180aa3"
        if not slash or not chain.isdigit() or not chain.isascii():
            raise EvmSettingsError(f"anchor {target.uri!r} is not evm:<chain id>/<address>", hint=hint)
        try:
            registry = parse_address(address.lower())
        except ValueError as error:
            raise EvmSettingsError(f"anchor {target.uri!r}: {error}", hint=hint) from error
        table = target.table
        if table is None:
            raise EvmSettingsError("an evm: anchor needs a table of the configuration")
        if table.fees not in _FEES:
            raise EvmSettingsError(f"anchor {target.uri!r}: fees is {table.fees!r}, not one of {', '.join(_FEES)}")
        return cls(
            chain_id=int(chain),
            registry=registry,
            rpc=(*table.rpc, *_urls(table.rpc_file)),
            legacy_fees=table.fees == "legacy",
            max_fee_wei=_wei(table.max_fee_gwei, _GWEI),
            fee_cap_wei=_wei(table.fee_cap_per_day, _COIN),
            confirmations=table.confirmations,
            stuck_ms=int(table.stuck_s * 1000),
        )


def _urls(path: Path | None) -> tuple[str, ...]:
    """One URL a line: for those that hold access keys."""
    if path is None:
        return ()
    try:
        return tuple(path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise EvmSettingsError(f"{path}: cannot be read") from error


def _wei(value: float | None, unit: int) -> int | None:
    """The decimal number as it was written, not as binary fractions have it."""
    return None if value is None else int(Decimal(str(value)) * unit)

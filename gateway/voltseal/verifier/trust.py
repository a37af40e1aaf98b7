"""The trust file: whose word its user takes (docs/spec/verification.md, "Trust file"). Pure: text in, values out.

Trust never comes with the evidence. A member that is unknown, missing or of the wrong form is an error that names its
table, so that a misspelt line cannot silently widen or narrow what is believed.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import ClassVar, Final, TypeVar

from voltseal.errors import VoltsealError
from voltseal.log.cosignature import CosignatureVerifier
from voltseal.log.errors import KeyFormatError
from voltseal.log.evm.proof import parse_address, parse_chain_id, parse_hash
from voltseal.log.note_key import Ed25519Verifier, decode_base64
from voltseal.toml_tables import TableReader
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Kid
from voltseal.wire.keys import PublicKey, check_origin
from voltseal.wire.limits import HASH_BYTES

FORMAT: Final = "voltseal-trust/1"
_T = TypeVar("_T")
_Row = TypeVar("_Row")


class TrustFileError(VoltsealError):
    """The trust file cannot be read or does not say what it must. The message names table and member."""

    code: ClassVar[str] = "bad-trust-file"


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """[[log]]: a key whose checkpoints of `origin` are believed."""

    origin: str
    key: Ed25519Verifier


@dataclass(frozen=True, slots=True)
class TrustedMaker:
    """[[maker]]: a key whose endorsement makes a key a device's. `name` is the trust file's word, not the bundle's."""

    name: str
    key: PublicKey


@dataclass(frozen=True, slots=True)
class TrustedLedger:
    """[[ledger]]: a key whose ledger blocks are believed."""

    key: Ed25519Verifier


@dataclass(frozen=True, slots=True)
class TrustedEvm:
    """[[evm]]: a contract (20 bytes) on a chain whose anchors are believed, in `blocks` of these hashes (32 bytes)."""

    chain_id: int
    registry: bytes
    blocks: frozenset[bytes] = frozenset()


@dataclass(frozen=True, slots=True)
class TrustedWitness:
    """[[witness]]: a key whose cosignatures are believed."""

    key: CosignatureVerifier


class FirmwareStatus(StrEnum):
    """What the trust file says of a measurement; `unknown` where it says nothing."""

    KNOWN = "known"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class TrustedFirmware:
    """[[firmware]]: a measurement (32 bytes) that its user knows, for good (`known`) or for bad (`revoked`)."""

    name: str
    measurement: bytes
    status: FirmwareStatus


@dataclass(frozen=True, slots=True)
class Trust:
    """All that a verification may believe. An empty one is allowed: then nothing can be judged."""

    logs: tuple[TrustedLog, ...] = ()
    makers: tuple[TrustedMaker, ...] = ()
    ledgers: tuple[TrustedLedger, ...] = ()
    witnesses: tuple[TrustedWitness, ...] = ()
    firmware: tuple[TrustedFirmware, ...] = ()
    evm: tuple[TrustedEvm, ...] = ()

    def log_keys(self, origin: str) -> list[Ed25519Verifier]:
        """The keys believed for this log; several where it has changed its key."""
        return [log.key for log in self.logs if log.origin == origin]

    def maker(self, kid: Kid) -> TrustedMaker | None:
        """The maker with this kid. Two keys with one kid are refused when the file is read."""
        return next((maker for maker in self.makers if maker.key.kid == kid), None)

    def registry(self, chain_id: int, address: bytes) -> TrustedEvm | None:
        """The contract at this address (20 bytes), if its anchors are believed."""
        return next((one for one in self.evm if (one.chain_id, one.registry) == (chain_id, address)), None)

    def with_block(self, chain_id: int, address: bytes, block_hash: bytes) -> Trust:
        """As this, and one more block of a contract that is believed already."""
        known = self.registry(chain_id, address)
        extended = (replace(one, blocks=one.blocks | {block_hash}) if one is known else one for one in self.evm)
        return replace(self, evm=tuple(extended))

    def firmware_of(self, measurement: bytes) -> TrustedFirmware | None:
        """What is known of a measurement."""
        return next((known for known in self.firmware if known.measurement == measurement), None)


@dataclass(frozen=True, slots=True)
class _LogRow:
    origin: str
    key: str


@dataclass(frozen=True, slots=True)
class _MakerRow:
    name: str
    key: str


@dataclass(frozen=True, slots=True)
class _KeyRow:
    key: str


@dataclass(frozen=True, slots=True)
class _FirmwareRow:
    name: str
    measurement: str
    status: str


@dataclass(frozen=True, slots=True)
class _EvmRow:
    contract: str
    blocks: str


_TABLES: Final = ("log", "maker", "ledger", "evm", "witness", "firmware")


def parse_trust(text: str, name: str = "trust file") -> Trust:
    """Read a trust file's text; `name` is for messages. Raises `TrustFileError`."""
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # tomllib's own error, and numbers or nesting beyond all measure
        raise TrustFileError(f"{name}: not TOML: {error}") from error
    TableReader(TrustFileError).refuse_unknown(document, ("format", *_TABLES), f"{name}: table")
    if document.get("format") != FORMAT:
        raise TrustFileError(f'{name}: must say format = "{FORMAT}" before its first table')
    return Trust(
        logs=_rows(document, "log", name, _LogRow, _log),
        makers=_rows(document, "maker", name, _MakerRow, _maker),
        ledgers=_rows(document, "ledger", name, _KeyRow, _ledger),
        witnesses=_rows(document, "witness", name, _KeyRow, _witness),
        firmware=_rows(document, "firmware", name, _FirmwareRow, _firmware),
        evm=_rows(document, "evm", name, _EvmRow, _evm),
    )


def _rows(
    document: Mapping[str, object], table: str, name: str, row_type: type[_Row], build: Callable[[_Row], _T]
) -> tuple[_T, ...]:
    """All rows of one table. What two rows may not share is their key (or measurement): one of them would be idle."""
    rows = TableReader(TrustFileError).rows(document.get(table, []), row_type, table, name)
    built: list[_T] = []
    for number, row in enumerate(rows, 1):
        where = f"{name}: [[{table}]] {number}"
        try:
            item = build(row)
        except (KeyFormatError, WireError, ValueError) as error:
            raise TrustFileError(f"{where}: {error}") from error
        if _identity(item) in map(_identity, built):
            raise TrustFileError(f"{where}: the same key or measurement stands twice")
        built.append(item)
    return tuple(built)


def _identity(item: object) -> object:
    match item:
        case TrustedMaker(_, key):
            return key.kid
        case TrustedFirmware(_, measurement, _):
            return measurement
        case TrustedEvm(chain_id, registry, _):
            return chain_id, registry
        case _:
            return item


def _log(row: _LogRow) -> TrustedLog:
    origin, key = check_origin(row.origin), Ed25519Verifier.parse(row.key)
    if key.name != origin:
        raise ValueError(f"the key is named {key.name}; a log's key bears the log's origin, here {origin}")
    return TrustedLog(origin, key)


def _maker(row: _MakerRow) -> TrustedMaker:
    return TrustedMaker(row.name, PublicKey.from_cose_key(decode_base64(row.key)))


def _ledger(row: _KeyRow) -> TrustedLedger:
    return TrustedLedger(Ed25519Verifier.parse(row.key))


def _evm(row: _EvmRow) -> TrustedEvm:
    chain_id, _, registry = row.contract.partition("/")
    blocks = [parse_hash(block) for block in row.blocks.split(" ")] if row.blocks else []
    return TrustedEvm(parse_chain_id(chain_id), parse_address(registry), frozenset(blocks))


def _witness(row: _KeyRow) -> TrustedWitness:
    return TrustedWitness(CosignatureVerifier.parse(row.key))


def _firmware(row: _FirmwareRow) -> TrustedFirmware:
    measurement = bytes.fromhex(row.measurement)
    if len(measurement) != HASH_BYTES or measurement.hex() != row.measurement:
        raise ValueError("measurement is not 64 lower-case hexadecimal digits")
    if row.status not in ("known", "revoked"):
        raise ValueError('status is neither "known" nor "revoked"')
    return TrustedFirmware(row.name, measurement, FirmwareStatus(row.status))

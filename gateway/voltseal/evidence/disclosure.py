"""Showing all or some of a statement's columns, and checking what is shown (docs/spec/commitment.md). Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from voltseal.evidence.bundle import Disclosure, FullDisclosure, PartialDisclosure, ShownColumn
from voltseal.evidence.errors import CommitmentMismatchError, MalformedDisclosureError
from voltseal.log.errors import InclusionProofError
from voltseal.log.merkle import LeafHash, NodeHash
from voltseal.log.multiproof import multi_inclusion_path, root_from_multi_inclusion
from voltseal.wire import commitment, message
from voltseal.wire.columns import decode_column
from voltseal.wire.errors import WireError
from voltseal.wire.outcome import Outcome
from voltseal.wire.schemas import SCHEMAS
from voltseal.wire.statement import Statement, Telemetry

TIME_OFFSET_COLUMN = 0


def show_columns(
    statement: Statement, seed: bytes, columns: bytes, fields: Collection[str] | None
) -> Disclosure | None:
    """The disclosure of the columns named `fields` (None: all), from what the gateway keeps.

    `columns` is the encoded array. None if the schema has none of the fields. The whole is checked against the
    commitment first, so that a damaged store is noticed here and not by the evidence's reader. Raises
    `MalformedDisclosureError` and `CommitmentMismatchError`.
    """
    encoded = _open_full(statement, FullDisclosure(seed, columns))
    names = [field.name for field in SCHEMAS[statement.schema].fields]
    if fields is None or set(names) <= set(fields):
        return FullDisclosure(seed, columns)
    indexes = [index for index, name in enumerate(names) if name in fields]
    if not indexes:
        return None
    salts = [commitment.salt(seed, index) for index in encoded]
    leaves = [_leaf(salts[index], column) for index, column in encoded.items()]
    shown = tuple(ShownColumn(index, salts[index], encoded[index]) for index in indexes)
    return PartialDisclosure(multi_inclusion_path(leaves, indexes), shown)


def open_columns(statement: Statement, disclosure: Disclosure) -> dict[int, tuple[int | None, ...]]:
    """The values of the shown columns by their index in the schema, one per reading, None where absent.

    Raises `MalformedDisclosureError` if they do not fit the statement, `CommitmentMismatchError` if they are not what
    was committed to.
    """
    opened = (
        _open_full(statement, disclosure)
        if isinstance(disclosure, FullDisclosure)
        else _open_partial(statement, disclosure)
    )
    return {index: _values(statement, index, column) for index, column in opened.items()}


def _open_full(statement: Statement, disclosure: FullDisclosure) -> dict[int, bytes]:
    try:
        opened = message.parse_disclosure(disclosure.seed, disclosure.columns, statement)
        message.check_commitment(opened)
    except WireError as error:
        if error.outcome is Outcome.BAD_COMMITMENT:
            raise CommitmentMismatchError(error.reason) from error
        raise MalformedDisclosureError(error.reason) from error
    assert opened.columns is not None
    return dict(enumerate(opened.columns))


def _open_partial(statement: Statement, disclosure: PartialDisclosure) -> Mapping[int, bytes]:
    body = statement.body
    if not isinstance(body, Telemetry):
        raise MalformedDisclosureError("only telemetry has columns")
    column_count = len(SCHEMAS[statement.schema].fields)
    if disclosure.shown[-1].index >= column_count:
        raise MalformedDisclosureError(f"column {disclosure.shown[-1].index} of a schema with {column_count} columns")
    opened = {shown.index: shown.column for shown in disclosure.shown}
    for index, column in opened.items():
        _values(statement, index, column)
    leaves = [(shown.index, _leaf(shown.salt, shown.column)) for shown in disclosure.shown]
    try:
        root = root_from_multi_inclusion(leaves, column_count, [NodeHash(node) for node in disclosure.nodes])
    except InclusionProofError as error:
        raise CommitmentMismatchError(f"the hidden columns' hashes do not fit: {error}") from error
    if root != body.commitment:
        raise CommitmentMismatchError("the shown columns do not give the statement's commitment")
    return opened


def _values(statement: Statement, index: int, column: bytes) -> tuple[int | None, ...]:
    assert isinstance(statement.body, Telemetry)
    try:
        values = decode_column(column, statement.body.reading_count)
    except WireError as error:
        raise MalformedDisclosureError(f"column {index}: {error.reason}") from error
    if index == TIME_OFFSET_COLUMN:
        present = [value for value in values if value is not None]
        if len(present) < len(values) or present[0] != 0 or present != sorted(present):
            raise MalformedDisclosureError("column 0: time offsets are not present throughout, 0 first, never falling")
    return values


def _leaf(salt: bytes, column: bytes) -> LeafHash:
    return LeafHash(NodeHash(commitment.leaf_hash(salt, column)))

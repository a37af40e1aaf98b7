"""Step 10: the verdict, put together from what the steps have found. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from voltseal.registry.key_history import KeyPeriod
from voltseal.verifier.checkpoints import CheckpointFinding
from voltseal.verifier.tally import ColumnTally, Tally
from voltseal.verifier.trust import FirmwareStatus, Trust
from voltseal.verifier.verdict import (
    AnchorStatus,
    ColumnSummary,
    DisclosureFinding,
    FirmwareFinding,
    Inclusion,
    KeyFinding,
    NewerInclusion,
    NotProven,
    TimeBounds,
    Verdict,
)
from voltseal.verifier.verification import Verification
from voltseal.wire.boot import KeyTier
from voltseal.wire.schemas import SCHEMAS
from voltseal.wire.statement import TimeQuality


def step_10_verdict(run: Verification) -> Verdict:
    """Everything found, in words of the specification. Precondition: no step failed and nothing was lacking."""
    keys = tuple(_key(period, run.tally, run.trust) for period in run.history.periods if run.tally.by_key[period.kid])
    time = _time(run)
    disclosure = _disclosure(run.tally)
    return Verdict(
        device=run.header.claim.device,
        digest=run.digest.hex(),
        keys=keys,
        inclusion=_inclusion(run),
        completeness=run.completeness,
        anchors=run.anchors,
        time=time,
        firmware=tuple(_firmware(run.tally, run.trust)),
        disclosure=disclosure,
        not_proven=tuple(_not_proven(run, keys, time, disclosure)),
    )


def _key(period: KeyPeriod, tally: Tally, trust: Trust) -> KeyFinding:
    request, revocation, rotation = period.endorsement.request, period.revocation, period.rotation
    maker = trust.maker(period.endorsement.sign1.kid)
    assert maker is not None, "step 5 lacks nothing, or there is no verdict"
    return KeyFinding(
        kid=period.kid.hex(),
        maker=maker.name,
        maker_kid=maker.key.kid.hex(),
        key_tier=request.key_tier.label,
        device_class=request.device_class,
        hwmodel=request.hwmodel.hex(),
        not_before_ms=period.endorsement.not_before_ms,
        enrolled_index=period.leaf_index,
        revoked_from_ms=None if revocation is None else revocation.effective_ms,
        revocation_index=None if revocation is None else revocation.leaf_index,
        revocation_reason=None if revocation is None else revocation.reason,
        rotation_index=None if rotation is None else rotation.leaf_index,
        succeeded_by=None if rotation is None else rotation.successor.hex(),
        statements=tally.by_key[period.kid],
        after_revocation=tally.after_revocation[period.kid],
    )


def _inclusion(run: Verification) -> Inclusion:
    return Inclusion(
        origin=run.checkpoint.origin,
        tree_size=run.checkpoint.tree_size,
        root_hash=run.checkpoint.root_hash.hex(),
        log_key=run.log_key,
        witnesses=tuple(cosignature.name for cosignature in run.cosignatures),
        entries=run.outline.entry_count,
        first_index=run.outline.first_index,
        last_index=run.outline.last_index,
        newer=None if run.newer is None else _newer(run.newer),
    )


def _newer(found: CheckpointFinding) -> NewerInclusion:
    return NewerInclusion(
        tree_size=found.checkpoint.tree_size,
        root_hash=found.checkpoint.root_hash.hex(),
        log_key=found.log_key or "",
        witnesses=tuple(cosignature.name for cosignature in found.cosignatures),
    )


def _time(run: Verification) -> TimeBounds:
    """A witness's time is in whole seconds: the checkpoint existed at the latest when that second ended."""
    bounds = [(one.timestamp_s * 1000 + 999, f"witness {one.name}") for one in run.cosignatures]
    bounds += [
        (anchor.time_ms, f"{anchor.backend} {anchor.key}")
        for anchor in run.anchors
        if anchor.status is AnchorStatus.VERIFIED and anchor.time_ms is not None
    ]
    not_after_ms, not_after_by = min(bounds, default=(None, None))
    tally = run.tally
    latest_ms = tally.latest_start_ms
    return TimeBounds(
        not_after_ms=not_after_ms,
        not_after_by=not_after_by,
        device_first_ms=tally.first_time_ms,
        device_last_ms=tally.last_time_ms,
        device_uncertainty_ms=tally.uncertainty_ms,
        qualities={TimeQuality(quality).name.lower(): n for quality, n in sorted(tally.by_quality.items())},
        disagreement=not_after_ms is not None and latest_ms is not None and latest_ms > not_after_ms,
    )


def _firmware(tally: Tally, trust: Trust) -> Iterator[FirmwareFinding]:
    for (measurement, name, version), boots in sorted(tally.firmware.items()):
        known = trust.firmware_of(measurement)
        yield FirmwareFinding(
            measurement=measurement.hex(),
            name=name,
            version=version,
            status=(FirmwareStatus.UNKNOWN if known is None else known.status).value,
            known_as=None if known is None else known.name,
            boots=boots,
        )


def _disclosure(tally: Tally) -> DisclosureFinding:
    """A column is hidden if no statement of the bundle shows it."""
    shown: list[ColumnSummary] = []
    hidden: list[str] = []
    for number in sorted(tally.schemas):
        schema = SCHEMAS[number]
        for index, field in enumerate(schema.fields):
            column = tally.columns.get((number, index))
            if column is None:
                hidden.append(field.name)
            else:
                shown.append(_column(schema.name, field.name, column))
    return DisclosureFinding(tally.full, tally.partial, tally.undisclosed, tuple(shown), tuple(hidden))


def _column(schema: str, name: str, column: ColumnTally) -> ColumnSummary:
    return ColumnSummary(
        schema=schema,
        name=name,
        statements=column.statements,
        readings=column.readings,
        absent=column.absent,
        first=None if column.first is None else column.first[1],
        last=None if column.last is None else column.last[1],
        minimum=column.minimum,
        maximum=column.maximum,
    )


def _not_proven(
    run: Verification, keys: tuple[KeyFinding, ...], time: TimeBounds, disclosure: DisclosureFinding
) -> Iterator[NotProven]:
    yield NotProven.SENSOR_TRUTH
    if not run.cosignatures:
        yield NotProven.SAME_TREE_FOR_ALL
    yield NotProven.LATER_STATEMENTS
    yield NotProven.OTHER_EVENTS
    yield NotProven.SECOND_STATEMENTS
    if disclosure.partial or disclosure.none:
        yield NotProven.HIDDEN_COLUMNS
    if time.not_after_ms is None:
        yield NotProven.TIME
    if any(key.key_tier == KeyTier.SOFTWARE.label for key in keys):
        yield NotProven.EXTRACTABLE_KEY

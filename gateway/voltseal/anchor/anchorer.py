"""Drives published checkpoints through one backend to an end, across restarts. No asyncio, no clock.

Every transition is saved before the next one begins, and `submit` may be repeated, so after a crash the anchorer goes
on from the last saved state and converges. Nothing is skipped silently: a record ends as `final`, or as `superseded`
with the size that stands for it, or it is retried, with the last error kept in it.

Which checkpoints are planned is policy; the others are proved by the next planned one and a consistency proof. Where a
backend takes anchors one at a time, those that waited unsent (an outage, an empty wallet) give way to the newest.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from voltseal import crash
from voltseal.anchor.errors import AnchorSupersededError, AnchorUnavailableError
from voltseal.anchor.interface import AnchorBackend, AnchorProof, AnchorRequest, AnchorState
from voltseal.errors import VoltsealError
from voltseal.log.merkle import RootHash
from voltseal.log.sequencer import PublishedCheckpoint

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnchorPolicy:
    """Plan an anchor after `every_checkpoints` checkpoints or `every_ms` since the last plan, whichever is first.

    None switches a rule off; one must stay. Failed attempts wait `retry_base_ms`, doubling up to `retry_cap_ms`.
    """

    every_checkpoints: int | None = None
    every_ms: int | None = 60_000
    retry_base_ms: int = 1_000
    retry_cap_ms: int = 300_000

    def __post_init__(self) -> None:
        if self.every_checkpoints is None and self.every_ms is None:
            raise ValueError("an anchor policy without a rule would never anchor")
        every = 1 if self.every_checkpoints is None else self.every_checkpoints
        if min(every, self.retry_base_ms, self.retry_cap_ms) < 1 or (self.every_ms or 0) < 0:
            raise ValueError("the numbers of an anchor policy must be positive")

    def backoff_ms(self, attempts: int) -> int:
        """How long to wait after `attempts` failures in a row (at least 1)."""
        return min(self.retry_cap_ms, self.retry_base_ms << min(attempts - 1, 32))


@dataclass(frozen=True, slots=True)
class AnchorRecord:
    """The persisted state of one checkpoint at one target, named by (target, tree_size).

    `target` is the backend's URI; `number`, `tree_size`, `root_hash` and `note` are the published checkpoint's. Times
    are POSIX milliseconds of the gateway's clock. `prepared` is None until made; `attempts` counts failures in a row;
    `superseded_by` is the tree size whose anchor stands for this one.
    """

    target: str
    origin: str
    number: int
    tree_size: int
    root_hash: RootHash
    note: bytes
    state: AnchorState
    planned_ms: int
    updated_ms: int
    prepared: bytes | None = None
    attempts: int = 0
    next_attempt_ms: int = 0
    proof: AnchorProof | None = None
    superseded_by: int | None = None
    last_error: str | None = None

    @property
    def request(self) -> AnchorRequest:
        """What the backend is asked."""
        return AnchorRequest(self.origin, self.tree_size, self.root_hash, self.note)


class AnchorRecords(Protocol):
    """Where anchor records are kept."""

    def save_anchor(self, record: AnchorRecord) -> None:
        """Insert or replace by (target, tree_size); durable (fsynced) when this returns."""
        ...

    def unfinished_anchors(self, target: str) -> Sequence[AnchorRecord]:
        """Records of `target` that are not at an end, ascending by tree size."""
        ...

    def latest_anchor_record(self, target: str) -> AnchorRecord | None:
        """The record of `target` with the largest tree, whatever its state."""
        ...


class CheckpointSource(Protocol):
    """Published checkpoints, as the anchorer needs them."""

    def latest_checkpoint(self) -> PublishedCheckpoint | None:
        """The one with the largest tree, or None before the first."""
        ...


@dataclass(frozen=True, slots=True)
class _Rest:
    """No need to ask the backend again from `since_ms` until `until_ms`."""

    since_ms: int
    until_ms: int


class Anchorer:
    """Anchors one log at one target. Owns no state but when to ask the backend again: records own the rest."""

    def __init__(
        self,
        target: str,
        *,
        backend: AnchorBackend,
        checkpoints: CheckpointSource,
        records: AnchorRecords,
        policy: AnchorPolicy,
    ) -> None:
        self._target = target
        self._backend = backend
        self._checkpoints = checkpoints
        self._records = records
        self._policy = policy
        self._rests: dict[int, _Rest] = {}  # by tree size; forgotten at a restart, which then asks at once

    def recheck(self, now_ms: int) -> AnchorRecord | None:
        """Ask whether the newest anchor still stands; to be called at start. Returns it if it has to be redone.

        A ledger file that was replaced, or a chain that was reorganised deeper than it promised, shows here. Raises
        `AnchorError`s; `AnchorUnavailableError` leaves everything as it was.
        """
        latest = self._records.latest_anchor_record(self._target)
        if latest is None or latest.state is not AnchorState.FINAL:
            return None
        progress = self._backend.check(latest.request, latest.prepared or b"")
        if progress.state is not AnchorState.REORGED:
            return None
        _logger.error("anchor lost target=%s tree_size=%d", self._target, latest.tree_size)
        return self._save(latest, now_ms, state=AnchorState.REORGED, proof=None, attempts=0, next_attempt_ms=0)

    def step(self, now_ms: int, *, force: bool = False) -> list[AnchorRecord]:
        """Plan what is due and move every unfinished record as far as it goes now; returns the records that changed.

        `force` plans the newest checkpoint without waiting for the policy (shutdown, operator). Raises
        `AnchorContradictionError` and other final `AnchorError`s, with the error kept in the record.
        """
        changed = []
        planned = self._plan(now_ms, force=force)
        if planned is not None:
            changed.append(planned)
        changed += self._give_way(now_ms)
        for record in self._records.unfinished_anchors(self._target):
            wait_ms = self._wait_ms(record, now_ms)
            if not wait_ms or (force and record.attempts):
                before, record = record, self._advance(record, now_ms)  # noqa: PLW2901
                if record is not before:
                    changed.append(record)
            if self._holds_up(record):
                break
        return changed

    def due_in_ms(self, now_ms: int) -> int | None:
        """Milliseconds until `step` has something to do, None if that depends on new checkpoints alone."""
        waits = []
        for record in self._records.unfinished_anchors(self._target):
            waits.append(self._wait_ms(record, now_ms))
            if self._holds_up(record):
                break
        latest, newest = self._records.latest_anchor_record(self._target), self._checkpoints.latest_checkpoint()
        if newest is not None and (latest is None or newest.number > latest.number):
            if latest is None or self._is_due(latest, newest, now_ms):
                waits.append(0)
            elif self._policy.every_ms is not None:
                waits.append(latest.planned_ms + self._policy.every_ms - now_ms)
        return min(waits, default=None)

    def _give_way(self, now_ms: int) -> list[AnchorRecord]:
        """Of the records for which nothing was ever signed, the newest stands for all: one transaction catches up."""
        if not self._backend.is_sequential:
            return []
        unfinished = self._records.unfinished_anchors(self._target)
        unsent = [one for one in unfinished if one.state is AnchorState.PLANNED and one.prepared is None]
        return [
            self._save(one, now_ms, state=AnchorState.SUPERSEDED, superseded_by=unsent[-1].tree_size, attempts=0)
            for one in unsent[:-1]
        ]

    def _wait_ms(self, record: AnchorRecord, now_ms: int) -> int:
        """How long the record need not be looked at. A clock that was set back ends every wait."""
        if record.attempts:
            return record.next_attempt_ms - now_ms if record.updated_ms <= now_ms < record.next_attempt_ms else 0
        rest = self._rests.get(record.tree_size)
        return rest.until_ms - now_ms if rest is not None and rest.since_ms <= now_ms < rest.until_ms else 0

    def _holds_up(self, record: AnchorRecord) -> bool:
        """Whether later records wait for this one: a later checkpoint must not overtake one that is to be retried."""
        underway = {AnchorState.PLANNED, AnchorState.SUBMITTED, AnchorState.REORGED}
        return bool(record.attempts) or (self._backend.is_sequential and record.state in underway)

    def _plan(self, now_ms: int, *, force: bool) -> AnchorRecord | None:
        newest = self._checkpoints.latest_checkpoint()
        latest = self._records.latest_anchor_record(self._target)
        if newest is None or (latest is not None and newest.number <= latest.number):
            return None
        if latest is not None and not force and not self._is_due(latest, newest, now_ms):
            return None
        record = AnchorRecord(
            target=self._target,
            origin=newest.checkpoint.origin,
            number=newest.number,
            tree_size=newest.checkpoint.tree_size,
            root_hash=newest.checkpoint.root_hash,
            note=newest.raw,
            state=AnchorState.PLANNED,
            planned_ms=now_ms,
            updated_ms=now_ms,
        )
        self._records.save_anchor(record)
        return record

    def _is_due(self, latest: AnchorRecord, newest: PublishedCheckpoint, now_ms: int) -> bool:
        """Whether the policy asks for another anchor. A clock that was set back counts as time passed."""
        every_ms, every = self._policy.every_ms, self._policy.every_checkpoints
        if every_ms is not None and not latest.planned_ms <= now_ms < latest.planned_ms + every_ms:
            return True
        return every is not None and newest.number - latest.number >= every

    def _advance(self, record: AnchorRecord, now_ms: int) -> AnchorRecord:
        """Move one record as far as the backend allows, saving every transition."""
        current = record
        try:
            if current.state in {AnchorState.PLANNED, AnchorState.REORGED}:
                if current.prepared is None:
                    prepared = self._backend.prepare(current.request)
                    current = self._save(current, now_ms, prepared=prepared)
                current = self._submit(current, now_ms)
            progress = self._backend.check(current.request, current.prepared or b"")
            if progress.prepared is not None:
                current = self._save(current, now_ms, prepared=progress.prepared)
                if progress.state in {AnchorState.SUBMITTED, AnchorState.REORGED}:
                    return self._submit(current, now_ms)
        except AnchorUnavailableError as error:
            return self._postpone(current, now_ms, error)
        except AnchorSupersededError as error:
            return self._save(current, now_ms, state=AnchorState.SUPERSEDED, superseded_by=error.by, attempts=0)
        except VoltsealError as error:
            self._save(current, now_ms, last_error=str(error))
            raise
        if progress.state is AnchorState.REORGED:  # sent, and not there: send the same bytes again, later
            lost = replace(current, state=AnchorState.REORGED, proof=None)
            return self._postpone(lost, now_ms, AnchorUnavailableError("the backend does not have the anchor"))
        if progress.state.is_end:
            self._rests.pop(current.tree_size, None)
        elif progress.retry_ms:
            self._rests[current.tree_size] = _Rest(now_ms, now_ms + progress.retry_ms)
        if (progress.state, progress.proof, 0) == (current.state, current.proof, current.attempts):
            return current
        return self._save(current, now_ms, state=progress.state, proof=progress.proof, attempts=0, last_error=None)

    def _submit(self, record: AnchorRecord, now_ms: int) -> AnchorRecord:
        """Send what is stored. A crash here leaves it sent or not: the next start sends the same bytes, or finds it."""
        crash.at("after-anchor-signed")
        self._backend.submit(record.request, record.prepared or b"")
        crash.at("after-anchor-sent")
        return self._save(record, now_ms, state=AnchorState.SUBMITTED, proof=None)

    def _postpone(self, record: AnchorRecord, now_ms: int, error: AnchorUnavailableError) -> AnchorRecord:
        attempts = record.attempts + 1
        wait_ms = self._policy.backoff_ms(attempts)
        _logger.warning(
            "anchor postponed target=%s tree_size=%d attempts=%d wait_ms=%d error=%r",
            self._target, record.tree_size, attempts, wait_ms, str(error),
        )  # fmt: skip
        return self._save(record, now_ms, attempts=attempts, next_attempt_ms=now_ms + wait_ms, last_error=str(error))

    def _save(self, record: AnchorRecord, now_ms: int, **changes: object) -> AnchorRecord:
        changed = replace(record, updated_ms=now_ms, **changes)  # type: ignore[arg-type]
        self._records.save_anchor(changed)
        return changed

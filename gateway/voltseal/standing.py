"""How a gateway's log stands, at one glance into its store: for status, metrics, doctor and alerts. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voltseal.log_check.state import LastCheck, read_state
from voltseal.store.interface import AlarmKind, StoreReader


@dataclass(frozen=True, slots=True)
class Standing:
    """Sizes in entries, times in POSIX milliseconds. None where there is nothing yet.

    `unanchored_ms`: when the oldest checkpoint was cut that no anchor covers; None if all are covered.
    """

    entries: int
    tree_size: int
    checkpoint_size: int
    checkpoint_ms: int | None
    anchor_size: int
    anchor_ms: int | None
    unanchored_ms: int | None
    alarms: Mapping[AlarmKind, int]
    last_check: LastCheck | None

    @classmethod
    def of(cls, store: StoreReader, store_path: Path, now_ms: int) -> Standing:
        """As of now. Precondition: within a snapshot, if a gateway is running. Raises `StoreError`."""
        checkpoint, anchor = store.latest_checkpoint(), store.latest_anchor()
        anchored = anchor.tree_size if anchor else 0
        waiting = next(iter(store.checkpoints(anchored + 1)), None)
        origin = checkpoint.checkpoint.origin if checkpoint else ""
        return cls(
            entries=store.entry_count(),
            tree_size=store.tree_size(),
            checkpoint_size=checkpoint.checkpoint.tree_size if checkpoint else 0,
            checkpoint_ms=checkpoint.cut_ms if checkpoint else None,
            anchor_size=anchored,
            anchor_ms=anchor.time_ms if anchor else None,
            unanchored_ms=None if waiting is None else min(waiting.cut_ms, now_ms),
            alarms=store.alarm_counts(),
            last_check=read_state(store_path, origin).last,
        )

    def unanchored_s(self, now_ms: int) -> float:
        """For how long published entries have waited for an anchor; 0 if none waits."""
        return 0.0 if self.unanchored_ms is None else max(0, now_ms - self.unanchored_ms) / 1000

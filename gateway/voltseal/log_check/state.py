"""What is kept of a check in a file beside the store: how far it is, to go on from, and how the last whole one ended.

Whoever can alter the store can alter this file as well. It can then hide entries that were altered after they were
read, as time passing does; the roots it claims must still lead to the next signed checkpoint. `voltseal log check`
without --resume believes nothing of it.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from voltseal.log.merkle import NodeHash
from voltseal.log_check.report import Finding, LogReport
from voltseal.log_check.roots import RootState
from voltseal.log_check.statements import Numbers
from voltseal.store.interface import Run

_FORMAT: Final = "voltseal-log-check/1"
_SHOWN_FINDINGS = 10


@dataclass(frozen=True, slots=True)
class Position:
    """A check that is under way, after `report.entries` entries."""

    report: LogReport
    roots: RootState
    numbers: Numbers


@dataclass(frozen=True, slots=True)
class LastCheck:
    """How the last whole check ended. `findings`: the first few, as text."""

    finished_ms: int
    entries: int
    findings_total: int
    findings: tuple[str, ...] = ()

    @classmethod
    def of(cls, report: LogReport, finished_ms: int) -> LastCheck:
        """What is kept of a report."""
        shown = tuple(f"{one.code}: {one.message}" for one in report.findings[:_SHOWN_FINDINGS])
        return cls(finished_ms, report.entries, report.findings_total, shown)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings_total


@dataclass(frozen=True, slots=True)
class CheckState:
    """What the file says. Both parts may be missing."""

    origin: str
    last: LastCheck | None = None
    position: Position | None = field(default=None, repr=False)


def state_path(store_path: Path) -> Path:
    """Where the file lies."""
    return store_path.with_name(store_path.name + ".check")


def read_state(store_path: Path, origin: str) -> CheckState:
    """The state for this log; an empty one where there is none or it cannot be read: then all is checked anew."""
    try:
        content = json.loads(state_path(store_path).read_text(encoding="utf-8"))
        if content["format"] != _FORMAT or content["origin"] != origin:
            return CheckState(origin)
        last, position = content["last"], content["position"]
        return CheckState(
            origin, None if last is None else _last(last), None if position is None else _position(position)
        )
    except (OSError, ValueError, KeyError, TypeError):
        return CheckState(origin)


def write_state(store_path: Path, state: CheckState) -> None:
    """Replace the file, all or nothing. Raises `OSError`. Not fsynced: after a power cut, some is checked again."""
    path = state_path(store_path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")  # a command and the gateway may both write
    position = None if state.position is None else _position_content(state.position)
    last = None if state.last is None else asdict(state.last)
    content = {"format": _FORMAT, "origin": state.origin, "last": last, "position": position}
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file)
    partial.replace(path)


def _last(content: dict[str, Any]) -> LastCheck:
    findings = tuple(str(one) for one in content["findings"])
    return LastCheck(int(content["finished_ms"]), int(content["entries"]), int(content["findings_total"]), findings)


def _position_content(position: Position) -> dict[str, Any]:
    roots = position.roots
    return {
        "report": asdict(position.report),
        "subtrees": [[width, root.hex()] for width, root in roots.subtrees],
        "last_good": roots.last_good,
        "is_broken": roots.is_broken,
        "next_checkpoint": roots.next_checkpoint,
        "numbers": {str(no): [[run.first, run.last] for run in runs] for no, runs in position.numbers.items()},
    }


def _position(content: dict[str, Any]) -> Position:
    counts = dict(content["report"])
    findings = [Finding(str(one["code"]), one["leaf_index"], str(one["message"])) for one in counts.pop("findings")]
    report = LogReport(**{name: int(count) for name, count in counts.items()}, findings=findings)
    subtrees = tuple((int(width), NodeHash(bytes.fromhex(root))) for width, root in content["subtrees"])
    if sum(width for width, _ in subtrees) != report.entries:
        raise ValueError("the subtrees do not hold as many entries as were read")
    roots = RootState(subtrees, int(content["last_good"]), bool(content["is_broken"]), int(content["next_checkpoint"]))
    numbers = {int(no): tuple(Run(int(a), int(b)) for a, b in runs) for no, runs in content["numbers"].items()}
    return Position(report, roots, numbers)

"""What an alert says. Pure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """Stable names. The first three are alarms about statements (docs/spec/outcomes.md); the others last a while."""

    EQUIVOCATION = "equivocation"
    BROKEN_CHAIN = "broken-chain"
    BOOT_REGRESSION = "boot-regression"
    LOG_ALTERED = "log-altered"
    ANCHOR_OLD = "anchor-old"
    COMMIT_FAILING = "commit-failing"


class State(StrEnum):
    """`firing`: it is so. `resolved`: it has been so and is over; never of an alarm about statements."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class StatementAlarms:
    """Alarms of one kind about one device. `device`: the ueid in hex; `count` of them, from leaf to leaf.

    `statements`: those with the first one's sequence number, base64: of an equivocation, the evidence itself.
    """

    device: str
    count: int
    first_leaf_index: int
    last_leaf_index: int
    sequence: int
    reason: str
    statements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alert:
    """One message. `time_ms`: the gateway's clock. `alarms` only for alarms about statements."""

    kind: Kind
    state: State
    time_ms: int
    text: str
    alarms: StatementAlarms | None = None

    def content(self) -> dict[str, Any]:
        """As JSON values; what is not there is left out."""
        return {name: value for name, value in asdict(self).items() if value is not None}

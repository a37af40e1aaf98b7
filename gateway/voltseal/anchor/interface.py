"""What every anchor backend does, and the states an anchor goes through. No I/O.

A backend is picked by the scheme of a URI (`voltseal.anchor.backends.open_backend`). Calls may block: the gateway runs
them on a thread of their own.

    planned -> submitted -> included -> safe -> final
                  ^             |         |
                  +-- reorged <-+---------+      superseded: a later checkpoint was anchored instead

`final` and `superseded` are ends. A checkpoint that is superseded is still proved: by the later anchor and a
consistency proof between the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from voltseal.log.merkle import RootHash


class AnchorState(StrEnum):
    """How far an anchor has come. The values are persisted and never change."""

    PLANNED = "planned"
    SUBMITTED = "submitted"
    INCLUDED = "included"
    SAFE = "safe"
    FINAL = "final"
    REORGED = "reorged"
    SUPERSEDED = "superseded"

    @property
    def is_end(self) -> bool:
        """Whether the anchorer has nothing left to do."""
        return self in {AnchorState.FINAL, AnchorState.SUPERSEDED}


class AnchorStrength(StrEnum):
    """What an anchor withstands. `weak`: the operator of the log could have made it alone."""

    WEAK = "weak"
    STRONG = "strong"


@dataclass(frozen=True, slots=True)
class AnchorRequest:
    """A published checkpoint to anchor. `note`: its signed bytes, for backends that want more than the root."""

    origin: str
    tree_size: int
    root_hash: RootHash
    note: bytes


@dataclass(frozen=True, slots=True)
class AnchorProof:
    """What an evidence bundle carries. `backend`: the URI scheme; `proof`: text in the backend's own format.

    `time_ms`: not after this time, POSIX milliseconds, on the backend's word.
    """

    backend: str
    strength: AnchorStrength
    proof: str
    time_ms: int


@dataclass(frozen=True, slots=True)
class AnchorProgress:
    """What a backend knows of one request. `proof` is there from `included` on.

    `prepared`: to be stored instead of what is; where the anchor is not included yet, it shall then be submitted.
    `retry_ms`: asking again sooner is of no use.
    """

    state: AnchorState
    proof: AnchorProof | None = None
    prepared: bytes | None = None
    retry_ms: int = 0


class AnchorBackend(Protocol):
    """One place that checkpoints are put.

    All methods raise `AnchorUnavailableError` for what may pass, and other `AnchorError`s for what will not.
    """

    @property
    def scheme(self) -> str:
        """The URI scheme, such as `ledger`."""
        ...

    @property
    def is_sequential(self) -> bool:
        """Whether anchors go out one at a time: then, of those that wait unsent, the newest stands for all."""
        ...

    @property
    def strength(self) -> AnchorStrength:
        """What this backend's anchors withstand; shown wherever they are shown."""
        ...

    def prepare(self, request: AnchorRequest) -> bytes:
        """Exactly what `submit` will send, such as a signed transaction; empty if the backend needs nothing.

        It changes nothing anywhere. The caller persists the result before `submit`, so that a repeat after a crash
        sends the same bytes and cannot anchor twice.
        """
        ...

    def submit(self, request: AnchorRequest, prepared: bytes) -> None:
        """Send. Repeating it, also after a restart, has no further effect.

        Raises `AnchorSupersededError` if only later checkpoints are taken, `AnchorContradictionError` if the backend
        holds another root for this size.
        """
        ...

    def check(self, request: AnchorRequest, prepared: bytes) -> AnchorProgress:
        """How far a submitted request has come; `reorged` if the backend does not have it (any more)."""
        ...

    def close(self) -> None:
        """Give up files and connections."""
        ...

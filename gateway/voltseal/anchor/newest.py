"""What a backend knows of the log by itself: the largest checkpoint that was put there, whatever the store says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from voltseal.anchor.interface import AnchorBackend
from voltseal.log.merkle import RootHash


@dataclass(frozen=True, slots=True)
class KnownCheckpoint:
    """A checkpoint that somebody else has. `source` names whom; `root_hash` is None where only the size is known."""

    source: str
    tree_size: int
    root_hash: RootHash | None


@runtime_checkable
class KnowsNewest(Protocol):
    """A backend that can be asked. What it cannot tell at the moment it does not tell."""

    def newest(self) -> KnownCheckpoint | None:
        """The largest one, or None if there is none, or the backend cannot be reached. Raises other `AnchorError`s."""
        ...


def newest_of(backend: AnchorBackend) -> KnownCheckpoint | None:
    """What the backend tells, if it is one that can."""
    return backend.newest() if isinstance(backend, KnowsNewest) else None

"""The member `newer` of a bundle: a later checkpoint of the same log (docs/spec/bundle.md). Pure values, no I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from voltseal.evidence import jcs
from voltseal.wire.limits import HASH_BYTES


@dataclass(frozen=True, slots=True)
class NewerCheckpoint:
    """A signed note, and the consistency proof (32-byte hashes) that leads to it from the bundle's checkpoint."""

    checkpoint: str
    consistency: tuple[bytes, ...]

    def to_json(self) -> dict[str, object]:
        """The member `newer`."""
        return {"checkpoint": self.checkpoint, "consistency": [jcs.octets_text(node) for node in self.consistency]}

    @classmethod
    def from_json(cls, value: object) -> Self | None:
        """Read the member `newer`, which may be null. Raises `MalformedBundleError`."""
        if value is None:
            return None
        newer = jcs.members(value, "newer", frozenset({"checkpoint", "consistency"}))
        nodes = jcs.items(newer["consistency"], "newer.consistency")
        return cls(
            jcs.note_text(newer["checkpoint"], "newer.checkpoint"),
            tuple(jcs.octets(node, "newer.consistency", length=HASH_BYTES) for node in nodes),
        )

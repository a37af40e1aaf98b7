"""A bundle as a draft that any part can be changed in, and its text, written anew from docs/spec/bundle.md."""

from __future__ import annotations

import json
from base64 import b64encode
from copy import deepcopy
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from .parts import tree_hash


def b64(raw: bytes) -> str:
    return b64encode(raw).decode()


def jcs(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def leaf(entry: bytes) -> bytes:
    return sha256(b"\x00" + entry).digest()


def multi_proof(leaves: list[bytes], indexes: list[int]) -> list[bytes]:
    """The roots of the largest subtrees without any of `indexes`, left to right."""
    wanted = set(indexes)

    def walk(begin: int, end: int) -> list[bytes]:
        if not wanted & set(range(begin, end)):
            return [tree_hash(leaves[begin:end])]
        if end - begin == 1:
            return []
        split = 1
        while split * 2 < end - begin:
            split *= 2
        return walk(begin, begin + split) + walk(begin + split, end)

    return walk(0, len(leaves))


def consistency_proof(leaves: list[bytes], old_size: int) -> list[bytes]:
    """RFC 6962 section 2.1.2, by its own recursion; empty for an old size that is all."""

    def subproof(old: int, begin: int, end: int, *, known: bool) -> list[bytes]:
        if old == end - begin:
            return [] if known else [tree_hash(leaves[begin:end])]
        split = 1
        while split * 2 < end - begin:
            split *= 2
        if old <= split:
            return [*subproof(old, begin, begin + split, known=known), tree_hash(leaves[begin + split : end])]
        return [*subproof(old - split, begin + split, end, known=False), tree_hash(leaves[begin : begin + split])]

    return subproof(old_size, 0, len(leaves), known=True)


@dataclass
class Draft:
    """Every member of a bundle, to be changed at will. `text()` writes it; None lets it work a member out."""

    origin: str
    claim: dict[str, Any]
    checkpoint: str
    anchors: list[dict[str, str]]
    entries: list[dict[str, Any]]
    inclusion: list[str]
    newer: Any = None
    made_by: dict[str, str] = field(default_factory=lambda: {"software": "voltseal vectors", "spec": "1"})
    format: str = "voltseal-evidence/1"
    digest: bytes | None = None

    def copy(self) -> Draft:
        return deepcopy(self)

    def at(self, index: int) -> dict[str, Any]:
        """The entry at a leaf index."""
        return next(entry for entry in self.entries if entry["index"] == index)

    def lines(self) -> list[str]:
        """All lines before that of the digest."""
        lines = [
            f'{{"format":{jcs(self.format)},',
            f'"origin":{jcs(self.origin)},',
            f'"made_by":{jcs(self.made_by)},',
            f'"claim":{jcs(self.claim)},',
            f'"checkpoint":{jcs(self.checkpoint)},',
            f'"anchors":{jcs(self.anchors)},',
            f'"newer":{jcs(self.newer)},',
        ]
        for name, items in (("inclusion", self.inclusion), ("entries", self.entries)):
            written = [jcs(item) for item in items]
            lines += [f'"{name}":[', *(item + "," for item in written[:-1]), *written[-1:], "],"]
        return lines

    def text(self) -> str:
        return finish(self.lines(), self.digest)


def finish(lines: list[str], digest: bytes | None = None) -> str:
    """The text of a bundle from all its lines but the last."""
    body = "".join(line + "\n" for line in lines)
    return body + f'"digest":{jcs(b64(digest or sha256(body.encode()).digest()))}}}\n'

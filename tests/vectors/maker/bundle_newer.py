"""The member `newer`: later checkpoints that continue the bundle's, and such that do not (steps 1 and 4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .bundle_case import Case, Scene, invalid, scene, valid
from .bundle_text import Draft, b64, consistency_proof, finish
from .bundle_world import FORGED_LOG_KEY, LOG_KEY, WITNESS_KEY, World
from .cast import ORIGIN, OTHER_ORIGIN
from .notes import checkpoint_text, signed
from .parts import tree_hash

EARLY = 13  # leaves of the log when most bundles here were made


def cases() -> Iterator[Case]:
    s = scene()
    yield from _valid(s)
    yield from _malformed(s)
    yield from _proofs(s)
    yield from _checkpoints(s)


def early(s: Scene, size: int = EARLY) -> Draft:
    """The statements 0..4, from the log when it had `size` leaves, with the checkpoint of the whole log."""
    world = World()
    for index in range(size):
        world.add(s.world.owner[index], s.world.told.get(index, s.world.leaves[index]))
    draft = world.draft(s.device, [(0, 4)])
    draft.newer = {
        "checkpoint": s.world.checkpoint(),
        "consistency": [b64(node) for node in consistency_proof(s.world.hashes(), size)],
    }
    return draft


def _changed(draft: Draft, **members: Any) -> Draft:
    draft.newer |= members
    return draft


def _valid(s: Scene) -> Iterator[Case]:
    size = len(s.world.leaves)
    for old in (11, 12, EARLY, 16, size - 1):
        yield valid(
            f"newer-from-{old}", f"the log has grown from {old} leaves to {size}", early(s, old), newer=[size, 0]
        )
    yield valid("newer-equal", "the newer checkpoint is the bundle's own", early(s, size), newer=[size, 0])
    text = checkpoint_text(ORIGIN, size, s.world.root)
    cosigned = signed(text, LOG_KEY.line(text), WITNESS_KEY.line(text, time_s=1_750_000_450))
    yield valid(
        "newer-witness",
        "a trusted witness has cosigned the newer checkpoint only: that bounds no time",
        _changed(early(s), checkpoint=cosigned),
        "witness",
        newer=[size, 1],
        witnesses=0,
        not_after_ms=None,
    )


def _malformed(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, content: Draft | str) -> Case:
        return invalid(name, description, content, 1, "malformed-bundle")

    lines = early(s).lines()
    at = next(place for place, line in enumerate(lines) if line.startswith('"newer":'))
    yield case("newer-missing", "no line for `newer`", finish(lines[:at] + lines[at + 1 :]))
    yield case(
        "newer-elsewhere",
        "`newer` before `anchors`",
        finish([*lines[: at - 1], lines[at], lines[at - 1], *lines[at + 1 :]]),
    )
    yield case("newer-unknown-member", "an unknown member in `newer`", _changed(early(s), extra="x"))
    draft = early(s)
    del draft.newer["consistency"]
    yield case("newer-no-proof", "`newer` without a proof", draft)
    draft = early(s)
    draft.newer = draft.newer["checkpoint"]
    yield case("newer-text", "a text for `newer`", draft)
    draft.newer = []
    yield case("newer-array", "an array for `newer`", draft)
    yield case("newer-null-proof", "`null` for the proof", _changed(early(s), consistency=None))
    yield case("newer-null-checkpoint", "`null` for the checkpoint", _changed(early(s), checkpoint=None))
    yield case("newer-short-hash", "a hash of 31 bytes", _changed(early(s), consistency=[b64(bytes(31))]))
    draft = early(s)
    draft.anchors = None  # type: ignore[assignment]
    yield case("anchors-null", "`null` where no `null` may stand", draft)


def _proofs(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, draft: Draft, **members: Any) -> Case:
        return invalid(name, description, _changed(draft, **members), 4, "inconsistent")

    size = len(s.world.leaves)
    proof = early(s).newer["consistency"]
    for place in (0, len(proof) // 2, len(proof) - 1):
        changed = [*proof]
        changed[place] = b64(bytes(32))
        yield case(f"newer-proof-changed-{place}", f"hash {place} of the proof changed", early(s), consistency=changed)
    yield case(
        "newer-proof-swapped", "two hashes change places", early(s), consistency=[proof[1], proof[0], *proof[2:]]
    )
    yield case("newer-proof-short", "the last hash is missing", early(s), consistency=proof[:-1])
    yield case("newer-proof-long", "a hash too many", early(s), consistency=[*proof, proof[-1]])
    yield case("newer-proof-empty", "no hash at all", early(s), consistency=[])
    yield case(
        "newer-proof-empty-16", "no hash at all, from a size that is a power of two", early(s, 16), consistency=[]
    )
    whole = early(s, size)
    yield case("newer-equal-proof", "a hash where the sizes are equal", whole, consistency=[b64(s.world.root)])
    other = checkpoint_text(ORIGIN, size, bytes(32))
    yield case(
        "newer-equal-other-root",
        "the log signed two roots of one size",
        early(s, size),
        checkpoint=signed(other, LOG_KEY.line(other)),
    )
    draft = early(s, size)
    yield case(
        "newer-smaller",
        "the checkpoint is older than the bundle's",
        draft,
        checkpoint=early(s).checkpoint,
        consistency=proof,
    )
    rewritten = s.world.hashes()
    rewritten[0] = bytes(32)
    text = checkpoint_text(ORIGIN, size, tree_hash(rewritten))
    yield case(
        "newer-rewritten",
        "the log has rewritten its past, and proves that as well as it can",
        early(s),
        checkpoint=signed(text, LOG_KEY.line(text)),
        consistency=[b64(node) for node in consistency_proof(rewritten, EARLY)],
    )


def _checkpoints(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, code: str, note: str, trust: str = "full") -> Case:
        return invalid(name, description, _changed(early(s), checkpoint=note), 4, code, trust)

    size = len(s.world.leaves)
    text = checkpoint_text(ORIGIN, size, s.world.root)
    foreign = checkpoint_text(OTHER_ORIGIN, size, s.world.root)
    good = LOG_KEY.line(text)
    yield case("newer-not-a-note", "a newer checkpoint that is no note", "malformed-checkpoint", "hello")
    yield case("newer-foreign", "another log's", "foreign-checkpoint", signed(foreign, LOG_KEY.line(foreign)))
    yield case(
        "newer-forged-key",
        "signed by another key with the log's name",
        "bad-checkpoint-signature",
        signed(text, FORGED_LOG_KEY.line(text)),
    )
    yield case(
        "newer-signature-moved",
        "a signature of another text",
        "bad-checkpoint-signature",
        signed(text, LOG_KEY.line("a\n")),
    )
    yield case(
        "newer-witness-wrong",
        "a trusted witness's line that is not valid here",
        "bad-checkpoint-signature",
        signed(text, good, WITNESS_KEY.line(foreign, time_s=1)),
        "witness",
    )
    draft = _changed(early(s), checkpoint="hello")
    draft.inclusion.pop()
    yield invalid("newer-after-inclusion", "inclusion is judged before `newer`", draft, 4, "not-included")

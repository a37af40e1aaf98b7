"""Forgeries of the checkpoint (step 3), and origins outside the limits."""

from __future__ import annotations

from collections.abc import Iterator

from .bundle_case import Case, Scene, invalid, scene
from .bundle_text import Draft
from .bundle_world import FORGED_LOG_KEY, LOG_KEY, OTHER_LOG_KEY, WITNESS_KEY
from .cast import ORIGIN, OTHER_ORIGIN
from .notes import checkpoint_text, signed


def cases() -> Iterator[Case]:
    s = scene()

    def with_note(note: str, origin: str = ORIGIN) -> Draft:
        draft = s.quiet()
        draft.checkpoint, draft.origin, draft.anchors = note, origin, []
        return draft

    text = checkpoint_text(ORIGIN, len(s.world.leaves), s.world.root)
    good = LOG_KEY.line(text)
    yield invalid(
        "checkpoint-unsigned", "a checkpoint without signature lines", with_note(text), 3, "malformed-checkpoint"
    )
    yield invalid("checkpoint-not-a-note", "a text that is no note", with_note("hello"), 3, "malformed-checkpoint")
    yield invalid(
        "checkpoint-two-lines",
        "a note that is no checkpoint",
        with_note(signed("a\nb\n", good)),
        3,
        "malformed-checkpoint",
    )
    padded = text.replace(f"\n{len(s.world.leaves)}\n", f"\n0{len(s.world.leaves)}\n")
    yield invalid(
        "checkpoint-size-zero-padded",
        "a tree size with a leading zero",
        with_note(signed(padded, LOG_KEY.line(padded))),
        3,
        "malformed-checkpoint",
    )
    other = checkpoint_text(OTHER_ORIGIN, len(s.world.leaves), s.world.root)
    yield invalid(
        "checkpoint-foreign",
        "another log's checkpoint",
        with_note(signed(other, LOG_KEY.line(other))),
        3,
        "foreign-checkpoint",
    )
    yield invalid(
        "checkpoint-origin-renamed",
        "the bundle names another origin than its checkpoint",
        with_note(signed(text, good), OTHER_ORIGIN),
        3,
        "foreign-checkpoint",
    )
    yield invalid(
        "checkpoint-forged-key",
        "signed by another key with the log's name",
        with_note(signed(text, FORGED_LOG_KEY.line(text))),
        3,
        "bad-checkpoint-signature",
    )
    larger = checkpoint_text(ORIGIN, len(s.world.leaves) + 1, s.world.root)
    yield invalid(
        "checkpoint-signature-moved",
        "a signature of another checkpoint",
        with_note(signed(larger, good)),
        3,
        "bad-checkpoint-signature",
    )
    yield invalid(
        "checkpoint-signed-twice",
        "two lines of the log's key",
        with_note(signed(text, good, good)),
        3,
        "bad-checkpoint-signature",
    )
    wrong = WITNESS_KEY.line(larger, time_s=1)
    yield invalid(
        "witness-wrong",
        "a trusted witness's line that is not valid here",
        with_note(signed(text, good, wrong)),
        3,
        "bad-checkpoint-signature",
        "witness",
    )
    yield invalid(
        "witness-wrong-log-unknown",
        "a trusted witness's wrong line, where the log itself is unknown",
        with_note(signed(text, good, wrong)),
        3,
        "bad-checkpoint-signature",
        "witness-no-log",
    )
    foreign = OTHER_LOG_KEY.line(larger)
    for trust in ("two-logs", "other-log"):
        yield invalid(
            f"other-log-wrong-{trust}",
            "a wrong line of a key that is trusted for another log",
            with_note(signed(text, good, foreign)),
            3,
            "bad-checkpoint-signature",
            trust,
        )
    yield invalid(
        "other-log-alone",
        "signed by a key that is trusted for another log, and by no other",
        with_note(signed(text, OTHER_LOG_KEY.line(text))),
        3,
        "bad-checkpoint-signature",
        "two-logs",
    )
    yield from _origins(s)
    only = signed(text, WITNESS_KEY.line(text, time_s=1))
    yield invalid(
        "witness-alone",
        "a witness has signed, the log has not",
        with_note(only),
        3,
        "bad-checkpoint-signature",
        "witness",
    )


def _origins(s: Scene) -> Iterator[Case]:
    """Origins outside the limits, in bundle and checkpoint."""
    for name, origin, step, code in (
        ("origin-space", "voltseal example", 1, "malformed-bundle"),
        ("origin-plus", "voltseal+example", 1, "malformed-bundle"),
        ("origin-long", "o" * 129, 1, "malformed-bundle"),
        ("origin-empty", "", 1, "malformed-bundle"),
        ("checkpoint-origin-long", "o" * 255, 3, "foreign-checkpoint"),
        ("checkpoint-origin-too-long", "o" * 256, 3, "malformed-checkpoint"),
    ):
        text = checkpoint_text(origin, len(s.world.leaves), s.world.root)
        draft = s.quiet()
        draft.checkpoint, draft.anchors = signed(text, LOG_KEY.line(text)), []
        if step == 1:
            draft.origin = origin
        yield invalid(name, f"an origin of {len(origin)} characters: {origin[:16]!r}", draft, step, code)

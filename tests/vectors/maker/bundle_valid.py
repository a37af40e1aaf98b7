"""Bundles that must be accepted, or of which a trust file is not enough to judge."""

from __future__ import annotations

from collections.abc import Iterator

from . import parts
from .bundle_case import VALID, Case, Scene, scene, unchecked, valid, zipped
from .bundle_world import (
    ANCHORED_MS,
    COSIGNED_S,
    LOG_KEY,
    OTHER_LEDGER_KEY,
    OTHER_LOG_KEY,
    STEP_MS,
    Device,
    World,
    endorsement,
    enrol,
)
from .cast import DEVICE, DEVICE_UEID, STATED_MS
from .notes import checkpoint_text, signed

WEAK = [["ledger", "weak", "verified"]]


def cases() -> Iterator[Case]:
    s = scene()
    yield from _claims(s)
    yield from _disclosures(s)
    yield from _trusts(s)
    yield from _anchors(s)
    yield from _contradictions()


def _claims(s: Scene) -> Iterator[Case]:
    yield valid(
        "one-statement",
        "a single statement, all columns shown",
        s.anchored(s.world.draft(s.device, [(3, 3)], show="all")),
        completeness="complete",
        statements=1,
        gaps=[],
        anchors=WEAK,
        not_after_ms=ANCHORED_MS,
        shown=30,
        hidden=0,
    )
    yield valid("run-without-gap", "numbers 0 to 4, none missing", s.quiet(), completeness="complete", statements=5)
    yield valid(
        "whole-life",
        "numbers 0 to 17 with gaps of three kinds",
        s.whole(),
        completeness="gap-unexplained",
        statements=12,
        firmware=["unknown"],
        gaps=[[5, 7, "power-cut"], [12, 12, "unexplained"], [14, 15, "spool-full"]],
    )
    yield valid(
        "declared-gap",
        "a gap that a boot statement inside the claim declares",
        s.anchored(s.world.draft(s.device, [(3, 11)], [(5, 7, "power-cut")])),
        completeness="gap-declared",
        statements=6,
        gaps=[[5, 7, "power-cut"]],
    )
    yield valid(
        "declared-from-outside",
        "the claim ends in a gap that a later boot statement declares",
        s.anchored(s.world.draft(s.device, [(3, 6)], [(5, 6, "power-cut")], outside=[8])),
        completeness="gap-declared",
        statements=2,
        gaps=[[5, 6, "power-cut"]],
    )
    yield valid(
        "declaration-left-out",
        "without the boot statement that declares it, the same gap is unexplained",
        s.anchored(s.world.draft(s.device, [(3, 6)], [(5, 6, "unexplained")])),
        completeness="gap-unexplained",
        statements=2,
        gaps=[[5, 6, "unexplained"]],
    )
    yield valid(
        "set-of-statements",
        "three ranges, none of them touching",
        s.anchored(s.world.draft(s.device, [(1, 1), (3, 4), (9, 9)], show="all")),
        completeness="complete",
        statements=4,
        gaps=[],
    )
    yield valid(
        "only-a-gap",
        "a claim in which nothing was ever stored",
        s.anchored(s.world.draft(s.device, [(12, 12)], [(12, 12, "unexplained")])),
        completeness="gap-unexplained",
        statements=0,
        keys=[],
    )
    alone = World()
    device = Device(DEVICE, DEVICE_UEID)
    alone.add(device.ueid, enrol(device.ueid, endorsement(device.key, device.ueid)))
    alone.add(device.ueid, device.boot())
    draft = alone.draft(device, [(0, 0)])
    yield valid(
        "whole-log",
        "a log of two entries, both in the bundle: the proof is empty",
        draft,
        completeness="complete",
        anchors=[],
        not_after_ms=None,
    )
    for name, quality in (("no-clock", 0), ("rtc", 1), ("gnss", 3)):
        device.time_quality = quality
        alone.add(device.ueid, device.telemetry())
        ranges = [(device.sequence - 1, device.sequence - 1)]
        yield valid(f"time-{name}", f"a statement of time quality {quality}", alone.draft(device, ranges), statements=1)


def _disclosures(s: Scene) -> Iterator[Case]:
    yield valid("all-hidden", "no column shown", s.quiet("none"), shown=0, hidden=30, disclosed=[0, 0, 4])
    yield valid(
        "some-shown", "three columns of each statement", s.quiet([0, 5, 29]), shown=3, hidden=27, disclosed=[0, 4, 0]
    )
    yield valid("first-shown", "the first column alone", s.quiet([0]), shown=1, hidden=29)
    yield valid("all-but-one", "a partial disclosure that hides one column", s.quiet(range(29)), shown=29, hidden=1)
    mixed = s.quiet("none")
    mixed.at(s.index(1))["disclosure"] = s.world.entry(s.index(1), "all")["disclosure"]
    mixed.at(s.index(2))["disclosure"] = s.world.entry(s.index(2), [2])["disclosure"]
    yield valid(
        "mixed",
        "one statement shows all, one shows some, two were erased",
        mixed,
        shown=30,
        hidden=0,
        disclosed=[1, 1, 2],
    )
    text = s.quiet().text()
    yield Case("gzip", "the same bundle as one gzip member", zipped(text), VALID, verdict={"completeness": "complete"})


def _trusts(s: Scene) -> Iterator[Case]:
    whole = s.whole()
    yield unchecked("trust-empty", "an empty trust file", whole, 3, "unknown-log", "none")
    yield unchecked("trust-no-log", "a trust file without this log", whole, 3, "unknown-log", "no-log")
    yield unchecked("trust-no-maker", "a trust file without makers", whole, 5, "unknown-maker", "no-maker")
    yield unchecked("trust-other-maker", "a trust file with another maker", whole, 5, "unknown-maker", "other-maker")
    yield valid("trust-two-log-keys", "a log that has two keys in the trust file", whole, "two-log-keys", statements=12)
    yield valid("firmware-known", "the trust file knows the firmware", whole, "firmware-known", firmware=["known"])
    yield valid(
        "firmware-revoked", "the trust file warns of the firmware", whole, "firmware-revoked", firmware=["revoked"]
    )


def _anchors(s: Scene) -> Iterator[Case]:
    quiet = s.quiet()
    unknown = [["ledger", "weak", "not-checked"]]
    yield valid(
        "anchor-ledger-unknown",
        "a ledger that the trust file does not name",
        quiet,
        "no-ledger",
        anchors=unknown,
        not_after_ms=None,
    )
    yield valid(
        "anchor-ledger-other", "a ledger key of the same name, but another", quiet, "other-ledger", anchors=unknown
    )
    first = quiet.copy()
    first.anchors = [s.world.anchor(height=0, before=bytes(32))]
    yield valid("anchor-first-block", "the first block of a ledger: it follows none", first, anchors=WEAK)
    foreign = quiet.copy()
    foreign.anchors = [{"backend": "stone-tablet", "proof": "carved", "strength": "strong"}, *foreign.anchors]
    yield valid(
        "anchor-backend-unknown",
        "an anchor of a kind that this version does not know, and one that it knows",
        foreign,
        anchors=[["stone-tablet", "strong", "not-checked"], *WEAK],
    )
    two = quiet.copy()
    two.anchors = [s.world.anchor(time_ms=ANCHORED_MS + 9), s.world.anchor(OTHER_LEDGER_KEY), s.world.anchor()]
    yield valid(
        "anchors-several",
        "three anchors, of which two are trusted: the earlier one bounds the time",
        two,
        anchors=[*WEAK, *unknown, *WEAK],
        not_after_ms=ANCHORED_MS,
    )
    cosigned = quiet.copy()
    cosigned.checkpoint = s.world.checkpoint(witness=True)
    yield valid(
        "witness",
        "a trusted witness has cosigned",
        cosigned,
        "witness",
        not_after_ms=COSIGNED_S * 1000 + 999,
        witnesses=1,
    )
    yield valid(
        "witness-unknown", "a witness that is not trusted has cosigned: its line is ignored", cosigned, witnesses=0
    )
    text = checkpoint_text(s.world.origin, len(s.world.leaves), s.world.root)
    cosigned = quiet.copy()
    cosigned.checkpoint = signed(text, LOG_KEY.line(text), OTHER_LOG_KEY.line(text))
    yield valid(
        "other-log-signed-too",
        "a trusted key of another log has signed, and rightly",
        cosigned,
        "two-logs",
        witnesses=0,
    )
    early = quiet.copy()
    early.anchors = [s.world.anchor(time_ms=STATED_MS + STEP_MS)]
    yield valid("clock-ahead", "the device's clock is ahead of the anchor's", early, disagreement=True)
    extended = quiet.copy()
    text += "an extension line\n"
    extended.checkpoint, extended.anchors = signed(text, LOG_KEY.line(text)), []
    yield valid("checkpoint-extension", "a checkpoint with an extension line", extended, completeness="complete")


def _contradictions() -> Iterator[Case]:
    s = scene()
    double = Device(DEVICE, DEVICE_UEID, 2, 10, s.world_prev(9))
    s.world.add(double.ueid, double.telemetry(4))
    yield valid(
        "equivocation",
        "a copy of the device used number 10 as well",
        s.world.draft(s.device, [(9, 11)]),
        completeness="equivocation",
        conflicts=[["sequence", 10, 10]],
        statements=4,
    )
    s = scene()
    s.device.prev = parts.PREV
    s.world.add(s.device.ueid, s.device.telemetry())
    yield valid(
        "chain-broken",
        "a statement whose prev is not the statement before it",
        s.world.draft(s.device, [(17, 18)]),
        completeness="equivocation",
        conflicts=[["prev", 17, 18]],
    )
    s = scene()
    s.world.add(s.device.ueid, s.device.telemetry(boot_count=1))
    yield valid(
        "boot-count-falls",
        "a statement whose boot count is less than the one before",
        s.world.draft(s.device, [(17, 18)]),
        completeness="equivocation",
        conflicts=[["boot-count", 17, 18]],
    )
    s = scene()
    late = Device(DEVICE, DEVICE_UEID, 2, 12, s.world_prev(11))
    s.world.add(late.ueid, late.telemetry())
    yield valid(
        "late-arrival",
        "statement 12 reached the log after 17: its place in the log does not matter",
        s.world.draft(s.device, [(9, 13)]),
        completeness="complete",
        statements=5,
    )

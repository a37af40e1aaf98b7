"""The sections that tell the verdict: completeness, keys, log and anchors, firmware, limits. Pure.

Every list is cut after a fixed number of rows, and says how many are left out: a report's length is bounded, whatever
the bundle's. The verdict itself (`voltseal verify --json`) has them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from voltseal.report import plots
from voltseal.report.document import Block, Bullets, Fact, Facts, Figure, Heading, Paragraph, Table, Tone
from voltseal.report.figures import clean, duration, moment
from voltseal.report.outcome import Verified
from voltseal.report.samples import GapPlace, Neighbour
from voltseal.report.words import Words
from voltseal.verifier import Completeness, Verdict
from voltseal.verifier.verdict import AnchorFinding, AnchorStatus, Inclusion, KeyFinding, StatementRef, TimeBounds

MOST_ROWS: Final = 25
_SHORT_DIGEST: Final = 16


def completeness(found: Verified, words: Words) -> Iterator[Block]:
    """The time line, its gaps, and contradictions."""
    finding, samples = found.verdict.completeness, found.samples
    yield Heading(words.say("complete.heading"))
    yield Paragraph(words.say("complete.text"))
    caption = [words.say("complete.timeline"), words.say("axis.time" if samples.axis.is_time else "axis.number")]
    if samples.unplaced:
        caption.append(words.say("complete.no-clock", count=samples.unplaced))
    yield Figure(plots.timeline(samples, caption[0]), " · ".join(caption))
    if finding.gaps:
        header = tuple(words.say(f"gaps.{column}") for column in ("numbers", "count", "reason", "after", "before"))
        # What nobody explained comes first, so that it cannot be hidden behind many declared gaps.
        places = sorted(samples.gaps, key=lambda place: place.gap.reason.value != "unexplained")
        yield Table(header, tuple(_gap(place, words) for place in places[:MOST_ROWS]))
        yield from _more(len(places), words)
    else:
        yield Paragraph(words.say("complete.none"))
    if finding.result is Completeness.EQUIVOCATION:
        yield Paragraph(words.say("conflicts.text"), Tone.BAD)
        rows = [
            (words.say(f"conflict.{one.about.value}"), _reference(one.first, words), _reference(one.second, words))
            for one in finding.conflicts[:MOST_ROWS]
        ]
        yield Table(tuple(words.say(f"conflicts.{column}") for column in ("about", "first", "second")), tuple(rows))
        yield from _more(finding.conflict_count, words)


def _gap(place: GapPlace, words: Words) -> tuple[str, ...]:
    gap = place.gap
    missing = f"{gap.first:,}" if gap.first == gap.last else f"{gap.first:,}–{gap.last:,}"
    reason = words.say(f"gap.{gap.reason.value}")
    return missing, f"{gap.last - gap.first + 1:,}", reason, _neighbour(place.before), _neighbour(place.after)


def _neighbour(neighbour: Neighbour | None) -> str:
    if neighbour is None:
        return "–"
    time = "" if neighbour.time_ms is None else f": {moment(neighbour.time_ms)}"
    return f"{neighbour.sequence:,}{time}"


def _reference(ref: StatementRef, words: Words) -> str:
    digest = f"{ref.digest[:_SHORT_DIGEST]}…"
    return words.say("conflicts.ref", number=ref.sequence, index=ref.index, digest=digest)


def _more(count: int, words: Words) -> Iterator[Block]:
    if count > MOST_ROWS:
        yield Paragraph(words.say("and-more", count=count - MOST_ROWS), Tone.QUIET)


def keys(verdict: Verdict, words: Words) -> Iterator[Block]:
    """Whose signatures these are, and on whose word."""
    yield Heading(words.say("keys.heading"))
    if not verdict.keys:
        yield Paragraph(words.say("keys.none"))
        return
    yield Paragraph(words.say("keys.text"))
    columns = ("key", "maker", "tier", "model", "from", "statements")
    header = tuple(words.say(f"keys.{column}") for column in columns)
    yield Table(header, tuple(_key(key, words) for key in verdict.keys[:MOST_ROWS]), numbers_from=5)
    yield from _more(len(verdict.keys), words)


def _key(key: KeyFinding, words: Words) -> tuple[str, ...]:
    tier = words.say_known(f"tier.{key.key_tier}", key.key_tier)
    maker = f"{clean(key.maker)} ({key.maker_kid})"
    return key.kid, maker, tier, _model(key.hwmodel), moment(key.not_before_ms), f"{key.statements:,}"


def _model(hwmodel: str) -> str:
    """The device's word for its hardware: as text where it is one, else in hex."""
    raw = bytes.fromhex(hwmodel)
    return raw.decode("ascii") if raw.isascii() and raw.decode("ascii").isprintable() else hwmodel


def anchors(verdict: Verdict, words: Words) -> Iterator[Block]:
    """Log, witnesses, anchors with their strength, and the bounds of time."""
    log, time = verdict.inclusion, verdict.time
    yield Heading(words.say("anchors.heading"))
    where = words.say(
        "anchors.log.text", origin=clean(log.origin), first=log.first_index, last=log.last_index, size=log.tree_size
    )
    witnesses = words.join([clean(name) for name in log.witnesses[:MOST_ROWS]])
    yield Facts((
        Fact(words.say("anchors.log"), where),
        *_newer(log, words),
        Fact(words.say("anchors.log-key"), clean(log.log_key), exact=True),
        Fact(words.say("anchors.root"), log.root_hash, exact=True),
        Fact(words.say("anchors.witnesses"), witnesses or words.say("none")),
        Fact(words.say("anchors.not-after"), _not_after(time, words), _tone(time.not_after_ms is not None)),
        Fact(words.say("anchors.clock"), _clock(time, words), _tone(not time.disagreement)),
    ))  # fmt: skip
    if not verdict.anchors:
        yield Paragraph(words.say("anchors.none"), Tone.CAUTION)
        return
    header = tuple(words.say(f"anchors.{column}") for column in ("where", "strength", "status", "time"))
    yield Table(header, tuple(_anchor(anchor, words) for anchor in verdict.anchors[:MOST_ROWS]))
    yield from _more(len(verdict.anchors), words)


def _newer(log: Inclusion, words: Words) -> Iterator[Fact]:
    if log.newer is not None:
        yield Fact(words.say("anchors.newer"), words.say("anchors.newer.text", size=log.newer.tree_size))


def _tone(good: bool) -> Tone:
    return Tone.PLAIN if good else Tone.CAUTION


def _anchor(anchor: AnchorFinding, words: Words) -> tuple[str, ...]:
    """The strength of an anchor that was not checked is the bundle's own word: it is not repeated as if it were so."""
    where = f"{clean(anchor.backend)} {clean(anchor.key or '')}".strip()
    if anchor.backend == "ledger" and anchor.key is not None:
        where = words.say("backend.ledger", key=clean(anchor.key))
    status = words.say(f"anchor.{anchor.status.value}")
    if anchor.status is not AnchorStatus.VERIFIED:
        return where, "–", status, "–"
    strength = words.say_known(f"strength.{anchor.strength}", clean(anchor.strength))
    return where, strength, status, "–" if anchor.time_ms is None else moment(anchor.time_ms)


def _not_after(time: TimeBounds, words: Words) -> str:
    if time.not_after_ms is None:
        return words.say("anchors.not-after.none")
    whom = clean(time.not_after_by or "")
    return words.say("anchors.not-after.text", time=moment(time.not_after_ms), whom=whom)


def _clock(time: TimeBounds, words: Words) -> str:
    if time.device_first_ms is None or time.device_last_ms is None or time.device_uncertainty_ms is None:
        return words.say("glance.period.unknown")
    qualities = [
        words.say(f"quality.{name}", count=count) if words.knows(f"quality.{name}") else f"{name} ({count:,})"
        for name, count in time.qualities.items()
    ]
    return words.say(
        "anchors.clock.text",
        first=moment(time.device_first_ms),
        last=moment(time.device_last_ms),
        uncertainty=duration(time.device_uncertainty_ms),
        qualities=words.join(qualities),
    )


def firmware(verdict: Verdict, words: Words) -> Iterator[Block]:
    """Measurements that boot statements name, and what the trust file says of them."""
    yield Heading(words.say("firmware.heading"))
    if not verdict.firmware:
        yield Paragraph(words.say("firmware.none"))
        return
    rows: Sequence[tuple[str, ...]] = [
        (clean(f"{one.name} {one.version}"), one.measurement, words.say(f"firmware.{one.status}"), f"{one.boots:,}")
        for one in verdict.firmware[:MOST_ROWS]
    ]
    header = tuple(words.say(f"firmware.{column}") for column in ("name", "measurement", "status", "boots"))
    yield Table(header, tuple(rows), numbers_from=3)
    yield from _more(len(verdict.firmware), words)


def limits(verdict: Verdict, words: Words) -> Iterator[Block]:
    """What the verdict says that it does not prove."""
    yield Heading(words.say("limits.heading"))
    yield Bullets(tuple(words.say(f"not-proven.{what.value}") for what in verdict.not_proven))

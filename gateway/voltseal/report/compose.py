"""From findings to a document: which sections a report has, and in which order. Pure; drawing is done elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from voltseal import __version__
from voltseal.report import values
from voltseal.report.document import Banner, Block, Bullets, Document, Fact, Facts, Heading, Paragraph, Table, Tone
from voltseal.report.figures import clean, moment, numbers
from voltseal.report.outcome import Findings, NotVerified, Verified
from voltseal.report.plots import qr_code
from voltseal.report.sections import anchors, completeness, firmware, keys, limits
from voltseal.report.words import Language, Words
from voltseal.verifier import STEPS, Completeness, Verdict
from voltseal.verifier.verdict import AnchorStatus

DIGEST_SCHEME = "voltseal:evidence:sha256:"
"""What a QR code's text begins with; the bundle's digest in hex follows."""

_TONES = {
    Completeness.COMPLETE: Tone.GOOD,
    Completeness.GAP_DECLARED: Tone.GOOD,
    Completeness.GAP_UNEXPLAINED: Tone.CAUTION,
    Completeness.EQUIVOCATION: Tone.BAD,
}
_MOST_RANGES = 6


def compose(findings: Findings, language: Language) -> Document:
    """The report. Values, and whatever else a bundle claims, are in it only if the bundle is valid."""
    words = Words(language)
    if isinstance(findings, NotVerified):
        key, tone = f"running.{findings.error.outcome}", Tone.BAD
        blocks = tuple(_failure(findings, words))
        running = words.say(key)
    else:
        result = findings.verdict.completeness.result
        tone, blocks = _TONES[result], tuple(_report(findings, words))
        said = words.say(f"banner.{result.value}")
        running = words.say("running.valid", verdict=said, digest=findings.verdict.digest)
    return Document(language.value, words.say("title"), running, tone, words.say("page"), blocks)


def _report(found: Verified, words: Words) -> Iterator[Block]:
    verdict = found.verdict
    result = verdict.completeness.result
    yield Banner(words.say(f"banner.{result.value}"), words.say(f"banner.{result.value}.text"), _TONES[result])
    notes = tuple(_notes(found, words))
    if notes:
        yield Heading(words.say("note.heading"))
        yield Bullets(notes, Tone.BAD)
    yield from _glance(verdict, words)
    yield from completeness(found, words)
    yield from values.section(found, words)
    yield from keys(verdict, words)
    yield from anchors(verdict, words)
    yield from firmware(verdict, words)
    yield from limits(verdict, words)
    yield from _check(verdict, words)


def _notes(found: Verified, words: Words) -> Iterator[str]:
    """What weakens the evidence, so that nobody has to find it in the tables."""
    verdict = found.verdict
    if found.beside:
        yield words.say("note.beside")
    counting = [anchor for anchor in verdict.anchors if anchor.status is AnchorStatus.VERIFIED]
    if not counting and not verdict.inclusion.witnesses:
        yield words.say("note.unanchored")
    elif not verdict.inclusion.witnesses and all(anchor.strength == "weak" for anchor in counting):
        yield words.say("note.weak")
    if verdict.time.disagreement:
        yield words.say("note.clock")
    for key in verdict.keys:
        if key.revoked_from_ms is not None:
            reason = clean(key.revocation_reason or "")
            yield words.say("note.revoked", kid=key.kid, time=moment(key.revoked_from_ms), reason=reason)
        if key.after_revocation:
            yield words.say("note.after-revocation", count=key.after_revocation)
    for one in verdict.firmware:
        if one.status == "revoked":
            yield words.say("note.firmware", name=clean(f"{one.name} {one.version}"))


def _glance(verdict: Verdict, words: Words) -> Iterator[Block]:
    time, found, shown = verdict.time, verdict.completeness, verdict.disclosure
    period = words.say("glance.period.unknown")
    if time.device_first_ms is not None and time.device_last_ms is not None:
        first, last = moment(time.device_first_ms), moment(time.device_last_ms)
        period = words.say("glance.period.text", first=first, last=last)
    total = shown.full + shown.partial + shown.none
    measured = words.say("glance.values.none")
    if total:
        measured = words.say(
            "glance.values.text", total=total, full=shown.full, partial=shown.partial, none=shown.none
        )  # fmt: skip
    classes = sorted({words.say_known(f"class.{key.device_class}", key.device_class) for key in verdict.keys})
    makers = sorted({clean(key.maker) for key in verdict.keys})
    qr_text = DIGEST_SCHEME + verdict.digest
    yield Heading(words.say("glance.heading"))
    yield Facts(
        (
            Fact(words.say("glance.device"), verdict.device, exact=True),
            Fact(words.say("glance.class"), words.join(classes) or words.say("none")),
            Fact(words.say("glance.maker"), words.join(makers) or words.say("none")),
            Fact(words.say("glance.period"), period),
            Fact(
                words.say("glance.statements"),
                words.say(
                    "glance.statements.text", count=found.statements, numbers=numbers(found.ranges, _MOST_RANGES)
                ),
            ),
            Fact(words.say("glance.values"), measured),
            Fact(words.say("glance.digest"), verdict.digest, exact=True),
        ),
        qr_code(qr_text, words.say("glance.qr", text=qr_text)),
    )


def _check(verdict: Verdict, words: Words) -> Iterator[Block]:
    yield Heading(words.say("check.heading"))
    yield Paragraph(words.say("check.text"))
    yield Paragraph(words.say("check.how"))
    yield Facts((
        Fact(words.say("check.command"), "voltseal verify FILE --trust TRUST", exact=True),
        Fact(words.say("glance.digest"), verdict.digest, exact=True),
        Fact(words.say("check.qr"), DIGEST_SCHEME + verdict.digest, exact=True),
        Fact(words.say("check.made"), words.say("check.made.text", version=__version__)),
    ))  # fmt: skip


def _failure(found: NotVerified, words: Words) -> Iterator[Block]:
    """Why there is no verdict. Nothing that the bundle claims is repeated, but for the verifier's message."""
    error = found.error
    outcome = error.outcome
    yield Banner(words.say(f"banner.{outcome}"), words.say(f"banner.{outcome}.text"), Tone.BAD)
    yield Heading(words.say("failure.heading"))
    stopped = words.say("failure.step" if outcome == "invalid" else "failure.lacking")
    yield Facts((
        Fact(stopped, f"{error.step}: {words.say(f'step.{error.step}')}", Tone.BAD),
        Fact(words.say("failure.code"), error.reason_code, exact=True),
        Fact(words.say("failure.message"), clean(str(error))),
        Fact(words.say("failure.file"), found.file_sha256, exact=True),
        Fact(words.say("check.made"), words.say("check.made.text", version=__version__)),
    ))  # fmt: skip
    if outcome == "could-not-check":
        yield Paragraph(words.say("failure.advice"))
    yield Heading(words.say("steps.heading"))
    header = tuple(words.say(f"steps.{column}") for column in ("number", "name", "result"))
    rows = [(str(s.number), words.say(f"step.{s.number}"), words.say(_step_key(found, s.number))) for s in STEPS]
    yield Table(header, tuple(rows))


def _step_key(found: NotVerified, number: int) -> str:
    if number in found.passed:
        return "steps.ok"
    if number in found.lacking:
        return "steps.could-not-check"
    return "steps.failed" if number == found.error.step else "steps.not-reached"

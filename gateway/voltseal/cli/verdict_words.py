"""A verdict in plain words, for a person who has to decide something."""

from __future__ import annotations

from collections.abc import Iterator

from voltseal.cli.options import show_time
from voltseal.verifier.verdict import (
    NOT_PROVEN_WORDS,
    AnchorStatus,
    ColumnSummary,
    Completeness,
    CompletenessFinding,
    DisclosureFinding,
    KeyFinding,
    TimeBounds,
    Verdict,
)

_UNITS = {
    "mv": "mV", "ma": "mA", "mah": "mAh", "mw": "mW", "wh": "Wh", "dc": "0.1 °C", "permille": "‰", "ms": "ms", "s": "s",
    "flags": "bits", "count": "",
}  # fmt: skip
_MOST_LISTED = 8
_END_OF_CALENDAR_MS = 253_402_300_799_999  # the last millisecond of the year 9999
_COMPLETE_WORDS = {
    Completeness.COMPLETE: "no number is missing",
    Completeness.GAP_DECLARED: "numbers are missing, all of them declared lost by the device",
    Completeness.GAP_UNEXPLAINED: "NUMBERS ARE MISSING, and the device did not declare why",
    Completeness.EQUIVOCATION: "STATEMENTS CONTRADICT EACH OTHER: the key was copied, or the device is broken",
}


def verdict_words(verdict: Verdict) -> str:
    """Several paragraphs, each line one finding."""
    lines = [
        f"\nVALID: what device {verdict.device} said is unchanged; {_COMPLETE_WORDS[verdict.completeness.result]}.",
        "",
        *_indented("authentic", [_key(key) for key in verdict.keys] or ["no statement in the claim"]),
        *_indented("included", _inclusion(verdict)),
        *_indented("complete", _completeness(verdict.completeness)),
        *_indented("anchored", _anchors(verdict)),
        *_indented("time", _time(verdict.time)),
        *_indented("firmware", [f"{f.name} {f.version}: {f.status} ({f.measurement[:16]}…)" for f in verdict.firmware]),
        *_indented("values", _values(verdict.disclosure)),
        *_table(verdict.disclosure.shown),
        "",
        "This does not prove",
        *(f"  - {NOT_PROVEN_WORDS[what]}" for what in verdict.not_proven),
    ]
    return "\n".join(lines)


def _when(time_ms: int | None) -> str:
    """UTC, where the time is one that a calendar has: a bundle may say any number."""
    return show_time(time_ms) if time_ms is None or time_ms <= _END_OF_CALENDAR_MS else f"{time_ms} ms after 1970"


def _indented(title: str, texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        yield f"{title if number == 0 else '':<10} {text}"


def _key(key: KeyFinding) -> str:
    words = f"key {key.kid} ({key.key_tier}), endorsed by {key.maker} from {_when(key.not_before_ms)}"
    words += f"; {key.statements} statements"
    if key.revoked_from_ms is not None:
        words += f"; REVOKED from {_when(key.revoked_from_ms)}: {key.revocation_reason}"
    if key.succeeded_by is not None:
        words += f"; gave way to key {key.succeeded_by} at entry {key.rotation_index}"
    if key.after_revocation:
        words += f"; {key.after_revocation} were logged after that and say they are older, on this key's word alone"
    return words


def _inclusion(verdict: Verdict) -> list[str]:
    found, newer = verdict.inclusion, verdict.inclusion.newer
    entries = f"entries {found.first_index}..{found.last_index} of {found.tree_size}"
    texts = [f"log {found.origin}, {entries}{_cosigned(found.witnesses)}"]
    if newer is not None:
        texts.append(f"still all there when the log had {newer.tree_size} entries{_cosigned(newer.witnesses)}")
    return texts


def _cosigned(witnesses: tuple[str, ...]) -> str:
    return f", cosigned by {', '.join(witnesses)}" if witnesses else ""


def _completeness(found: CompletenessFinding) -> list[str]:
    numbers = ", ".join(
        f"{first}" if first == last else f"{first}..{last}" for first, last in found.ranges[:_MOST_LISTED]
    )
    texts = [f"{found.result.value}: {found.statements} statements numbered {numbers}{_more(len(found.ranges))}"]
    texts += [f"gap {gap.first}..{gap.last}: {gap.reason.value}" for gap in found.gaps[:_MOST_LISTED]]
    if len(found.gaps) > _MOST_LISTED:
        texts.append(f"and {len(found.gaps) - _MOST_LISTED} more gaps")
    for conflict in found.conflicts[:_MOST_LISTED]:
        first, second = conflict.first, conflict.second
        texts.append(
            f"conflict in {conflict.about.value}: statement {first.sequence} (entry {first.index}, "
            f"{first.digest[:16]}…) and {second.sequence} (entry {second.index}, {second.digest[:16]}…)"
        )
    if found.conflict_count > _MOST_LISTED:
        texts.append(f"and {found.conflict_count - _MOST_LISTED} more conflicts")
    return texts


def _more(count: int) -> str:
    return f" and {count - _MOST_LISTED} more ranges" if count > _MOST_LISTED else ""


def _anchors(verdict: Verdict) -> list[str]:
    texts = []
    for anchor in verdict.anchors:
        if anchor.status is AnchorStatus.VERIFIED:
            texts.append(f"{anchor.backend} {anchor.key} ({anchor.strength}), {_when(anchor.time_ms)}")
        elif anchor.backend == "evm":
            texts.append(f"evm {anchor.key}: not checked, the trust file does not list this block of this registry;")
            texts.append("  everything else about it is right. --rpc URL asks a node whether its chain has the block")
        else:
            texts.append(f"{anchor.backend} {anchor.key or ''}: not checked, the trust file does not know it")
    return texts or ["not anchored"]


def _time(time: TimeBounds) -> list[str]:
    texts = []
    if time.device_first_ms is not None and time.device_uncertainty_ms is not None:
        texts.append(
            f"the device says {_when(time.device_first_ms)} to {_when(time.device_last_ms)}, "
            f"within {time.device_uncertainty_ms} ms, by {', '.join(time.qualities)}"
        )
    else:
        texts.append("the device did not know the time")
    texts.append("not before: only the device's own word, no challenge bounds it")
    if time.not_after_ms is not None:
        texts.append(f"not after {_when(time.not_after_ms)}, on the word of {time.not_after_by}")
    if time.disagreement:
        texts.append("THE DEVICE'S CLOCK IS AHEAD: it names a time after it was anchored")
    return texts


def _values(found: DisclosureFinding) -> list[str]:
    total = found.full + found.partial + found.none
    if not total:
        return ["no telemetry among the statements"]
    texts = [f"{found.full} of {total} telemetry statements show all columns, {found.partial} some, {found.none} none"]
    if found.hidden:
        more = f" and {len(found.hidden) - _MOST_LISTED} more" if len(found.hidden) > _MOST_LISTED else ""
        texts.append(f"hidden everywhere: {', '.join(found.hidden[:_MOST_LISTED])}{more}")
    return texts


def _table(columns: tuple[ColumnSummary, ...]) -> Iterator[str]:
    """First and last by number; what was never present has dashes."""
    if not columns:
        return
    rows: list[tuple[str, ...]] = [("column", "unit", "readings", "first", "last", "least", "most")]
    for column in columns:
        name, _, suffix = column.name.rpartition("_")
        bounds = (column.first, column.last, column.minimum, column.maximum)
        cells = ("-" if bound is None else f"{bound:,}" for bound in bounds)
        rows.append((name, _UNITS.get(suffix, suffix), f"{column.readings - column.absent:,}", *cells))
    widths = [max(len(row[place]) for row in rows) for place in range(7)]
    yield ""
    for row in rows:
        left = "  ".join(cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True))
        right = "  ".join(cell.rjust(width) for cell, width in zip(row[2:], widths[2:], strict=True))
        yield f"  {left}  {right}"

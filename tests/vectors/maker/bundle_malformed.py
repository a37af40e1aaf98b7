"""Texts that are not the one way to write a bundle (steps 1 and 2). Digests are right unless the case is about them."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator

from .bundle_case import Case, invalid, scene, zipped
from .bundle_text import Draft, finish, jcs

Change = Callable[[Draft], None]


def cases() -> Iterator[Case]:
    s = scene()
    good = s.quiet()
    yield from _values(good)
    yield from _lines(good)
    yield from _containers(good)
    yield from _digests(good)


def _values(good: Draft) -> Iterator[Case]:
    statement = good.entries[-1]
    changes: list[tuple[str, str, Change]] = [
        ("format-other", "another format", lambda d: setattr(d, "format", "voltseal-evidence/2")),
        ("claim-unknown-member", "an unknown member in claim", lambda d: d.claim.update(critical=1)),
        ("claim-device-short", "a device name of 33 digits", lambda d: d.claim.update(device=d.claim["device"][:-1])),
        (
            "claim-device-upper",
            "a device name in upper case",
            lambda d: d.claim.update(device=d.claim["device"].upper()),
        ),
        ("claim-no-range", "a claim for no numbers", lambda d: d.claim.update(ranges=[])),
        ("claim-range-backwards", "a range that ends before it begins", lambda d: d.claim.update(ranges=[[4, 0]])),
        ("claim-ranges-touch", "two ranges that touch", lambda d: d.claim.update(ranges=[[0, 2], [3, 4]])),
        ("claim-ranges-unordered", "ranges out of order", lambda d: d.claim.update(ranges=[[3, 4], [0, 1]])),
        ("claim-range-beyond", "a number beyond 2^48-1", lambda d: d.claim.update(ranges=[[0, 2**48]])),
        ("claim-range-true", "`true` for a number", lambda d: d.claim.update(ranges=[[True, 4]])),
        ("claim-range-float", "a number with a fraction", lambda d: d.claim.update(ranges=[[0.5, 4]])),
        ("claim-range-negative", "a negative number", lambda d: d.claim.update(ranges=[[-1, 4]])),
        (
            "gap-reason-unknown",
            "a gap for a reason that does not exist",
            lambda d: d.claim.update(gaps=[[2, 2, "moved"]]),
        ),
        ("gap-outside-range", "a gap outside the claim's range", lambda d: d.claim.update(gaps=[[5, 7, "power-cut"]])),
        (
            "gaps-not-maximal",
            "one gap written as two",
            lambda d: d.claim.update(gaps=[[1, 1, "power-cut"], [2, 2, "power-cut"]]),
        ),
        (
            "gaps-overlap",
            "two gaps that overlap",
            lambda d: d.claim.update(gaps=[[1, 2, "power-cut"], [2, 3, "spool-full"]]),
        ),
        ("anchor-unknown-member", "an unknown member in an anchor", lambda d: d.anchors[0].update(extra="x")),
        ("anchor-strength-missing", "an anchor without strength", lambda d: d.anchors[0].pop("strength") and None),
        ("made-by-number", "a number for the software's name", lambda d: d.made_by.update(software=1)),  # type: ignore[call-overload]
        ("origin-control-character", "a line feed in the origin", lambda d: setattr(d, "origin", "a\nb")),
        (
            "checkpoint-non-ascii",
            "a letter in the checkpoint that is not ASCII",
            lambda d: setattr(d, "checkpoint", "é\n"),
        ),
        ("inclusion-short-hash", "a proof node of 31 bytes", lambda d: d.inclusion.__setitem__(0, "A" * 40 + "AA==")),
        ("entries-none", "no entries", lambda d: d.entries.clear()),
        ("entry-unknown-member", "an unknown member in an entry", lambda d: d.entries[-1].update(critical=True)),
        ("entry-empty", "an entry of no bytes", lambda d: d.entries[-1].update(bytes="")),
        ("entry-index-text", "an index in quotes", lambda d: d.entries[-1].update(index="9")),
        ("base64-url", "base64 of the URL alphabet", lambda d: d.entries[-1].update(bytes="_-__")),
        ("base64-unpadded", "base64 without padding", lambda d: d.entries[-1].update(bytes="AAA")),
        ("base64-unused-bits", "base64 whose unused bits are not zero", lambda d: d.entries[-1].update(bytes="AAB=")),
        ("base64-space", "a space in base64", lambda d: d.entries[-1].update(bytes="AA AA")),
        (
            "disclosure-empty",
            "a disclosure of nothing",
            lambda d: d.entries[-1].update(disclosure={"nodes": [], "shown": []}),
        ),
        ("disclosure-null", "null for a disclosure", lambda d: d.entries[-1].update(disclosure=None)),
        ("seed-short", "a seed of 15 bytes", lambda d: d.entries[-1]["disclosure"].update(seed="A" * 20)),
    ]
    assert "disclosure" in statement
    for name, description, change in changes:
        draft = good.copy()
        change(draft)
        yield invalid(name, description, draft, 1, "malformed-bundle")


def _lines(good: Draft) -> Iterator[Case]:
    def changed(edit: Callable[[list[str]], list[str]]) -> str:
        return finish(edit(good.lines()))

    last = len(good.lines()) - 2  # the last entry's line
    edits: list[tuple[str, str, Callable[[list[str]], list[str]]]] = [
        ("member-twice", "origin stands twice", lambda ls: [*ls[:2], ls[1], *ls[2:]]),
        ("member-missing", "made_by is missing", lambda ls: [*ls[:2], *ls[3:]]),
        ("member-unknown", "an unknown member at the top", lambda ls: [*ls[:2], '"critical":1,', *ls[2:]]),
        ("members-swapped", "origin and made_by in the other order", lambda ls: [ls[0], ls[2], ls[1], *ls[3:]]),
        (
            "key-twice",
            "a duplicate member in an entry",
            lambda ls: [*ls[:last], '{"bytes":"0g==","index":1,"index":2}', ls[-1]],
        ),
        (
            "keys-unsorted",
            "an entry whose members are not sorted",
            lambda ls: [*ls[:last], '{"index":99,"bytes":"0g=="}', ls[-1]],
        ),
        ("white-space", "a space after a colon", lambda ls: [ls[0], ls[1].replace('":', '": '), *ls[2:]]),
        (
            "escape-unneeded",
            "a letter written as an escape",
            lambda ls: [ls[0], ls[1].replace("v", "\\u0076", 1), *ls[2:]],
        ),
        (
            "number-exponent",
            "an index with an exponent",
            lambda ls: [*ls[:last], '{"bytes":"0g==","index":9e1}', ls[-1]],
        ),
        ("number-minus-zero", "an index of minus zero", lambda ls: [*ls[:last], '{"bytes":"0g==","index":-0}', ls[-1]]),
        ("number-huge", "an index of 2^53", lambda ls: [*ls[:last], f'{{"bytes":"0g==","index":{2**53}}}', ls[-1]]),
        ("comma-missing", "no comma between two entries", lambda ls: [*ls[: last - 1], ls[last - 1][:-1], *ls[last:]]),
        ("comma-after-last", "a comma after the last entry", lambda ls: [*ls[:last], ls[last] + ",", ls[-1]]),
        ("one-line", "the same JSON on one line", lambda ls: ["".join(ls)]),
        ("carriage-returns", "lines that end in CR LF", lambda ls: [line + "\r" for line in ls]),
        ("nested-deeply", "brackets nested 10,000 deep", lambda ls: [*ls[:last], "[" * 10_000 + "]" * 10_000, ls[-1]]),
    ]
    for name, description, edit in edits:
        yield invalid(f"line-{name}", description, changed(edit), 1, "malformed-bundle")
    text = good.text()
    yield invalid("text-no-end", "the last line feed is missing", text[:-1], 1, "malformed-bundle")
    yield invalid("text-cut", "the second half is missing", text[: len(text) // 2], 1, "malformed-bundle")
    yield invalid("text-trailing", "a line feed too many", text + "\n", 1, "malformed-bundle")
    yield invalid("text-twice", "the bundle stands twice", text + text, 1, "malformed-bundle")
    yield invalid("text-byte-order-mark", "a byte order mark before the text", "\ufeff" + text, 1, "malformed-bundle")
    yield invalid("text-empty", "an empty file", "", 1, "malformed-bundle")
    yield invalid(
        "text-jcs-sorted",
        "the same content as plain RFC 8785 text",
        jcs({"format": good.format}) + "\n",
        1,
        "malformed-bundle",
    )
    broken = text.encode().replace(b"weak", b"we\xffk")
    yield invalid("text-not-utf8", "a byte that is not UTF-8", broken, 1, "malformed-bundle")


def _containers(good: Draft) -> Iterator[Case]:
    text = good.text()
    whole = zipped(text)
    yield invalid("gzip-cut", "a gzip file that is cut off", whole[:-9], 1, "malformed-bundle")
    yield invalid("gzip-trailing", "a byte after the gzip member", whole + b"\0", 1, "malformed-bundle")
    half = len(text) // 2
    yield invalid(
        "gzip-two-members", "two gzip members", zipped(text[:half]) + zipped(text[half:]), 1, "malformed-bundle"
    )
    yield invalid(
        "gzip-checksum", "a wrong gzip checksum", whole[:-8] + b"\0\0\0\0" + whole[-4:], 1, "malformed-bundle"
    )
    yield invalid("gzip-header-only", "a gzip header and nothing else", whole[:10], 1, "malformed-bundle")
    yield invalid(
        "gzip-of-zeros", "a megabyte of zeros, compressed", gzip.compress(bytes(2**20), mtime=0), 1, "malformed-bundle"
    )
    yield invalid("gzip-twice", "compressed twice", gzip.compress(whole, mtime=0), 1, "malformed-bundle")


def _digests(good: Draft) -> Iterator[Case]:
    stale = good.copy()
    stale.digest = bytes(32)
    yield invalid("digest-zero", "a digest of zeros", stale, 2, "bad-digest")
    text = good.text()
    yield invalid(
        "digest-of-other",
        "the software's name was changed, and the digest was not",
        text.replace("voltseal vectors", "voltseal vectorz"),
        2,
        "bad-digest",
    )
    yield invalid(
        "digest-before-signature",
        "a value was changed, and the digest was not: damage is found first",
        text.replace('"index":4', '"index":5', 1),
        2,
        "bad-digest",
    )

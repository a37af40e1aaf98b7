"""Forgeries of what is claimed around true statements: values, gaps, anchors (steps 7 to 9)."""

from __future__ import annotations

from collections.abc import Iterator

from . import parts
from .bundle_case import Case, Scene, invalid, scene
from .bundle_keys import rotated
from .bundle_text import Draft, b64, leaf
from .bundle_world import OTHER_LEDGER_KEY, disclosure
from .cast import OTHER_ORIGIN
from .encoding import array, integer


def cases() -> Iterator[Case]:
    yield from _disclosures(scene())
    yield from _gaps(scene())
    yield from _anchors(scene())


def _disclosures(s: Scene) -> Iterator[Case]:
    told = s.world.told[s.index(2)]
    three = s.world.told[s.index(3)]

    def case(name: str, description: str, code: str, value: object, sequence: int = 2) -> Case:
        draft = s.quiet("none")
        draft.at(s.index(sequence))["disclosure"] = value
        return invalid(name, description, draft, 7, code)

    columns = [*told.columns]
    columns[1] = parts.column([53_000, 53_000])
    yield case(
        "value-changed",
        "a voltage was changed",
        "bad-commitment",
        {"columns": b64(array(columns)), "seed": b64(told.seed)},
    )
    swapped = [*told.columns]
    swapped[14], swapped[15] = swapped[15], swapped[14]
    yield case(
        "columns-swapped",
        "two columns change places",
        "bad-commitment",
        {"columns": b64(array(swapped)), "seed": b64(told.seed)},
    )
    yield case(
        "seed-wrong", "another seed", "bad-commitment", {"columns": b64(array(told.columns)), "seed": b64(bytes(16))}
    )
    yield case("other-statements", "the columns of another statement", "bad-commitment", disclosure(three, "all"))
    yield case(
        "columns-too-few",
        "a column is missing",
        "malformed-disclosure",
        {"columns": b64(array(told.columns[:-1])), "seed": b64(told.seed)},
    )
    yield case(
        "columns-junk",
        "columns that are no CBOR",
        "malformed-disclosure",
        {"columns": b64(b"\xff"), "seed": b64(told.seed)},
    )
    padded = [*told.columns]
    padded[7] = array([integer(0), integer(0)])
    yield case(
        "column-second-way",
        "a column that is not written in its one way",
        "malformed-disclosure",
        {"columns": b64(array(padded)), "seed": b64(told.seed)},
    )
    partial = disclosure(told, [1, 5])
    partial["shown"][0]["column"] = b64(parts.column([53_000, 53_000]))
    yield case("shown-value-changed", "a shown voltage was changed", "bad-commitment", partial)
    partial = disclosure(told, [1, 5])
    partial["shown"][0]["index"] = 2
    yield case("shown-as-other-field", "a voltage shown as a current", "bad-commitment", partial)
    partial = disclosure(told, [1, 5])
    partial["shown"][1]["salt"] = b64(bytes(16))
    yield case("shown-salt-wrong", "a wrong salt", "bad-commitment", partial)
    partial = disclosure(told, [1, 5])
    partial["nodes"].pop()
    yield case("shown-nodes-short", "a node too few", "bad-commitment", partial)
    partial = disclosure(told, [1, 5])
    partial["nodes"].append(partial["nodes"][0])
    yield case("shown-nodes-long", "a node too many", "bad-commitment", partial)
    partial = disclosure(told, [1, 5])
    partial["shown"][1]["index"] = 30
    yield case("shown-index-beyond", "a column that the schema does not have", "malformed-disclosure", partial)
    partial = disclosure(told, [0])
    partial["shown"][0]["column"] = b64(array([integer(0), integer(-5)]))
    yield case("time-falls", "time offsets that fall", "malformed-disclosure", partial)
    yield case("boot-disclosed", "a disclosure at a boot statement", "malformed-disclosure", disclosure(told, "all"), 0)
    draft = s.quiet("none")
    draft.at(0)["disclosure"] = disclosure(told, "all")
    yield invalid("event-disclosed", "a disclosure at a registry event", draft, 7, "malformed-disclosure")
    yield invalid(
        "event-disclosed-first",
        "a disclosure at a registry event, then a changed value: the first fault counts",
        _with_changed_value(draft, s),
        7,
        "malformed-disclosure",
    )
    world, device, _ = rotated()
    draft = world.draft(device, [(0, 3)], show="all")
    statement, event = 2, max(index for index in world.owner if index not in world.told)
    draft.at(event)["disclosure"] = draft.at(statement)["disclosure"]
    draft.at(statement)["disclosure"] = draft.at(statement)["disclosure"] | {"seed": b64(bytes(16))}
    yield invalid(
        "event-disclosed-later",
        "a wrong seed, then a disclosure at a registry event: the first fault counts",
        draft,
        7,
        "bad-commitment",
    )


def _with_changed_value(draft: Draft, s: Scene) -> Draft:
    changed = draft.copy()
    told = s.world.told[s.index(2)]
    changed.at(s.index(2))["disclosure"] = {"columns": b64(array(told.columns)), "seed": b64(bytes(16))}
    return changed


def _gaps(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, code: str, draft: Draft) -> Case:
        return invalid(name, description, draft, 8, code)

    def without(sequence: int, *, ranges: list[tuple[int, int]], gaps: list[tuple[int, int, str]]) -> Draft:
        return s.world.draft(s.device, ranges, gaps, without=[s.index(sequence)])

    yield case(
        "gap-hidden",
        "a statement was left out, and the claim does not say so",
        "hidden-gap",
        without(3, ranges=[(0, 4)], gaps=[]),
    )
    yield case(
        "chain-truncated",
        "the last statement of the claim was left out",
        "hidden-gap",
        without(4, ranges=[(0, 4)], gaps=[]),
    )
    yield case(
        "chain-beheaded",
        "the first statement of the claim was left out",
        "hidden-gap",
        without(0, ranges=[(0, 4)], gaps=[]),
    )
    cut = [(5, 7, "power-cut")]
    yield case(
        "gap-shortened",
        "a declared gap is claimed to be shorter",
        "hidden-gap",
        s.world.draft(s.device, [(0, 9)], [(5, 6, "power-cut")]),
    )
    yield case(
        "gap-widened",
        "a gap is claimed where a statement stands",
        "wrong-gap",
        s.world.draft(s.device, [(0, 9)], [(4, 7, "power-cut")]),
    )
    yield case(
        "gap-invented",
        "a gap is claimed where nothing is missing",
        "wrong-gap",
        s.world.draft(s.device, [(0, 4)], [(2, 2, "unexplained")]),
    )
    yield case(
        "gap-excused",
        "an unexplained gap is called a power cut",
        "wrong-gap",
        s.world.draft(s.device, [(9, 13)], [(12, 12, "power-cut")]),
    )
    yield case(
        "gap-other-reason",
        "a power cut is called a full spool",
        "wrong-gap",
        s.world.draft(s.device, [(0, 9)], [(5, 7, "spool-full")]),
    )
    yield case(
        "gap-undeclared",
        "a declared gap is called unexplained",
        "wrong-gap",
        s.world.draft(s.device, [(0, 9)], [(5, 7, "unexplained")]),
    )
    yield case(
        "gap-withheld",
        "the operator withholds a statement and calls it a power cut",
        "wrong-gap",
        without(3, ranges=[(0, 9)], gaps=[(3, 3, "power-cut"), *cut]),
    )
    yield case(
        "declaration-missing",
        "a gap is said to be declared, but no statement declares it",
        "wrong-gap",
        s.world.draft(s.device, [(3, 6)], [(5, 6, "power-cut")]),
    )


def _anchors(s: Scene) -> Iterator[Case]:
    def case(name: str, description: str, code: str, anchor: dict[str, str], trust: str = "full") -> Case:
        draft = s.quiet()
        draft.anchors = [anchor]
        return invalid(name, description, draft, 9, code, trust)

    good = s.world.anchor()
    yield case("anchor-other-root", "a ledger block of another root", "bad-anchor", s.world.anchor(root=leaf(b"")))
    yield case("anchor-other-size", "a ledger block of another size", "bad-anchor", s.world.anchor(size=3))
    yield case(
        "anchor-other-origin", "a ledger block of another log", "bad-anchor", s.world.anchor(origin=OTHER_ORIGIN)
    )
    yield case(
        "anchor-other-root-unknown-ledger",
        "another root, by a ledger that is not trusted",
        "bad-anchor",
        s.world.anchor(OTHER_LEDGER_KEY, root=leaf(b"")),
    )
    yield case(
        "anchor-back-dated",
        "the block's time was changed under its signature",
        "bad-anchor",
        good | {"proof": good["proof"].replace("\n1750000500000\n", "\n1750000400000\n")},
    )
    yield case(
        "anchor-called-strong",
        "a ledger block that calls itself strong",
        "wrong-strength",
        good | {"strength": "strong"},
    )
    yield case(
        "anchor-called-strong-and-wrong",
        "a ledger block of another root that calls itself strong: strength is judged first",
        "wrong-strength",
        s.world.anchor(root=leaf(b"")) | {"strength": "strong"},
    )
    yield case(
        "anchor-follows-nothing",
        "a ledger block at height 4 that says it follows no block",
        "bad-anchor",
        s.world.anchor(before=bytes(32)),
    )
    yield case(
        "anchor-first-follows",
        "a ledger block at height 0 that says it follows a block",
        "bad-anchor",
        s.world.anchor(height=0),
    )
    yield case("anchor-junk", "a ledger block that is none", "bad-anchor", good | {"proof": "block"})
    yield case("anchor-empty", "an empty proof", "bad-anchor", good | {"proof": ""})

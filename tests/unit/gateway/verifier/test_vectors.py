"""Every bundle vector has the outcome, step, code and verdict that it says."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit.gateway.verifier.conftest import BY_NAME, VECTORS, bundle_of, trust_of

from voltseal.verifier import STEPS, CouldNotCheck, Invalid, NotVerifiedError, Verdict, verify


@pytest.mark.parametrize("name", BY_NAME)
def test_vector(name: str) -> None:
    vector = BY_NAME[name]
    trust = trust_of(vector["trust"])
    if vector["expect"] == "valid":
        verdict = verify(bundle_of(name), trust)
        assert {key: parts_of(verdict)[key] for key in vector["verdict"]} == vector["verdict"]
        return
    kind = Invalid if vector["expect"] == "invalid" else CouldNotCheck
    with pytest.raises(NotVerifiedError) as caught:
        verify(bundle_of(name), trust)
    assert (type(caught.value), caught.value.step, caught.value.reason_code) == (kind, vector["step"], vector["code"])


def parts_of(verdict: Verdict) -> dict[str, Any]:
    """What a vector may say of a verdict; see `about` in bundle.json."""
    disclosure, newer = verdict.disclosure, verdict.inclusion.newer
    return {
        "completeness": verdict.completeness.result,
        "statements": verdict.completeness.statements,
        "gaps": [gap.to_json() for gap in verdict.completeness.gaps],
        "conflicts": [[c.about, c.first.sequence, c.second.sequence] for c in verdict.completeness.conflicts],
        "keys": [[key.kid, key.statements, key.after_revocation] for key in verdict.keys],
        "anchors": [[anchor.backend, anchor.strength, anchor.status] for anchor in verdict.anchors],
        "not_after_ms": verdict.time.not_after_ms,
        "witnesses": len(verdict.inclusion.witnesses),
        "newer": None if newer is None else [newer.tree_size, len(newer.witnesses)],
        "disagreement": verdict.time.disagreement,
        "firmware": [one.status for one in verdict.firmware],
        "disclosed": [disclosure.full, disclosure.partial, disclosure.none],
        "shown": len(disclosure.shown),
        "hidden": len(disclosure.hidden),
    }


def test_vectors_are_as_generated() -> None:
    script = VECTORS.with_name("generate_bundles.py")
    subprocess.run([sys.executable, str(script), "--check"], check=True)


def test_vectors_reach_every_step_and_code_of_the_specification() -> None:
    spec = VECTORS.parents[2].joinpath("docs", "spec", "verification.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in spec.splitlines() if line.startswith("| ") and line[2].isdigit()]
    specified = {(int(row[1]), code) for row in rows for code in row[4].split("`")[1::2]}
    reached = {(vector["step"], vector["code"]) for vector in BY_NAME.values() if "step" in vector}
    assert reached == specified
    assert [(int(row[1]), row[2].strip()) for row in rows][:9] == [(step.number, step.name) for step in STEPS]


def test_there_are_enough_of_each_kind() -> None:
    counts = Counter(vector["expect"] for vector in BY_NAME.values())
    assert counts["invalid"] >= 60
    assert counts["valid"] >= 20
    assert counts["could-not-check"] >= 4


def test_forgery_is_found_without_any_trust() -> None:
    for name, vector in BY_NAME.items():
        if vector["expect"] == "invalid" and vector["code"] not in NEEDS_TRUST:
            with pytest.raises(Invalid) as caught:
                verify(bundle_of(name), trust_of("none"))
            assert (caught.value.step, caught.value.reason_code) == (vector["step"], vector["code"]), name


NEEDS_TRUST = {"bad-checkpoint-signature", "bad-endorsement", "bad-anchor"}


def test_valid_bundles_are_of_the_published_schema() -> None:
    schema = json.loads(VECTORS.parents[2].joinpath("docs", "spec", "evidence.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    for vector in BY_NAME.values():
        if vector["expect"] == "valid" and "bundle" in vector:
            validator.validate(json.loads(vector["bundle"]))
    for name in ("claim-unknown-member", "claim-no-range", "entry-index-text", "seed-short", "disclosure-empty"):
        assert not validator.is_valid(json.loads(BY_NAME[name]["bundle"])), name

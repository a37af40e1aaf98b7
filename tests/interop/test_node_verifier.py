"""A second verifier, in JavaScript and written from docs/spec alone, must say of every bundle what the vectors say."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from voltseal.cli import main

VERIFIER = Path(__file__).parent / "node-verifier" / "verify.mjs"
VECTORS = Path(__file__).parents[1] / "vectors" / "bundle.json"
SUITE: dict[str, Any] = json.loads(VECTORS.read_text("utf-8"))
TRUST: dict[str, str] = SUITE["trust"]
PACK_COLUMNS = 30  # of bms.pack, the only schema
NAMED: dict[str, dict[str, Any]] = {vector["name"]: vector for vector in SUITE["vectors"]}


@pytest.fixture(scope="module")
def node() -> str:
    """Node's path. Where it is missing the tests are skipped; in CI that is an error."""
    path = shutil.which("node")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("Node is missing: apt-get install nodejs")
        pytest.skip("Node is missing")
    return path


def bundle_bytes(vector: dict[str, Any]) -> bytes:
    """The bundle's file, as it stands in the vector."""
    if "bundle" in vector:
        return str(vector["bundle"]).encode()
    return base64.b64decode(vector["bundle_base64"])


def judge_all(node: str, directory: Path, cases: list[tuple[bytes, str]]) -> list[dict[str, Any]]:
    """What Node says of (bundle, trust file) pairs, all in one process."""
    batch = directory / "batch.json"
    batch.write_text(
        json.dumps([{"bundle": base64.b64encode(bundle).decode(), "trust": trust} for bundle, trust in cases])
    )
    done = subprocess.run([node, VERIFIER, "--batch", batch], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    outcomes = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(outcomes) == len(cases)
    return outcomes


@pytest.fixture(scope="module")
def outcomes(node: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Node's outcome for every vector, by name."""
    cases = [(bundle_bytes(vector), TRUST[vector["trust"]]) for vector in NAMED.values()]
    return dict(zip(NAMED, judge_all(node, tmp_path_factory.mktemp("node"), cases), strict=True))


def as_vectors_say(verdict: dict[str, Any]) -> dict[str, Any]:
    """Node's verdict in the members and the shorthand of the vectors' verdicts (`about` in bundle.json)."""
    disclosed, bound, newer = verdict["disclosed"], verdict["not_after_ms"], verdict["newer"]
    has_columns = disclosed["all"] + disclosed["some"] + disclosed["none"] > 0
    return {
        "completeness": verdict["completeness"],
        "statements": verdict["statements"],
        "gaps": verdict["gaps"],
        "conflicts": [[conflict["about"], *conflict["sequences"]] for conflict in verdict["conflicts"]],
        "keys": [[key["kid"], key["statements"], key["logged_after_revocation"]] for key in verdict["keys"]],
        "anchors": [[anchor["backend"], anchor["strength"], anchor["status"]] for anchor in verdict["anchors"]],
        "not_after_ms": None if bound is None else int(bound),
        "witnesses": len(verdict["witnesses"]),
        "newer": None if newer is None else [int(newer["tree_size"]), len(newer["witnesses"])],
        "disagreement": verdict["disagreement"],
        "firmware": [measured["status"] for measured in verdict["firmware"]],
        "disclosed": [disclosed["all"], disclosed["some"], disclosed["none"]],
        "shown": len(disclosed["columns"]),
        "hidden": PACK_COLUMNS - len(disclosed["columns"]) if has_columns else 0,
    }


@pytest.mark.parametrize("name", NAMED)
def test_node_and_vector_agree(name: str, outcomes: dict[str, dict[str, Any]]) -> None:
    """Same result, same step, same code; of a valid bundle, the same verdict in all that the vector states."""
    vector, outcome = NAMED[name], outcomes[name]
    expected = (vector["expect"], vector.get("step", 10), vector.get("code"))
    assert (outcome["result"], outcome["step"], outcome["code"]) == expected, outcome["reason"]
    stated: dict[str, Any] = vector.get("verdict", {})
    if stated:
        verdict = as_vectors_say(outcome["verdict"])
        assert {member: verdict[member] for member in stated} == stated


CBOR_BATCH = """
import { readFileSync } from 'node:fs';
import { decode } from './cbor.mjs';
import { Malformed } from './refusal.mjs';
const judge = (item) => {
  try {
    decode(Buffer.from(item, 'hex'));
    return 'ok';
  } catch (error) {
    if (error instanceof Malformed) return 'malformed';
    throw error;
  }
};
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map(judge)));
"""


def test_node_takes_the_cbor_subset_and_nothing_else(node: str) -> None:
    """Shortest forms, order of keys, tags: what the bundles' vectors leave out."""
    items = json.loads((VECTORS.parent / "cbor.json").read_text("utf-8"))["vectors"]
    done = subprocess.run(
        [node, "--input-type=module", "--eval", CBOR_BATCH],
        input=json.dumps([item["input"]["item"] for item in items]),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=VERIFIER.parent,
    )
    assert done.returncode == 0, done.stderr
    judged = dict(zip([item["name"] for item in items], json.loads(done.stdout), strict=True))
    assert judged == {item["name"]: item["expect"] for item in items}


def test_the_vectors_cover_every_step() -> None:
    """Steps 1 to 9 are each failed by some vector, and some pass: otherwise agreement would say little."""
    assert {vector.get("step", 10) for vector in NAMED.values()} == set(range(1, 11))


def changed(bundle: bytes) -> Iterator[tuple[int, bytes]]:
    """Every position of the bundle, and the bundle with the lowest bit of that byte inverted."""
    for position, byte in enumerate(bundle):
        yield position, bundle[:position] + bytes([byte ^ 1]) + bundle[position + 1 :]


def digested_again(bundle: bytes) -> bytes:
    """The bundle with a digest that fits, so that only the other steps can notice a change."""
    content = bundle[: bundle.rindex(b'"digest":')]
    return content + b'"digest":"' + base64.b64encode(hashlib.sha256(content).digest()) + b'"}\n'


def test_no_changed_byte_passes(node: str, tmp_path: Path) -> None:
    """A bit inverted in any byte of a valid bundle makes it invalid."""
    bundle = bundle_bytes(NAMED["one-statement"])
    cases = [(other, TRUST["full"]) for _, other in changed(bundle)]
    passed = [at for at, outcome in enumerate(judge_all(node, tmp_path, cases)) if outcome["result"] != "invalid"]
    assert passed == []


def test_no_changed_byte_passes_with_a_new_digest(node: str, tmp_path: Path) -> None:
    """So does one whose digest was made anew. Only what proves nothing can be changed: who wrote the file, and which
    anchor is of no known kind, which then no longer counts.
    """
    bundle = bundle_bytes(NAMED["one-statement"])
    digest_at, made_by_at = bundle.rindex(b'"digest":'), bundle.index(b'"made_by":')
    end_of_made_by = bundle.index(b"\n", made_by_at)
    variants = [(at, digested_again(other)) for at, other in changed(bundle) if at < digest_at]
    outcomes = judge_all(node, tmp_path, [(other, TRUST["full"]) for _, other in variants])
    passed = {
        at: outcome for (at, _), outcome in zip(variants, outcomes, strict=True) if outcome["result"] != "invalid"
    }
    assert {at for at in passed if made_by_at <= at < end_of_made_by}, "the digest was not made anew"
    for at, outcome in passed.items():
        if not made_by_at <= at < end_of_made_by:
            assert outcome["verdict"]["anchors"][0]["status"] == "not-checked", f"byte {at}"


def gateway_says(directory: Path, bundle: bytes, trust: Path, capsys: pytest.CaptureFixture[str]) -> tuple[Any, ...]:
    """Result, step and code of `voltseal verify`, the other verifier."""
    file = directory / "bundle.json"
    file.write_bytes(bundle)
    main(["verify", str(file), "--trust", str(trust), "--json", "--workers", "1"])
    outcome = json.loads(capsys.readouterr().out)
    return outcome["result"], outcome.get("step", 10), outcome.get("code")


@pytest.mark.parametrize("name", ["one-statement", "some-shown", "witness", "key-rotated", "newer-witness"])
def test_both_verifiers_agree_on_changed_bytes(
    node: str, tmp_path: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not only that a change is refused: both name the same step and code, whatever byte it is."""
    vector = NAMED[name]
    bundle = bundle_bytes(vector)
    stride = max(1, len(bundle) // 250)
    variants = [digested_again(other) for at, other in changed(bundle) if at % stride == 0 and b'"digest":' in other]
    trust = tmp_path / "trust.toml"
    trust.write_text(TRUST[vector["trust"]], "utf-8")
    outcomes = judge_all(node, tmp_path, [(variant, TRUST[vector["trust"]]) for variant in variants])
    for variant, outcome in zip(variants, outcomes, strict=True):
        ours = (outcome["result"], outcome["step"], outcome["code"])
        assert ours == gateway_says(tmp_path, variant, trust, capsys), outcome["reason"]


@pytest.mark.parametrize(
    ("name", "exit_code"), [("one-statement", 0), ("gzip", 0), ("trust-empty", 2), ("digest-zero", 1)]
)
def test_exit_code_and_words(node: str, tmp_path: Path, name: str, exit_code: int) -> None:
    """The command line: 0 valid, 1 invalid, 2 could not check; step and code stand in the first line."""
    vector = NAMED[name]
    bundle, trust = tmp_path / "bundle", tmp_path / "trust.toml"
    bundle.write_bytes(bundle_bytes(vector))
    trust.write_text(TRUST[vector["trust"]], "utf-8")
    done = subprocess.run(
        [node, VERIFIER, bundle, "--trust", trust], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == exit_code, done.stderr
    first = done.stdout.splitlines()[0]
    assert first == "valid" if exit_code == 0 else f"step {vector['step']}: {vector['code']}" in first
    as_json = subprocess.run(
        [node, VERIFIER, bundle, "--trust", trust, "--json"], capture_output=True, text=True, timeout=60, check=False
    )
    assert json.loads(as_json.stdout)["result"] == vector["expect"]


def test_the_whole_gzip_file_counts(node: str, tmp_path: Path) -> None:
    """One member and nothing else: Node's own gunzip would take two members, and bytes after them."""
    packed = gzip.compress(bundle_bytes(NAMED["one-statement"]), mtime=0)
    variants = [packed, packed + b"\0", packed + gzip.compress(b""), packed[:-1]]
    outcomes = judge_all(node, tmp_path, [(variant, TRUST["full"]) for variant in variants])
    assert [outcome["result"] for outcome in outcomes] == ["valid", "invalid", "invalid", "invalid"]


@pytest.mark.parametrize(
    ("change", "names"),
    [
        (lambda text: text.replace("voltseal-trust/1", "voltseal-trust/2"), "format"),
        (lambda text: text + '\n[[log]]\norigin = "a"\n', "[[log]] number 2: key is missing"),
        (lambda text: text + '\n[[witness]]\nkey = "a"\nname = "b"\n', "[[witness]] number 1: name is not known"),
        (lambda text: text + text[text.index("[[maker]]") :], "[[maker]]: the same key stands twice"),
        (lambda text: text.replace("log+e", "log+f"), "[[log]] number 1: origin or key: key ID"),
        (lambda text: text + "\n[makers]\n", "line"),
        (lambda text: text + '\n[[firmware]]\nname = "a"\nname = "b"\n', "name stands twice"),
    ],
)
def test_a_trust_file_with_a_mistake_is_refused(node: str, tmp_path: Path, change: Any, names: str) -> None:
    """Whatever is unknown, missing, doubled or does not parse is named."""
    trust = change(TRUST["full"])
    assert trust != TRUST["full"]
    (outcome,) = judge_all(node, tmp_path, [(bundle_bytes(NAMED["one-statement"]), trust)])
    assert outcome["result"] == "bad-trust-file"
    assert names in outcome["reason"]

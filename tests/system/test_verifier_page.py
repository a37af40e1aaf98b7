"""The browser verifier gives the verdicts that the command line gives."""

from __future__ import annotations

import gzip
import json
import random
from base64 import b64encode
from typing import Any

import pytest
from tests.system.verifier_page import Page, strings
from tests.unit.gateway.verifier.conftest import BY_NAME, CONTENT, bundle_of

from voltseal.cli.trust_template import TrustLines, render_trust
from voltseal.verifier import NotVerifiedError, TrustFileError, parse_trust, verify
from voltseal.verifier.verdict import to_json

NEEDS_TRUST = {"bad-checkpoint-signature", "bad-endorsement", "bad-anchor"}
FULL = CONTENT["trust"]["full"]


@pytest.fixture(scope="module")
def outcomes(page: Page) -> dict[str, dict[str, Any]]:
    """What the page makes of each bundle vector."""
    page.open()
    cases = [(bundle_of(name), CONTENT["trust"][vector["trust"]]) for name, vector in BY_NAME.items()]
    return dict(zip(BY_NAME, page.verify_all(cases), strict=True))


def by_python(bundle: bytes, trust: str) -> dict[str, Any]:
    """What `voltseal verify --json` says."""
    try:
        verdict = to_json(verify(bundle, parse_trust(trust)))
    except NotVerifiedError as error:
        return {"result": error.outcome, "step": error.step, "code": error.reason_code, "verdict": None}
    return {"result": "valid", "step": None, "code": None, "verdict": json.loads(json.dumps(verdict))}


@pytest.mark.parametrize("name", BY_NAME)
def test_vector(outcomes: dict[str, dict[str, Any]], name: str) -> None:
    vector, outcome = BY_NAME[name], outcomes[name]
    expected = (vector["expect"], vector.get("step"), vector.get("code"))
    assert (outcome["result"], outcome["step"], outcome["code"]) == expected, outcome["detail"]
    trust = CONTENT["trust"][vector["trust"]]
    python = by_python(bundle_of(name), trust)
    assert {member: outcome[member] for member in python} == python


def test_forgery_is_found_without_any_trust(page: Page) -> None:
    names = [name for name, one in BY_NAME.items() if one["expect"] == "invalid" and one["code"] not in NEEDS_TRUST]
    page.open()
    for name, outcome in zip(names, page.verify_all((bundle_of(name), None) for name in names), strict=True):
        vector = BY_NAME[name]
        assert (outcome["result"], outcome["step"], outcome["code"]) == ("invalid", vector["step"], vector["code"]), (
            name
        )


def test_changed_bytes_never_give_another_valid_verdict(page: Page) -> None:
    chance = random.Random(5)
    good = bundle_of("run-without-gap")
    spoilt = []
    for _ in range(300):
        raw = bytearray(good)
        raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
        spoilt.append((bytes(raw), FULL))
    page.open()
    results = {outcome["result"] for outcome in page.verify_all(spoilt)}
    assert results == {"invalid"}


def test_a_compression_bomb_ends_early(page: Page) -> None:
    page.open()
    (bomb,) = page.verify_all([(gzip.compress(bytes(400 * 2**20), 1), FULL)])
    assert (bomb["result"], bomb["code"]) == ("invalid", "malformed-bundle")
    (long,) = page.verify_all([(gzip.compress(b"\n" * (300 * 2**20), 1), FULL)])
    assert (long["result"], long["step"], long["code"]) == ("could-not-check", 0, "too-large")


SPOILT_TRUST = {
    "empty": (FULL, ""),
    "other format": ("voltseal-trust/1", "voltseal-trust/2"),
    "one bracket": ("[[maker]]", "[maker]"),
    "unknown table": ("[[maker]]", "[[makers]]"),
    "unknown member": ("origin =", "orgin ="),
    "missing member": ("name = ", "# name = "),
    "member twice": ('name = "Example Batteries"', 'name = "A"\nname = "B"'),
    "wrong key": ("+AYq5", "+AYq6"),
    "wrong key ID": ("+e89108f5+", "+e89108f6+"),
    "no COSE_Key": ("pAECIAEh", "pAECIAEi"),
    "off the curve": ("iJYIBA6", "iJYIBA7"),
    "key twice": ("[[ledger]]", '[[log]]\norigin = "{0}"\nkey = "{1}"\n\n[[ledger]]'),
    "number": ('"Example Batteries"', "7"),
    "unknown escape": ('"Example Batteries"', '"Example \\q"'),
    "control character": ('"Example Batteries"', '"Example \x07"'),
    "short measurement": ("[[ledger]]", '[[firmware]]\nname = "x"\nmeasurement = "00"\nstatus = "known"\n[[ledger]]'),
}


@pytest.mark.parametrize("fault", SPOILT_TRUST)
def test_a_trust_file_with_a_fault_is_refused_as_by_the_command_line(page: Page, fault: str) -> None:
    old, new = SPOILT_TRUST[fault]
    log = parse_trust(FULL).logs[0]
    text = FULL.replace(old, new.format(log.origin, log.key.encode()))
    assert text != FULL
    with pytest.raises(TrustFileError):
        parse_trust(text)
    page.open()
    (outcome,) = page.verify_all([(bundle_of("run-without-gap"), text)])
    assert (outcome["result"], outcome["step"], outcome["code"]) == ("could-not-check", 0, "bad-trust-file")


def test_trust_files_of_the_command_line_are_understood(page: Page) -> None:
    trust = parse_trust(FULL)
    log, maker, ledger = trust.logs[0], trust.makers[0], trust.ledgers[0]
    key = b64encode(maker.key.cose_key).decode()
    names = ("Example", "例 \\ \" '", "tab\there")
    texts = [
        render_trust(TrustLines([(log.origin, log.key.encode())], [(n, key)], [ledger.key.encode()])) for n in names
    ]
    page.open()
    outcomes = page.verify_all(
        (bundle_of("run-without-gap"), text) for text in (*texts, texts[0].replace("\n", "\r\n"))
    )
    assert [outcome["verdict"]["keys"][0]["maker"] for outcome in outcomes] == [*names, names[0]]


def test_without_ed25519_nothing_is_called_valid_and_forgery_is_found(page: Page) -> None:
    page.open()
    page.driver.execute_script("""
      const real = SubtleCrypto.prototype.importKey;
      SubtleCrypto.prototype.importKey = function (format, bytes, algorithm, ...rest) {
        if (algorithm.name === "Ed25519") return Promise.reject(new DOMException("no", "NotSupportedError"));
        return real.call(this, format, bytes, algorithm, ...rest);
      };""")
    good, forged = page.verify_all([(bundle_of("run-without-gap"), FULL), (bundle_of("value-changed"), FULL)])
    assert (good["result"], good["step"], good["code"]) == ("could-not-check", 3, "unsupported-browser")
    assert (forged["result"], forged["code"]) == ("invalid", "bad-commitment")


def test_there_are_words_for_every_code(outcomes: dict[str, dict[str, Any]]) -> None:
    codes = {vector["code"] for vector in BY_NAME.values() if "code" in vector}
    for language in ("en", "zh"):
        assert {f"code.{code}" for code in codes} <= strings(language).keys()
    steps = {step["step"]: step["name"] for outcome in outcomes.values() for step in outcome["steps"]}
    assert sorted(steps) == list(range(1, 10))

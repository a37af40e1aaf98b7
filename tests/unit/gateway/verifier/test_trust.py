"""The trust file: what it says, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.unit.gateway.verifier.conftest import CONTENT

from voltseal.cli.trust_search import BESIDE_BUNDLE_WARNING, TrustSource, find_trust
from voltseal.cli.trust_template import TrustLines, render_trust
from voltseal.verifier import Trust, TrustFileError, parse_trust

FULL = CONTENT["trust"]["full"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'must say format = "voltseal-trust/1"'),
        ('format = "voltseal-trust/2"', 'must say format = "voltseal-trust/1"'),
        ("[[", "not TOML"),
        ("a = " + "[" * 5000, "not TOML"),
        ("a = " + "9" * 5000, "not TOML"),
        (FULL.replace("[[maker]]", "[[makers]]"), "table 'makers' is not known"),
        (FULL.replace("[[maker]]", "[maker]"), "write [[maker]]"),
        (FULL.replace("origin =", "orgin ="), "[[log]] 1: key 'orgin' is not known"),
        (FULL.replace('origin = "', 'key2 = "'), "[[log]] 1: key 'key2' is not known"),
        (FULL.replace('name = "Example Batteries"\n', ""), "[[maker]] 1: key 'name' is missing"),
        (FULL.replace('name = "Example Batteries"', "name = 3"), "is not a text in quotes"),
        (FULL.replace('origin = "vectors', 'origin = "other'), "a log's key bears the log's origin"),
        (FULL.replace("+9f64", "+0000"), "key ID does not belong to the key"),
        (FULL.replace('key = "pAEC', 'key = "pAED'), "[[maker]] 1: "),
        (FULL + '\n[[maker]]\nname = "again"\n' + FULL[FULL.index('key = "pAEC') :].split("\n")[0], "stands twice"),
        (FULL + '\n[[firmware]]\nname = "x"\nmeasurement = "00"\nstatus = "known"', "64 lower-case"),
        (FULL + f'\n[[firmware]]\nname = "x"\nmeasurement = "{"0" * 64}"\nstatus = "good"', "status is neither"),
    ],
)
def test_a_mistake_names_its_place(text: str, words: str) -> None:
    with pytest.raises(TrustFileError) as caught:
        parse_trust(text, "my.toml")
    assert "my.toml" in str(caught.value)
    assert words in str(caught.value)


def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(TrustFileError) as caught:
        parse_trust(FULL.replace("[[ledger]]", "[[legder]]"))
    assert caught.value.hint == "did you mean 'ledger'?"


def test_the_template_is_a_trust_file_that_believes_nobody() -> None:
    assert parse_trust(render_trust(TrustLines())) == Trust()


def test_a_filled_template_believes_who_is_in_it() -> None:
    full = parse_trust(FULL)
    log = full.logs[0]
    maker = FULL.split('name = "Example Batteries"\nkey = "')[1].split('"')[0]
    lines = TrustLines([(log.origin, log.key.encode())], [("Example Batteries", maker)], [full.ledgers[0].key.encode()])
    assert parse_trust(render_trust(lines)) == full


def test_trust_is_sought_in_order_and_the_place_is_told(tmp_path: Path) -> None:
    bundle = tmp_path / "bundles" / "b.json"
    home, option, named = tmp_path / "home", tmp_path / "option.toml", tmp_path / "named.toml"
    own = home / ".config" / "voltseal" / "trust.toml"
    for directory in (bundle.parent, own.parent):
        directory.mkdir(parents=True)
    environment = {"HOME": str(home)}

    def source(chosen: Path | None = None) -> TrustSource:
        return find_trust(chosen, bundle, environment).source

    assert source() is TrustSource.NONE
    (bundle.parent / "trust.toml").write_text(FULL)
    assert source() is TrustSource.BESIDE_BUNDLE
    assert find_trust(None, bundle, environment).to_json()["warning"] == BESIDE_BUNDLE_WARNING
    assert find_trust(None, None, environment).source is TrustSource.NONE, "standard input has nothing beside it"
    own.write_text(FULL)
    assert source() is TrustSource.USER_CONFIG
    named.write_text(FULL)
    environment["VOLTSEAL_TRUST"] = str(named)
    assert source() is TrustSource.ENVIRONMENT
    option.write_text(FULL)
    assert source(option) is TrustSource.OPTION


def test_a_user_without_a_home_has_no_trust_file_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HOME", raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _uid: {}["nobody"])  # as in a container with any --user
    assert find_trust(None, tmp_path / "b.json", {}).source is TrustSource.NONE


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    for option, environment in ((tmp_path / "no", {}), (None, {"VOLTSEAL_TRUST": str(tmp_path / "no")})):
        with pytest.raises(TrustFileError, match="cannot be read"):
            find_trust(option, None, environment)
    for content, words in ((b"\xff", "not UTF-8"), (bytes(2**20 + 1), "longer than")):
        (tmp_path / "t").write_bytes(content)
        with pytest.raises(TrustFileError, match=words):
            find_trust(tmp_path / "t", None, {})

"""Configuration: what is read, what is refused, and how a refusal names its place."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from voltseal.cli.init import configuration_text
from voltseal.config import BrokerAddress, Config, ConfigError, load, parse
from voltseal.wire.keys import SigningKey

PATH = Path("/etc/voltseal/voltseal.toml")
MINIMAL = '[gateway]\norigin = "example.org/log"\nsite = "site-1"\n'


def read(more: str = "") -> Config:
    return parse(MINIMAL + more, PATH)


def test_the_minimum_has_defaults_and_paths_beside_the_file() -> None:
    config = read()
    assert config.broker.address == BrokerAddress("localhost", 1883, tls=False)
    assert config.store.path == PATH.parent / "voltseal.db"
    assert config.log.key_file == PATH.parent / "keys" / "log.key"
    assert (config.log.checkpoint_entries, config.log.checkpoint_s) == (1000, 10.0)
    assert config.anchors == config.makers == ()


def test_the_text_of_init_is_the_default_but_for_the_anchor() -> None:
    config = parse(configuration_text("example.org/log", "site-1", "mqtt://localhost:1883"), PATH)
    assert [anchor.uri for anchor in config.anchors] == ["ledger:anchors.ledger"]
    assert config == parse(MINIMAL + '[[anchor]]\nuri = "ledger:anchors.ledger"\nevery_s = 60.0\n', PATH)


def test_every_line_that_init_comments_out_is_valid_and_shows_the_default() -> None:
    text = configuration_text("example.org/log", "site-1", "mqtt://localhost:1883")
    lines = []
    for line in text.splitlines():
        shown = line.removeprefix("# ")
        is_key = shown.split(" = ")[0].isidentifier() and line != shown
        lines.append(
            shown if is_key and "_file = " not in shown and "key = " not in shown and "name = " not in shown else line
        )
    assert parse("\n".join(lines), PATH) == parse(text, PATH)


def test_paths_may_be_absolute() -> None:
    assert read('[store]\npath = "/var/lib/voltseal/db"\n').store.path == Path("/var/lib/voltseal/db")


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('[brokr]\nurl = "x"\n', "table 'brokr' is not known", "did you mean 'broker'?"),
        ('[broker]\nurll = "x"\n', "[broker]: key 'urll' is not known", "did you mean 'url'?"),
        ("[log]\ncheckpoint_second = 1\n", "key 'checkpoint_second' is not known", "did you mean 'checkpoint_s"),
        ("[store]\nzzz = 1\n", "key 'zzz' is not known", "known are: path, linger_ms"),
        ("[store]\nlinger_ms = 1.5\n", "[store] linger_ms: 1.5 is not a whole number", None),
        ("[store]\nlinger_ms = true\n", "[store] linger_ms: True is not", None),
        ('[store]\nlinger_ms = "5"\n', "[store] linger_ms: '5' is not", None),
        ("[store]\ngroup_max = 0\n", "[store] group_max: 0 is less than 1", None),
        ("[store]\npath = 3\n", "[store] path: is not a file name", None),
        ('[broker]\nurl = "tcp://h"\n', "[broker] url: 'tcp://h' starts with 'tcp'", None),
        ('[broker]\nurl = "mqtt://u:p@h"\n', "is not of the form mqtt://host:port", None),
        ('[broker]\nurl = "mqtt://h"\nca_file = "ca"\n', "has certificates, but url is not mqtts://", None),
        ('[broker]\nurl = "mqtts://h"\ncert_file = "c"\n', "cert_file and key_file go together", None),
        ('[logging]\nlevel = "loud"\n', "level: 'loud' is not debug", None),
        ('[maker]\nname = "M"\nkey = "AA=="\n', "write [[maker]], with two brackets", None),
        ('[[maker]]\nname = "M"\nkey = "AA=="\n', "[[maker]] 1 key: is not the base64 of a COSE_Key", None),
        ('[[maker]]\nname = "M"\nkey = "nonsense!"\n', "[[maker]] 1 key: is not the base64 of a COSE_Key", None),
        ('[[anchor]]\nevery_s = 1\n', "[[anchor]] 1: key 'uri' is missing", None),
        ("[gateway\n", "is not TOML", None),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(text: str, message: str, hint: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text)
    assert str(caught.value).startswith(str(PATH))
    assert message in str(caught.value)
    assert caught.value.code == "config"
    if hint is not None:
        assert hint in str(caught.value.hint)


@pytest.mark.parametrize("site", ["", "Site", "a b", "a/b", "x" * 33, "ä"])
def test_a_site_is_what_topics_allow(site: str) -> None:
    with pytest.raises(ConfigError, match="site"):
        parse(f'[gateway]\norigin = "o"\nsite = "{site}"\n', PATH)


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "ö", "x" * 129])
def test_an_origin_is_what_the_specification_allows(origin: str) -> None:
    with pytest.raises(ConfigError, match="origin"):
        parse(f'[gateway]\norigin = "{origin}"\nsite = "s"\n', PATH)


def test_the_origin_is_required() -> None:
    with pytest.raises(ConfigError, match="key 'origin' is missing"):
        parse('[gateway]\nsite = "s"\n', PATH)


def test_a_makers_key_is_read() -> None:
    key = SigningKey.generate().public.cose_key
    (maker,) = read(f'[[maker]]\nname = "M"\nkey = "{b64encode(key).decode()}"\n').makers
    assert maker.cose_key == key


def test_a_file_that_is_not_there_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        load(tmp_path / "absent.toml")
    assert "voltseal init" in str(caught.value.hint)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match="is not UTF-8"):
        load(tmp_path / "v.toml")

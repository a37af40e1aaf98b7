"""The generated configuration: every line explained, nothing opened unasked, nothing to inject into it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from voltseal.broker.errors import BrokerDirectoryError
from voltseal.broker.installation import Account, install
from voltseal.broker.mosquitto import render_acl, render_configuration
from voltseal.broker.settings import BrokerSettings, Credentials
from voltseal.certificates.errors import NameRefusedError
from voltseal.config import BrokerTable
from voltseal.wire.ids import as_ueid
from voltseal.wire.limits import MAX_DOWN_BYTES, MAX_UP_BYTES
from voltseal.wire.message import down_topic, up_filter, up_topic

HERE = Path("/etc/voltseal/broker")
CREDENTIALS = Credentials(HERE / "ca.crt", HERE / "server.crt", HERE / "server.key", HERE / "ca.crl")
SETTINGS = BrokerSettings(site="depot-7", directory=HERE, credentials=CREDENTIALS)
UEID = as_ueid(bytes([1, *range(16)]))


def options(settings: BrokerSettings) -> dict[str, str]:
    lines = [line for line in render_configuration(settings).splitlines() if line and not line.startswith("#")]
    pairs = [tuple(line.split(" ", 1)) for line in lines]
    assert len({name for name, _ in pairs if name != "log_type"}) == sum(name != "log_type" for name, _ in pairs)
    return dict(pairs)


def test_every_option_is_explained() -> None:
    lines = render_configuration(SETTINGS).splitlines()
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), line
            assert not lines[number - 1].startswith("# ---"), line


def test_global_options_stand_before_the_listener() -> None:
    """What follows `listener` would belong to it, or be refused there."""
    names = list(options(SETTINGS))
    listener = set(names[names.index("listener") :])
    assert listener == {
        "listener", "max_connections", "max_qos", "tls_version", "ciphers", "cafile", "certfile", "keyfile",
        "require_certificate", "crlfile", "use_identity_as_username", "use_username_as_clientid",
    }  # fmt: skip


def test_limits_follow_the_specification_and_the_gateway() -> None:
    found = options(SETTINGS)
    topic = len(up_topic("s" * 32, UEID))
    assert MAX_UP_BYTES + topic + 64 <= int(found["max_packet_size"]) <= MAX_UP_BYTES + 1024
    assert MAX_DOWN_BYTES < MAX_UP_BYTES
    assert int(found["max_inflight_messages"]) == BrokerTable().window
    assert int(found["max_connections"]) > SETTINGS.max_devices


def test_the_access_list_speaks_of_the_topics_of_the_specification() -> None:
    acl = [line for line in render_acl(SETTINGS).splitlines() if line and not line.startswith("#")]
    assert acl == [
        "user gateway",
        f"topic read {up_filter('depot-7')}",
        "topic write voltseal/1/depot-7/+/down",
        "topic write voltseal/1/depot-7/alert",
        f"pattern write {up_topic('depot-7', UEID).replace(UEID.hex(), '%u')}",
        f"pattern read {down_topic('depot-7', UEID).replace(UEID.hex(), '%u')}",
    ]


def test_choices_reach_the_file() -> None:
    chosen = replace(SETTINGS, port=18_883, bind="10.0.0.1", gateway="edge-2", user="broker", max_devices=5)
    found = options(chosen)
    assert found["listener"] == "18883 10.0.0.1"
    assert found["user"] == "broker"
    assert "user edge-2\n" in render_acl(chosen)
    assert "crlfile" not in options(replace(SETTINGS, credentials=replace(CREDENTIALS, crl_file=None)))


@pytest.mark.parametrize(
    "change",
    [
        {"site": ""},
        {"site": "+"},
        {"site": "a/b"},
        {"site": "a\nallow_anonymous true"},
        {"port": 0},
        {"port": 65_536},
        {"max_devices": 0},
        {"bind": "broker.lan"},
        {"bind": "10.0.0.1\nallow_anonymous true"},
        {"user": "root\nallow_anonymous true"},
        {"user": ""},
        {"directory": Path("/etc/a\nallow_anonymous true")},
        {"directory": Path("relative")},
        {"credentials": replace(CREDENTIALS, crl_file=Path("/etc/a\nb"))},
    ],
)
def test_what_could_say_something_else_in_the_file_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(BrokerDirectoryError):
        replace(SETTINGS, **change)


@pytest.mark.parametrize("name", ["+", "#", "01" + "a1" * 16, "a b"])
def test_the_gateway_may_not_be_named_like_a_device_or_a_wildcard(name: str) -> None:
    with pytest.raises(NameRefusedError):
        replace(SETTINGS, gateway=name)


def in_directory(path: Path, **change: object) -> BrokerSettings:
    own = Credentials(*(path / name for name in ("ca.crt", "server.crt", "server.key", "ca.crl")))
    for file in (own.ca_file, own.cert_file, own.key_file):
        file.touch()
    return replace(SETTINGS, directory=path / "broker", credentials=own, **change)


def test_installing_replaces_nothing_by_itself(tmp_path: Path) -> None:
    settings = in_directory(tmp_path)
    install(settings)
    settings.configuration_path.write_text("changed by hand")
    with pytest.raises(BrokerDirectoryError, match="exists already"):
        install(settings)
    assert settings.configuration_path.read_text() == "changed by hand"
    install(settings, replace=True)
    assert settings.configuration_path.read_text() == render_configuration(settings)


def test_installing_needs_the_files_it_names(tmp_path: Path) -> None:
    settings = in_directory(tmp_path)
    settings.credentials.key_file.unlink()
    with pytest.raises(BrokerDirectoryError, match=r"server\.key is not there"):
        install(settings)
    assert not settings.configuration_path.exists()


def test_an_account_that_is_not_here_is_said_to_own_nothing(tmp_path: Path) -> None:
    settings = in_directory(tmp_path, user="voltseal-no-such-account")
    assert Account.find(settings.user) is None
    assert not install(settings).owned


def test_a_strict_umask_does_not_shut_mosquitto_out(tmp_path: Path) -> None:
    settings = replace(in_directory(tmp_path), directory=tmp_path / "new" / "broker")
    before = os.umask(0o077)
    try:
        install(settings)
    finally:
        os.umask(before)
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "new", settings.directory)] == [0o755, 0o755]
    assert settings.configuration_path.stat().st_mode & 0o777 == 0o644


def test_the_access_list_is_private(tmp_path: Path) -> None:
    settings = in_directory(tmp_path)
    install(settings)
    assert settings.acl_path.stat().st_mode & 0o777 == 0o600
    assert settings.persistence_path.stat().st_mode & 0o777 == 0o700

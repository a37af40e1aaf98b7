"""Health, readiness and metrics of the gateway, and who may read them."""

from __future__ import annotations

import math
import ssl
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from tests.gateway_http import TOKEN, HttpSite, ask, live
from tests.http_server import RunningServer

from voltseal.api.access import Access, TokenFileError, Tokens
from voltseal.api.metrics import MAX_DEVICES, Scrape, render
from voltseal.certificates.authority import Authority, utc_now
from voltseal.certificates.profiles import Role
from voltseal.store.interface import StoredDevice
from voltseal.store.reader import SqliteReader


def test_health_and_readiness_say_what_fails(site: HttpSite) -> None:
    with site.serving() as server:
        assert ask(server, "/healthz", None).status == ask(server, "/readyz", None).status == 200
        site.live = live(is_connected=False)
        assert ask(server, "/healthz", None).status == 200
        answer = ask(server, "/readyz", None)
        assert answer.status == 503
        assert b'"broker":false' in answer.body
        site.live = live(is_commit_failing=True)
        assert b'"commit":false' in ask(server, "/readyz", None).body
        site.live = live(beat_age_s=31)
        assert ask(server, "/healthz", None).status == 503
    site.live = live()


def metrics(text: str) -> dict[tuple[str, ...], float]:
    """Name and label values, to value."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_are_those_of_gateway_and_store(site: HttpSite, server: RunningServer) -> None:
    answer = ask(server, "/metrics", None)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    found = metrics(answer.body.decode())
    assert found[("voltseal_messages_total", "accepted")] == 7
    assert found[("voltseal_queue_messages", "intake")] == 3
    assert found[("voltseal_queue_limit_messages", "unacknowledged")] == 2000
    assert found[("voltseal_lag_seconds",)] == 0.25
    assert found[("voltseal_commit_seconds_bucket", "0.001")] == 2
    assert found[("voltseal_commit_seconds_bucket", "+Inf")] == found[("voltseal_commit_seconds_count",)] == 3
    assert found[("voltseal_commit_seconds_sum",)] == 0.5
    entries = site.ingest.store.entry_count()
    assert found[("voltseal_log_entries",)] == found[("voltseal_checkpoint_size",)] == entries == 19
    assert found[("voltseal_checkpoint_age_seconds",)] > 0
    assert found[("voltseal_quarantine_messages",)] == 1
    assert found[("voltseal_devices",)] == 1
    assert not math.isnan(found[("voltseal_device_last_seen_seconds", site.device, "")])
    assert found[("voltseal_store_bytes",)] > 0
    assert found[("voltseal_disk_free_bytes",)] > 0


def test_the_series_of_devices_are_bounded(site: HttpSite, monkeypatch: pytest.MonkeyPatch) -> None:
    many = [StoredDevice(n, n.to_bytes(17, "big"), f"pack-{n}", 1, 1000) for n in range(MAX_DEVICES + 50)]
    monkeypatch.setattr(SqliteReader, "devices", lambda _self: many)
    config = site.ingest.site.config
    scrape = Scrape("example.org/test", "test", config.store.path, live(), 61_000)
    found = metrics(render(scrape, site.ingest.store).decode())
    assert sum(name[0] == "voltseal_device_last_seen_seconds" for name in found) == MAX_DEVICES
    assert found[("voltseal_devices",)] == MAX_DEVICES + 50
    assert found[("voltseal_devices_seen", "1m")] == MAX_DEVICES + 50


def request_from(host: str, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "client": (host, 1234)})


@pytest.mark.parametrize(
    ("host", "headers", "allowed"),
    [
        ("127.0.0.1", {}, True),
        ("::1", {}, True),
        ("::ffff:127.0.0.1", {}, True),
        ("192.0.2.7", {}, False),
        ("::ffff:192.0.2.7", {}, False),
        ("", {}, False),
        ("127.0.0.1", {"x_forwarded_for": "192.0.2.7"}, False),
        ("127.0.0.1", {"forwarded": "for=192.0.2.7"}, False),
        ("192.0.2.7", {"authorization": f"Bearer {TOKEN}"}, True),
        ("192.0.2.7", {"authorization": f"bearer  {TOKEN} "}, True),
        ("192.0.2.7", {"authorization": f"Basic {TOKEN}"}, False),
        ("192.0.2.7", {"authorization": f"Bearer {TOKEN}x"}, False),
        ("192.0.2.7", {"authorization": "Bearer "}, False),
    ],
)
def test_who_counts_as_local_or_known(host: str, headers: dict[str, str], allowed: bool, site: HttpSite) -> None:
    access = Access(Tokens.read(site.token_file))
    assert access.is_known_or_local(request_from(host, **headers)) is allowed


def test_certificates_stand_for_tokens() -> None:
    assert Access(by_certificate=True).is_known(request_from("192.0.2.7"))
    assert not Access().is_known(request_from("127.0.0.1", authorization="Bearer "))


@pytest.mark.parametrize(
    ("text", "mode", "message"),
    [
        (TOKEN, 0o640, "others may read it (mode 640)"),
        ("short\n", 0o600, "under 24 characters"),
        ("# nothing\n\n", 0o600, "has no token"),
        ("é" * 30, 0o600, "is not ASCII text"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_a_file_of_tokens_that_cannot_be_used(tmp_path: Path, text: str | None, mode: int, message: str) -> None:
    path = tmp_path / "tokens"
    if text is not None:
        path.write_text(text)
        path.chmod(mode)
    with pytest.raises(TokenFileError) as error:
        Tokens.read(path)
    assert message in str(error.value)
    assert error.value.hint
    assert text is None or text.strip() not in str(error.value)


def test_a_service_that_cannot_read_the_store_does_not_start(site: HttpSite, tmp_path: Path) -> None:
    from voltseal.api.service import HttpService
    from voltseal.store.interface import StoreError

    config = site.config()
    service = HttpService(replace(config, store=replace(config.store, path=tmp_path / "none.db")), live)
    with pytest.raises(StoreError, match="there is no store yet"):
        service.start()
    service.stop()


def test_a_port_in_use_is_an_error_of_the_configuration(site: HttpSite, server: RunningServer) -> None:
    from voltseal.api.service import HttpService
    from voltseal.config import ConfigError

    with pytest.raises(ConfigError, match=r"\[http\] listen: cannot listen"):
        HttpService(site.config(listen=f"127.0.0.1:{server.port}"), live)


def test_tiles_are_for_the_token_unless_the_log_is_public(site: HttpSite) -> None:
    with site.serving() as server:
        forwarded = {"X_Forwarded_For": "192.0.2.7"}
        assert ask(server, "/checkpoint", None).status == 200
        refused = ask(server, "/checkpoint", None, **forwarded)
        assert (refused.status, b"unauthorized" in refused.body) == (401, True)
        assert ask(server, "/checkpoint", **forwarded).status == 200
        assert ask(server, "/tile/0/000.p/19", **forwarded).status == 200
    with site.serving(public_log=True) as server:
        assert ask(server, "/checkpoint", None, **forwarded).status == 200
        assert ask(server, "/metrics", None, **forwarded).status == 401


def test_over_tls_only_clients_of_the_authority_are_let_in(site: HttpSite, tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "ca", "Depot 7", None, utc_now())
    issuer = authority.unlock(None)
    for role, name in ((Role.SERVER, "localhost"), (Role.GATEWAY, "monitor")):
        authority.issue(issuer, role, [name], now=utc_now())
    files = {"cert_file": authority.certificate_path("localhost"), "key_file": authority.key_path("localhost")}

    def status(server: RunningServer, path: str, *, with_certificate: bool) -> int:
        context = ssl.create_default_context(cafile=authority.root_path)
        if with_certificate:
            context.load_cert_chain(authority.certificate_path("monitor"), authority.key_path("monitor"))
        url = f"https://localhost:{server.port}{path}"
        try:
            with urllib.request.urlopen(url, context=context, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code

    with site.serving(**files) as server:
        assert status(server, "/healthz", with_certificate=False) == 200
        assert status(server, "/api/v1/log", with_certificate=True) == 401
    with site.serving(**files, client_ca_file=authority.root_path, token_file=None) as server:
        assert status(server, "/api/v1/log", with_certificate=True) == 200
        with pytest.raises((urllib.error.URLError, ConnectionError, ssl.SSLError)):
            status(server, "/healthz", with_certificate=False)

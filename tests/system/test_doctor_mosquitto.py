"""`voltseal doctor` before a real Mosquitto with mutual TLS: it is let in as the gateway is, or says why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gateway_site import GatewaySite
from tests.system.broker_site import DEVICE, SITE, BrokerSite

from voltseal.clock import now_ms
from voltseal.config import Config
from voltseal.doctor.broker import examine_broker
from voltseal.doctor.finding import Level


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSite]:
    with BrokerSite(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture
def config(broker: BrokerSite, tmp_path: Path) -> Config:
    made = GatewaySite(tmp_path).config
    pair = broker.pair("gateway")
    table = replace(
        made.broker,
        url=f"mqtts://localhost:{broker.port}",
        ca_file=broker.ca / "ca.crt",
        cert_file=pair.certificate,
        key_file=pair.key,
    )
    return replace(made, broker=table, gateway=replace(made.gateway, site=SITE))


def test_the_gateway_is_let_in_and_every_certificate_is_judged(config: Config) -> None:
    found = list(examine_broker(config, now_ms()))
    assert all(one.level is Level.OK for one in found), found
    assert len(found) == 4
    assert "certificate of localhost" in found[2].message


def test_what_keeps_it_out_is_named(config: Config, broker: BrokerSite) -> None:
    stranger = replace(config, broker=replace(config.broker, cert_file=None, key_file=None))
    without = [one for one in examine_broker(stranger, now_ms()) if one.level is Level.FAILURE]
    assert without
    other_name = replace(config, broker=replace(config.broker, url=f"mqtts://127.0.0.1:{broker.port}"))
    (failed,) = [one for one in examine_broker(other_name, now_ms()) if one.level is Level.FAILURE]
    assert "TLS failed" in failed.message
    pair = broker.pair(DEVICE)
    mixed = replace(config, broker=replace(config.broker, cert_file=pair.certificate))
    (failed,) = [one for one in examine_broker(mixed, now_ms()) if one.level is Level.FAILURE]
    assert "certificates cannot be used" in failed.message

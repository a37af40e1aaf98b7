"""The firmware's own MQTT and TLS, on MicroPython with Mbed TLS as on a board, against a real Mosquitto."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.system.broker_site import DEVICE, SITE, WITHIN_S, BrokerSite, Pair, Session, voltseal

from voltseal_sim.toolchain import MicroPython

SCRIPT = Path(__file__).parent.parent / "firmware" / "mp" / "mqtt_tls.py"
UP, DOWN = f"voltseal/1/{SITE}/{DEVICE}/up", f"voltseal/1/{SITE}/{DEVICE}/down"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSite]:
    """A running broker."""
    with BrokerSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(params=[pytest.param("micropython", marks=pytest.mark.micropython), "cpython"])
def interpreter(request: pytest.FixtureRequest) -> list[str]:
    """What runs the firmware."""
    if request.param == "cpython":
        return [sys.executable]
    micropython: MicroPython = request.getfixturevalue("micropython")
    return [str(micropython.path), "-X", "heapsize=256k"]


def start(interpreter: list[str], site: BrokerSite, authority: Path, pair: Pair, tree: Path) -> subprocess.Popen[str]:
    words = [site.port, authority, pair.certificate, pair.key, DEVICE, DOWN, UP]
    return subprocess.Popen(
        [*interpreter, str(SCRIPT), *map(str, words)],
        env={"MICROPYPATH": f"{tree}:.frozen", "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    try:
        output, errors = process.communicate(timeout=4 * WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        output, errors = process.communicate()
    assert not errors, errors
    return output.strip()


def test_the_firmware_gets_in_with_its_certificate(
    interpreter: list[str], site: BrokerSite, firmware_tree: Path
) -> None:
    with Session(site, "gateway", MQTTProtocolVersion.MQTTv311) as gateway:
        gateway.subscribe(f"voltseal/1/{SITE}/+/up")
        process = start(interpreter, site, site.ca / "ca.crt", site.pair(DEVICE), firmware_tree)
        try:
            assert gateway.receive() == (UP, b"from the firmware")
            gateway.publish(DOWN, b"receipt")
        finally:
            output = ended(process)
    assert output == f"heard {DOWN} receipt"


@pytest.mark.parametrize("wrong", ["device", "broker"])
def test_a_strange_authority_on_either_side_ends_it(
    interpreter: list[str], site: BrokerSite, firmware_tree: Path, tmp_path: Path, wrong: str
) -> None:
    """The broker refuses a device of another authority, and a device a broker of another authority."""
    voltseal("ca", "init", tmp_path / "ca")
    voltseal("ca", "issue", "device", DEVICE, "--ca", tmp_path / "ca")
    issued = tmp_path / "ca" / "issued"
    if wrong == "device":
        pair = Pair(issued / f"{DEVICE}.crt", issued / f"{DEVICE}.key")
        process = start(interpreter, site, site.ca / "ca.crt", pair, firmware_tree)
    else:
        process = start(interpreter, site, tmp_path / "ca" / "ca.crt", site.pair(DEVICE), firmware_tree)
    assert ended(process).startswith("refused ")

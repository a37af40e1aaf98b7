"""A real Mosquitto with the generated configuration: whose certificate opens the door, and which alert the others get.

The probe speaks TLS itself, so that a refusal is known by its reason (RFC 8446, section 6.2) and cannot be mistaken
for a broker that is down.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion
from tests.system.broker_site import DEVICE, OTHER, SITE, WITHIN_S, BrokerSite, Pair, Session, voltseal

from voltseal.certificates.authority import Authority, utc_now
from voltseal.certificates.profiles import Role

CONNECT = b"\x10\x10\x00\x04MQTT\x04\x02\x00\x1e\x00\x04test"  # MQTT 3.1.1, clean session, 30 s
CONNACK = b"\x20\x02\x00\x00"
LATE = "01" + "c3" * 16


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrokerSite]:
    """A running broker."""
    with BrokerSite(tmp_path_factory.mktemp("site")) as running:
        yield running


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["tls1.2", "tls1.3"])
def tls(request: pytest.FixtureRequest) -> ssl.TLSVersion:
    """Each version of TLS that the broker speaks."""
    return ssl.TLSVersion(request.param)


def opens(site: BrokerSite, pair: Pair, tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> bool:
    """Whether an MQTT session can be opened with this certificate."""
    with _dial(site, pair, tls) as secure:
        secure.sendall(CONNECT)
        return secure.recv(4) == CONNACK


def refusal(site: BrokerSite, pair: Pair | None, tls: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> str:
    """The alert with which TLS refuses the certificate, in lower case.

    In TLS 1.3 it comes after the client's handshake is done. Nothing is sent then: a write into the closing connection
    would fail first, and hide the alert.
    """
    try:
        with _dial(site, pair, tls) as secure:
            return f"no alert, but {secure.recv(4).hex()!r}"
    except ssl.SSLError as error:
        return (error.reason or "no reason").lower()


def _dial(site: BrokerSite, pair: Pair | None, tls: ssl.TLSVersion) -> ssl.SSLSocket:
    context = site.context(pair)
    context.minimum_version = context.maximum_version = tls
    plain = socket.create_connection(("localhost", site.port), timeout=WITHIN_S)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


def test_the_right_certificates_open(site: BrokerSite, tls: ssl.TLSVersion) -> None:
    assert opens(site, site.pair(DEVICE), tls)
    assert opens(site, site.pair("gateway"), tls)


def test_no_certificate_is_refused(site: BrokerSite, tls: ssl.TLSVersion) -> None:
    # TLS 1.2 has no alert of its own for it.
    expected = "certificate_required" if tls == ssl.TLSVersion.TLSv1_3 else "handshake_failure"
    assert expected in refusal(site, None, tls)


def test_an_unknown_authority_is_refused(site: BrokerSite, tls: ssl.TLSVersion, tmp_path: Path) -> None:
    """Even when it calls itself like ours and certifies a device of ours."""
    Authority.create(tmp_path / "ca", "Voltseal site", None, utc_now())
    voltseal("ca", "issue", "device", DEVICE, "--ca", tmp_path / "ca")
    issued = tmp_path / "ca" / "issued"
    alert = refusal(site, Pair(issued / f"{DEVICE}.crt", issued / f"{DEVICE}.key"), tls)
    assert "unknown_ca" in alert or "decrypt_error" in alert


def test_an_expired_certificate_is_refused(site: BrokerSite, tls: ssl.TLSVersion) -> None:
    authority, name = Authority(site.ca), "01" + "d4" * 15 + f"{tls.value & 0xFF:02x}"
    then = utc_now() - timedelta(days=3)
    made = authority.issue(authority.unlock(None), Role.DEVICE, [name], now=then, days=2)
    assert made.record.not_after < utc_now()
    assert "certificate_expired" in refusal(site, site.pair(name), tls)


def test_a_certificate_for_servers_is_refused(site: BrokerSite, tls: ssl.TLSVersion) -> None:
    """The broker's own pair opens no session: whoever steals it does not become a client by that."""
    assert "unsupported_certificate" in refusal(site, site.pair("localhost"), tls)


def test_a_device_can_certify_nobody(site: BrokerSite, tls: ssl.TLSVersion, tmp_path: Path) -> None:
    """A chain through a device's certificate ends in a refusal, though every signature in it is right."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    from voltseal.certificates import files, profiles

    device = site.pair(DEVICE)
    own = x509.load_pem_x509_certificate(device.certificate.read_bytes())
    key = files.new_key()
    forged = profiles.make_leaf(
        profiles.Issuer(own, files.read_key(device.key)), Role.DEVICE, [OTHER], key.public_key(), now=utc_now()
    )
    chain = Pair(tmp_path / "chain.crt", tmp_path / "chain.key")
    chain.certificate.write_bytes(forged.public_bytes(Encoding.PEM) + device.certificate.read_bytes())
    chain.key.write_bytes(files.key_pem(key))
    # Which of the two reasons it finds first, that the device is no authority or that the path is too long, is
    # OpenSSL's choice; both mean that the chain, not the client, was looked at.
    alert = refusal(site, chain, tls)
    assert "unknown_ca" in alert or "bad_certificate" in alert


def test_a_plain_connection_is_refused(site: BrokerSite) -> None:
    with socket.create_connection(("localhost", site.port), timeout=WITHIN_S) as plain:
        plain.sendall(CONNECT)
        try:
            answer = plain.recv(64)
        except ConnectionResetError:
            answer = b""
    assert CONNACK not in answer


def test_a_revoked_certificate_is_refused_and_the_others_are_not(tmp_path: Path, tls: ssl.TLSVersion) -> None:
    with BrokerSite(tmp_path) as site:
        assert opens(site, site.pair(DEVICE), tls)
        voltseal("ca", "revoke", DEVICE, "--reason", "key-compromise", "--ca", site.ca)
        site.publish_crl()
        site.stop()
        site.start()
        assert "certificate_revoked" in refusal(site, site.pair(DEVICE), tls)
        assert opens(site, site.pair(OTHER), tls)
        # The device comes back with a new key; the certificate that was revoked stays so.
        stolen = Pair(tmp_path / "stolen.crt", tmp_path / "stolen.key")
        site.pair(DEVICE).certificate.rename(stolen.certificate)
        site.pair(DEVICE).key.rename(stolen.key)
        voltseal("ca", "renew", DEVICE, "--rekey", "--ca", site.ca)
        assert opens(site, site.pair(DEVICE), tls)
        assert "certificate_revoked" in refusal(site, stolen, tls)


def test_a_reload_is_enough_to_keep_a_revoked_certificate_out(tmp_path: Path) -> None:
    with BrokerSite(tmp_path) as site:
        authority = Authority(site.ca)
        # The broker now holds two lists and goes by the later one, to the second: hence not in the same second.
        authority.revoke(authority.unlock(None), DEVICE, utc_now() + timedelta(seconds=2))
        site.publish_crl()
        site.reload()
        assert "certificate_revoked" in refusal(site, site.pair(DEVICE))
        assert opens(site, site.pair(OTHER))


def test_a_reload_breaks_nothing(tmp_path: Path, tls: ssl.TLSVersion) -> None:
    """logrotate sends SIGHUP: sessions live on, the access list still holds, and new sessions can be opened."""
    with BrokerSite(tmp_path) as site, Session(site, "gateway", MQTTProtocolVersion.MQTTv5) as gateway:
        gateway.subscribe(f"voltseal/1/{SITE}/+/up")
        site.reload()
        assert opens(site, site.pair(OTHER), tls)
        with Session(site, DEVICE, MQTTProtocolVersion.MQTTv5) as device:
            device.publish(f"voltseal/1/{SITE}/{OTHER}/up", b"forged")
            device.publish(f"voltseal/1/{SITE}/{DEVICE}/up", b"sentinel")
            assert gateway.receive() == (f"voltseal/1/{SITE}/{DEVICE}/up", b"sentinel")
        assert gateway.ended.empty()
        assert "certificate_required" in refusal(site, None)

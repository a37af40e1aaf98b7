"""Mutual TLS from the firmware: certificates made here, an OpenSSL server that demands the device's."""

from __future__ import annotations

import datetime
import ipaddress
import signal
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.firmware.device_gateway import Broker, Gateway
from tests.firmware.device_process import DeviceProcess, recorded_pack
from tests.firmware.test_device_uplink import device, gateway, runtime  # noqa: F401 -- fixtures

from voltseal_sim.buses.pty import PtyBus

pytestmark = pytest.mark.micropython


class Authority:
    """A certificate authority of one test; files are PEM, keys PKCS #8."""

    def __init__(self, directory: Path, name: str) -> None:
        self.directory = directory
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(name)
        self.certificate = self._sign(self.key, self.name, self.name, x509.BasicConstraints(ca=True, path_length=0))
        self.path = directory / f"{name}.pem"
        self.path.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))

    def issue(self, name: str) -> tuple[Path, Path]:
        """Certificate and key files for `name`, which is also good for 127.0.0.1."""
        key = ec.generate_private_key(ec.SECP256R1())
        alternatives = x509.SubjectAlternativeName(
            [x509.DNSName(name), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
        )
        certificate = self._sign(key, _name(name), self.name, alternatives)
        paths = self.directory / f"{name}.crt.pem", self.directory / f"{name}.key.pem"
        paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        paths[1].write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return paths

    def _sign(
        self, key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, extension: x509.ExtensionType
    ) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(extension, critical=False)
            .sign(self.key, hashes.SHA256())
        )


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def server_context(authority: Authority) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.issue("broker.lab"))
    context.load_verify_locations(authority.path)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def tls_settings(trusted: Authority, issuer: Authority) -> dict[str, str]:
    certificate, key = issuer.issue("device.lab")
    return {
        "tls_ca": str(trusted.path),
        "tls_certificate": str(certificate),
        "tls_key": str(key),
        "tls_server_name": "broker.lab",
    }


async def test_statements_travel_over_mutual_tls(
    device: DeviceProcess,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
) -> None:
    authority = Authority(tmp_path, "authority")
    answer = lambda s: [gateway.receipt(0, s.sequence)]  # noqa: E731
    async with PtyBus(recorded_pack()) as bus, Broker(gateway, answer, server_context(authority)) as broker:
        device.configure(
            broker_port=broker.port,
            bus_path=bus.path,
            gateway_receipt_key=gateway.receipt_public_hex(),
            **tls_settings(authority, authority),
        )
        gateway.enrol(await device.enrolled())
        await device.start()
        await broker.until(lambda: len(gateway.stored) >= 8, "eight statements")
        broker.drop()
        await broker.until(lambda: len(broker.connects) == 2, "a second connection")
        await broker.until(lambda: len(gateway.stored) >= 12, "more statements")
        assert await device.end(signal.SIGTERM) == 0
    device.assert_healthy()
    gateway.check_chain()
    assert broker.peer_certificates[0]["subject"][0][0] == ("commonName", "device.lab")


async def test_a_strangers_broker_gets_nothing(
    device: DeviceProcess,  # noqa: F811
    gateway: Gateway,  # noqa: F811
    tmp_path: Path,
) -> None:
    """A server certificate of another authority: the device does not speak to it, and says why."""
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    async with PtyBus(recorded_pack()) as bus, Broker(gateway, lambda _: [], server_context(strangers)) as broker:
        device.configure(
            broker_port=broker.port,
            bus_path=bus.path,
            gateway_receipt_key=gateway.receipt_public_hex(),
            **tls_settings(ours, strangers),
        )
        gateway.enrol(await device.enrolled())
        await device.start()
        await broker.until(lambda: len(device.events("uplink-lost")) >= 2, "two refused attempts")
        assert not broker.connects
        assert "CERT" in device.text().upper()
        await device.end(signal.SIGTERM)
    device.assert_healthy()

"""One suite for every signer: what the specification asks of a signature, and what none of them may do."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from tests.firmware.element_bus import DirectI2c

from voltseal_device.errors import DeviceError
from voltseal_device.signer import new_secret, open_signer, scheme_of
from voltseal_wire.p256 import ORDER

TIERS = {"software:": 1, "atecc608:0,7,6": 3}


@pytest.fixture(params=sorted(TIERS))
def uri(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A signer's name; where it is an element, one is there."""
    i2c = DirectI2c(monkeypatch=monkeypatch)
    monkeypatch.setattr("voltseal_device.port.i2c.open_i2c", lambda _place: i2c)
    return str(request.param)


@pytest.fixture
def signer(uri: str) -> Any:
    return open_signer(uri, new_secret(uri))


def verify(public: bytes, signature: bytes, digest: bytes) -> None:
    """By OpenSSL. Raises InvalidSignature."""
    point = b"\x04" + public
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    der = encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))
    key.verify(der, digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_openssl_verifies_and_s_is_low(signer: Any) -> None:
    digests = [bytes(32), b"\xff" * 32, ORDER.to_bytes(32)]
    digests += [hashlib.sha256(bytes([number])).digest() for number in range(40)]
    for digest in digests:
        signature = signer.sign(digest)
        assert len(signature) == 64
        assert 0 < int.from_bytes(signature[:32]) < ORDER
        assert 0 < int.from_bytes(signature[32:]) <= ORDER // 2
        verify(signer.public, signature, digest)
        with pytest.raises(InvalidSignature):
            verify(signer.public, signature, hashlib.sha256(digest).digest())


def test_wrong_digest_length_is_refused(signer: Any) -> None:
    for length in (0, 31, 33, 64):
        with pytest.raises((ValueError, DeviceError), match="digest"):
            signer.sign(bytes(length))
    verify(signer.public, signer.sign(bytes(32)), bytes(32))


def test_tier_is_the_specification_s(uri: str, signer: Any) -> None:
    assert signer.key_tier == TIERS[uri]


def test_opened_again_it_is_the_same_key(uri: str) -> None:
    secret = new_secret(uri)
    first, second = open_signer(uri, secret), open_signer(uri, secret)
    assert first.public == second.public
    verify(first.public, second.sign(bytes(32)), bytes(32))


def test_each_new_one_is_another_key(uri: str) -> None:
    publics = []
    for _ in range(3):
        publics.append(open_signer(uri, new_secret(uri)).public)
    assert len(set(publics)) == 3


def test_another_kind_s_secret_is_refused(uri: str) -> None:
    secret = new_secret(uri)
    for wrong in (b"", secret[:-1], secret + b"\x00", bytes(100 - len(secret))):
        with pytest.raises(DeviceError, match="signer-changed"):
            open_signer(uri, wrong)


def test_boots_are_counted_without_complaint(uri: str) -> None:
    secret = new_secret(uri)
    for boot_count in range(1, 6):
        signer = open_signer(uri, secret)
        signer.check_boot(boot_count)
        signer.count_boot(boot_count)


@pytest.mark.parametrize(
    "unknown",
    ["", "software", "software:x", "atecc608:", "atecc608:0,7", "atecc608:0,7,x", "atecc608:/", "atecc608:/p#16",
     "atecc608:/p#", "atecc608:/p#-1", "atecc608:relative", "tpm:/dev/tpm0", "Software:"],
)  # fmt: skip
def test_unknown_signers_are_refused_by_name(unknown: str) -> None:
    for call in (scheme_of, new_secret, lambda uri: open_signer(uri, bytes(32))):
        with pytest.raises(DeviceError, match="unknown-signer"):
            call(unknown)

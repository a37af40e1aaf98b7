"""The wire encoder gives the same bytes on MicroPython and on CPython, and other libraries read them as meant.

The judges here are OpenSSL (through `cryptography`) and cbor2; neither shares code with the encoder.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from itertools import pairwise

import cbor2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, encode_dss_signature
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

pytestmark = pytest.mark.micropython
Run = Callable[..., list[str]]

CURVE = ec.SECP256R1()
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORIGIN = "log.example/wire"


def parsed(lines: list[str], name: str) -> list[list[bytes]]:
    found = [[bytes.fromhex(word) for word in words[1:]] for line in lines if (words := line.split())[0] == name]
    assert found, f"no line {name}"
    return found


def openssl_key(x_y: bytes) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicKey.from_encoded_point(CURVE, b"\x04" + x_y)


def openssl_private(private: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(private), CURVE)


def x_y(key: ec.EllipticCurvePublicKey) -> bytes:
    numbers = key.public_numbers()
    return numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


def verify(public: bytes, signature: bytes, digest: bytes) -> None:
    """OpenSSL accepts it, and s is low."""
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    assert s <= ORDER // 2
    openssl_key(public).verify(encode_dss_signature(r, s), digest, ec.ECDSA(Prehashed(hashes.SHA256())))


def test_signatures_and_shared_secrets_are_openssls(run_on_both: Run) -> None:
    """RFC 6979 A.2.5, edge keys, ECDH, refusals; within 64 KB of heap, of which a device can spare that much."""
    lines = run_on_both("wire_p256.py", heap="64k")
    for private, public in parsed(lines, "public"):
        assert public == x_y(openssl_private(private).public_key())
    for private, digest, signature in parsed(lines, "signature"):
        verify(x_y(openssl_private(private).public_key()), signature, digest)
    for private, peer, shared in parsed(lines, "ecdh"):
        assert shared == openssl_private(private).exchange(ec.ECDH(), openssl_key(peer))
    assert not [line for line in lines if line.startswith("accepted")]
    assert len([line for line in lines if line.startswith("refused")]) == 8
    assert lines[-1] == "generated 32 True 64"


@pytest.mark.parametrize(
    ("text", "r", "s"),
    [
        (
            "sample",
            "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716",
            "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
        ),
        (
            "test",
            "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367",
            "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
        ),
    ],
)
def test_rfc6979_vectors(run_on_both: Run, text: str, r: str, s: str) -> None:
    """RFC 6979 A.2.5 with SHA-256; the RFC's s is brought to its low form."""
    low_s = min(int(s, 16), ORDER - int(s, 16))
    [[signature]] = parsed(run_on_both("wire_p256.py"), f"rfc6979-{text}")
    assert signature == bytes.fromhex(r) + low_s.to_bytes(32)


def test_cbor_is_deterministic_as_cbor2_sees_it(run_on_both: Run) -> None:
    """cbor2 keeps a map's order, so writing what it read gives the same bytes if all lengths are the shortest."""
    lines = run_on_both("wire_cbor.py")
    for [encoded] in parsed(lines, "encode"):
        value = cbor2.loads(encoded)
        assert cbor2.dumps(value) == encoded
        if isinstance(value, dict):
            keys = [cbor2.dumps(key) for key in value]
            assert keys == sorted(keys), "RFC 8949 4.2.1: bytewise order of the encoded keys"
    assert not [line for line in lines if line.startswith("accepted")]
    assert len([line for line in lines if line.startswith("refused")]) == 10


def test_decoder_agrees_with_cbor2_or_refuses(run_on_both: Run) -> None:
    """What it reads, cbor2 reads alike; each of the 33 bad encodings, and an oversize one, is refused."""
    lines = [line.split(" ", 2) for line in run_on_both("wire_cbor.py") if line.startswith("decode ")]
    read = [(encoded, value) for _, encoded, value in lines if "refused" not in value]
    assert len(read) == 28
    for encoded, value in read:
        assert str(cbor2.loads(bytes.fromhex(encoded))) == value
    assert len(lines) - len(read) == 34


def check_sign1(encoded: bytes, public: bytes, kid: bytes, context: str) -> list[object]:
    """Take a COSE_Sign1 apart with cbor2, check its signature with OpenSSL, return the payload."""
    message = cbor2.loads(encoded)
    assert encoded[0] == 0xD2
    assert message.tag == 18
    protected, unprotected, payload, signature = message.value
    assert protected == bytes.fromhex("a201260448") + kid
    assert unprotected == {}
    structure = cbor2.dumps(["Signature1", protected, cbor2.dumps([context, ORIGIN]), payload])
    verify(public, signature, sha256(structure).digest())
    content = cbor2.loads(payload)
    assert isinstance(content, list)
    return content


def test_a_devices_life(run_on_both: Run) -> None:
    """Enrolment, boot, telemetry, loss: signatures, chain and claims, as cbor2 and OpenSSL see them."""
    lines = run_on_both("wire_statements.py")
    [[public, cose_key, kid]] = parsed(lines, "key")
    assert cose_key.hex() == "a401022001215820" + public[:32].hex() + "225820" + public[32:].hex()
    assert kid == sha256(cose_key).digest()[:8]

    [[request]] = parsed(lines, "enrolment")
    ueid = b"\x01" + bytes(range(16))
    assert check_sign1(request, public, kid, "voltseal/1 enrolment") == [1, ueid, cose_key, "bms", b"ESP32-C3", 1, b""]

    messages = parsed(lines, "boot") + parsed(lines, "telemetry") + parsed(lines, "loss")
    statements = [cbor2.loads(message)[0] for [message] in messages]
    payloads = [check_sign1(statement, public, kid, "voltseal/1 statement") for statement in statements]
    for number, (before, after) in enumerate(pairwise(zip(statements, payloads, strict=True)), start=65):
        assert after[1][7] == sha256(before[0]).digest()
        assert after[1][1:7] == [1, 3, number, 1789000000000 + number, 2, 250]
    assert payloads[0][7] == bytes(32)
    assert [payload[0] for payload in payloads] == [2, 1, 1, 1, 1, 1, 3]
    assert payloads[-1][8] == [[33, 40, 2]]
    check_claims(payloads[0][8], ueid, parsed(lines, "measurement")[0][0])


def check_claims(claims: object, ueid: bytes, measurement: bytes) -> None:
    receipt_key = openssl_private(sha256(b"receipt").digest()).public_key().public_numbers()
    text = f"{sha256(b'jbd').hexdigest()}  drivers/jbd.py\n{sha256(b'main').hexdigest()}  main.py\n"
    assert measurement == sha256(text.encode()).digest()
    assert claims == {
        10: b"challenge",
        256: ueid,
        259: b"ESP32-C3",
        267: 3,
        268: bytes(range(32)),
        270: "voltseal-bms",
        271: ["1.0.0"],
        -70001: measurement,
        -70002: 3,
        -70003: 1,
        -70004: [[10, 31, 1], [32, 32, 3]],
        -70005: 60000,
        -70006: bytes([2 + receipt_key.y % 2]) + receipt_key.x.to_bytes(32),
    }


def test_receipt_key_is_hkdf_of_openssls_ecdh(run_on_both: Run) -> None:
    """And of 608 single-bit damages to a receipt, none passes."""
    lines = run_on_both("wire_statements.py")
    [[gateway, key]] = parsed(lines, "receipt-key")
    shared = openssl_private(sha256(b"receipt").digest()).exchange(ec.ECDH(), openssl_key(gateway))
    info = cbor2.dumps(["voltseal/1 receipt", ORIGIN, b"\x01" + bytes(range(16))])
    assert key == HKDF(hashes.SHA256(), 32, bytes(range(32)), info).derive(shared)
    assert lines[-2].endswith(" [(10, 12), (64, 70)]")
    assert lines[-1] == "receipt-bits-accepted []"

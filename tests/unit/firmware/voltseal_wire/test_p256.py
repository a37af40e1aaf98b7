"""Pure-Python P-256 against OpenSSL, for random scalars and those at the edges of its tables."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from voltseal_wire import p256, p256_table

EDGES = [1, 2, 3, 15, 16, 17, 31, 33, p256.ORDER - 1, p256.ORDER - 2, p256.ORDER >> 1, (p256.ORDER >> 1) + 1]
EDGES += [1 << bit for bit in range(4, 256, 11)] + [(1 << bit) - 1 for bit in range(44, 256, 44)]
scalars = st.sampled_from(EDGES) | st.integers(1, p256.ORDER - 1)
# A digest above the order is reduced before it seeds the nonce (RFC 6979 2.3.4): next to no random digest is.
digests = st.binary(min_size=32, max_size=32) | st.sampled_from([b"\xff" * 32, p256.ORDER.to_bytes(32), bytes(32)])


def openssl(scalar: int) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(scalar, ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


@pytest.mark.parametrize("scalar", EDGES)
def test_public_key_at_the_edges(scalar: int) -> None:
    assert p256.public_key(scalar.to_bytes(32)) == public(openssl(scalar))


@given(scalars, digests)
def test_signature_is_openssls_deterministic_one(scalar: int, digest: bytes) -> None:
    """OpenSSL's own RFC 6979 signature has the same r, and the same s or n - s; ours is the low one, and verifies."""
    signature = p256.sign(scalar.to_bytes(32), digest)
    r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
    assert s <= p256.ORDER >> 1
    algorithm = ec.ECDSA(Prehashed(hashes.SHA256()))
    openssl(scalar).public_key().verify(encode_dss_signature(r, s), digest, algorithm)
    deterministic = ec.ECDSA(Prehashed(hashes.SHA256()), deterministic_signing=True)
    assert decode_dss_signature(openssl(scalar).sign(digest, deterministic)) in {(r, s), (r, p256.ORDER - s)}


@given(scalars, scalars)
def test_ecdh_is_openssls(scalar: int, other: int) -> None:
    expected = openssl(scalar).exchange(ec.ECDH(), openssl(other).public_key())
    assert p256.ecdh(scalar.to_bytes(32), public(openssl(other))) == expected


@given(st.binary(min_size=64, max_size=64))
def test_points_off_the_curve_are_refused(point: bytes) -> None:
    with pytest.raises(p256.P256Error):
        p256.ecdh((5).to_bytes(32), point)


@pytest.mark.parametrize("private", [bytes(32), p256.ORDER.to_bytes(32), b"\xff" * 32, b"\x01" * 31, b"\x01" * 33])
def test_private_keys_out_of_range_are_refused(private: bytes) -> None:
    for function in (p256.public_key, lambda key: p256.sign(key, bytes(32))):
        with pytest.raises(p256.P256Error):
            function(private)


def small_point() -> tuple[int, int]:
    """The point with the smallest x; p % 4 is 3, so a root is a power."""
    for x in range(100):
        square = (x**3 - 3 * x + p256._B) % p256.FIELD
        y = pow(square, (p256.FIELD + 1) // 4, p256.FIELD)
        if y * y % p256.FIELD == square:
            return x, y
    raise AssertionError("half of all x have a point")


def test_coordinates_beyond_the_field_are_refused() -> None:
    """x + p is the same field element in other bytes: no second form of a key may pass."""
    x, y = small_point()
    p256.check_public(x.to_bytes(32) + y.to_bytes(32))
    for forged in ((x + p256.FIELD, y), (x, (1 << 256) - 1)):
        with pytest.raises(p256.P256Error):
            p256.check_public(b"".join(coordinate.to_bytes(32) for coordinate in forged))


def test_generate_rejects_what_is_no_scalar(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([bytes(32), b"\xff" * 32, p256.ORDER.to_bytes(32), (p256.ORDER - 1).to_bytes(32)])
    monkeypatch.setattr("voltseal_wire.p256.os.urandom", lambda _length: next(drawn))
    assert p256.generate() == (p256.ORDER - 1).to_bytes(32)


def test_result_does_not_depend_on_the_blinding(monkeypatch: pytest.MonkeyPatch) -> None:
    private = (0xC0FFEE).to_bytes(32)
    expected = p256.sign(private, bytes(32))
    for byte in range(0, 256, 51):
        monkeypatch.setattr("voltseal_wire.p256.os.urandom", lambda length, byte=byte: bytes([byte]) * length)
        assert p256.sign(private, bytes(32)) == expected


def test_addition_is_complete() -> None:
    """Equal, opposite and infinite operands, which the comb meets for a few scalars only."""
    x, y = (int.from_bytes(public(openssl(1))[part : part + 32]) for part in (0, 32))
    double = p256._affine(*p256._double(x, y, 1))
    assert p256._affine(*p256._add(x, y, 1, x, y)) == double
    assert p256._add(x, y, 1, x, p256.FIELD - y)[2] == 0
    assert p256._add(1, 1, 0, x, y) == (x, y, 1)
    with pytest.raises(p256.P256Error):
        p256._affine(1, 1, 0)


def test_generator_reproduces_the_table(firmware_tree: Path) -> None:
    generator = runpy.run_path(str(firmware_tree / "tools" / "generate_p256_table.py"))
    assert generator["render"]() == Path(p256_table.__file__).read_text()

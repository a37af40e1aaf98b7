"""HMAC-SHA256 and HKDF-SHA256 against the RFCs' vectors and the standard library."""

from __future__ import annotations

import hmac

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from voltseal_wire import kdf
from voltseal_wire.errors import WireError


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_hmac_is_the_standard_librarys(key: bytes, message: bytes) -> None:
    assert kdf.hmac_sha256(key, message) == hmac.digest(key, message, "sha256")


@pytest.mark.parametrize("length", [0, 63, 64, 65, 128])
def test_hmac_keys_around_the_block(length: int) -> None:
    key = bytes(range(1, 129))[:length]
    assert kdf.hmac_sha256(key, b"message") == hmac.digest(key, b"message", "sha256")


@pytest.mark.parametrize(
    ("secret", "salt", "info", "expected"),
    [
        (
            "0b" * 22,
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            "0b" * 22,
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
    ids=["A.1", "A.3"],
)
def test_hkdf_rfc5869(secret: str, salt: str, info: str, expected: str) -> None:
    output = kdf.hkdf_sha256(bytes.fromhex(secret), bytes.fromhex(salt), bytes.fromhex(info), 42)
    assert output.hex() == expected


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(1, 300))
def test_hkdf_is_openssls(secret: bytes, salt: bytes, info: bytes, length: int) -> None:
    assert kdf.hkdf_sha256(secret, salt, info, length) == HKDF(hashes.SHA256(), length, salt, info).derive(secret)


def test_hkdf_refuses_more_than_255_blocks() -> None:
    assert len(kdf.hkdf_sha256(b"s", b"", b"", 255 * 32)) == 255 * 32
    with pytest.raises(WireError):
        kdf.hkdf_sha256(b"s", b"", b"", 255 * 32 + 1)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_equal_is_equality(left: bytes, right: bytes) -> None:
    assert kdf.equal(left, right) == (left == right)
    assert kdf.equal(left, bytes(left))

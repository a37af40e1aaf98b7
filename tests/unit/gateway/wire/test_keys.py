"""Keys: what is signed is verified, nothing else is; files and origins are checked."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.vectors.load import load

from voltseal.wire import cose, enrolment, keys, statement
from voltseal.wire.errors import WireError
from voltseal.wire.keys import KeyFileError, PublicKey, SigningKey
from voltseal.wire.outcome import Outcome

KEY = SigningKey.generate()
OTHER = SigningKey.generate()


def refused(key: PublicKey, signed: bytes, signature: bytes) -> bool:
    try:
        key.verify(signed, signature)
    except WireError as error:
        return error.outcome is Outcome.BAD_SIGNATURE
    return False


@settings(max_examples=30)
@given(st.binary(max_size=100), st.integers(0, 511))
def test_signatures(signed: bytes, bit: int) -> None:
    signature = KEY.sign(signed)
    KEY.public.verify(signed, signature)
    assert signature == KEY.sign(signed)
    assert int.from_bytes(signature[32:], "big") <= keys.P256_ORDER // 2
    flipped = bytearray(signature)
    flipped[bit // 8] ^= 1 << bit % 8
    assert refused(KEY.public, signed, bytes(flipped))
    assert refused(KEY.public, signed + b"\0", signature)
    assert refused(OTHER.public, signed, signature)


def test_high_s_is_refused_though_it_verifies() -> None:
    signature = KEY.sign(b"x")
    high = signature[:32] + (keys.P256_ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    with pytest.raises(WireError, match="not low"):
        KEY.public.verify(b"x", high)


def test_the_largest_low_s() -> None:
    """s of n // 2 is low, one more is not: a key made for a signature with such an s."""
    order, half = keys.P256_ORDER, keys.P256_ORDER // 2
    nonce = 12_345
    r = ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % order
    for s in (half, half + 1):
        scalar = (s * nonce - int.from_bytes(sha256(b"x").digest(), "big")) * pow(r, -1, order) % order
        key = SigningKey.from_private(ec.derive_private_key(scalar, ec.SECP256R1())).public
        assert refused(key, b"x", r.to_bytes(32, "big") + s.to_bytes(32, "big")) == (s > half)


def test_a_signature_counts_only_for_the_key_that_is_named() -> None:
    """Signed by `KEY`, but `OTHER` is named in the protected header: neither may be taken for the signer."""
    made = statement.parse(bytes.fromhex(load("statement")["vectors"][0]["output"]["statement"]))
    named = cose.unsigned(OTHER.public.kid, made.sign1.payload)
    signature = KEY.sign(named.to_be_signed(keys.external_aad(keys.STATEMENT_CONTEXT, "o")))
    found = statement.parse(cose.encode_sign1(OTHER.public.kid, made.sign1.payload, signature))
    KEY.public.verify(found.sign1.to_be_signed(keys.external_aad(keys.STATEMENT_CONTEXT, "o")), signature)
    for key in (KEY, OTHER):
        with pytest.raises(WireError, match="bad-signature"):
            statement.verify(found, key.public, "o")


def test_an_endorsement_counts_only_for_the_maker_who_is_named() -> None:
    good = next(one for one in load("endorsement")["vectors"] if one["expect"] == "ok")
    origin = load("endorsement")["origin"]
    endorsement = enrolment.parse_endorsement(bytes.fromhex(good["input"]["bytes"]), origin)
    named = cose.unsigned(OTHER.public.kid, endorsement.sign1.payload)
    signature = KEY.sign(named.to_be_signed(keys.external_aad(keys.ENDORSEMENT_CONTEXT, origin)))
    raw = cose.encode_sign1(OTHER.public.kid, endorsement.sign1.payload, signature)
    for key in (KEY, OTHER):
        with pytest.raises(WireError, match="bad-signature"):
            enrolment.verify(enrolment.parse_endorsement(raw, origin), key.public, origin)


@pytest.mark.parametrize("length", [0, 63, 65, 128])
def test_length_of_signature(length: int) -> None:
    assert refused(KEY.public, b"x", bytes(length))


def test_cose_key_and_kid() -> None:
    raw = KEY.public.cose_key
    assert len(raw) == 75
    assert raw[:8].hex() == "a401022001215820"
    assert KEY.public.kid == sha256(raw).digest()[:8]
    assert PublicKey.from_cose_key(raw) == KEY.public
    assert KEY.public.xy == raw[8:40] + raw[43:]
    for at in range(len(raw)):
        damaged = bytearray(raw)
        damaged[at] ^= 1
        with pytest.raises(WireError):
            PublicKey.from_cose_key(bytes(damaged))


def test_points_that_are_none() -> None:
    field = keys.P256_FIELD
    for x, y in ((0, 0), (1, 1), (field, 1), (field + 1, 1), (1, field), (2**256 - 1, 2**256 - 1)):
        with pytest.raises(WireError):
            PublicKey.from_cose_key(keys.cose_key_bytes(x, y))


def test_external_aad() -> None:
    aad = keys.external_aad(keys.STATEMENT_CONTEXT, "a.example/log")
    assert aad == b"\x82\x74voltseal/1 statement\x6da.example/log"


@pytest.mark.parametrize("origin", ["", "a b", "a+b", "a\n", "ä", "x" * 129])
def test_origins_that_are_none(origin: str) -> None:
    with pytest.raises(WireError):
        keys.external_aad(keys.STATEMENT_CONTEXT, origin)


def test_key_files(tmp_path: Path) -> None:
    path = tmp_path / "maker.pem"
    path.write_bytes(KEY.to_pem())
    path.chmod(0o640)
    with pytest.raises(KeyFileError, match="may be read by others") as caught:
        keys.load_signing_key(path)
    assert caught.value.hint == f"chmod 600 {path}"
    path.chmod(0o600)
    assert keys.load_signing_key(path).public == KEY.public


def test_key_files_of_other_kinds(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    pkcs8, plain = PrivateFormat.PKCS8, NoEncryption()
    p256 = ec.generate_private_key(ec.SECP256R1())
    contents = {
        "another kind": ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, pkcs8, plain),
        "P-256 is needed": ec.generate_private_key(ec.SECP384R1()).private_bytes(Encoding.PEM, pkcs8, plain),
        "not an unencrypted": p256.private_bytes(Encoding.PEM, pkcs8, BestAvailableEncryption(b"secret")),
        "PEM private key": b"no key at all",
    }
    path.touch(0o600)
    for complaint, content in contents.items():
        path.write_bytes(content)
        with pytest.raises(KeyFileError, match=complaint):
            keys.load_private(path)
    with pytest.raises(KeyFileError, match="No such file"):
        keys.load_private(tmp_path / "absent.pem")
    with pytest.raises(KeyFileError, match="secp384r1"):
        SigningKey.from_private(ec.generate_private_key(ec.SECP384R1()))


def test_private_keys_stay_out_of_reprs() -> None:
    assert "_signer" not in repr(KEY)

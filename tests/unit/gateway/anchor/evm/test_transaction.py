"""Signatures, transactions and what is stored of them."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given, settings
from hypothesis import strategies as st

from voltseal.anchor.errors import AnchorError
from voltseal.anchor.evm.prepared import Prepared, spent_wei
from voltseal.anchor.evm.secp256k1 import N, SigningKey
from voltseal.anchor.evm.transaction import Fee, Transaction
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import keccak256

SECRET = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
KEY = SigningKey(SECRET)


def transaction(fee: Fee, nonce: int = 7) -> Transaction:
    return Transaction(31_337, nonce, fee, 40_000, b"\x11" * 20, b"call")


def test_the_address_is_the_one_that_everybody_knows() -> None:
    assert KEY.address.hex() == "f39fd6e51aad88f6f4ce6ab8827279cfffb92266"
    assert SECRET.hex() not in repr(KEY)


@pytest.mark.parametrize("secret", [b"", bytes(32), N.to_bytes(32, "big"), b"\1" * 31])
def test_no_keys(secret: bytes) -> None:
    with pytest.raises(ValueError, match="not a private key"):
        SigningKey(secret)


@settings(max_examples=20)
@given(st.integers(1, N - 1), st.binary(min_size=32, max_size=32))
def test_signatures_verify_and_recover(secret: int, digest: bytes) -> None:
    key = SigningKey(secret.to_bytes(32, "big"))
    signature = key.sign(digest)
    assert signature == key.sign(digest)
    assert signature.s <= N // 2
    public = ec.derive_private_key(secret, ec.SECP256K1()).public_key()
    encoded = utils.encode_dss_signature(signature.r, signature.s)
    public.verify(encoded, digest, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    # A nonce point with r as x and the stated parity exists on the curve; with it, the key can be recovered.
    compressed = bytes([2 + signature.y_parity]) + signature.r.to_bytes(32, "big")
    nonce_point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), compressed).public_numbers()
    assert nonce_point.y & 1 == signature.y_parity


def test_a_1559_transaction() -> None:
    signed = transaction(Fee(100, 3)).sign(KEY)
    assert signed.raw[:1] == b"\x02"
    fields = rlp.decode_list(signed.raw[1:])
    assert [rlp.integer(one) for one in fields[:5]] == [31_337, 7, 3, 100, 40_000]
    assert fields[5:9] == [b"\x11" * 20, b"", b"call", []]
    assert signed.hash == keccak256(signed.raw)
    assert signed.most_wei == 4_000_000


def test_a_legacy_transaction_names_its_chain() -> None:
    fields = rlp.decode_list(transaction(Fee(0, None)).sign(KEY).raw)
    assert fields[:6] == [b"\x07", b"", rlp.integer_bytes(40_000), b"\x11" * 20, b"", b"call"]
    assert rlp.integer(fields[6]) in {35 + 2 * 31_337, 36 + 2 * 31_337}


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_a_raised_fee_is_enough_for_every_node(most: int, tip: int, new_most: int, new_tip: int) -> None:
    before = Fee(max(most, tip), tip)
    raised = before.raised(13, Fee(max(new_most, new_tip), new_tip))
    assert raised.tip is not None
    assert raised.most * 8 >= before.most * 9
    assert raised.tip * 8 >= tip * 9
    assert raised.most >= max(raised.tip, new_most)
    assert Fee(most, None).raised(13, Fee(new_most, None)).most * 8 >= most * 9


def test_what_is_stored_comes_back_and_counts_each_nonce_once() -> None:
    first = transaction(Fee(100, 1)).sign(KEY)
    prepared = Prepared((first,), 5)
    assert prepared.cost_wei == 4_000_000
    raised = prepared.followed_by(transaction(Fee(200, 2)).sign(KEY), 6)
    assert (raised.cost_wei, raised.signed_ms, raised.newest.fee) == (8_000_000, 6, Fee(200, 2))
    other_nonce = raised.followed_by(transaction(Fee(100, None), nonce=8).sign(KEY), 7)
    assert other_nonce.cost_wei == 12_000_000
    assert Prepared.decode(other_nonce.encode()) == other_nonce
    paid = other_nonce.with_paid(123)
    assert Prepared.decode(paid.encode()).cost_wei == 123
    assert spent_wei([paid.encode(), b"", raised.encode()]) == 8_000_123


@pytest.mark.parametrize("raw", [b"", b"{}", b"[]", b'{"v":1,"signed":[],"signed_ms":1,"paid_wei":null}', b'{"v":2}'])
def test_what_is_stored_is_damaged(raw: bytes) -> None:
    with pytest.raises(AnchorError, match="cannot be read"):
        Prepared.decode(raw)

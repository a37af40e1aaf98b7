"""Signed transactions: EIP-1559 (type 2) and legacy with replay protection (EIP-155). Pure but for the signature."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.log.evm import rlp
from voltseal.log.evm.keccak import keccak256

_TYPE_1559: Final = b"\x02"


@dataclass(frozen=True, slots=True)
class Fee:
    """What a unit of gas may cost, in wei. `tip`: of this at most so much to the block's maker; None: a legacy fee."""

    most: int
    tip: int | None

    def raised(self, percent: int, least: Fee) -> Fee:
        """`percent` more in both parts, rounded up, and no less than `least`: what a node takes as a replacement."""
        most = max(_more(self.most, percent), least.most)
        if self.tip is None:
            return Fee(most, None)
        tip = max(_more(self.tip, percent), least.tip or 0)
        return Fee(max(most, tip), tip)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A call of a contract without value. `to`: 20 bytes, or empty to create one."""

    chain_id: int
    nonce: int
    fee: Fee
    gas_limit: int
    to: bytes
    call: bytes

    def sign(self, key: SigningKey) -> SignedTransaction:
        """The bytes that are sent."""
        if self.fee.tip is None:
            return self._sign_legacy(key)
        fee = (self.fee.tip, self.fee.most)
        body: list[rlp.Encodable] = [self.chain_id, self.nonce, *fee, self.gas_limit, self.to, 0, self.call, []]
        signature = key.sign(keccak256(_TYPE_1559 + rlp.encode(body)))
        raw = _TYPE_1559 + rlp.encode([*body, signature.y_parity, signature.r, signature.s])
        return SignedTransaction(raw, self.nonce, self.fee, self.gas_limit)

    def _sign_legacy(self, key: SigningKey) -> SignedTransaction:
        body: list[rlp.Encodable] = [self.nonce, self.fee.most, self.gas_limit, self.to, 0, self.call]
        signature = key.sign(keccak256(rlp.encode([*body, self.chain_id, 0, 0])))
        v = signature.y_parity + 35 + 2 * self.chain_id
        raw = rlp.encode([*body, v, signature.r, signature.s])
        return SignedTransaction(raw, self.nonce, self.fee, self.gas_limit)


@dataclass(frozen=True, slots=True)
class SignedTransaction:
    """`raw` is what is sent and stored: sent again, it is the same transaction."""

    raw: bytes
    nonce: int
    fee: Fee
    gas_limit: int

    @property
    def hash(self) -> bytes:
        """How nodes name it, 32 bytes."""
        return keccak256(self.raw)

    @property
    def most_wei(self) -> int:
        """What it can cost at most."""
        return self.fee.most * self.gas_limit


def _more(value: int, percent: int) -> int:
    return -(-value * (100 + percent) // 100)

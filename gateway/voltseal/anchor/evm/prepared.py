"""What is stored of an anchor before anything is sent: every transaction ever signed for it, oldest first. Pure.

Several, because a fee may have to be raised, or a nonce may be lost to somebody else. Any of them may end up in the
chain; the contract lets one have an effect.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace

from voltseal.anchor.errors import AnchorError
from voltseal.anchor.evm.transaction import Fee, SignedTransaction


@dataclass(frozen=True, slots=True)
class Prepared:
    """`signed`: at least one. `signed_ms`: when the newest was, by our clock. `paid_wei`: once it is known."""

    signed: tuple[SignedTransaction, ...]
    signed_ms: int
    paid_wei: int | None = None

    @property
    def newest(self) -> SignedTransaction:
        """The one that is meant to be included."""
        return self.signed[-1]

    @property
    def cost_wei(self) -> int:
        """What the anchor has cost, or can cost at most while that is open: one transaction of each nonce."""
        if self.paid_wei is not None:
            return self.paid_wei
        by_nonce = {one.nonce: one.most_wei for one in sorted(self.signed, key=lambda one: one.most_wei)}
        return sum(by_nonce.values())

    def followed_by(self, one: SignedTransaction, now_ms: int) -> Prepared:
        """With a newer transaction that shall be included instead."""
        return replace(self, signed=(*self.signed, one), signed_ms=now_ms)

    def with_paid(self, paid_wei: int | None) -> Prepared:
        """With what it has cost, as the chain says."""
        return replace(self, paid_wei=paid_wei)

    def encode(self) -> bytes:
        """JSON; the same bytes for the same content."""
        rows = [
            [b64encode(one.raw).decode(), one.nonce, one.gas_limit, one.fee.most, one.fee.tip] for one in self.signed
        ]
        content = {"v": 1, "signed": rows, "signed_ms": self.signed_ms, "paid_wei": self.paid_wei}
        return json.dumps(content, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, raw: bytes) -> Prepared:
        """Read what `encode` wrote; raises `AnchorError`."""
        try:
            content = json.loads(raw)
            signed = tuple(
                SignedTransaction(b64decode(body), nonce, Fee(most, tip), gas_limit)
                for body, nonce, gas_limit, most, tip in content["signed"]
            )
            if not signed or content["v"] != 1:
                raise ValueError("no transaction, or another version")
            return cls(signed, content["signed_ms"], content["paid_wei"])
        except (KeyError, TypeError, ValueError) as error:
            raise AnchorError(f"the stored transactions of an anchor cannot be read: {error}") from error


def spent_wei(records: Iterable[bytes]) -> int:
    """What these anchors have cost together, open ones at their most."""
    return sum(Prepared.decode(raw).cost_wei for raw in records if raw)

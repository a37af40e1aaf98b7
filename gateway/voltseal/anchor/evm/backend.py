"""Anchors on an Ethereum chain, `evm:<chain id>/<registry>`. Strong: who wants another history has to change the chain.

Owns no state: what was signed is in the anchor records, what became of it is in the chain. So `check` decides alone,
from one view of the chain, what is to be done, and comes to the same decision after a restart:

    a transaction of ours succeeded        included, safe or final, with its proof
    the contract has the size already      somebody else's transaction: as above; another root: contradiction
    the contract is past the size          superseded
    a node knows the newest transaction    wait; raise the fee if it has become too low
    nobody knows it, its nonce is free     reorged: send the same bytes again
    its nonce is used, or it failed        sign another one, to be stored before it is sent
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Final

from voltseal.anchor.backends import AnchorTarget
from voltseal.anchor.errors import AnchorContradictionError, AnchorError, AnchorSupersededError
from voltseal.anchor.evm import fees
from voltseal.anchor.evm.chain import Chain, Receipt, View
from voltseal.anchor.evm.errors import FeeCapError, NodeRefusedError, NotSubmitterError, WalletEmptyError
from voltseal.anchor.evm.key import load_key
from voltseal.anchor.evm.prepared import Prepared, spent_wei
from voltseal.anchor.evm.prove import make_proof
from voltseal.anchor.evm.registry import NOT_LARGER, NOT_SUBMITTER, anchor_call
from voltseal.anchor.evm.rpc import RpcClient
from voltseal.anchor.evm.secp256k1 import SigningKey
from voltseal.anchor.evm.settings import EvmSettings
from voltseal.anchor.evm.transaction import Fee, SignedTransaction, Transaction
from voltseal.anchor.interface import AnchorProgress, AnchorProof, AnchorRequest, AnchorState, AnchorStrength
from voltseal.log.checkpoint import Checkpoint

_logger = logging.getLogger(__name__)

RPC_TIMEOUT_S: Final = 5.0
GAS_AN_ANCHOR: Final = 33_000
"""What an anchor after the first uses at most; the tests hold the contract to it."""

_DAY_MS: Final = 86_400_000
_POLL_LEAST_MS: Final = 15
_POLL_MOST_MS: Final = 2_000
_POLL_INCLUDED_MS: Final = 12_000
_KEPT_PROOFS: Final = 64


def open_uri(target: AnchorTarget, clock_ms: Callable[[], int]) -> EvmBackend:
    """The backend of a configured target. Asks no node yet. Raises `AnchorError`s."""
    settings = EvmSettings.of(target)
    password_file = None if target.table is None else target.table.password_file
    key = load_key(target.key_file, password_file)
    return EvmBackend(settings, target.origin, key, clock_ms, target.prepared_since)


class EvmBackend:
    """An `AnchorBackend`, for one log and one account."""

    scheme = "evm"
    strength = AnchorStrength.STRONG
    is_sequential = True

    def __init__(
        self,
        settings: EvmSettings,
        origin: str,
        key: SigningKey,
        clock_ms: Callable[[], int],
        prepared_since: Callable[[int], Sequence[bytes]],
    ) -> None:
        self._settings = settings
        self._origin = origin
        self._key = key
        self._clock_ms = clock_ms
        self._prepared_since = prepared_since
        self._rpc = RpcClient(settings.rpc, settings.chain_id, RPC_TIMEOUT_S)
        self._chain = Chain(self._rpc, settings.registry, key.address, origin)
        self._underpriced: set[bytes] = set()  # refused by a node for their fee; forgotten at a restart, and found anew
        self._proofs: dict[bytes, AnchorProof] = {}  # by block hash; made again where it is gone

    @property
    def account(self) -> bytes:
        """The address that pays, 20 bytes."""
        return self._key.address

    @property
    def chain(self) -> Chain:
        """For questions beyond anchoring, such as the balance."""
        return self._chain

    def prepare(self, request: AnchorRequest) -> bytes:
        """A signed transaction, or nothing if the contract has the checkpoint already; see `AnchorBackend`."""
        view = self._chain.view()
        if self._is_anchored(view, request):
            return b""
        return Prepared((self._sign(request, view),), self._clock_ms()).encode()

    def submit(self, request: AnchorRequest, prepared: bytes) -> None:
        """Hand the newest transaction to a node; what became of it is for `check` to find out."""
        if not prepared:
            return
        newest = Prepared.decode(prepared).newest
        try:
            self._chain.send(newest.raw)
        except NodeRefusedError as error:
            refusal = fees.classify(error.reason)
            if refusal is fees.Refusal.EMPTY:
                raise WalletEmptyError(f"0x{self.account.hex()} cannot pay: {error.reason}") from error
            if refusal is fees.Refusal.UNDERPRICED:
                self._underpriced.add(newest.hash)
            elif refusal is fees.Refusal.OTHER:
                raise

    def check(self, request: AnchorRequest, prepared: bytes) -> AnchorProgress:
        """How far it has come, and what else has to be stored and sent; see the module's table."""
        stored = Prepared.decode(prepared) if prepared else None
        view = self._chain.view([one.hash for one in stored.signed] if stored else ())
        receipt = next((one for one in view.receipts if one is not None and one.succeeded), None)
        if receipt is not None and receipt.log_index is not None:
            return self._included(request, view, receipt, stored)
        if self._is_anchored(view, request):
            other = self._chain.find_anchor(request.tree_size, view.head.block_number)
            if other is not None and other.log_index is not None:
                return self._included(request, view, other, stored)
            return AnchorProgress(AnchorState.SUBMITTED, retry_ms=_POLL_MOST_MS)
        if stored is None:
            fresh = Prepared((self._sign(request, view),), self._clock_ms())
            return AnchorProgress(AnchorState.REORGED, prepared=fresh.encode())
        return self._outstanding(request, view, stored)

    def close(self) -> None:
        """Give up connections."""
        self._rpc.close()

    def _is_anchored(self, view: View, request: AnchorRequest) -> bool:
        """Whether the contract's newest anchor is this checkpoint. Raises where it never can be any more."""
        if request.origin != self._origin:
            raise AnchorError(f"this target anchors log {self._origin}, not {request.origin}")
        head = view.head
        if head.tree_size > request.tree_size:
            message = f"the registry is at size {head.tree_size}, past {request.tree_size}"
            raise AnchorSupersededError(message, head.tree_size)
        if head.tree_size < request.tree_size:
            return False
        if not head.fits(request.root_hash):
            raise AnchorContradictionError(
                f"the registry has another root at size {request.tree_size}",
                hint="the log was restored from an old copy or forked; keep the store and stop the gateway",
            )
        return True

    def _included(
        self, request: AnchorRequest, view: View, receipt: Receipt, stored: Prepared | None
    ) -> AnchorProgress:
        proof = self._proofs.get(receipt.block_hash)
        if proof is None:
            checkpoint = Checkpoint(request.origin, request.tree_size, request.root_hash)
            made = make_proof(self._rpc, self._settings.chain_id, self._settings.registry, receipt, checkpoint)
            proof = AnchorProof(self.scheme, self.strength, made.text(), made.time_ms)
            self._proofs[receipt.block_hash] = proof
            if len(self._proofs) > _KEPT_PROOFS:
                del self._proofs[next(iter(self._proofs))]
        paid = None
        if stored is not None and stored.paid_wei != receipt.paid_wei:
            paid = stored.with_paid(receipt.paid_wei).encode()
        state = fees.depth_state(view.depths, receipt.block_number, self._settings.confirmations)
        return AnchorProgress(state, proof, prepared=paid, retry_ms=_POLL_INCLUDED_MS)

    def _outstanding(self, request: AnchorRequest, view: View, stored: Prepared) -> AnchorProgress:
        """Sent or not, and not in the chain."""
        newest, account = stored.newest, view.account
        failed = view.receipts[-1] is not None
        if failed or account.used_nonces > newest.nonce or self._is_stranded(view, stored):
            return self._sign_next(request, view, stored, AnchorState.REORGED)
        waited_ms = self._clock_ms() - stored.signed_ms
        too_low = newest.hash in self._underpriced or newest.fee.most < view.prices.least
        if too_low or (view.knows_newest and waited_ms >= self._settings.stuck_ms and self._is_outbid(view, newest)):
            return self._raise_fee(request, view, stored)
        if view.knows_newest:
            retry_ms = min(max(waited_ms // 4, _POLL_LEAST_MS), _POLL_MOST_MS)
            return AnchorProgress(AnchorState.SUBMITTED, retry_ms=retry_ms)
        return AnchorProgress(AnchorState.REORGED)

    def _is_stranded(self, view: View, stored: Prepared) -> bool:
        """Its nonce waits for one that somebody else used, and that is gone: it would wait for ever."""
        waited_ms = self._clock_ms() - stored.signed_ms
        return view.account.next_nonce < stored.newest.nonce and waited_ms >= self._settings.stuck_ms

    def _is_outbid(self, view: View, newest: SignedTransaction) -> bool:
        offer, fee = view.prices.fee(legacy=newest.fee.tip is None), newest.fee
        if offer.tip is None or fee.tip is None:
            return offer.most > fee.most
        return offer.tip > fee.tip

    def _raise_fee(self, request: AnchorRequest, view: View, stored: Prepared) -> AnchorProgress:
        newest = stored.newest
        offer = view.prices.fee(legacy=newest.fee.tip is None)
        fee = fees.replacement(newest.fee, offer, view.prices, self._settings)
        signed = self._sign(request, view, stored, nonce=newest.nonce, fee=fee, gas_limit=newest.gas_limit)
        _logger.warning(
            "anchor fee raised tree_size=%d nonce=%d from=%d to=%d",
            request.tree_size, newest.nonce, newest.fee.most, fee.most,
        )  # fmt: skip
        following = stored.followed_by(signed, self._clock_ms())
        return AnchorProgress(AnchorState.SUBMITTED, prepared=following.encode())

    def _sign_next(self, request: AnchorRequest, view: View, stored: Prepared, state: AnchorState) -> AnchorProgress:
        """Another transaction instead of one that cannot be included any more."""
        signed = self._sign(request, view, stored)
        _logger.warning(
            "anchor signed anew tree_size=%d nonce=%d instead=%d", request.tree_size, signed.nonce, stored.newest.nonce
        )
        return AnchorProgress(state, prepared=stored.followed_by(signed, self._clock_ms()).encode())

    def _sign(
        self,
        request: AnchorRequest,
        view: View,
        stored: Prepared | None = None,
        *,
        nonce: int | None = None,
        fee: Fee | None = None,
        gas_limit: int | None = None,
    ) -> SignedTransaction:
        """Sign what the account can pay for and the settings allow. Raises `AnchorUnavailableError`s."""
        call = anchor_call(request.origin, request.tree_size, request.root_hash)
        fee = fees.capped(fee or view.prices.fee(legacy=self._settings.legacy_fees), view.prices, self._settings)
        transaction = Transaction(
            chain_id=self._settings.chain_id,
            nonce=view.account.next_nonce if nonce is None else nonce,
            fee=fee,
            gas_limit=gas_limit or self._gas_limit(call),
            to=self._settings.registry,
            call=call,
        )
        most_wei = transaction.gas_limit * fee.most
        if most_wei > view.account.balance_wei:
            raise WalletEmptyError(
                f"0x{self.account.hex()} has {view.account.balance_wei} wei, an anchor may cost {most_wei}"
            )
        self._check_day(most_wei, stored)
        return transaction.sign(self._key)

    def _check_day(self, most_wei: int, stored: Prepared | None) -> None:
        """Raises `FeeCapError` if the last 24 hours, this anchor's own earlier transactions aside, leave too little."""
        cap_wei = self._settings.fee_cap_wei
        if cap_wei is None:
            return
        own = None if stored is None else stored.encode()
        spent = spent_wei(raw for raw in self._prepared_since(self._clock_ms() - _DAY_MS) if raw != own)
        if spent + most_wei > cap_wei:
            raise FeeCapError(f"put off: {spent} wei of {cap_wei} a day are spent, this may cost {most_wei}")

    def _gas_limit(self, call: bytes) -> int:
        try:
            return self._chain.estimate_gas(call) * 5 // 4
        except NodeRefusedError as error:
            if error.revert.startswith(NOT_SUBMITTER):
                raise NotSubmitterError(
                    f"the registry lets 0x{self.account.hex()} not anchor {self._origin}",
                    hint="its owner can change that: voltseal anchor allow",
                ) from error
            if fees.classify(error.reason) is fees.Refusal.EMPTY:
                raise WalletEmptyError(f"0x{self.account.hex()} cannot pay: {error.reason}") from error
            if error.revert.startswith(NOT_LARGER):
                raise NodeRefusedError("the registry has moved on meanwhile") from error
            raise

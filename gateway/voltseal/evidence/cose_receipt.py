"""COSE Receipts of inclusion (RFC 9942, RFC9162_SHA256): for tools that speak COSE and know no C2SP. Pure, no I/O.

    18([ << {1: -8, 4: kid, 15: {1: origin}, 395: 1} >>,
         {396: {-1: [ << [tree_size, leaf_index, [+ hash]] >> ]}},
         nil,
         signature ])

Not to be confused with a device's receipt (`voltseal.wire.receipt`). The payload is the tree's root, detached: who
checks computes it from the entry and the path. The log's own Ed25519 key signs, as it signs checkpoints, so nobody
needs to trust one key more. The two kinds of message cannot be taken for one another: a Sig_structure begins with the
byte 0x84, which no UTF-8 text does.

Size and index stand outside the signature. They say where to find the proof's turns; what is proved is that the entry
is in a tree with the signed root.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voltseal.evidence.errors import MalformedProofError, ReceiptSignatureError
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.errors import NoteSignatureError, ProofError
from voltseal.log.merkle import HASH_BYTES, NodeHash, RootHash, leaf_hash, root_from_inclusion, verify_inclusion
from voltseal.log.note_key import Ed25519Signer, Ed25519Verifier, verify_ed25519
from voltseal.wire import cbor
from voltseal.wire.errors import WireError

ALG, KID, CWT_CLAIMS, VDS, VDP = 1, 4, 15, 395, 396
"""COSE header labels: RFC 9052 section 3.1, RFC 9597, RFC 9942 section 2."""
EDDSA = -8
ISSUER = 1
RFC9162_SHA256 = 1
INCLUSION_PROOFS = -1
_TAG_SIGN1: Final = b"\xd2"
_MAX_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class CoseReceipt:
    """A receipt taken apart, not verified. `kid`: 8 bytes; `signature`: 64 bytes; `path`: from the leaf upwards."""

    origin: str
    kid: bytes
    tree_size: int
    leaf_index: int
    path: tuple[NodeHash, ...]
    signature: bytes

    @property
    def protected(self) -> bytes:
        """The encoded protected header."""
        return _protected(self.origin, self.kid)

    def encode(self) -> bytes:
        """The receipt's bytes: `parse` of them gives this receipt back."""
        proof = cbor.encode([self.tree_size, self.leaf_index, self.path])
        return _TAG_SIGN1 + cbor.encode(
            [self.protected, {VDP: {INCLUSION_PROOFS: [proof]}}, None, self.signature],
        )

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a receipt of exactly the form above; raises `MalformedProofError`."""
        if raw[:1] != _TAG_SIGN1 or len(raw) > _MAX_BYTES:
            raise MalformedProofError("not a COSE_Sign1 with tag 18, or too long for a receipt")
        try:
            match cbor.decode(raw[1:]):
                case [bytes(protected), {396: {-1: [bytes(proof)]}}, None, bytes(signature)]:
                    origin, kid = _read_protected(protected)
                    tree_size, leaf_index, path = _read_proof(proof)
                case _:
                    raise MalformedProofError("not a receipt with one inclusion proof and a detached payload")
        except WireError as error:
            raise MalformedProofError(f"receipt: {error}") from error
        receipt = cls(origin, kid, tree_size, leaf_index, path, signature)
        if receipt.encode() != raw:
            raise MalformedProofError("receipt has more in its headers than this version knows")
        return receipt

    def verify(self, entry: bytes, log_key: Ed25519Verifier) -> RootHash:
        """The signed root of the tree that `entry` is in. Precondition: `log_key` comes from the caller's trust.

        Raises `InclusionProofError` if the proof's form is wrong, `ReceiptSignatureError` if the entry is not the one
        that was signed for, or another log's key signed.
        """
        if (self.origin, self.kid) != (log_key.name, receipt_kid(log_key)):
            raise ReceiptSignatureError(f"receipt is of log {self.origin}, key {self.kid.hex()}, not of {log_key.name}")
        root = root_from_inclusion(leaf_hash(entry), self.leaf_index, self.tree_size, self.path)
        try:
            verify_ed25519(log_key.name, log_key.public_key, self.signature, to_be_signed(self.protected, root))
        except NoteSignatureError as error:
            raise ReceiptSignatureError(f"receipt: {error}, or it is another entry's") from error
        return root


def sign_receipt(
    signer: Ed25519Signer, entry: bytes, leaf_index: int, path: Sequence[NodeHash], checkpoint: Checkpoint
) -> CoseReceipt:
    """The log's receipt for `entry`, under the tree that `checkpoint` states.

    Precondition: `checkpoint` was published. Raises `ReceiptSignatureError` if `signer` is not that log's key,
    `InclusionProofError` if the proof does not lead to the checkpoint's root, and `ProofError` for a tree of one leaf:
    the RFC's inclusion path has at least one hash.
    """
    if signer.name != checkpoint.origin:
        raise ReceiptSignatureError(f"key {signer.name} may not sign for log {checkpoint.origin}")
    verify_inclusion(leaf_hash(entry), leaf_index, checkpoint.tree_size, path, checkpoint.root_hash)
    if not path:
        raise ProofError("a tree of one leaf has no COSE Receipt", hint="wait for the log's second entry")
    kid = receipt_kid(signer.verifier)
    message = to_be_signed(_protected(checkpoint.origin, kid), checkpoint.root_hash)
    signature = Ed25519PrivateKey.from_private_bytes(signer.seed).sign(message)
    return CoseReceipt(checkpoint.origin, kid, checkpoint.tree_size, leaf_index, tuple(path), signature)


def to_be_signed(protected: bytes, root: RootHash) -> bytes:
    """The Sig_structure (RFC 9052 section 4.4) with empty external_aad and the root as payload."""
    return cbor.encode(["Signature1", protected, b"", root])


def cose_key(log_key: Ed25519Verifier) -> bytes:
    """The log's key as an encoded COSE_Key with kid and alg (RFC 9053 section 7.2), for tools that speak COSE."""
    return cbor.encode({1: 1, 2: receipt_kid(log_key), 3: EDDSA, -1: 6, -2: log_key.public_key})


def receipt_kid(log_key: Ed25519Verifier) -> bytes:
    """First 8 bytes of the COSE_Key's SHA-256 thumbprint (RFC 9679 section 3), formed as everywhere in Voltseal."""
    return sha256(cbor.encode({1: 1, -1: 6, -2: log_key.public_key})).digest()[:8]


def _protected(origin: str, kid: bytes) -> bytes:
    return cbor.encode({ALG: EDDSA, KID: kid, CWT_CLAIMS: {ISSUER: origin}, VDS: RFC9162_SHA256})


def _read_protected(protected: bytes) -> tuple[str, bytes]:
    match cbor.decode(protected):
        case {1: -8, 4: bytes(kid), 15: {1: str(origin)}, 395: 1} if len(kid) == 8:
            return origin, kid
        case _:
            raise MalformedProofError("receipt's protected header is not that of EdDSA over RFC9162_SHA256")


def _read_proof(proof: bytes) -> tuple[int, int, tuple[NodeHash, ...]]:
    match cbor.decode(proof):
        case [int(tree_size), int(leaf_index), [_, *_] as path] if tree_size >= 0 and leaf_index >= 0:
            hashes = [NodeHash(node) for node in path if isinstance(node, bytes) and len(node) == HASH_BYTES]
            if len(hashes) == len(path):
                return tree_size, leaf_index, tuple(hashes)
    raise MalformedProofError("receipt's inclusion proof is not [tree_size, leaf_index, [+ hash]]")

"""Witness cosignatures (C2SP tlog-cosignature, cosignature/v1): Ed25519 with a time. Pure, no I/O, no clock.

The signature line holds an 8-byte big-endian POSIX time followed by an Ed25519 signature over

    cosignature/v1
    time <decimal seconds>
    <the checkpoint's note text>

A cosignature says: at that time, this was the largest tree of the log that the witness had seen, consistent with all
before. The time is the witness's word, and bounds the checkpoint's existence from above ("not after").
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from voltseal.log.errors import KeyFormatError, NoteFormatError, NoteSignatureError
from voltseal.log.note import NoteSignature
from voltseal.log.note_key import KeyId, check_key_name, encode_vkey, key_id, parse_vkey, verify_ed25519

COSIGNATURE_V1 = 0x04
MAX_TIMESTAMP_S = 2**63 - 1
_TIMESTAMP_BYTES = 8
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class Cosignature:
    """A cosignature taken apart. `timestamp_s`: POSIX seconds, by the witness's clock; `signature`: 64 bytes."""

    name: str
    key_id: KeyId
    timestamp_s: int
    signature: bytes

    def to_note_signature(self) -> NoteSignature:
        """The signature line to add to the checkpoint's note."""
        timestamp = self.timestamp_s.to_bytes(_TIMESTAMP_BYTES, "big")
        return NoteSignature(self.name, self.key_id, timestamp + self.signature)

    @classmethod
    def parse(cls, name: str, identifier: KeyId, signature: bytes) -> Self:
        """Take apart the 72 bytes after the key ID; raises `NoteFormatError`."""
        if len(signature) != _TIMESTAMP_BYTES + _SIGNATURE_BYTES:
            raise NoteFormatError(f"cosignature of {name} has {len(signature)} bytes, not 72")
        timestamp_s = int.from_bytes(signature[:_TIMESTAMP_BYTES], "big")
        if timestamp_s > MAX_TIMESTAMP_S:
            raise NoteFormatError(f"cosignature of {name} has a time beyond 2^63 - 1")
        return cls(name, identifier, timestamp_s, signature[_TIMESTAMP_BYTES:])


def cosigned_message(text: str, timestamp_s: int) -> bytes:
    """The bytes a witness signs for the checkpoint whose note text is `text`."""
    return f"cosignature/v1\ntime {timestamp_s}\n{text}".encode()


@dataclass(frozen=True, slots=True)
class CosignatureVerifier:
    """A witness's verifier key, signature type 0x04. `public_key`: 32 bytes; must serve no other purpose."""

    name: str
    public_key: bytes
    key_id: KeyId = field(init=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != 32:
            raise KeyFormatError(f"Ed25519 public key has {len(self.public_key)} bytes, not 32")
        object.__setattr__(self, "key_id", key_id(self.name, COSIGNATURE_V1, self.public_key))

    def verify(self, text: str, signature: bytes) -> None:
        """Return if `signature` (72 bytes) is this witness's over the checkpoint `text`.

        Raises `NoteSignatureError`, also for a signature of another shape: it claims to be this key's and is not.
        """
        try:
            cosignature = Cosignature.parse(self.name, self.key_id, signature)
        except NoteFormatError as error:
            raise NoteSignatureError(str(error)) from error
        message = cosigned_message(text, cosignature.timestamp_s)
        verify_ed25519(self.name, self.public_key, cosignature.signature, message)

    def encode(self) -> str:
        """The key as text: name+hexadecimal key ID+base64(0x04 || public key)."""
        return encode_vkey(self.name, COSIGNATURE_V1, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read the text form; raises `KeyFormatError`."""
        name, public_key = parse_vkey(vkey, COSIGNATURE_V1)
        return cls(name, public_key)


@dataclass(frozen=True, slots=True)
class CosignatureSigner:
    """A witness's key. Precondition of signing: the witness has checked consistency with all it cosigned before."""

    name: str
    seed: bytes = field(repr=False)

    @property
    def verifier(self) -> CosignatureVerifier:
        """The public half."""
        return CosignatureVerifier(self.name, self._private_key().public_key().public_bytes_raw())

    def cosign(self, text: str, timestamp_s: int) -> Cosignature:
        """Cosign the checkpoint note text `text` at `timestamp_s` (POSIX seconds); raises `NoteFormatError`."""
        if not 0 <= timestamp_s <= MAX_TIMESTAMP_S:
            raise NoteFormatError(f"cosignature time {timestamp_s} is out of range")
        signature = self._private_key().sign(cosigned_message(text, timestamp_s))
        return Cosignature(self.name, self.verifier.key_id, timestamp_s, signature)

    def _private_key(self) -> Ed25519PrivateKey:
        if len(self.seed) != 32:
            raise KeyFormatError(f"Ed25519 private key has {len(self.seed)} bytes, not 32")
        return Ed25519PrivateKey.from_private_bytes(self.seed)

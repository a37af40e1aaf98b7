"""Keys of signed notes (C2SP signed-note, v1.0.0): names, key IDs, text encodings, Ed25519. Pure, no I/O.

A verifier key is written name+key ID+base64(type || public key), a signer key PRIVATE+KEY+name+key ID+base64(type ||
seed). The key ID in a text form must belong to the key, so a mistyped key is refused when it is read.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import NewType, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from voltseal.log.errors import KeyFormatError, NoteSignatureError

KeyId = NewType("KeyId", bytes)

MAX_KEY_NAME_BYTES = 255
ED25519 = 0x01
_PRIVATE_PREFIX = "PRIVATE+KEY+"


def check_key_name(name: str) -> None:
    """Return if `name` may name a key: not empty, at most 255 bytes, no spaces, control characters or '+'.

    Raises `KeyFormatError`.
    """
    if not name or "+" in name or any(char.isspace() or char < " " for char in name):
        raise KeyFormatError(f"key name {name!r} is empty or has a space, a control character or a '+'")
    try:
        length_bytes = len(name.encode())
    except UnicodeEncodeError as error:
        raise KeyFormatError(f"key name {name!r} is not valid Unicode") from error
    if length_bytes > MAX_KEY_NAME_BYTES:
        raise KeyFormatError(f"key name has {length_bytes} bytes, more than {MAX_KEY_NAME_BYTES}")


def key_id(name: str, signature_type: int, public_key: bytes) -> KeyId:
    """The first 4 bytes of SHA-256(name || newline || signature type || public key)."""
    return KeyId(sha256(name.encode() + b"\n" + bytes([signature_type]) + public_key).digest()[:4])


def decode_base64(text: str) -> bytes:
    """Decode standard base64 (RFC 4648 section 4) that is canonical: padded, with unused bits zero.

    Raises `ValueError` for anything else, so that every byte string has one spelling.
    """
    try:
        raw = b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"not base64: {text[:64]!r}") from error
    if b64encode(raw).decode() != text:
        raise ValueError(f"base64 is not canonical: {text[:64]!r}")
    return raw


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """A verifier key of signature type 0x01. `public_key`: 32 bytes (RFC 8032 section 5.1.5)."""

    name: str
    public_key: bytes
    key_id: KeyId = field(init=False)

    def __post_init__(self) -> None:
        check_key_name(self.name)
        if len(self.public_key) != 32:
            raise KeyFormatError(f"Ed25519 public key has {len(self.public_key)} bytes, not 32")
        object.__setattr__(self, "key_id", key_id(self.name, ED25519, self.public_key))

    def verify(self, text: str, signature: bytes) -> None:
        """Return if `signature` (64 bytes) is this key's over `text`; raises `NoteSignatureError` otherwise."""
        verify_ed25519(self.name, self.public_key, signature, text.encode())

    def encode(self) -> str:
        """The key as text: name+hexadecimal key ID+base64(type || public key)."""
        return encode_vkey(self.name, ED25519, self.public_key)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read the text form; raises `KeyFormatError`, also if the key ID does not belong to the key."""
        name, public_key = parse_vkey(vkey, ED25519)
        return cls(name, public_key)


@dataclass(frozen=True, slots=True)
class Ed25519Signer:
    """A signer key of signature type 0x01. `seed`: the 32-byte private key, kept out of repr."""

    name: str
    seed: bytes = field(repr=False)
    verifier: Ed25519Verifier = field(init=False, repr=False)
    _private_key: Ed25519PrivateKey = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise KeyFormatError(f"Ed25519 private key has {len(self.seed)} bytes, not 32")
        private_key = Ed25519PrivateKey.from_private_bytes(self.seed)
        object.__setattr__(self, "_private_key", private_key)
        object.__setattr__(self, "verifier", Ed25519Verifier(self.name, private_key.public_key().public_bytes_raw()))

    @property
    def key_id(self) -> KeyId:
        """The key ID of the verifier key."""
        return self.verifier.key_id

    def sign(self, text: str) -> bytes:
        """The 64-byte signature over `text` (RFC 8032 section 5.1.6; deterministic)."""
        return self._private_key.sign(text.encode())

    def encode(self) -> str:
        """The secret as text: PRIVATE+KEY+name+hexadecimal key ID+base64(type || seed). Store it in a 0600 file."""
        return _PRIVATE_PREFIX + _encode_key(self.name, self.key_id, ED25519, self.seed)

    @classmethod
    def generate(cls, name: str) -> Self:
        """A new random key."""
        return cls(name, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def parse(cls, skey: str) -> Self:
        """Read the secret's text form; raises `KeyFormatError` (which never quotes the secret)."""
        if not skey.startswith(_PRIVATE_PREFIX):
            raise KeyFormatError("signer key does not start with PRIVATE+KEY+")
        name, claimed_id, seed = _split_key(skey.removeprefix(_PRIVATE_PREFIX), ED25519)
        signer = cls(name, seed)
        if signer.key_id != claimed_id:
            raise KeyFormatError(f"signer key {name}: key ID does not belong to the key")
        return signer


def verify_ed25519(name: str, public_key: bytes, signature: bytes, message: bytes) -> None:
    """Return if `signature` is valid (RFC 8032 section 5.1.7); raises `NoteSignatureError` naming the key."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise NoteSignatureError(f"signature of {name} is wrong") from error


def encode_vkey(name: str, signature_type: int, public_key: bytes) -> str:
    """A verifier key as text, of any signature type."""
    return _encode_key(name, key_id(name, signature_type, public_key), signature_type, public_key)


def parse_vkey(vkey: str, signature_type: int) -> tuple[str, bytes]:
    """Name and 32-byte public key of a verifier key of `signature_type`; raises `KeyFormatError`."""
    name, claimed_id, public_key = _split_key(vkey, signature_type)
    if key_id(name, signature_type, public_key) != claimed_id:
        raise KeyFormatError(f"verifier key {name}: key ID does not belong to the key")
    return name, public_key


def _encode_key(name: str, identifier: KeyId, signature_type: int, material: bytes) -> str:
    return f"{name}+{identifier.hex()}+{b64encode(bytes([signature_type]) + material).decode()}"


def _split_key(text: str, signature_type: int) -> tuple[str, KeyId, bytes]:
    """Name, claimed key ID and 32 bytes of key material. Messages never quote the material: it may be a secret."""
    name, _, rest = text.partition("+")
    hex_id, _, encoded = rest.partition("+")
    check_key_name(name)
    if len(hex_id) != 8 or set(hex_id) - set("0123456789abcdef"):
        raise KeyFormatError(f"key {name}: key ID is not 8 lower-case hexadecimal digits")
    try:
        material = decode_base64(encoded)
    except ValueError:
        raise KeyFormatError(f"key {name}: key material is not canonical base64") from None
    if len(material) != 33 or material[0] != signature_type:
        raise KeyFormatError(f"key {name}: not a 32-byte key of signature type 0x{signature_type:02x}")
    return name, KeyId(bytes.fromhex(hex_id)), material[1:]

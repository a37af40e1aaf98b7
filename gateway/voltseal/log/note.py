"""Signed notes (C2SP signed-note, v1.0.0): a text, a blank line, and one signature line per key. Pure, no I/O.

    <text, one or more lines>
    <blank line>
    — <key name> <base64 of 4-byte key ID || signature>

Parsing is strict, so one note has exactly one byte string: UTF-8 without control characters, a single newline at the
end, base64 with canonical padding bits. Signatures of unknown keys are ignored unless the caller refuses them; a wrong
signature of a *known* key rejects the whole note. Signing and verification are over `text`, final newline included.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from voltseal.log.errors import KeyFormatError, NoteFormatError, NoteSignatureError
from voltseal.log.note_key import KeyId, check_key_name, decode_base64

MAX_NOTE_BYTES = 262_144  # room for 16 post-quantum signatures of 5 kB, which the specification asks to accept
MAX_SIGNATURES = 64
_SIGNATURE_MARK = "— "


class NoteSigner(Protocol):
    """A key that can sign the text of a note."""

    @property
    def name(self) -> str:
        """The key name shown in the signature line."""
        ...

    @property
    def key_id(self) -> KeyId:
        """The 4 bytes before the signature."""
        ...

    def sign(self, text: str) -> bytes:
        """The signature over `text`, without the key ID."""
        ...


class NoteVerifier(Protocol):
    """A public key that can judge one kind of note signature."""

    @property
    def name(self) -> str:
        """The key name expected in the signature line."""
        ...

    @property
    def key_id(self) -> KeyId:
        """The 4 bytes expected before the signature."""
        ...

    def verify(self, text: str, signature: bytes) -> None:
        """Return if `signature` is this key's over `text`; raises `NoteSignatureError` otherwise."""
        ...


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line. `signature` follows the key ID and is at least one byte."""

    name: str
    key_id: KeyId
    signature: bytes

    def encode(self) -> str:
        """The line, newline included."""
        return f"{_SIGNATURE_MARK}{self.name} {b64encode(self.key_id + self.signature).decode()}\n"

    @classmethod
    def parse(cls, line: str) -> Self:
        """Read one signature line without its newline; raises `NoteFormatError`."""
        name, space, encoded = line.removeprefix(_SIGNATURE_MARK).partition(" ")
        if not line.startswith(_SIGNATURE_MARK) or not space:
            raise NoteFormatError(f"not a signature line: {line[:80]!r}")
        try:
            check_key_name(name)
            raw = decode_base64(encoded)
        except (KeyFormatError, ValueError) as error:
            raise NoteFormatError(f"signature line: {error}") from error
        if len(raw) < 5:
            raise NoteFormatError("signature line holds no signature")
        return cls(name, KeyId(raw[:4]), raw[4:])


@dataclass(frozen=True, slots=True)
class Note:
    """A text (ending in newline) and its signature lines in order, not yet verified."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """The note's bytes: `parse_note` of them gives this note back."""
        return (self.text + "\n" + "".join(signature.encode() for signature in self.signatures)).encode()


def check_text(text: str) -> None:
    """Return if `text` may be signed: ends in newline, valid Unicode, no other control character below U+0020.

    Raises `NoteFormatError`.
    """
    if not text.endswith("\n"):
        raise NoteFormatError("note text does not end in a newline")
    if any(char < " " and char != "\n" for char in text):
        raise NoteFormatError("note has a control character other than newline")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteFormatError("note text is not valid Unicode") from error


def parse_note(raw: bytes) -> Note:
    """Read one note from all of `raw` (at most 262,144 bytes, 1 to 64 signatures); verifies nothing.

    The last empty line separates text and signatures. Raises `NoteFormatError`.
    """
    if len(raw) > MAX_NOTE_BYTES:
        raise NoteFormatError(f"note has {len(raw)} bytes, more than {MAX_NOTE_BYTES}")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NoteFormatError("note is not UTF-8") from error
    check_text(whole)
    body, blank, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")[:-1]
    if not blank or not lines:
        raise NoteFormatError("note has no blank line followed by signatures")
    if len(lines) > MAX_SIGNATURES:
        raise NoteFormatError(f"note has {len(lines)} signatures, more than {MAX_SIGNATURES}")
    return Note(body + "\n", tuple(NoteSignature.parse(line) for line in lines))


def sign_note(text: str, signers: Iterable[NoteSigner]) -> Note:
    """A note of `text` signed by each of `signers`, in their order; raises `NoteFormatError` for an unfit text."""
    check_text(text)
    signatures = tuple(NoteSignature(signer.name, signer.key_id, signer.sign(text)) for signer in signers)
    if not signatures:
        raise NoteFormatError("a note needs at least one signer")
    return Note(text, signatures)


def verify_note(
    note: Note, verifiers: Sequence[NoteVerifier], *, allow_unknown: bool = True
) -> tuple[NoteSignature, ...]:
    """The signatures of `note` that known keys made, all of them verified, in the note's order.

    Precondition: `verifiers` come from the caller's trust, never from the note's sender. Raises `NoteSignatureError` if
    a known key's signature is wrong or given twice, if no known key signed, or, with `allow_unknown` false, if an
    unknown key signed (for files in which nothing may change unnoticed).
    """
    verified = known_signatures(note, verifiers, allow_unknown=allow_unknown)
    if not verified:
        raise NoteSignatureError("note carries no signature of a trusted key")
    return verified


def known_signatures(
    note: Note, verifiers: Sequence[NoteVerifier], *, allow_unknown: bool = True
) -> tuple[NoteSignature, ...]:
    """Like `verify_note`, but a note that no known key signed gives an empty tuple: the caller says what that means."""
    known = {(verifier.name, verifier.key_id): verifier for verifier in verifiers}
    if len(known) != len(verifiers):
        raise NoteSignatureError("two trusted keys share name and key ID")
    verified: dict[tuple[str, KeyId], NoteSignature] = {}
    for signature in note.signatures:
        identity = (signature.name, signature.key_id)
        verifier = known.get(identity)
        if verifier is None:
            if not allow_unknown:
                raise NoteSignatureError(f"note is signed by unknown key {signature.name}+{signature.key_id.hex()}")
            continue
        if identity in verified:
            raise NoteSignatureError(f"note is signed twice by {signature.name}")
        verifier.verify(note.text, signature.signature)
        verified[identity] = signature
    return tuple(verified.values())

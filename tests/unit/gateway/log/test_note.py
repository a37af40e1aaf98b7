"""Signed notes: the published example, strict parsing, trust rules, key text forms."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltseal.log.errors import KeyFormatError, LogError, NoteFormatError, NoteSignatureError
from voltseal.log.note import MAX_NOTE_BYTES, MAX_SIGNATURES, NoteSignature, parse_note, sign_note, verify_note
from voltseal.log.note_key import Ed25519Signer, Ed25519Verifier, KeyId, check_key_name, decode_base64

# The example of the Go package golang.org/x/mod/sumdb/note, where the format comes from.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SKEY = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNATURE = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNATURE}\n".encode()


def test_published_example_signs_and_verifies() -> None:
    signer, verifier = Ed25519Signer.parse(SKEY), Ed25519Verifier.parse(VKEY)
    assert sign_note(TEXT, [signer]).encode() == NOTE
    note = parse_note(NOTE)
    assert note.text == TEXT
    assert verify_note(note, [verifier]) == note.signatures
    assert signer.verifier == verifier
    assert (signer.encode(), verifier.encode()) == (SKEY, VKEY)
    assert "AYEKFAL" not in repr(signer)
    assert repr(signer.seed) not in repr(signer)


def test_every_single_bit_change_is_refused() -> None:
    verifier = Ed25519Verifier.parse(VKEY)
    for bit in range(len(NOTE) * 8):
        changed = bytearray(NOTE)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(LogError):
            verify_note(parse_note(bytes(changed)), [verifier])


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("empty", b""),
        ("no final newline", NOTE[:-1]),
        ("two final newlines", NOTE + b"\n"),
        ("carriage returns", NOTE.replace(b"\n", b"\r\n")),
        ("tab", NOTE.replace(b"If you", b"If\tyou")),
        ("NUL", NOTE + b"\0"),
        ("not UTF-8", NOTE.replace(b"If", b"\xff\xfe")),
        ("surrogate", NOTE.replace(b"If", b"\xed\xa0\x80")),
        ("no text", NOTE[len(TEXT.encode()) :]),
        ("no blank line", NOTE.replace(b"\n\n", b"\n")),
        ("no signature", TEXT.encode() + b"\n"),
        ("hyphen for em dash", NOTE.replace("—".encode(), b"-")),
        ("text after signatures", NOTE + b"text\n"),
        ("no key name", NOTE.replace(b"PeterNeumann ", b" ")),
        ("plus in key name", NOTE.replace(b"PeterNeumann", b"Peter+Neumann")),
        ("two spaces", NOTE.replace(b"PeterNeumann ", b"PeterNeumann  ")),
        ("trailing space", NOTE[:-1] + b" \n"),
        ("no-break space in key name", NOTE.replace(b"PeterNeumann", "Peter\u00a0Neumann".encode())),
        ("URL-safe base64", NOTE.replace(b"x08go/", b"x08go_")),
        ("no padding", NOTE.replace(b"nAM=\n", b"nAM\n")),
        ("unused bits set", NOTE.replace(b"nAM=\n", b"nAN=\n")),
        ("key ID alone", TEXT.encode() + "\n— PeterNeumann x08goA==\n".encode()),
        ("too many signatures", NOTE + NOTE[NOTE.index("—".encode()) :] * MAX_SIGNATURES),
        ("too long", b"x" * MAX_NOTE_BYTES + NOTE),
    ],
)
def test_refuses_malformed(name: str, raw: bytes) -> None:
    with pytest.raises(NoteFormatError):
        parse_note(raw)


def test_text_may_have_empty_lines() -> None:
    signer = Ed25519Signer("example.com/log", bytes(range(32)))
    for text in ("\n", "a\n\nb\n", "\n\n\n", "— not a signature\n"):
        note = sign_note(text, [signer])
        assert parse_note(note.encode()) == note
        verify_note(note, [signer.verifier])


@pytest.mark.parametrize("text", ["", "no newline", "tab\t\n", "bell\x07\n", "lone \ud800\n"])
def test_refuses_to_sign(text: str) -> None:
    with pytest.raises(NoteFormatError):
        sign_note(text, [Ed25519Signer.parse(SKEY)])


def test_sixteen_signatures_are_accepted_and_none_is_refused() -> None:
    signers = [Ed25519Signer(f"example.com/{number}", bytes([number]) * 32) for number in range(16)]
    note = parse_note(sign_note(TEXT, signers).encode())
    assert len(verify_note(note, [signer.verifier for signer in signers])) == 16
    with pytest.raises(NoteFormatError):
        sign_note(TEXT, [])


def test_unknown_keys_are_ignored_and_known_ones_must_be_right() -> None:
    log = Ed25519Signer("example.com/log", b"\1" * 32)
    other = Ed25519Signer("example.com/log", b"\2" * 32)  # same name, another key
    note = sign_note(TEXT, [other, log])
    assert [signature.key_id for signature in verify_note(note, [log.verifier])] == [log.key_id]
    with pytest.raises(NoteSignatureError, match="unknown key"):
        verify_note(note, [log.verifier], allow_unknown=False)
    with pytest.raises(NoteSignatureError, match="no signature of a trusted key"):
        verify_note(sign_note(TEXT, [other]), [log.verifier])
    wrong = NoteSignature(log.name, log.key_id, other.sign(TEXT))
    for signatures in ((wrong,), (wrong, *note.signatures), (*note.signatures, wrong), note.signatures * 2):
        with pytest.raises(NoteSignatureError):
            verify_note(parse_note(type(note)(TEXT, signatures).encode()), [log.verifier])


def test_ambiguous_trust_is_refused() -> None:
    log = Ed25519Signer("example.com/log", b"\1" * 32)
    with pytest.raises(NoteSignatureError):
        verify_note(sign_note(TEXT, [log]), [log.verifier, log.verifier])


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "PeterNeumann",
        VKEY[:-1],
        VKEY + "A",
        VKEY.replace("c74f20a3", "c74f20a4"),
        VKEY.replace("c74f20a3", "C74F20A3"),
        VKEY.replace("c74f20a3", "c74f20a"),
        VKEY.replace("+c74f20a3", ""),
        VKEY.replace("PeterNeumann", "Peter Neumann"),
        VKEY.replace("PeterNeumann", ""),
        VKEY.replace("+ARpc", "+Arpc"),
        VKEY.replace("+ARpc", "+BRpc"),
        SKEY,
    ],
)
def test_refuses_verifier_keys(vkey: str) -> None:
    with pytest.raises(KeyFormatError):
        Ed25519Verifier.parse(vkey)


@pytest.mark.parametrize(
    "skey", ["", VKEY, SKEY[:-4], SKEY.replace("c74f20a3", "c74f20a2"), SKEY.replace("PRIVATE", "private")]
)
def test_refuses_signer_keys_without_quoting_them(skey: str) -> None:
    with pytest.raises(KeyFormatError) as caught:
        Ed25519Signer.parse(skey)
    assert "YEKFALVFGyNhPJEMzD1" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\nb", "a\u2003b", "a\x00", "\ud800", "ä" * 128])
def test_refuses_key_names(name: str) -> None:
    with pytest.raises(KeyFormatError):
        check_key_name(name)


def test_keys_of_a_wrong_length_are_refused() -> None:
    with pytest.raises(KeyFormatError):
        Ed25519Signer("example.com/log", b"short")
    with pytest.raises(KeyFormatError):
        Ed25519Verifier("example.com/log", b"short")


@given(st.binary(max_size=300))
def test_parsing_raises_nothing_but_its_own_error(raw: bytes) -> None:
    try:
        note = parse_note(raw)
    except NoteFormatError:
        return
    assert note.encode() == raw


@given(
    st.text(st.characters(exclude_categories=("Cs",), min_codepoint=32), max_size=80),
    st.lists(
        st.tuples(st.from_regex(r"[^\s+\x00-\x1f]{1,20}", fullmatch=True), st.binary(min_size=5, max_size=90)),
        min_size=1,
    ),
)
def test_what_is_encoded_is_parsed_back(line: str, signatures: list[tuple[str, bytes]]) -> None:
    lines = tuple(NoteSignature(name, KeyId(raw[:4]), raw[4:]) for name, raw in signatures)
    text = line + "\n"
    note = type(parse_note(NOTE))(text, lines)
    assert parse_note(note.encode()) == note


@given(st.binary(max_size=60))
def test_base64_has_one_spelling(raw: bytes) -> None:
    text = raw.decode("latin-1")
    try:
        decoded = decode_base64(text)
    except ValueError:
        return
    from base64 import b64encode

    assert b64encode(decoded).decode() == text

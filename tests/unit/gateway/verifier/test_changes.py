"""No change to a valid bundle goes unnoticed, and nothing at all makes the verifier fail but by its own errors."""

from __future__ import annotations

import gzip
from base64 import b64encode
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzzing import examples
from tests.unit.gateway.verifier.conftest import BY_NAME, bundle_of, trust_of

from voltseal.verifier import Invalid, NotVerifiedError, Trust, Verdict, verify
from voltseal.verifier.verdict import AnchorStatus


def outcome(raw: bytes, trust: Trust) -> Verdict | NotVerifiedError:
    """The verdict, or the verifier's own error; any other exception is the test's failure."""
    try:
        return verify(raw, trust)
    except NotVerifiedError as error:
        return error


def test_every_single_bit_of_the_text_matters(trust: Trust) -> None:
    bundle = bundle_of("one-statement")
    verify(bundle, trust)
    changed = bytearray(bundle)
    for place in range(len(bundle)):
        for bit in range(8):
            changed[place] ^= 1 << bit
            with pytest.raises(Invalid) as caught:
                verify(bytes(changed), trust)
            assert caught.value.step in {1, 2}
            changed[place] ^= 1 << bit


def test_no_single_bit_of_the_compressed_file_gives_another_verdict(trust: Trust) -> None:
    packed = gzip.compress(bundle_of("one-statement"), mtime=0)
    good = verify(packed, trust)
    changed = bytearray(packed)
    harmless = 0
    for place in range(len(packed)):
        for bit in range(8):
            changed[place] ^= 1 << bit
            found = outcome(bytes(changed), trust)
            if isinstance(found, Verdict):
                assert found == good
                # What says nothing in gzip: bits of its header, and those that fill up the last byte of the content.
                assert place < 10 or place == len(packed) - 9
                harmless += 1
            changed[place] ^= 1 << bit
    assert harmless < 80


def with_digest(lines: list[bytes]) -> bytes:
    """The text of these lines, which an attacker has given the right digest."""
    body = b"".join(lines)
    return body + b'"digest":"' + b64encode(sha256(body).digest()) + b'"}\n'


@settings(max_examples=examples(400), deadline=None)
@given(data=st.data())
def test_a_byte_changed_under_a_new_digest_never_gives_another_verdict(data: st.DataObject) -> None:
    trust = trust_of("full")
    lines = bundle_of("some-shown").splitlines(keepends=True)[:-1]
    good = verify(with_digest(lines), trust)
    number = data.draw(st.integers(0, len(lines) - 1))
    place = data.draw(st.integers(0, len(lines[number]) - 1))
    byte = data.draw(st.integers(0, 255))
    changed = lines[number][:place] + bytes([byte]) + lines[number][place + 1 :]
    found = outcome(with_digest([*lines[:number], changed, *lines[number + 1 :]]), trust)
    if isinstance(found, Verdict):
        # Line 2, made_by, proves nothing, and the verdict does not show it. Of line 5, anchors, nothing is left:
        # whoever makes a digest can as well leave an anchor out.
        unanchored = all(anchor.status is AnchorStatus.NOT_CHECKED for anchor in found.anchors)
        assert changed == lines[number] or number == 2 or (number == 5 and unanchored)
        assert (found.completeness, found.keys, found.disclosure) == (good.completeness, good.keys, good.disclosure)


@settings(max_examples=examples(300), deadline=None)
@given(first=st.sampled_from(sorted(BY_NAME)), second=st.sampled_from(sorted(BY_NAME)), data=st.data())
def test_lines_of_two_bundles_mixed(first: str, second: str, data: st.DataObject) -> None:
    one = bundle_of(first).splitlines(keepends=True)[:-1] or [b"\n"]
    two = bundle_of(second).splitlines(keepends=True)[:-1] or [b"\n"]
    cut = data.draw(st.integers(0, min(len(one), len(two)) - 1))
    outcome(with_digest([*one[:cut], *two[cut:]]), trust_of("full"))


@settings(max_examples=examples(300), deadline=None)
@given(raw=st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(gzip.compress)))
def test_junk_is_malformed(raw: bytes) -> None:
    with pytest.raises(Invalid) as caught:
        verify(raw, trust_of("full"))
    assert (caught.value.step, caught.value.reason_code) == (1, "malformed-bundle")

"""Whatever comes in, the decoders raise their own error or return a value; nothing grows."""

from __future__ import annotations

import gc
import pickle
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzzing import examples
from tests.vectors.load import load

from voltseal.wire import cose, enrolment, entry, message, receipt, statement
from voltseal.wire.errors import WireError
from voltseal.wire.outcome import Outcome

ORIGIN = load("enrolment")["origin"]
DECODERS: list[Callable[[bytes], object]] = [
    message.parse_up,
    statement.parse,
    cose.parse_sign1,
    entry.parse_entry,
    lambda raw: enrolment.parse_request(raw, ORIGIN),
    lambda raw: enrolment.parse_endorsement(raw, ORIGIN),
    lambda raw: receipt.decode(bytes(32), raw),
]
FORM = {Outcome.OVERSIZE, Outcome.MALFORMED, Outcome.UNSUPPORTED, Outcome.BAD_SIGNATURE}
SEEDS = [bytes.fromhex(vector["input"]["payload"]) for vector in load("message")["vectors"]]
SEEDS += [
    bytes.fromhex(vector["input"]["bytes"])
    for name in ("enrolment", "endorsement", "entry")
    for vector in load(name)["vectors"]
]
SEEDS = [seed for seed in SEEDS if 0 < len(seed) < 2_000]


def refused_or_read(raw: bytes) -> None:
    for decoder in DECODERS:
        try:
            decoder(raw)
        except WireError as error:
            if error.outcome not in FORM or not error.reason:
                pytest.fail(f"{decoder} refuses with {error!r}")


@given(st.binary(max_size=400))
def test_random_bytes(raw: bytes) -> None:
    refused_or_read(raw)


@settings(max_examples=examples(400))
@given(st.sampled_from(SEEDS), st.data())
def test_mutated_structures(seed: bytes, data: st.DataObject) -> None:
    """Cut, doubled, overwritten, spliced."""
    raw = bytearray(seed)
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw)))
        match data.draw(st.integers(0, 4)):
            case 0:
                raw[at : at + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
            case 1:
                del raw[at:]
            case 2:
                raw[at:at] = raw[: data.draw(st.integers(0, 64))]
            case 3:
                raw[at : at + 1] = bytes([data.draw(st.sampled_from([0x9F, 0xBF, 0xFF, 0xF6, 0xFB, 0xC2, 0xD8, 0x1B]))])
            case _:
                other = data.draw(st.sampled_from(SEEDS))
                raw[at:] = other[at:]
    refused_or_read(bytes(raw))


@given(
    st.lists(st.sampled_from([b"\x81", b"\xa1\x00", b"\xd2", b"\x9f", b"\xbf", b"\xd8\x1c", b"\x84"]), max_size=3_000)
)
@settings(max_examples=examples(30))
def test_nesting(heads: list[bytes]) -> None:
    refused_or_read(b"".join(heads))


@pytest.mark.parametrize("item", [b"\x81", b"\xa1\x00", b"\xd2", b"\x5f", b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff"])
def test_a_hundred_thousand_levels(item: bytes) -> None:
    refused_or_read(item * 100_000)
    refused_or_read(item * (16_384 // len(item)))


def test_refusals_leave_no_memory_behind() -> None:
    def refuse_all() -> None:
        for seed in SEEDS:
            refused_or_read(seed[:-1])
            refused_or_read(seed + b"\x00")

    refuse_all()  # fills the caches, which are bounded
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.take_snapshot()
    for _ in range(3):
        refuse_all()
    gc.collect()
    after = tracemalloc.take_snapshot()
    tracemalloc.stop()
    grown = sum(
        line.size_diff for line in after.compare_to(before, "filename") if "voltseal" in line.traceback[0].filename
    )
    assert grown < 50_000


def test_errors_cross_processes_whole() -> None:
    with pytest.raises(WireError) as caught:
        message.parse_up(b"")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (again.outcome, again.reason, str(again)) == (Outcome.MALFORMED, caught.value.reason, str(caught.value))

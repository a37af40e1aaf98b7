"""The embedded ledger: idempotent, monotonic, and sound after a cut at every byte."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltseal.anchor.backends import AnchorTarget, open_backend
from voltseal.anchor.errors import (
    AnchorContradictionError,
    AnchorError,
    AnchorSupersededError,
    AnchorUnavailableError,
    LedgerDamagedError,
    UnknownAnchorSchemeError,
)
from voltseal.anchor.interface import AnchorRequest, AnchorState, AnchorStrength
from voltseal.anchor.ledger import LedgerBackend, read_ledger
from voltseal.log.checkpoint import Checkpoint
from voltseal.log.ledger_block import open_ledger_block, verify_ledger_anchor
from voltseal.log.merkle import NodeHash, RootHash, leaf_hash
from voltseal.log.note_key import Ed25519Signer

ORIGIN = "example.com/log"
SIGNER = Ed25519Signer("example.com/ledger", b"\5" * 32)


def request(tree_size: int, root: bytes | None = None) -> AnchorRequest:
    chosen = root or leaf_hash(tree_size.to_bytes(8, "big"))
    return AnchorRequest(ORIGIN, tree_size, RootHash(NodeHash(chosen)), b"")


def clock() -> int:
    return 1_700_000_000_000


def open_ledger(path: Path) -> LedgerBackend:
    return LedgerBackend(path, ORIGIN, SIGNER, clock)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "anchors.ledger"


@pytest.fixture
def filled(path: Path) -> Path:
    ledger = open_ledger(path)
    for size in (10, 25, 70):
        ledger.submit(request(size), b"")
    ledger.close()
    return path


def test_anchors_and_proves(path: Path) -> None:
    ledger = open_ledger(path)
    assert ledger.head is None
    assert ledger.check(request(10), b"").state is AnchorState.REORGED
    ledger.submit(request(10), ledger.prepare(request(10)))
    progress = ledger.check(request(10), b"")
    assert progress.state is AnchorState.FINAL
    assert progress.proof is not None
    assert (progress.proof.backend, progress.proof.strength) == ("ledger", AnchorStrength.WEAK)
    assert progress.proof.time_ms == clock()
    checkpoint = Checkpoint(ORIGIN, 10, request(10).root_hash)
    assert verify_ledger_anchor(progress.proof.proof.encode(), ledger.verifier, checkpoint) == ledger.head
    ledger.close()


def test_the_same_checkpoint_twice_gives_the_first_block(filled: Path) -> None:
    before = filled.read_bytes()
    ledger = open_ledger(filled)
    for size in (10, 25, 70):
        ledger.submit(request(size), b"")
        progress = ledger.check(request(size), b"")
        assert progress.proof is not None
        assert f"\n{size}\n" in progress.proof.proof
    ledger.close()
    assert filled.read_bytes() == before


def test_sizes_never_fall_and_roots_never_change(filled: Path) -> None:
    before = filled.read_bytes()
    ledger = open_ledger(filled)
    for size in (1, 11, 69):
        with pytest.raises(AnchorSupersededError) as caught:
            ledger.submit(request(size), b"")
        assert caught.value.by == 70
        assert ledger.check(request(size), b"").state is AnchorState.REORGED
    for size in (10, 25, 70):
        with pytest.raises(AnchorContradictionError):
            ledger.submit(request(size, b"\1" * 32), b"")
        with pytest.raises(AnchorContradictionError):
            ledger.check(request(size, b"\1" * 32), b"")
    ledger.close()
    assert filled.read_bytes() == before


def test_every_block_is_found_in_a_long_ledger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = open_ledger_block
    ledger = open_ledger(path)
    sizes = [size * size + 1 for size in range(200)]
    for size in sizes:
        ledger.submit(request(size), b"")
    ledger.close()
    ledger = open_ledger(path)
    for size in sizes:
        assert ledger.check(request(size), b"").state is AnchorState.FINAL
        assert ledger.check(request(size + 1), b"").state is (
            AnchorState.FINAL if size + 1 in sizes else AnchorState.REORGED
        )
    opened: list[bytes] = []
    monkeypatch.setattr(
        "voltseal.anchor.ledger.open_ledger_block", lambda raw, key: (opened.append(raw), real(raw, key))[1]
    )
    ledger.check(request(sizes[150]), b"")
    assert 1 <= len(opened) <= 9  # bisection of 200 blocks, not a walk
    ledger.close()
    blocks = list(read_ledger(path, SIGNER.verifier))
    assert [signed.block.tree_size for signed in blocks] == sizes
    assert [signed.block.height for signed in blocks] == list(range(200))


def test_a_tail_torn_at_any_byte_is_cut_and_the_block_can_be_written_again(filled: Path) -> None:
    whole = filled.read_bytes()
    blocks = list(read_ledger(filled, SIGNER.verifier))
    ends = [sum(len(signed.raw) for signed in blocks[:count]) for count in range(4)]
    for length in range(len(whole)):
        filled.write_bytes(whole[:length])
        ledger = open_ledger(filled)
        kept = max(end for end in ends if end <= length)
        assert filled.stat().st_size == kept
        for size in (10, 25, 70):
            if ledger.head is None or size > ledger.head.block.tree_size:
                ledger.submit(request(size), b"")
        ledger.close()
        assert filled.read_bytes() == whole


@pytest.mark.parametrize("zeros", [1, 17, 400, 1800])
def test_zeros_that_never_became_a_block_are_cut(filled: Path, zeros: int) -> None:
    whole = filled.read_bytes()
    two_blocks = b"".join(signed.raw for signed in list(read_ledger(filled, SIGNER.verifier))[:2])
    for written, left in ((whole, whole), (whole[:-100], two_blocks), (b"", b"")):
        filled.write_bytes(written + bytes(zeros))
        open_ledger(filled).close()
        assert filled.read_bytes() == left


def test_damage_is_refused_and_left_as_it_is(filled: Path) -> None:
    whole = filled.read_bytes()
    for damaged in (
        whole + b"something else\n",
        whole[:-20] + b"AAAA" + whole[-16:],
        whole + bytes(5000),
        b"not a ledger\n",
        b"x" * 10_000,
    ):
        filled.write_bytes(damaged)
        with pytest.raises(LedgerDamagedError):
            open_ledger(filled)
        assert filled.read_bytes() == damaged


def test_reading_verifies_the_whole_chain(filled: Path) -> None:
    whole = filled.read_bytes()
    blocks = [signed.raw for signed in read_ledger(filled, SIGNER.verifier)]
    for damaged in (
        blocks[0] + blocks[2],
        blocks[1] + blocks[2],
        blocks[0] + blocks[0] + blocks[1],
        blocks[1] + blocks[0],
        whole[:-1],
        whole + b"\n",
        whole.replace(b"\n25\n", b"\n26\n"),
    ):
        filled.write_bytes(damaged)
        with pytest.raises(LedgerDamagedError):
            list(read_ledger(filled, SIGNER.verifier))


def test_a_ledger_serves_one_log(filled: Path) -> None:
    with pytest.raises(LedgerDamagedError, match="is that of log"):
        LedgerBackend(filled, "example.com/other", SIGNER, clock)
    ledger = open_ledger(filled)
    foreign = AnchorRequest("example.com/other", 80, request(80).root_hash, b"")
    with pytest.raises(AnchorError):
        ledger.submit(foreign, b"")
    ledger.close()


def test_a_ledger_of_another_key_is_refused(filled: Path) -> None:
    stranger = Ed25519Signer(SIGNER.name, b"\6" * 32)
    with pytest.raises(LedgerDamagedError):
        LedgerBackend(filled, ORIGIN, stranger, clock)


def test_one_process_at_a_time(filled: Path) -> None:
    ledger = open_ledger(filled)
    with pytest.raises(AnchorUnavailableError, match="in use"):
        open_ledger(filled)
    ledger.close()
    open_ledger(filled).close()


def test_times_do_not_fall_when_the_clock_is_set_back(path: Path) -> None:
    times_ms = iter([2000, 1000, 3000])
    ledger = LedgerBackend(path, ORIGIN, SIGNER, lambda: next(times_ms))
    for size in (1, 2, 3):
        ledger.submit(request(size), b"")
    ledger.close()
    assert [signed.block.time_ms for signed in read_ledger(path, SIGNER.verifier)] == [2000, 2000, 3000]


def test_a_failed_write_is_retryable_and_leaves_no_trace(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = filled.read_bytes()
    ledger = open_ledger(filled)

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("voltseal.anchor.ledger.os.fsync", full_disk)
        with pytest.raises(AnchorUnavailableError, match="No space left"):
            ledger.submit(request(10**15), b"")  # a longer block than the one written over it below
    assert ledger.check(request(10**15), b"").state is AnchorState.REORGED
    ledger.submit(request(99), b"")
    ledger.close()
    assert filled.read_bytes().startswith(whole)
    assert [signed.block.tree_size for signed in read_ledger(filled, SIGNER.verifier)] == [10, 25, 70, 99]


def test_opening_by_uri_makes_the_key_once(tmp_path: Path) -> None:
    target = AnchorTarget.parse("ledger:sub/anchors.ledger", ORIGIN, base=tmp_path)
    backend = open_backend(target, clock)
    backend.submit(request(5), b"")
    backend.close()
    folder = tmp_path / "sub"
    assert (folder / "anchors.ledger.key").stat().st_mode & 0o777 == 0o600
    vkey = (folder / "anchors.ledger.vkey").read_text()
    assert vkey.startswith(f"{ORIGIN}/ledger+")
    backend = open_backend(target, clock)
    assert backend.check(request(5), b"").state is AnchorState.FINAL
    backend.close()
    assert (folder / "anchors.ledger.vkey").read_text() == vkey
    (folder / "anchors.ledger.key").unlink()
    with pytest.raises(AnchorError, match="cannot use key"):  # never a new key for an old ledger
        open_backend(target, clock)


def test_schemes() -> None:
    for uri in ("evn:http://localhost", "ledgr:x", "ledger", "", "anchors.ledger"):
        with pytest.raises(UnknownAnchorSchemeError, match="known: evm:, ledger:"):
            AnchorTarget.parse(uri, ORIGIN)
    with pytest.raises(AnchorError, match="names no file"):
        open_backend(AnchorTarget.parse("ledger:", ORIGIN), clock)

"""The embedded ledger, `ledger:PATH`: an append-only file of signed blocks. Weak: for demos, tests and local audit.

Who owns what. The file owns the blocks; this module keeps only the head in memory, and holds a lock on the file as long
as it is open. A block is acknowledged after fsync. A crash while writing leaves a torn tail, which nobody was told of;
it is cut at the next open. Anything else that is not a block is damage, and refused, never repaired silently.

Opening reads and verifies the last block only, so it takes the same time whatever the length; `read_ledger` verifies
the whole chain.
"""

from __future__ import annotations

import fcntl
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from voltseal.anchor.backends import AnchorTarget
from voltseal.anchor.errors import (
    AnchorContradictionError,
    AnchorError,
    AnchorSupersededError,
    AnchorUnavailableError,
    LedgerDamagedError,
)
from voltseal.anchor.interface import AnchorProgress, AnchorProof, AnchorRequest, AnchorState, AnchorStrength
from voltseal.anchor.newest import KnownCheckpoint
from voltseal.log.errors import LogError
from voltseal.log.key_file import create_signer, fsync_directory, read_signer
from voltseal.log.ledger_block import (
    BLOCK_HEADER,
    BLOCK_LINES,
    MAX_BLOCK_BYTES,
    NO_PREVIOUS,
    LedgerBlock,
    SignedLedgerBlock,
    open_ledger_block,
    sign_ledger_block,
    verify_successor,
)
from voltseal.log.note import NoteVerifier
from voltseal.log.note_key import Ed25519Signer, Ed25519Verifier

_logger = logging.getLogger(__name__)
_HEADER = BLOCK_HEADER.encode() + b"\n"


def open_uri(target: AnchorTarget, clock_ms: Callable[[], int]) -> LedgerBackend:
    """The ledger at the path in the URI. Its key lies in `key_file`, or beside it as PATH.key.

    A ledger that does not exist yet is made, and its key with it. The public key is written to PATH.vkey, for trust
    files. Raises `AnchorError`.
    """
    if not target.rest:
        raise AnchorError(f"anchor {target.uri!r} names no file", hint="for example: ledger:anchors.ledger")
    path = target.base / target.rest
    key_file = target.key_file or path.with_name(path.name + ".key")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not key_file.exists() and (not path.exists() or not path.stat().st_size):
            create_signer(key_file, f"{target.origin}/ledger")
        signer = read_signer(key_file)
        _publish_key(path.with_name(path.name + ".vkey"), signer.verifier)
    except (OSError, LogError) as error:
        raise AnchorError(f"ledger {path}: cannot use key {key_file}: {error}") from error
    return LedgerBackend(path, target.origin, signer, clock_ms)


class LedgerBackend:
    """An `AnchorBackend` over one ledger file, for one log. One process at a time."""

    scheme = "ledger"
    is_sequential = False
    strength = AnchorStrength.WEAK

    def __init__(self, path: Path, origin: str, signer: Ed25519Signer, clock_ms: Callable[[], int]) -> None:
        """Open or make the file. Raises `LedgerDamagedError`, or `AnchorUnavailableError` if it is in use."""
        self._path = path
        self._origin = origin
        self._signer = signer
        self._clock_ms = clock_ms
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise AnchorUnavailableError(f"ledger {path}: {error.strerror}") from error
        try:
            self._lock()
            self._head, self._end_bytes = self._recover()
        except BaseException:
            os.close(self._file)
            raise

    @property
    def verifier(self) -> Ed25519Verifier:
        """The ledger's public key, for trust files."""
        return self._signer.verifier

    @property
    def head(self) -> SignedLedgerBlock | None:
        """The last block, or None in an empty ledger."""
        return self._head

    def newest(self) -> KnownCheckpoint | None:
        """The last block's checkpoint; see `KnowsNewest`."""
        if self._head is None:
            return None
        block = self._head.block
        return KnownCheckpoint(f"ledger {self._path}", block.tree_size, block.root_hash)

    def prepare(self, request: AnchorRequest) -> bytes:
        """Nothing: a block is made and stored in one step."""
        return b""

    def submit(self, request: AnchorRequest, prepared: bytes) -> None:
        """Append a block for the checkpoint, unless it has one; see `AnchorBackend`."""
        if self._block_of(request) is not None:
            return
        if self._head is not None and request.tree_size < self._head.block.tree_size:
            by = self._head.block.tree_size
            raise AnchorSupersededError(f"ledger {self._path} is at size {by}, past {request.tree_size}", by)
        self._append(self._next_block(request))

    def check(self, request: AnchorRequest, prepared: bytes) -> AnchorProgress:
        """`final` with the block as proof, or `reorged`; see `AnchorBackend`."""
        signed = self._block_of(request)
        if signed is None:
            return AnchorProgress(AnchorState.REORGED)
        proof = AnchorProof(self.scheme, self.strength, signed.raw.decode(), signed.block.time_ms)
        return AnchorProgress(AnchorState.FINAL, proof)

    def close(self) -> None:
        """Close the file, which gives up the lock."""
        os.close(self._file)

    def _lock(self) -> None:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AnchorUnavailableError(f"ledger {self._path} is in use by another process") from error
        fsync_directory(self._path.parent)

    def _recover(self) -> tuple[SignedLedgerBlock | None, int]:
        """Find the last whole block, cut a torn tail behind it, and return it with its end."""
        size_bytes = position = os.fstat(self._file).st_size
        end, whole = 0, None
        for _ in range(2):  # the last header may be that of a torn block, the one before it cannot
            start = self._start_before(position)
            if start is None:
                break
            whole = _first_block(os.pread(self._file, MAX_BLOCK_BYTES, start))
            if whole is not None:
                end = start + len(whole)
                break
            position = start
        if end < size_bytes:
            self._cut_torn(end, size_bytes)
        return (self._open_block(whole) if whole else None), end

    def _cut_torn(self, end: int, size_bytes: int) -> None:
        """Cut what a write that never finished can leave: a block's beginning, or zeros where bytes never arrived.

        Raises `LedgerDamagedError` for anything else.
        """
        rest = os.pread(self._file, MAX_BLOCK_BYTES + 1, end)
        is_torn = rest.startswith(_HEADER) or _HEADER.startswith(rest) or b"\0" in rest
        if not is_torn or len(rest) > MAX_BLOCK_BYTES:
            raise LedgerDamagedError(f"ledger {self._path}: {size_bytes - end} bytes at {end} are no block")
        _logger.warning("ledger path=%s torn_tail_bytes=%d cut_at=%d", self._path, size_bytes - end, end)
        os.ftruncate(self._file, end)
        os.fsync(self._file)

    def _start_before(self, position: int) -> int | None:
        """Where the last block that starts before `position` starts."""
        begin = max(0, position - 2 * MAX_BLOCK_BYTES)
        window = os.pread(self._file, position - begin, begin)
        at = window.rfind(b"\n" + _HEADER)
        if at >= 0:
            return begin + at + 1
        return 0 if begin == 0 and window.startswith(_HEADER) else None

    def _open_block(self, raw: bytes) -> SignedLedgerBlock:
        try:
            signed = open_ledger_block(raw, self._signer.verifier)
        except LogError as error:
            raise LedgerDamagedError(f"ledger {self._path}: {error}") from error
        if signed.block.origin != self._origin:
            raise LedgerDamagedError(f"ledger {self._path} is that of log {signed.block.origin}, not {self._origin}")
        return signed

    def _block_of(self, request: AnchorRequest) -> SignedLedgerBlock | None:
        """The block of exactly this checkpoint; raises `AnchorContradictionError` if its size has another root."""
        if request.origin != self._origin:
            raise AnchorError(f"ledger {self._path} anchors log {self._origin}, not {request.origin}")
        signed = self._find(request.tree_size)
        if signed is not None and signed.block.root_hash != request.root_hash:
            raise AnchorContradictionError(
                f"ledger {self._path} has another root at size {request.tree_size}",
                hint="the log was restored from an old copy or forked; keep both files and stop the gateway",
            )
        return signed

    def _find(self, tree_size: int) -> SignedLedgerBlock | None:
        """Search by bisection over the file: tree sizes ascend, and a block can be found from any byte in it."""
        if self._head is None or tree_size > self._head.block.tree_size:
            return None
        if tree_size == self._head.block.tree_size:
            return self._head
        low, high = 0, self._end_bytes
        while low < high:
            start = self._start_before(min((low + high) // 2 + len(_HEADER), high))
            start = low if start is None or start < low else start
            whole = _first_block(os.pread(self._file, MAX_BLOCK_BYTES, start))
            if whole is None:
                raise LedgerDamagedError(f"ledger {self._path}: no block at {start}")
            signed = self._open_block(whole)
            if signed.block.tree_size == tree_size:
                return signed
            if signed.block.tree_size < tree_size:
                low = start + len(whole)
            else:
                high = start
        return None

    def _next_block(self, request: AnchorRequest) -> SignedLedgerBlock:
        previous = self._head
        time_ms = self._clock_ms()
        if previous is not None:  # a clock set back must not make the ledger's times fall
            time_ms = max(time_ms, previous.block.time_ms)
        block = LedgerBlock(
            height=previous.block.height + 1 if previous else 0,
            previous=previous.hash if previous else NO_PREVIOUS,
            time_ms=time_ms,
            origin=request.origin,
            tree_size=request.tree_size,
            root_hash=request.root_hash,
        )
        return sign_ledger_block(block, self._signer)

    def _append(self, signed: SignedLedgerBlock) -> None:
        """Write, fsync, and only then count the block. A failure leaves at most a tail that the next write replaces."""
        try:
            os.ftruncate(self._file, self._end_bytes)
            written = os.pwrite(self._file, signed.raw, self._end_bytes)
            if written != len(signed.raw):
                raise AnchorUnavailableError(f"ledger {self._path}: disk full")
            os.fsync(self._file)
        except OSError as error:
            raise AnchorUnavailableError(f"ledger {self._path}: {error.strerror}") from error
        self._end_bytes += len(signed.raw)
        self._head = signed


def read_ledger(path: Path, ledger_key: NoteVerifier) -> Iterator[SignedLedgerBlock]:
    """All blocks of a ledger file, each verified and shown to follow the one before. Streams; needs no lock.

    Raises `LedgerDamagedError` at the first byte that is not a valid next block (a torn tail included), and `OSError`.
    """
    previous: SignedLedgerBlock | None = None
    with path.open("rb") as file:
        while first := file.readline(MAX_BLOCK_BYTES):
            raw = first + b"".join(file.readline(MAX_BLOCK_BYTES) for _ in range(BLOCK_LINES - 1))
            height = previous.block.height + 1 if previous else 0
            try:
                signed = open_ledger_block(raw, ledger_key)
                verify_successor(previous, signed)
            except LogError as error:
                raise LedgerDamagedError(f"ledger {path}: block {height}: {error}") from error
            yield signed
            previous = signed


def _publish_key(vkey_file: Path, verifier: Ed25519Verifier) -> None:
    text = verifier.encode() + "\n"
    if not vkey_file.exists() or vkey_file.read_text(encoding="utf-8") != text:
        vkey_file.write_text(text, encoding="utf-8")


def _first_block(raw: bytes) -> bytes | None:
    """The first nine lines of `raw`, or None if there are fewer."""
    lines = raw.split(b"\n", BLOCK_LINES)
    return b"\n".join(lines[:BLOCK_LINES]) + b"\n" if len(lines) > BLOCK_LINES else None

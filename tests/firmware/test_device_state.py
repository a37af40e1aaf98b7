"""What lasts across boots: spool, losses, counters, identity. Damage, not power cuts: see test_device_powercut."""

from __future__ import annotations

import struct
import tracemalloc
from hashlib import sha256
from pathlib import Path
from typing import Any

import cbor2
import pytest
from tests.firmware.device_process import settings

from voltseal_device import boot, config, durable, identity, manifest, recovery
from voltseal_device.clock import Clock
from voltseal_device.errors import DeviceError
from voltseal_device.losses import MAX_ROWS, POWER_CUT, SPOOL_DAMAGED, SPOOL_FULL, Losses
from voltseal_device.port.files import Files
from voltseal_device.seal import Sealer
from voltseal_device.sequence import NO_HEAD, Head, Numbers
from voltseal_wire.statement import bare_message

FILES = Files()
GENERATOR = (
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)


def message(number: int, size: int = 200) -> bytes:
    return bare_message(number.to_bytes(8) * (size // 8))


def spool_in(directory: Path, max_bytes: int = 1 << 20, segment_bytes: int = 2048) -> Any:
    losses = recovery.read_losses(FILES, str(directory))
    return recovery.read_spool(FILES, str(directory / "spool"), losses, max_bytes, segment_bytes)


def fill(spool: Any, numbers: range) -> None:
    for number in numbers:
        spool.append(number, message(number), 1, sha256(message(number)).digest())


def pending(spool: Any) -> list[int]:
    found, after = [], -1
    while (item := spool.next_pending(after)) is not None:
        after, content = item
        assert content == message(after)
        found.append(after)
    return found


def test_receipts_remove_and_the_head_stays(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    fill(spool, range(40))
    assert pending(spool) == list(range(40))
    assert spool.receipt(5, 8) == 4
    assert spool.receipt(5, 8) == 0
    assert pending(spool) == [*range(5), *range(9, 40)]
    assert spool.is_pending(9)
    assert not spool.is_pending(8)
    spool.receipt(0, 1000)
    assert pending(spool) == []
    assert spool.pending_count() == 0
    assert len(list((tmp_path / "spool").iterdir())) == 1, "only the newest segment, which holds the head"
    again = spool_in(tmp_path)
    assert again.head.sequence == 39


def test_a_bit_that_flips_is_declared_and_the_rest_is_sent(tmp_path: Path) -> None:
    """Records hit in turn, in head and body: never a wrong message, and no loss but of what was hit."""
    fill(spool_in(tmp_path), range(24))
    victim = sorted((tmp_path / "spool").iterdir())[1]
    original = victim.read_bytes()
    for at in range(60, len(original), 13):
        (tmp_path / "losses").unlink(missing_ok=True)
        victim.write_bytes(original[:at] + bytes([original[at] ^ 0x10]) + original[at + 1 :])
        spool = spool_in(tmp_path)
        sent = pending(spool)
        lost = spool.losses.undeclared(32, 1000)
        numbers = [n for first, last, _ in lost for n in range(first, last + 1)]
        assert {reason for _, _, reason in lost} == {SPOOL_DAMAGED}
        assert sorted(sent + numbers) == list(range(24))
        assert pending(spool) == sent, "what is given up is not read again"


def test_a_header_that_is_damaged_costs_its_segment_only(tmp_path: Path) -> None:
    fill(spool_in(tmp_path), range(24))
    victim = sorted((tmp_path / "spool").iterdir())[1]
    victim.write_bytes(b"\xff" + victim.read_bytes()[1:])
    spool = spool_in(tmp_path)
    sent = pending(spool)
    ((first, last, reason),) = spool.losses.undeclared(32, 1000)
    assert reason == SPOOL_DAMAGED
    assert first == int(victim.name[:12], 16)
    assert sent == [n for n in range(24) if not first <= n <= last]


def test_the_oldest_goes_when_the_spool_is_full(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, max_bytes=8192)
    fill(spool, range(100))
    assert spool.size_bytes() <= 8192
    sent = pending(spool)
    ((first, last, reason),) = spool.losses.undeclared(32, 1000)
    assert (first, reason) == (0, SPOOL_FULL)
    assert sent == list(range(last + 1, 100))


def test_memory_does_not_grow_with_the_spool(tmp_path: Path) -> None:
    """One small index entry a segment, whatever it holds."""
    sizes = {}
    for records in (200, 2000):
        directory = tmp_path / str(records)
        directory.mkdir()
        fill(spool_in(directory, segment_bytes=1 << 16), range(records))
        tracemalloc.start()
        spool = spool_in(directory, segment_bytes=1 << 16)
        sizes[records] = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        assert spool.pending_count() == records
    assert sizes[2000] < sizes[200] + 6000


def test_a_write_that_fails_keeps_nothing_and_the_next_one_works(tmp_path: Path) -> None:
    class Full(Files):
        full = False

        def sync(self, file: Any) -> None:
            if self.full:
                raise OSError(28, "no space")
            super().sync(file)

    files = Full()
    losses = recovery.read_losses(files, str(tmp_path))
    spool = recovery.read_spool(files, str(tmp_path / "spool"), losses, 1 << 20, 2048)
    fill(spool, range(3))
    files.full = True
    with pytest.raises(OSError, match="no space"):
        fill(spool, range(3, 4))
    files.full = False
    assert spool.head.sequence == 2
    fill(spool, range(4, 6))
    assert pending(spool) == [0, 1, 2, 4, 5]
    # It did reach the disk, but the chain went on without it: sent after a restart it would contradict number 4.
    assert pending(spool_in(tmp_path)) == [0, 1, 2, 4, 5]


def test_losses_merge_withdraw_and_stay_bounded(tmp_path: Path) -> None:
    losses = Losses(FILES, str(tmp_path), [])
    losses.add([(0, 4, SPOOL_FULL)])
    losses.add([(3, 9, SPOOL_FULL), (20, 29, POWER_CUT)])
    assert losses.undeclared(32, 1000) == [(0, 9, SPOOL_FULL), (20, 29, POWER_CUT)]
    assert losses.undeclared(32, 29) == [(0, 9, SPOOL_FULL)], "a statement declares only smaller numbers"
    losses.declared([(0, 9, SPOOL_FULL)], 40)
    assert losses.undeclared(32, 1000) == [(20, 29, POWER_CUT)]
    losses.add([(40, 40, SPOOL_FULL)])
    assert losses.undeclared(32, 1000)[0] == (0, 9, SPOOL_FULL), "its declaration was lost"
    losses.declared([(0, 9, SPOOL_FULL), (20, 29, POWER_CUT)], 50)
    losses.receipted(50, 50)
    assert recovery.read_losses(FILES, str(tmp_path)).undeclared(32, 1000) == [(40, 40, SPOOL_FULL)]

    for first in range(100, 100 + 4 * MAX_ROWS, 2):
        losses.add([(first, first, SPOOL_FULL), (first + 1, first + 1, POWER_CUT)])
    stored = durable.read(FILES, str(tmp_path / "losses"))
    assert stored is not None
    assert len(stored) <= MAX_ROWS * 25
    covered = [n for first, last, _ in losses.undeclared(1000, 10_000) for n in range(first, last + 1)]
    assert covered == [40, *range(100, 100 + 4 * MAX_ROWS)]


def test_damaged_counters_never_give_a_number_twice(tmp_path: Path) -> None:
    """The spool's head stands in for them; without it the device refuses rather than equivocate."""
    spool = spool_in(tmp_path)
    recovery.create_counters(FILES, str(tmp_path))
    numbers = Numbers(FILES, str(tmp_path), 64)
    boot_count, first, head = recovery.read_counters(FILES, str(tmp_path), spool, 64)
    assert (boot_count, first, head.sequence) == (1, 0, -1)
    numbers.begin(boot_count, first, head)
    taken = [numbers.take() for _ in range(70)]
    assert taken == list(range(70))
    fill(spool, range(70))
    for damage in (b"", b"\x00" * 56):
        (tmp_path / "counters").write_bytes(damage)
        boot_count, first, _ = recovery.read_counters(FILES, str(tmp_path), spool_in(tmp_path), 64)
        assert first > 69 + 63
        assert boot_count > 1
    for path in (tmp_path / "spool").iterdir():
        path.unlink()
    with pytest.raises(DeviceError) as caught:
        recovery.read_counters(FILES, str(tmp_path), spool_in(tmp_path), 64)
    assert caught.value.code == "state-lost"


def test_a_number_that_came_to_nothing_is_declared(tmp_path: Path) -> None:
    """Memory runs out while signing, the disk is full while spooling: the next statement that works says so."""

    class Signer:
        def __init__(self) -> None:
            self.failures: list[BaseException] = []

        def sign(self, digest: bytes) -> bytes:
            if self.failures:
                raise self.failures.pop()
            return bytes(31) + b"\x01" + bytes(31) + b"\x01"

    spool = spool_in(tmp_path)
    numbers = Numbers(FILES, str(tmp_path), 4)
    numbers.begin(1, 0, NO_HEAD)
    signer = Signer()
    sealer = Sealer(identity.Identity(b"", "", bytes(8), signer), "log.example/x", Clock("none", 1), numbers, spool)

    def seal() -> int:
        return sealer.telemetry(1, 2, (0, 0, 0), [(0, 7)])

    assert seal() == 0
    for failure in (MemoryError(), MemoryError()):
        signer.failures = [failure]
        with pytest.raises(MemoryError):
            seal()
    signer.failures = [OSError(28, "no space")]
    with pytest.raises(OSError, match="no space"):
        seal()
    assert seal() == 5, "the loss statement is number 4"
    assert recovery.read_losses(FILES, str(tmp_path)).reason(1) == POWER_CUT
    statement = recovery.statement_in(spool.next_pending(3)[1])
    assert cbor2.loads(cbor2.loads(statement).value[2])[8] == [[1, 3, POWER_CUT]]
    assert spool.next_pending(4)[0] == 5


def test_an_orderly_stop_gives_numbers_back(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    numbers = Numbers(FILES, str(tmp_path), 64)
    numbers.begin(1, 0, NO_HEAD)
    for _ in range(3):
        numbers.take()
    numbers.note_head(Head(2, bytes(32)))
    numbers.close()
    assert recovery.read_counters(FILES, str(tmp_path), spool, 64)[:2] == (2, 3)


def device_state(directory: Path) -> Any:
    values = config.check(settings(gateway_receipt_key=GENERATOR), str(directory))
    return boot.open_state(FILES, values, str(directory))


def test_the_first_boot_makes_an_identity_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cut at any rename of the first boot: the next boot works, and an identity always has its counters."""
    renames = 0

    class Cut(BaseException):
        pass

    class Dying(Files):
        def rename(self, old: str, new: str) -> None:
            nonlocal renames
            renames += 1
            if renames == stop_at:
                raise Cut
            super().rename(old, new)

    for stop_at in (1, 2, 3):
        directory = tmp_path / str(stop_at)
        directory.mkdir()
        renames = 0
        values = config.check(settings(gateway_receipt_key=GENERATOR), str(directory))
        try:
            boot.enrol(Dying(), boot.open_state(Dying(), values, str(directory)))
        except Cut:
            assert (directory / "counters").exists() or not (directory / "identity").exists()
        state = device_state(directory)
        boot.enrol(FILES, state)
        assert device_state(directory).identity.ueid == state.identity.ueid
        assert (directory / "enrolment.cbor").exists()


def test_a_lost_key_is_not_replaced_in_silence(tmp_path: Path) -> None:
    device_state(tmp_path)
    fill(spool_in(tmp_path), range(2))
    (tmp_path / "identity").unlink()
    with pytest.raises(DeviceError) as caught:
        device_state(tmp_path)
    assert caught.value.code == "state-lost"


def test_a_damaged_key_and_an_unknown_signer_are_errors(tmp_path: Path) -> None:
    device_state(tmp_path)
    record = (tmp_path / "identity").read_bytes()
    with pytest.raises(DeviceError) as caught:
        identity.load(FILES, str(tmp_path), "atecc608:")
    assert caught.value.code == "unknown-signer"
    (tmp_path / "identity").write_bytes(record[:-1] + bytes([record[-1] ^ 1]))
    with pytest.raises(DeviceError) as caught:
        identity.load(FILES, str(tmp_path), "software:")
    assert caught.value.code == "damaged-record"


def test_measurement_is_the_manifests_digest(tmp_path: Path) -> None:
    """Against the specification's text, built here with other means: what runs counts, what does not run does not."""
    for name, content in {"main.py": b"1", "a/b.mpy": b"\x00" * 2000, "a/c.json": b"{}", "a/z.py": b""}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    lines = [
        f"{sha256((tmp_path / name).read_bytes()).hexdigest()}  {name}\n" for name in ("a/b.mpy", "a/z.py", "main.py")
    ]
    assert manifest.measure(FILES, str(tmp_path)) == sha256("".join(lines).encode()).digest()


def test_durable_records_are_checked(tmp_path: Path) -> None:
    path = str(tmp_path / "record")
    assert durable.read(FILES, path) is None
    durable.write(FILES, path, b"content")
    assert durable.read(FILES, path) == b"content"
    for damaged in (b"", b"abc", struct.pack(">I", 1) + b"content"):
        (tmp_path / "record").write_bytes(damaged)
        with pytest.raises(DeviceError, match="fails its check sum"):
            durable.read(FILES, path)

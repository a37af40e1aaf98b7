"""Mutated answers of an ATECC608: always a clean error or the right value, and never a wait without end."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from tests.firmware.element_bus import DirectI2c, element_on

from voltseal_device.signer import atecc608_packets as packets
from voltseal_sim.buses import atecc608 as emulated


def test_ten_thousand_mutated_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clean error, or the right value: what the element holds. Never a wait without end."""
    i2c = DirectI2c(monkeypatch=monkeypatch)
    element, rng = element_on(i2c), random.Random(608)
    public = element.create_key(0)
    right, reasons = 0, set()

    def disturb(answer: bytes) -> bytes | None:
        if rng.random() < 0.2:
            return answer
        return mutated(rng, answer)

    i2c.disturb = disturb
    calls: list[tuple[Callable[[], object], object]] = [
        (element.revision, bytes.fromhex("00006002")),
        (element.locks, (True, True)),
        (lambda: element.public_key(0), public),
        (lambda: element.counter(0), 0),
    ]
    for turn in range(10_000):
        call, expected = calls[turn % len(calls)]
        before, started_s = i2c.transfers, i2c.waited_s
        try:
            found = call()
        except packets.ElementError as error:
            reasons.add(error.reason)
        else:
            assert found == expected
            right += 1
        assert i2c.waited_s - started_s < 2
        assert i2c.transfers - before < 2000
    assert 1000 < right < 9000
    assert {"wake", "absent", "length", "checksum", "execution"} <= reasons <= set(packets.REASONS)


def mutated(rng: random.Random, answer: bytes) -> bytes | None:
    """Bits, bytes, length, another command's answer, a status, silence. A check sum is never made right by design."""
    kind = rng.randrange(6)
    if kind == 0:
        return None
    if kind == 1:
        return answer[: rng.randrange(len(answer))]
    if kind == 2:
        return rng.choice((b"\xff", b"\x00")) * len(answer)
    if kind == 3:
        return emulated.packet(bytes([rng.choice((1, 3, 5, 0x0F, 0x11, 0xEE, 0xFF, 0x42))]))
    damaged = bytearray(answer)
    for _ in range(rng.randint(1, 3)):
        damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
    return bytes(damaged)


@pytest.mark.micropython
def test_same_on_both_runtimes(run_on_both: Callable[..., list[str]]) -> None:
    """Published packets and 10,000 mutated answers: every wait ends after a bounded number of reads."""
    lines = run_on_both("element.py")
    assert lines[:2] == ["0730000000035d 071b00000024cd", "00006002"]
    ended = dict(line.split() for line in lines[2:-1])
    assert sum(map(int, ended.values())) == 10_000
    assert int(ended["checksum"]) > 3000
    assert int(ended["timeout"]) == 100
    assert int(lines[-1].partition("most_reads=")[2]) < 30

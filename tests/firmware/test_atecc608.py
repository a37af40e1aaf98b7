"""The ATECC608's driver against the emulated element: published packets, refusals, damage, watchdog, old state."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.element_bus import DirectI2c, element_on

from voltseal_device.signer import atecc608, atecc608_link
from voltseal_device.signer import atecc608_packets as packets
from voltseal_sim.buses import atecc608 as emulated
from voltseal_sim.buses.atecc608_zones import StateError, Zones

SIGNED_AT = bytes(range(32))


@pytest.fixture
def i2c(monkeypatch: pytest.MonkeyPatch) -> DirectI2c:
    return DirectI2c(monkeypatch=monkeypatch)


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(packets.ElementError) as caught:
        call()
    assert caught.value.reason in packets.REASONS
    assert caught.value.code == "element-" + caught.value.reason
    return caught.value.reason


def test_published_packets() -> None:
    assert packets.command(packets.INFO, 0, 0).hex() == "0730000000035d"
    assert packets.command(packets.RANDOM, 0, 0).hex() == "071b00000024cd"
    assert packets.payload_of(bytes.fromhex("04000340"), 0) == b""
    assert packets.payload_of(bytes.fromhex("07000060028038"), 4) == bytes.fromhex("00006002")
    assert refused(lambda: packets.payload_of(packets.AWAKE, 0)) == "woken"
    assert emulated.packet(b"\x00") == bytes.fromhex("04000340")
    assert emulated.packet(b"\x11") == packets.AWAKE
    assert emulated.packet(bytes.fromhex("00006002")) == bytes.fromhex("07000060028038")


@given(st.binary(max_size=160))
def test_both_check_sums_agree(covered: bytes) -> None:
    assert packets.crc16(covered).to_bytes(2, "little") == emulated.crc(covered)


@pytest.mark.parametrize(
    ("status", "reason"),
    [(0x01, "miscompare"), (0x03, "parse"), (0x05, "ecc-fault"), (0x0F, "execution"), (0x11, "woken"),
     (0xEE, "watchdog"), (0xFF, "command-checksum"), (0x42, "status")],
)  # fmt: skip
def test_each_status_has_its_reason(status: int, reason: str) -> None:
    for length in (0, 4, 64):
        answer = emulated.packet(bytes([status])) + b"\xff" * 63
        assert refused(lambda answer=answer, length=length: packets.payload_of(answer, length)) == reason


def test_success_without_a_payload_is_no_payload() -> None:
    assert refused(lambda: packets.payload_of(bytes.fromhex("04000340ffffff"), 4)) == "length"
    assert refused(lambda: packets.payload_of(b"\xff" * 67, 64)) == "length"


def test_commands_of_a_fit_element(i2c: DirectI2c) -> None:
    element = element_on(i2c)
    assert element.revision() == bytes.fromhex("00006002")
    assert element.locks() == (True, True)
    assert element.slot(0) == (0x2081, 0x0033)
    assert element.slot(1) == (0, 0)
    assert element.random() != element.random()
    assert element.create_key(0) == element.public_key(0)
    assert [element.counter(0), element.count(0), element.count(0), element.counter(0)] == [0, 1, 2, 2]
    assert element.counter(1) == 0


def test_half_of_the_element_s_signatures_are_high_and_all_of_the_signer_s_low(i2c: DirectI2c) -> None:
    element = element_on(i2c)
    signer = atecc608.Atecc608Signer(element, 0, atecc608.generate(element, 0))
    half = atecc608.ORDER // 2
    raw = [int.from_bytes(element.sign(0, SIGNED_AT)[32:]) > half for _ in range(64)]
    assert 8 < sum(raw) < 56
    assert all(int.from_bytes(signer.sign(SIGNED_AT)[32:]) <= half for _ in range(64))


def blank(monkeypatch: pytest.MonkeyPatch, *locks: str) -> Any:
    """An element straight from the factory, with these zones locked."""
    zones = Zones()
    for lock in locks:
        getattr(zones, lock)()
    return element_on(DirectI2c(zones, monkeypatch))


def test_refusals_before_the_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = blank(monkeypatch)
    assert fresh.locks() == (False, False)
    assert refused(fresh.random) == "random"
    assert refused(lambda: fresh.create_key(0)) == "execution"
    assert refused(lambda: fresh.public_key(0)) == "execution"
    assert refused(lambda: fresh.sign(0, SIGNED_AT)) == "execution"
    assert refused(lambda: fresh.count(0)) == "execution"
    assert refused(lambda: atecc608.generate(fresh, 0)) == "unlocked"
    half = blank(monkeypatch, "lock_configuration")
    assert half.locks() == (True, False)
    assert refused(lambda: atecc608.generate(half, 0)) == "unlocked"
    assert len(blank(monkeypatch, "lock_configuration").random()) == 32


@pytest.mark.parametrize(
    ("slot_config", "key_config", "words"),
    [
        (0x2080, 0x0033, "may not sign messages"),
        (0x2001, 0x0033, "is not secret"),
        (0x6081, 0x0033, "takes keys from outside"),
        (0x0081, 0x0033, "may not make a key"),
        (0x2081, 0x0032, "not for a private P-256 key"),
        (0x2081, 0x003B, "not for a private P-256 key"),
        (0x2081, 0x0031, "not for a private P-256 key"),
    ],
)
def test_slots_that_would_make_the_tier_untrue(
    monkeypatch: pytest.MonkeyPatch, slot_config: int, key_config: int, words: str
) -> None:
    zones = emulated.provisioned_zones()
    zones.configuration[20:22] = slot_config.to_bytes(2, "little")
    zones.configuration[96:98] = key_config.to_bytes(2, "little")
    element = element_on(DirectI2c(zones, monkeypatch))
    with pytest.raises(packets.ElementError, match=words) as caught:
        atecc608.generate(element, 0)
    assert caught.value.reason == "slot"
    assert not zones.keys


def test_external_signatures_need_the_slot_s_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = emulated.provisioned_zones()
    zones.make_key(0)
    zones.configuration[20] = 0x80
    assert refused(lambda: element_on(DirectI2c(zones, monkeypatch)).sign(0, SIGNED_AT)) == "execution"


def test_another_chip_is_refused(i2c: DirectI2c, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(emulated, "REVISION", bytes.fromhex("00005000"))
    assert refused(lambda: atecc608.generate(element_on(i2c), 0)) == "revision"


def test_an_exchanged_element_or_key_is_noticed(i2c: DirectI2c, monkeypatch: pytest.MonkeyPatch) -> None:
    element = element_on(i2c)
    secret = atecc608.generate(element, 0)
    other = element_on(DirectI2c(monkeypatch=monkeypatch))
    atecc608.generate(other, 0)
    assert refused(lambda: atecc608.Atecc608Signer(other, 0, secret)) == "slot"
    element.create_key(0)
    assert refused(lambda: atecc608.Atecc608Signer(element, 0, secret)) == "slot"


def test_an_old_copy_of_the_state_is_refused(i2c: DirectI2c) -> None:
    """The counter is stepped after the boot count is stored: a cut between leaves it behind, and is no offence."""
    element = element_on(i2c)
    for _ in range(7):
        element.count(0)  # of an earlier life: the key's own count begins here
    signer = atecc608.Atecc608Signer(element, 0, atecc608.generate(element, 0))
    for boot_count in (1, 2, 3):
        signer.check_boot(boot_count)
        signer.count_boot(boot_count)
    signer.check_boot(4)
    signer.check_boot(5)  # cut in boot 4 before the counter
    signer.count_boot(5)
    assert element.counter(0) == 12
    for stale in (1, 4, 5):
        assert refused(lambda stale=stale: signer.check_boot(stale)) == "counter"
    signer.check_boot(6)


def test_a_counter_that_is_used_up_stops_no_device(i2c: DirectI2c) -> None:
    element = element_on(i2c)
    signer = atecc608.Atecc608Signer(element, 0, atecc608.generate(element, 0))
    i2c.element.zones.counters[0] = atecc608.COUNTER_MAX
    assert refused(lambda: element.count(0)) == "execution"
    signer.check_boot(1)
    signer.count_boot(atecc608.COUNTER_MAX + 5)


def test_no_element_and_a_dead_one(i2c: DirectI2c) -> None:
    absent = atecc608.Element(atecc608_link.Link(i2c, address=0x61))
    assert refused(absent.revision) == "absent"
    element = element_on(i2c)
    i2c.disturb = lambda answer: None if len(answer) > 4 else answer
    assert refused(element.revision) == "timeout"
    i2c.disturb = lambda answer: b"\x00" * len(answer)
    assert refused(element.revision) == "wake"
    assert i2c.waited_s < 1


def test_left_awake_by_a_reset_it_is_used_all_the_same(i2c: DirectI2c) -> None:
    i2c.element.write(0, b"\x00")
    i2c.waited_s += 0.01
    i2c.element.write(0x60, b"\x03" + packets.command(packets.INFO, 0, 0))
    i2c.waited_s += 0.01
    assert element_on(i2c).revision() == bytes.fromhex("00006002")


def test_damage_on_the_way_there_and_back_is_mended_without_doing_anything_twice(i2c: DirectI2c) -> None:
    element = element_on(i2c)
    damages = 0

    def once(answer: bytes) -> bytes:
        nonlocal damages
        damages += 1
        return answer[:-1] + bytes([answer[-1] ^ 1]) if len(answer) == 7 and damages % 2 == 0 else answer

    i2c.disturb = once
    assert [element.count(0) for _ in range(20)] == list(range(1, 21))
    assert damages > 40


def test_the_watchdog_ends_nothing_early(i2c: DirectI2c) -> None:
    """A session that is held open too long: refused near the end, and the driver wakes the element anew."""
    link = atecc608_link.Link(i2c)
    with link:
        i2c.waited_s += 1.25
        assert link.execute(packets.INFO, 0, 0, 4) == bytes.fromhex("00006002")
        i2c.waited_s += 5
        assert refused(lambda: link.execute(packets.INFO, 0, 0, 4)) == "absent"
    assert element_on(i2c).revision() == bytes.fromhex("00006002")


def test_idle_keeps_the_message_and_sleep_forgets_it(i2c: DirectI2c) -> None:
    element_on(i2c).create_key(0)
    for word, expected in ((b"\x02", 64), (b"\x01", "execution")):
        link = atecc608_link.Link(i2c)
        with link:
            link.execute(packets.NONCE, 3, 0, 0, SIGNED_AT)
            i2c.writeto(0x60, word)
            link._wake()
            if expected == 64:
                assert len(link.execute(packets.SIGN, 0x80, 0, 64)) == 64
            else:
                assert refused(lambda link=link: link.execute(packets.SIGN, 0x80, 0, 64)) == expected


def test_ten_thousand_mutated_answers(i2c: DirectI2c) -> None:
    """A clean error, or the right value: what the element holds. Never a wait without end."""
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


def test_state_lasts_and_damage_to_it_is_refused() -> None:
    kept: list[str] = []
    zones = emulated.provisioned_zones()
    i2c = DirectI2c(zones)
    i2c.element = emulated.Atecc608(
        zones, clock=lambda: i2c.waited_s, changed=lambda changed: kept.append(changed.dump())
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("voltseal_device.port.sleep_ms", i2c.sleep_ms)
        public = element_on(i2c).create_key(0)
        assert element_on(i2c).count(0) == 1
        again = DirectI2c(Zones.load(kept[-1]), patch)
        assert element_on(again).public_key(0) == public
        assert element_on(again).counter(0) == 1
    for text in ("", "[]", "{}", kept[-1][:-20], kept[-1].replace('"counters": [1, 0]', '"counters": []')):
        with pytest.raises(StateError):
            Zones.load(text)


def run(element: emulated.Atecc608, command: bytes) -> bytes:
    """One command on an element whose clock stands still but for this."""
    element.write(0, b"\x00")
    element._ready_s = 0
    assert element.write(0x60, b"\x03" + command)
    element._ready_s = 0
    answer = element.read(0x60, command[0] + 80) or b""
    element.write(0x60, b"\x01")
    return answer[1 : answer[0] - 2]


def test_provisioning_by_commands_and_what_locks_forbid() -> None:
    element = emulated.Atecc608(clock=lambda: 1.0)
    make = packets.command
    ok, execution, parse = b"\x00", b"\x0f", b"\x03"
    assert run(element, make(packets.WRITE, 0, 0, bytes(4))) == execution, "the serial number is fixed"
    assert run(element, make(packets.WRITE, 0, 21, bytes(4))) == execution, "locks are not written"
    assert run(element, make(packets.WRITE, 0, 5, bytes.fromhex("81200000"))) == ok
    assert run(element, make(packets.WRITE, 0, 24, bytes.fromhex("33000000"))) == ok
    assert run(element, make(packets.LOCK, 1 | 0x80, 0)) == execution, "configuration first"
    assert run(element, make(packets.LOCK, 0, 0x1234)) == execution, "the check sum is wrong"
    zone = b"".join(run(element, make(packets.READ, 0x80, block * 8)) for block in range(4))
    assert zone == bytes(element.zones.configuration)
    assert run(element, make(packets.LOCK, 0, packets.crc16(zone))) == ok
    assert run(element, make(packets.WRITE, 0, 5, bytes(4))) == execution, "locked for good"
    assert len(run(element, make(packets.GENKEY, 4, 0))) == 64
    assert run(element, make(packets.LOCK, 1 | 0x80, 0)) == ok
    assert run(element, make(packets.LOCK, 2, 0)) == ok
    assert run(element, make(packets.GENKEY, 4, 0)) == execution, "the slot is locked: the key stays"
    assert len(run(element, make(packets.GENKEY, 0, 0))) == 64
    assert run(element, make(packets.READ, 2, 0)) == execution, "no command reads a key"
    assert run(element, make(0x45, 2, 4, bytes(128))) == parse, "not modelled"
    assert run(element, make(packets.INFO, 0, 0)[:-1] + b"\x00") == b"\xff"


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

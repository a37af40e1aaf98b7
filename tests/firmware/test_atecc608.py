"""The ATECC608's driver against the emulated element: published packets, refusals, watchdog, old state."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.element_bus import DirectI2c, element_on

from voltseal_device.signer import atecc608, atecc608_link
from voltseal_device.signer import atecc608_packets as packets
from voltseal_sim.buses import atecc608 as emulated
from voltseal_sim.buses.atecc608_zones import Zones

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


def test_a_command_that_comes_late_is_sent_again_and_the_message_is_still_there(i2c: DirectI2c) -> None:
    """The element refuses what its watchdog could interrupt; waking anew for it must not cost the Nonce before."""
    element_on(i2c).create_key(0)
    link = atecc608_link.Link(i2c)
    with link:
        link.execute(packets.NONCE, 3, 0, 0, SIGNED_AT)
        i2c.waited_s += 1.2
        assert len(link.execute(packets.SIGN, 0x80, 0, 64)) == 64


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

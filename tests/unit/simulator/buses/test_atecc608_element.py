"""The emulated ATECC608 by itself: provisioning by commands, what locks forbid, state that lasts."""

from __future__ import annotations

import pytest
from tests.firmware.element_bus import DirectI2c, element_on

from voltseal_device.signer import atecc608_packets as packets
from voltseal_sim.buses import atecc608 as emulated
from voltseal_sim.buses.atecc608_zones import StateError, Zones
from voltseal_sim.buses.i2c import I2cBridge


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


def test_the_bridge_finds_requests_in_pieces_and_behind_noise() -> None:
    element = emulated.Atecc608(clock=lambda: 1.0)
    stream = b"\x00zz" + b"W\x00\x01\x00" + b"R\x60\x04" + b"W\x61\x02\x00\x00"
    whole = I2cBridge(element).respond(stream)
    assert whole == b"NNN", "the pulse, an element that is still waking, and an address where nobody is"
    pieces = I2cBridge(emulated.Atecc608(clock=lambda: 1.0))
    assert b"".join(pieces.respond(stream[at : at + 1]) for at in range(len(stream))) == whole
    element._ready_s = 0
    assert I2cBridge(element).respond(b"R\x60\x06") == b"A" + packets.AWAKE + b"\xff\xff"

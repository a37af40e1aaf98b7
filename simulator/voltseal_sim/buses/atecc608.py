"""An emulated Microchip ATECC608 on I2C, with the refusals of the real one. The private key is OpenSSL's.

Modelled: wake, sleep, idle, reset of the address counter, the watchdog, busy times, check sums, and the commands Info
(revision), Random, Nonce (pass-through), GenKey, Sign (external), Counter, Read and Write (configuration zone), Lock.
Every other command or mode is answered as a parse error. Data slots other than private keys are not modelled.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from enum import IntEnum

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from voltseal_sim.buses.atecc608_zones import REVISION, SLOTS, Zones

ADDRESS = 0x60
COUNTER_MAX = 2_097_151
SUCCESS, PARSE, EXECUTION, WOKEN, WATCHDOG, CHECKSUM = 0x00, 0x03, 0x0F, 0x11, 0xEE, 0xFF


class Opcode(IntEnum):
    """The commands that are modelled."""

    READ = 0x02
    WRITE = 0x12
    NONCE = 0x16
    LOCK = 0x17
    RANDOM = 0x1B
    COUNTER = 0x24
    INFO = 0x30
    GENKEY = 0x40
    SIGN = 0x41


# About half of the longest times of the data sheet, seconds; the rest takes a millisecond.
_BUSY_S: dict[int, float] = {
    Opcode.GENKEY: 0.0575, Opcode.SIGN: 0.0575, Opcode.LOCK: 0.0175, Opcode.WRITE: 0.013,
    Opcode.RANDOM: 0.0115, Opcode.NONCE: 0.01, Opcode.COUNTER: 0.01,
}  # fmt: skip
_BUSY_OTHERWISE_S = 0.001
_WAKE_S = 0.0015
_WATCHDOG_S = 1.3
_WATCHDOG_CLOSE_S = 0.115  # a command that could still be running then is refused
_UNLOCKED_NOISE = b"\xff\xff\x00\x00" * 8
_EXTERNAL, _GENKEY_MAY_WRITE = 0x0001, 0x2000  # SlotConfig
_PRIVATE, _PUBLIC_MAY_BE_ASKED, _TYPE, _P256 = 0x01, 0x02, 0x1C, 0x10  # KeyConfig


class _RefusedError(Exception):
    """A command that ends in this status."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status 0x{status:02x}")
        self.status = status


def crc(covered: bytes) -> bytes:
    """The two bytes of check sum, low byte first: polynomial 0x8005, bits mirrored on the way in only."""
    value = 0
    for byte in covered:
        value ^= int(f"{byte:08b}"[::-1], 2) << 8
        for _ in range(8):
            value = (value << 1 ^ 0x8005) & 0xFFFF if value & 0x8000 else value << 1
    return value.to_bytes(2, "little")


def packet(payload: bytes) -> bytes:
    """A whole answer: count, payload, check sum."""
    body = bytes([len(payload) + 3]) + payload
    return body + crc(body)


class Atecc608:
    """One element. `clock` gives seconds; `changed` is called when something that lasts has changed.

    To keep it over restarts: `changed=lambda zones: path.write_text(zones.dump())`, and `Zones.load` to begin with.
    """

    def __init__(
        self,
        zones: Zones | None = None,
        *,
        address: int = ADDRESS,
        clock: Callable[[], float] = time.monotonic,
        changed: Callable[[Zones], None] = lambda _zones: None,
    ) -> None:
        self.zones = zones if zones is not None else Zones()
        self.commands: list[int] = []
        self._address = address
        self._clock = clock
        self._changed = changed
        self._awake = False
        self._woken_s = self._ready_s = 0.0
        self._answer = b""
        self._read_at = 0
        self._forget()

    def write(self, address: int, content: bytes) -> bool:
        """See `I2cTarget`. A zero to address 0 is the pulse that wakes; nothing acknowledges it."""
        self._let_watchdog_bite()
        if address == 0 and content[:1] == b"\x00":
            self._wake()
            return False
        if address != self._address or not self._awake or self._busy() or not content:
            return False
        match content[0]:
            case 0:
                self._read_at = 0
            case 1:
                self._awake = False
                self._forget()
            case 2:
                self._awake = False
            case 3:
                self._take(content[1:])
        return True

    def read(self, address: int, count: int) -> bytes | None:
        """See `I2cTarget`. Goes on where the last read ended, and gives 0xFF behind the answer."""
        self._let_watchdog_bite()
        if address != self._address or not self._awake or self._busy():
            return None
        piece = self._answer[self._read_at : self._read_at + count]
        self._read_at += len(piece)
        return piece + b"\xff" * (count - len(piece))

    def _busy(self) -> bool:
        return self._clock() < self._ready_s

    def _wake(self) -> None:
        if self._awake:
            return
        self._awake = True
        self._woken_s = self._clock()
        self._ready_s = self._woken_s + _WAKE_S
        self._say(packet(bytes([WOKEN])))

    def _let_watchdog_bite(self) -> None:
        if self._awake and self._clock() - self._woken_s > _WATCHDOG_S:
            self._awake = False
            self._forget()

    def _forget(self) -> None:
        self._temp_key: bytes | None = None
        self._digest: bytes | None = None

    def _say(self, answer: bytes) -> None:
        self._answer = answer
        self._read_at = 0

    def _take(self, command: bytes) -> None:
        if len(command) < 7 or command[0] != len(command) or crc(command[:-2]) != command[-2:]:
            self._say(packet(bytes([CHECKSUM])))
            return
        if self._clock() - self._woken_s > _WATCHDOG_S - _WATCHDOG_CLOSE_S:
            self._say(packet(bytes([WATCHDOG])))
            return
        opcode, p1, p2, content = command[1], command[2], int.from_bytes(command[3:5], "little"), command[5:-2]
        self.commands.append(opcode)
        try:
            payload = self._execute(opcode, p1, p2, content)
        except _RefusedError as refused:
            payload = bytes([refused.status])
        self._ready_s = self._clock() + _BUSY_S.get(opcode, _BUSY_OTHERWISE_S)
        self._say(packet(payload))

    def _execute(self, opcode: int, p1: int, p2: int, content: bytes) -> bytes:
        match opcode:
            case Opcode.INFO if p1 == 0 and not content:
                return REVISION
            case Opcode.RANDOM if p1 in (0, 1) and not content:
                return os.urandom(32) if self.zones.configuration_locked else _UNLOCKED_NOISE
            case Opcode.NONCE if p1 in (0x03, 0x43) and len(content) == 32:
                return self._nonce(p1, content)
            case Opcode.GENKEY if p1 in (0, 4) and not content and p2 < SLOTS:
                return self._generate(p1 == 4, p2)
            case Opcode.SIGN if p1 in (0x80, 0xA0) and not content and p2 < SLOTS:
                return self._sign(p1, p2)
            case Opcode.COUNTER if p1 in (0, 1) and p2 in (0, 1) and not content:
                return self._count(p1 == 1, p2)
            case Opcode.READ if not content:
                return self._read_zone(p1, p2)
            case Opcode.WRITE:
                return self._write_zone(p1, p2, content)
            case Opcode.LOCK if not content:
                return self._lock(p1, p2)
        raise _RefusedError(PARSE)

    def _nonce(self, mode: int, content: bytes) -> bytes:
        if mode & 0x40:
            self._digest = content
        else:
            self._temp_key = content
        return bytes([SUCCESS])

    def _generate(self, create: bool, slot: int) -> bytes:
        zones = self.zones
        kind = zones.key_config(slot)
        _require(zones.configuration_locked and bool(kind & _PRIVATE) and kind & _TYPE == _P256)
        if create:
            _require(bool(zones.slot_config(slot) & _GENKEY_MAY_WRITE) and not zones.slot_locked(slot))
            zones.make_key(slot)
            self._changed(zones)
        _require(slot in zones.keys and (create or bool(kind & _PUBLIC_MAY_BE_ASKED)))
        numbers = zones.keys[slot].public_key().public_numbers()
        return numbers.x.to_bytes(32) + numbers.y.to_bytes(32)

    def _sign(self, mode: int, slot: int) -> bytes:
        message = self._digest if mode & 0x20 else self._temp_key
        self._forget()
        zones = self.zones
        _require(zones.data_locked and bool(zones.slot_config(slot) & _EXTERNAL) and slot in zones.keys)
        if message is None:
            raise _RefusedError(EXECUTION)
        signature = zones.keys[slot].sign(message, ec.ECDSA(Prehashed(hashes.SHA256())))
        r, s = decode_dss_signature(signature)
        return r.to_bytes(32) + s.to_bytes(32)

    def _count(self, step: bool, number: int) -> bytes:
        zones = self.zones
        _require(zones.configuration_locked)
        if step:
            _require(zones.counters[number] < COUNTER_MAX)
            zones.counters[number] += 1
            self._changed(zones)
        return zones.counters[number].to_bytes(4, "little")

    def _read_zone(self, zone: int, address: int) -> bytes:
        """Four bytes, or 32 with bit 7 of `zone`; `address` counts words. Data slots hold keys, which stay inside."""
        _require(zone & 0x7F == 0)
        count = 32 if zone & 0x80 else 4
        at = address // 8 * 32 if zone & 0x80 else address * 4
        if at + count > len(self.zones.configuration):
            raise _RefusedError(PARSE)
        return bytes(self.zones.configuration[at : at + count])

    def _write_zone(self, zone: int, address: int, content: bytes) -> bytes:
        """Configuration from byte 16 on while it is not locked, but for bytes 84 to 87, which other commands own."""
        _require(zone & 0x7F == 0 and not self.zones.configuration_locked)
        at, count = address * 4, 32 if zone & 0x80 else 4
        if len(content) != count:
            raise _RefusedError(PARSE)
        _require(at >= 16 and at + count <= len(self.zones.configuration) and not (at < 88 and at + count > 84))
        self.zones.configuration[at : at + count] = content
        self._changed(self.zones)
        return bytes([SUCCESS])

    def _lock(self, mode: int, summary: int) -> bytes:
        """Configuration with its check sum or without; data and slots without, as their content is not modelled."""
        zones = self.zones
        match mode & 0x03:
            case 0:
                expected = int.from_bytes(crc(bytes(zones.configuration)), "little")
                _require(not zones.configuration_locked and (bool(mode & 0x80) or summary == expected))
                zones.lock_configuration()
            case 1:
                _require(zones.configuration_locked and not zones.data_locked and bool(mode & 0x80))
                zones.lock_data()
            case 2:
                slot = mode >> 2 & 0x0F
                _require(zones.data_locked and not zones.slot_locked(slot) and bool(zones.key_config(slot) & 0x20))
                zones.lock_slot(slot)
            case _:
                raise _RefusedError(PARSE)
        self._changed(zones)
        return bytes([SUCCESS])


def _require(condition: bool) -> None:
    if not condition:
        raise _RefusedError(EXECUTION)


def provisioned_zones(slots: tuple[int, ...] = (0,)) -> Zones:
    """An element as a maker's production line leaves it: these slots make and use keys of their own, all is locked."""
    zones = Zones()
    for slot in slots:
        zones.configuration[20 + 2 * slot : 22 + 2 * slot] = b"\x81\x20"
        zones.configuration[96 + 2 * slot : 98 + 2 * slot] = b"\x33\x00"
    zones.lock_configuration()
    zones.lock_data()
    return zones

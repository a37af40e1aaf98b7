"""What an ATECC608 keeps without power: configuration zone, locks, private keys, counters (data sheet, "EEPROM").

Written from the data sheet apart from the firmware's driver: the two judge each other.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec

SLOTS = 16
CONFIGURATION_BYTES = 128
REVISION = bytes.fromhex("00006002")

_UNLOCKED = 0x55
_LOCK_DATA, _LOCK_CONFIGURATION = 86, 87
_SLOT_CONFIG, _SLOT_LOCKED, _KEY_CONFIG = 20, 88, 96
_CURVE = ec.SECP256R1()


class StateError(ValueError):
    """A stored state that is none."""


def blank_configuration(serial: bytes) -> bytearray:
    """As it leaves the factory: nothing configured, nothing locked. `serial` is 9 bytes."""
    zone = bytearray(CONFIGURATION_BYTES)
    zone[0:4], zone[4:8], zone[8:13] = serial[:4], REVISION, serial[4:9]
    zone[14], zone[16] = 0x01, 0xC0
    zone[_LOCK_DATA] = zone[_LOCK_CONFIGURATION] = _UNLOCKED
    zone[_SLOT_LOCKED : _SLOT_LOCKED + 2] = b"\xff\xff"
    return zone


@dataclass(slots=True)
class Zones:
    """All that lasts. `keys` are private keys by slot; they leave the element by no command."""

    configuration: bytearray = field(default_factory=lambda: blank_configuration(bytes.fromhex("0123456789abcdefee")))
    keys: dict[int, ec.EllipticCurvePrivateKey] = field(default_factory=dict)
    counters: list[int] = field(default_factory=lambda: [0, 0])

    @property
    def configuration_locked(self) -> bool:
        """Whether the configuration zone is fixed for good."""
        return self.configuration[_LOCK_CONFIGURATION] != _UNLOCKED

    @property
    def data_locked(self) -> bool:
        """Whether the data and OTP zones are."""
        return self.configuration[_LOCK_DATA] != _UNLOCKED

    def lock_configuration(self) -> None:
        """For good."""
        self.configuration[_LOCK_CONFIGURATION] = 0

    def lock_data(self) -> None:
        """For good."""
        self.configuration[_LOCK_DATA] = 0

    def lock_slot(self, slot: int) -> None:
        """No key is made or written there any more."""
        self.configuration[_SLOT_LOCKED + slot // 8] &= ~(1 << slot % 8)

    def slot_locked(self, slot: int) -> bool:
        """Whether `lock_slot` was called for it."""
        return not self.configuration[_SLOT_LOCKED + slot // 8] >> slot % 8 & 1

    def slot_config(self, slot: int) -> int:
        """16 bits."""
        return self._word(_SLOT_CONFIG + 2 * slot)

    def key_config(self, slot: int) -> int:
        """16 bits."""
        return self._word(_KEY_CONFIG + 2 * slot)

    def make_key(self, slot: int) -> None:
        """A new one; the old one is gone."""
        self.keys[slot] = ec.generate_private_key(_CURVE)

    def dump(self) -> str:
        """As JSON. Holds the private keys: this is an emulation."""
        keys = {str(slot): key.private_numbers().private_value.to_bytes(32).hex() for slot, key in self.keys.items()}
        return json.dumps({"configuration": self.configuration.hex(), "keys": keys, "counters": self.counters})

    @classmethod
    def load(cls, text: str) -> Zones:
        """What `dump` gave. Raises StateError."""
        try:
            stored = json.loads(text)
            configuration = bytearray.fromhex(stored["configuration"])
            keys = {
                int(slot): ec.derive_private_key(int(scalar, 16), _CURVE) for slot, scalar in stored["keys"].items()
            }
            counters = [int(count) for count in stored["counters"]]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise StateError(f"no state of an ATECC608: {error}") from error
        if len(configuration) != CONFIGURATION_BYTES or len(counters) != 2 or not set(keys) <= set(range(SLOTS)):
            raise StateError("no state of an ATECC608: wrong sizes")
        return cls(configuration, keys, counters)

    def _word(self, at: int) -> int:
        return int.from_bytes(self.configuration[at : at + 2], "little")

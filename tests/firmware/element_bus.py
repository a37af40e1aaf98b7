"""An emulated ATECC608 on a bus without wires and without time, and the signers that the shared tests are run for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from voltseal_device.signer import atecc608, atecc608_link
from voltseal_sim.buses.atecc608 import Atecc608, provisioned_zones
from voltseal_sim.buses.atecc608_zones import Zones


class DirectI2c:
    """What the firmware takes for `machine.I2C`. `disturb(answer)` may change what is read; None acknowledges nothing.

    `waited_s` is the time that the firmware's waits have taken: it is the element's clock.
    """

    def __init__(self, zones: Zones | None = None, monkeypatch: pytest.MonkeyPatch | None = None) -> None:
        self.waited_s = 0.0
        self.element = Atecc608(provisioned_zones() if zones is None else zones, clock=lambda: self.waited_s)
        self.disturb: Callable[[bytes], bytes | None] = lambda answer: answer
        self.transfers = 0
        if monkeypatch is not None:
            monkeypatch.setattr("voltseal_device.port.sleep_ms", self.sleep_ms)

    def sleep_ms(self, duration_ms: int) -> None:
        self.waited_s += duration_ms / 1000

    def writeto(self, address: int, content: bytes) -> None:
        self._transfer(1 + len(content))
        if not self.element.write(address, content):
            raise OSError(19, "no acknowledgement")

    def readfrom_into(self, address: int, target: bytearray) -> None:
        self._transfer(1 + len(target))
        answer = self.element.read(address, len(target))
        answer = None if answer is None else self.disturb(answer)
        if answer is None:
            raise OSError(19, "no acknowledgement")
        target[:] = answer[: len(target)] + b"\xff" * (len(target) - len(answer))

    def _transfer(self, count: int) -> None:
        self.transfers += 1
        self.waited_s += count * 9 / 100_000


def element_on(i2c: Any) -> Any:
    """The firmware's driver on this bus."""
    return atecc608.Element(atecc608_link.Link(i2c))

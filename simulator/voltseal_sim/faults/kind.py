"""What a fault is: a row of a scenario file, and a function that lets it happen to a site."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, ClassVar

from voltseal_sim.errors import SimulatorError

if TYPE_CHECKING:
    from voltseal.store.reader import SqliteReader
    from voltseal_sim.device import EmulatedDevice
    from voltseal_sim.monitor import Monitor
    from voltseal_sim.site import Site
    from voltseal_sim.wire_tap import WireTap


class FaultError(SimulatorError):
    """A fault could not be made to happen."""

    code: ClassVar[str] = "fault"


@dataclass(frozen=True, slots=True)
class FaultTable:
    """[[fault]]: what goes wrong with which device (1 is the first), once it has so many statements in the log.

    Which of the last three a kind reads stands in its `FaultKind.uses`.
    """

    kind: str
    device: int = 1
    after_statements: int = 1
    probability: float = 0.2
    seconds: float = 1.0
    offset_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Where a fault happens. `random` comes from the scenario's seed and the fault's place in the file."""

    site: Site
    fault: FaultTable
    random: Random
    tap: WireTap
    monitor: Monitor

    @property
    def device(self) -> EmulatedDevice:
        """The device that the fault names."""
        return self.site.devices[self.fault.device - 1]

    @property
    def up_topic(self) -> str:
        """Where that device publishes. Raises FaultError before it is enrolled."""
        stored = self.site.stored().get(self.device.label)
        if stored is None:
            raise FaultError(f"{self.device.label} is not enrolled")
        return f"voltseal/1/{self.site.settings.site}/{stored.ueid.hex()}/up"

    def look(self) -> None:
        """Let the outside monitor see the newest checkpoint now."""
        reader = self.site.gateway.reader()
        try:
            self.monitor.look(reader)
        finally:
            reader.close()

    async def more_statements(self, count: int, timeout_s: float = 20.0) -> None:
        """Return once the device has `count` more statements in the log. Raises SiteError."""
        label = self.device.label

        def counted(reader: SqliteReader) -> int:
            return next(device.statements for device in reader.devices() if device.label == label)

        reader = self.site.gateway.reader()
        try:
            wanted = counted(reader) + count
        finally:
            reader.close()
        await self.site.wait_for(f"{count} more statements of {label}", lambda r: counted(r) >= wanted, timeout_s)


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A fault by its name. `words` tells it in advance, from the table's keys; `happen` does it and says what."""

    name: str
    words: str
    happen: Callable[[Stage], Awaitable[str]]
    uses: tuple[str, ...] = ()

    def explain(self, fault: FaultTable) -> str:
        """What will happen, in words."""
        return self.words.format(
            device=f"pack-{fault.device}",
            percent=f"{fault.probability:.0%}",
            seconds=f"{fault.seconds:g} s",
            offset=f"{abs(fault.offset_s):g} s {'ahead' if fault.offset_s >= 0 else 'back'}",
        )

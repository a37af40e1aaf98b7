"""Photovoltaic inverters: schema 3, `inverter.pv`, filled from one inverter on a serial line."""

from drivers import sunspec
from drivers.frame import FrameError
from modules.naming import split
from modules.polled import Polled
from voltseal_device.errors import DeviceError
from voltseal_device.journal import say
from voltseal_wire.schemas import INVERTER_PV

_ENERGY = INVERTER_PV.fields.index("ac_energy_wh") - 1
# A counter that falls from the last sixteenth of its range into the first has rolled over; any other fall is a reset.
_RANGE = 1 << 32


def counter_fault(before: int | None, now: int | None) -> str:
    """What a fall of the energy counter means: '', 'rolled over' or 'reset'. Both in watt-hours.

    Counters hold 32 bits, of watt-hours or of a multiple by a power of ten.
    """
    if before is None or now is None or now >= before:
        return ""
    scale = 1
    while before >= _RANGE * scale:
        scale *= 10
    near_end = before >= _RANGE * scale * 15 // 16 and now <= _RANGE * scale // 16
    return "rolled over" if near_end else "reset"


class Inverter(Polled):
    """Finds the inverter's models before it reads them, and again when it no longer knows them.

    A fall of the energy counter is told in the log; what is sealed is what the inverter says.
    """

    def __init__(self, driver: str) -> None:
        """Raises DeviceError('no-driver')."""
        dialect, address = split(driver)
        if dialect != "sunspec":
            raise DeviceError("no-driver", "no inverter driver is called " + repr(driver) + "; known: sunspec")
        super().__init__(INVERTER_PV, sunspec.Driver(1 if address is None else address))
        self._energy_wh = None
        self._is_lost = False

    async def read(self, transport) -> tuple:
        """As in Polled; all absent while the inverter has not been found."""
        if self._is_lost:
            self._driver.forget()
        if self._driver.next_header() is not None:
            await self._find(transport)
        values = await super().read(transport)
        self._watch(values[_ENERGY])
        return values

    async def _find(self, transport) -> None:
        """Walk the chain of models; what hinders is logged, and the next reading tries again."""
        self._is_lost = False
        try:
            while (register := self._driver.next_header()) is not None:
                try:
                    await transport.exchange(self._driver, register, self._driver.request_for(register))
                except FrameError as error:
                    # "No" from the device: the chain may begin elsewhere. Silence says nothing about where.
                    if error.reason != "status" or not self._driver.elsewhere():
                        raise
        except (FrameError, OSError) as error:
            self._driver.forget()
            self._note(0, "not found: " + str(error))
            return
        self._note(0, "")
        if self._driver.has_common:
            maker = await self._ask(transport, sunspec.COMMON, self._driver.request_for(sunspec.COMMON))
            say("inverter", models=self._driver.registers, serial=maker.get("serial"), model=maker.get("model"))

    def _failed(self, register: int, error: FrameError) -> None:
        super()._failed(register, error)
        if error.reason == "status":  # it says no to what it had: something else stands there now
            self._is_lost = True

    def _watch(self, energy_wh: int | None) -> None:
        fault = counter_fault(self._energy_wh, energy_wh)
        if fault:
            say("energy-counter", fault=fault)
        if energy_wh is not None:
            self._energy_wh = energy_wh

"""Battery packs: schema 1, `bms.pack`, filled from one BMS on a serial line."""

from drivers.frame import FrameError
from modules.naming import split
from voltseal_device.errors import DeviceError
from voltseal_device.journal import say
from voltseal_wire.schemas import BMS_PACK

FIELDS = BMS_PACK.fields[1:]  # field 0 is the reading's time, which whoever polls knows
KNOWN = "jbd, daly, seplos-v3, seplos-v3-300a"


def _driver(name: str):
    # One import a driver: a board loads only what it speaks.
    dialect, address = split(name)
    if dialect == "jbd" and address is None:
        from drivers import jbd

        return jbd.Driver()
    if dialect == "daly":
        from drivers import daly

        return daly.Driver(daly.WIRED_HOST if address is None else address)
    if dialect in ("seplos-v3", "seplos-v3-300a"):
        from drivers import seplos_v3

        return seplos_v3.Driver(address or 0, dialect == "seplos-v3-300a")
    raise DeviceError("no-driver", "no BMS driver is called " + repr(name) + "; known: " + KNOWN)


class Bms:
    """The module interface: `schema`, `baud_rate`, and `read`."""

    schema = BMS_PACK

    def __init__(self, driver: str) -> None:
        """Raises DeviceError('no-driver')."""
        self._driver = _driver(driver)
        self._faults = {}
        self.baud_rate = self._driver.baud_rate

    async def read(self, transport) -> tuple:
        """One value for each of FIELDS; None where the pack does not say, or where its answer could not be read.

        A register that fails takes only its own fields with it. Never raises for a sensor's fault: it is logged.
        """
        values: list[int | None] = [None] * len(FIELDS)
        for register, request in zip(self._driver.registers, self._driver.requests()):
            try:
                _take(values, await transport.exchange(self._driver, register, request))
                self._note(register, "")
            except FrameError as error:
                self._note(register, str(error))
            except OSError as error:
                self._note(register, "line: " + str(error))
        return tuple(values)

    def _note(self, register: int, fault: str) -> None:
        """Log when a fault begins, changes or ends, not at every reading."""
        if fault != self._faults.get(register, ""):
            self._faults[register] = fault
            say("sensor", register=register, fault=fault or "over")


def _take(values: list, fields: dict) -> None:
    for index in range(len(FIELDS)):
        if FIELDS[index] in fields:
            values[index] = fields[FIELDS[index]]

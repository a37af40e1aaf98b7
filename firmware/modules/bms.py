"""Battery packs: schema 1, `bms.pack`, filled from one BMS on a serial line."""

from modules.naming import added, split
from modules.polled import Polled
from voltseal_device.errors import DeviceError
from voltseal_wire.schemas import BMS_PACK

FIELDS = BMS_PACK.fields[1:]
KNOWN = "jbd, daly, seplos-v3, seplos-v3-300a, pylontech"


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
    if dialect == "pylontech":
        from drivers import pylontech

        return pylontech.Driver(2 if address is None else address)
    driver = None if dialect in KNOWN.split(", ") else added(name)
    if driver is not None:
        return driver
    raise DeviceError("no-driver", "no BMS driver is called " + repr(name) + "; known: " + KNOWN)


class Bms(Polled):
    """The module interface of Polled for one battery management system."""

    def __init__(self, driver: str) -> None:
        """Raises DeviceError('no-driver')."""
        super().__init__(BMS_PACK, _driver(driver))

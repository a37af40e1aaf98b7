"""What modules share that poll one device with one driver: a schema's fields from the answers, faults in the log."""

from drivers.frame import FrameError
from voltseal_device.journal import say


class Polled:
    """The module interface: `schema`, `baud_rate`, and `read`."""

    def __init__(self, schema, driver) -> None:
        self.schema = schema
        self.fields = schema.fields[1:]  # field 0 is the reading's time, which whoever polls knows
        self.baud_rate = driver.baud_rate
        self._driver = driver
        self._faults = {}

    async def read(self, transport) -> tuple:
        """One value for each of `fields`; None where the device does not say, or where its answer could not be read.

        A register that fails takes only its own fields with it. Never raises for a sensor's fault: it is logged.
        """
        values: list[int | None] = [None] * len(self.fields)
        for register, request in zip(self._driver.registers, self._driver.requests()):
            self._take(values, await self._ask(transport, register, request))
        return tuple(values)

    async def _ask(self, transport, register: int, request: bytes) -> dict:
        """The register's fields, none if it could not be read."""
        try:
            fields = await transport.exchange(self._driver, register, request)
        except FrameError as error:
            self._failed(register, error)
        except OSError as error:
            self._note(register, "line: " + str(error))
        else:
            self._note(register, "")
            return fields
        return {}

    def _failed(self, register: int, error: FrameError) -> None:
        self._note(register, str(error))

    def _note(self, register: int, fault: str) -> None:
        """Log when a fault begins, changes or ends, not at every reading."""
        if fault != self._faults.get(register, ""):
            self._faults[register] = fault
            say("sensor", register=register, fault=fault or "over")

    def _take(self, values: list, fields: dict) -> None:
        for index in range(len(self.fields)):
            if self.fields[index] in fields:
                values[index] = fields[self.fields[index]]

"""Polls a module at its period, collects readings, and has them sealed."""

import asyncio
import gc

from voltseal_wire.errors import WireError

from . import port
from .errors import DeviceError
from .journal import say


class Measurement:
    """The readings of one statement in the making, and the schedule. Memory: one tuple of integers a reading."""

    def __init__(self, module, transport, sealer, clock, settings) -> None:
        self._module = module
        self._transport = transport
        self._sealer = sealer
        self._clock = clock
        self._period_ms = settings.period_ms
        self._full = settings.readings_per_statement
        self._readings = []
        self._time = None
        self._first_up_ms = 0

    async def run(self, progress, sealed) -> None:
        """Never ends by itself. `progress()` shows that it is alive; `sealed()` is called after each statement."""
        due = port.ticks_ms()
        while True:
            progress()
            await self._take_reading()
            if len(self._readings) >= self._full:
                self.seal()
                sealed()
            late_ms = port.ticks_diff(port.ticks_ms(), due)
            # A period that was missed is not made up for: a burst of readings would say nothing new.
            step_ms = (late_ms // self._period_ms + 1) * self._period_ms
            due += step_ms
            await self._sleep(step_ms - late_ms, progress)

    def seal(self) -> None:
        """Seal what has been collected, if anything.

        What the specification does not admit is dropped, with a log line.
        """
        readings, time = self._readings, self._time
        self._readings = []
        if not readings:
            return
        gc.collect()  # signing makes some 200 KB of garbage; begin with all the room there is
        try:
            sequence = self._sealer.telemetry(self._module.schema.number, len(readings[0]), time, readings)
        except WireError as error:
            say("not-sealed", readings=len(readings), error=str(error))
        except OSError as error:
            say("spool-refused", readings=len(readings), error=str(error))
        except DeviceError as error:  # a secure element that fails: the number is declared by the next statement
            say("not-signed", readings=len(readings), error=str(error))
        else:
            say("sealed", sequence=sequence, readings=len(readings))

    async def _take_reading(self) -> None:
        up_ms = self._clock.up_ms()
        time = self._clock.now()
        values = await self._module.read(self._transport)
        if not self._readings:
            self._time, self._first_up_ms = time, up_ms
        # The offset comes from the clock that nobody sets, so it never runs backwards within a statement.
        self._readings.append((up_ms - self._first_up_ms,) + values)

    async def _sleep(self, rest_ms: int, progress) -> None:
        """In short steps, so that a long period does not look like a task that hangs."""
        while rest_ms > 0:
            step_ms = min(rest_ms, 1000)
            await asyncio.sleep(step_ms / 1000)
            rest_ms -= step_ms
            progress()

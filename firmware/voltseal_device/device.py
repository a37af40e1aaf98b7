"""A device that has booted: its tasks, and its orderly end."""

# The largest first: compiling needs room beside what is loaded already.
from .uplink import Uplink  # isort: skip
from .measure import Measurement
from .supervisor import Supervisor
from .transport import Transport


class Device:
    """Made of what `boot` left. `run`, then `close`."""

    def __init__(self, parts) -> None:
        settings = parts.settings
        self._parts = parts
        self._transport = Transport(parts.board.open_line, settings.bus_timeout_ms, settings.bus_retries)
        self._measurement = Measurement(parts.module, self._transport, parts.sealer, parts.clock, settings)
        self._uplink = Uplink(parts)

    async def run(self, stop_requested) -> None:
        """Measure and send until `stop_requested()`."""
        tasks = [
            ("measure", lambda progress: self._measurement.run(progress, self._uplink.wake)),
            ("uplink", self._uplink.run),
        ]
        await Supervisor(tasks, stop_requested, self._parts.board.watchdog()).run()

    def close(self) -> None:
        """Seal what was measured, give unused numbers back, release the line."""
        self._measurement.seal()
        self._parts.sealer.close()
        self._transport.close()

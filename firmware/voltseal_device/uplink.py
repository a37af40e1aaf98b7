"""Carries the spool to the gateway: connects, sends oldest first, believes receipts only.

The broker's PUBACK says nothing about storage and is not waited for. A message stays in the spool until an
authenticated receipt names it. What has none after `receipt_timeout_ms` leaves the window, so that one message the
gateway refuses cannot block those behind it; when the end of the spool is reached, the next sweep begins with the
oldest again.
"""

import asyncio

from voltseal_wire import receipt
from voltseal_wire.errors import WireError

from . import mqtt, packets, port
from .journal import say
from .packets import MqttError

BACK_OFF_MS = (1000, 60_000)  # first and longest pause between two attempts to connect
_TICK_S = 0.5


class Uplink:
    """One device's way to its gateway. `run` never ends by itself; `wake` it after each new statement."""

    def __init__(self, parts) -> None:
        """`parts` is what `boot` left, with the 32-byte receipt key of this boot (specification, "Authentication")."""
        self._config = parts.settings
        self._device = parts.device
        topic = "voltseal/1/%s/%s/" % (parts.settings.site, parts.device)
        self._up_topic = topic + "up"
        self._down_topic = topic + "down"
        self._spool = parts.spool
        self._sealer = parts.sealer
        self._receipt_key = parts.receipt_key
        self._tls = parts.tls
        self._in_flight = {}  # sequence -> ticks when it was sent
        self._after = -1  # the sweep has sent everything up to this number
        self._news = asyncio.Event()
        self._failure = None
        self._receipted = False

    def wake(self) -> None:
        """There is something new in the spool."""
        self._news.set()

    async def run(self, progress) -> None:
        """Connect, serve, and connect again, with pauses that grow and vary. `progress()` shows that it is alive."""
        pause_ms = BACK_OFF_MS[0]
        while True:
            self._receipted = False
            try:
                await self._serve(progress)
            except (OSError, EOFError, ValueError, MqttError, MemoryError, asyncio.TimeoutError) as error:
                # ValueError is what MicroPython's TLS raises for a certificate it does not like.
                say("uplink-lost", reason=str(error) or error.__class__.__name__)
            if self._receipted:
                pause_ms = BACK_OFF_MS[0]  # it is the gateway that counts: a connection without a receipt is no success
            await self._rest(_jittered(pause_ms), progress)
            pause_ms = min(2 * pause_ms, BACK_OFF_MS[1])

    async def _rest(self, pause_ms: int, progress) -> None:
        until = port.ticks_ms()
        while port.ticks_diff(port.ticks_ms(), until) < pause_ms:
            progress()
            await asyncio.sleep(min(pause_ms, 1000) / 1000)

    async def _serve(self, progress) -> None:
        """One connection, from its first byte to its end."""
        config = self._config
        connection = await mqtt.connect(config, self._tls, self._device, self._down_topic)
        say("uplink-connected", broker=config.broker_host, port=config.broker_port, pending=self._spool.pending_count())
        self._in_flight = {}
        self._after = -1
        self._failure = None
        listening = asyncio.create_task(self._listen(connection))
        try:
            # First in each connection: the gateway takes the receipt key from it.
            await self._publish(connection, self._sealer.boot_sequence, self._sealer.boot_message)
            while self._failure is None:
                progress()
                await self._send_pending(connection)
                await connection.keep_alive()
                await self._wait_for_news()
            raise self._failure
        finally:
            listening.cancel()
            await connection.close(self._failure is None)

    async def _listen(self, connection) -> None:
        """The receiving half; what ends it is left for `_serve` to raise."""
        try:
            while True:
                kind, topic, payload = await connection.receive()
                if kind == packets.PUBLISH and topic == self._down_topic:
                    self._take_down(payload)
        except (OSError, EOFError, MqttError, MemoryError, asyncio.TimeoutError) as error:
            self._failure = error
            self._news.set()

    async def _send_pending(self, connection) -> None:
        """Fill the window from where the sweep stands."""
        now = port.ticks_ms()
        timeout_ms = self._config.receipt_timeout_ms
        for sequence in list(self._in_flight):
            if port.ticks_diff(now, self._in_flight[sequence]) >= timeout_ms:
                del self._in_flight[sequence]
        while self._failure is None and len(self._in_flight) < self._config.window:
            found = self._spool.next_pending(self._after)
            if found is None:
                if not self._in_flight:
                    self._after = -1  # a new sweep; whatever is still pending has waited a whole timeout by now
                return
            sequence, message = found
            self._after = sequence
            if sequence not in self._in_flight:
                await self._publish(connection, sequence, message)

    async def _publish(self, connection, sequence: int, message: bytes) -> None:
        self._in_flight[sequence] = port.ticks_ms()
        await connection.publish(self._up_topic, message)

    async def _wait_for_news(self) -> None:
        """Until something happens, but no longer than a tick."""
        try:
            await asyncio.wait_for(self._news.wait(), _TICK_S)
        except asyncio.TimeoutError:
            pass  # time passing is news too
        self._news.clear()

    def _take_down(self, payload: bytes) -> None:
        """Apply a receipt.

        What is forged, malformed, of another boot or of an unknown type is ignored, with a log line.
        """
        try:
            body = receipt.open_down(self._receipt_key, payload)
            if body[0] != receipt.RECEIPT:
                say("down-ignored", reason="type")
                return
            ranges = receipt.receipt_ranges(body, self._sealer.boot_count)
        except WireError as error:
            say("down-ignored", reason=str(error))
            return
        stored = 0
        for first, last in ranges:
            stored += self._spool.receipt(first, last)
            for sequence in list(self._in_flight):
                if first <= sequence <= last:
                    del self._in_flight[sequence]
        if stored:
            say("receipt", stored=stored, last=ranges[-1][1], pending=self._spool.pending_count())
        self._receipted = True
        self._news.set()


def _jittered(pause_ms: int) -> int:
    """Between half and all of it: a fleet that lost its broker must not come back as one."""
    return pause_ms // 2 + int.from_bytes(port.random_bytes(2), "big") * (pause_ms // 2) // 65535

"""Runs the device's tasks: restarts one that failed, feeds the watchdog while all progress, ends when asked to.

A task is (name, start), where `start(progress)` makes the coroutine and `progress` is to be called at least every
`STALL_MS`. The watchdog is fed only when every task has progressed: a hung task ends in a hardware reset.
"""

import asyncio

from . import port
from .journal import say

STALL_MS = 60_000
BACK_OFF_MS = (1000, 60_000)
_TICK_S = 0.2


class Supervisor:
    """Owns the tasks. `run` returns after an orderly stop."""

    def __init__(self, tasks: list, stop_requested, feed_watchdog) -> None:
        """`stop_requested()` is polled; `feed_watchdog()` is called about every 200 ms while all is well."""
        self._tasks = tasks
        self._stop_requested = stop_requested
        self._feed_watchdog = feed_watchdog
        self._progress = {}
        self._stalled = False

    async def run(self) -> None:
        """Until a stop is requested; every task is then cancelled and awaited."""
        running = [asyncio.create_task(self._keep_running(name, start)) for name, start in self._tasks]
        try:
            while not self._stop_requested():
                self._watch()
                await asyncio.sleep(_TICK_S)
        finally:
            for task in running:
                task.cancel()
            for task in running:
                try:
                    await task
                except asyncio.CancelledError:
                    pass  # as asked for

    async def _keep_running(self, name: str, start) -> None:
        pause_ms = BACK_OFF_MS[0]
        while True:
            started = port.ticks_ms()
            self._note(name)
            try:
                await start(lambda: self._note(name))
                say("task-ended", task=name)
            except Exception as error:  # noqa: BLE001 -- whatever it was: the others go on, and this one starts again
                say("task-failed", task=name, error=error.__class__.__name__ + ": " + str(error))
                port.print_exception(error)
            if port.ticks_diff(port.ticks_ms(), started) > BACK_OFF_MS[1]:
                pause_ms = BACK_OFF_MS[0]
            await self._pause(name, pause_ms)
            pause_ms = min(2 * pause_ms, BACK_OFF_MS[1])

    async def _pause(self, name: str, pause_ms: int) -> None:
        while pause_ms > 0:
            self._note(name)
            await asyncio.sleep(min(pause_ms, 1000) / 1000)
            pause_ms -= 1000

    def _note(self, name: str) -> None:
        self._progress[name] = port.ticks_ms()

    def _watch(self) -> None:
        now = port.ticks_ms()
        hung = [name for name in self._progress if port.ticks_diff(now, self._progress[name]) > STALL_MS]
        if hung and not self._stalled:
            say("task-hangs", task=hung[0])
        self._stalled = bool(hung)
        if not hung:
            self._feed_watchdog()

"""A board's UART, watchdog and reset cause: this file and `i2c.py` are those that touch `machine`."""

import machine

_RESET_CAUSES = (  # name in `machine`, number in the specification ("Boot statement")
    ("PWRON_RESET", 1),
    ("HARD_RESET", 2),
    ("WDT_RESET", 3),
    ("DEEPSLEEP_RESET", 4),
    ("SOFT_RESET", 5),
)


class UartBoard:
    """A board, wired as its file says: `uart`, `tx`, `rx`, `watchdog_ms`."""

    def __init__(self, wiring: dict, baud_rate: int) -> None:
        self._wiring = wiring
        self._baud_rate = baud_rate

    def open_line(self):
        """The UART; its `read` returns at once with what is there."""
        wiring = self._wiring
        return machine.UART(
            wiring["uart"], baudrate=self._baud_rate, tx=wiring["tx"], rx=wiring["rx"], timeout=0, rxbuf=512
        )

    def reset_cause(self) -> int:
        """The specification's number for what `machine` says; 0, unknown, for what it has no number for."""
        cause = machine.reset_cause()
        for name, number in _RESET_CAUSES:
            if getattr(machine, name, None) == cause:
                return number
        return 0

    def watchdog(self):
        """A function that feeds the hardware watchdog, which runs from now on and cannot be stopped."""
        timeout_ms = self._wiring["watchdog_ms"]
        if not timeout_ms:
            return lambda: None
        return machine.WDT(timeout=timeout_ms).feed

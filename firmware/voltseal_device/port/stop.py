"""How the operator asks a process to end."""

from . import MICROPYTHON, UNIX

_SIGTERM = 15


class StopSignal:
    """Tells whether the operator asked the process to end (SIGTERM; Ctrl-C raises KeyboardInterrupt by itself)."""

    def __init__(self) -> None:
        self._requested = False
        self._read = None
        if not UNIX:
            return
        if MICROPYTHON:
            self._watch_descriptor()
        else:
            import signal

            signal.signal(_SIGTERM, self._note)

    def requested(self) -> bool:
        """Poll; once True it stays True."""
        if self._read is not None and self._read() > 0:
            self._requested = True
        return self._requested

    def _note(self, _number: int, _frame: object) -> None:
        self._requested = True

    def _watch_descriptor(self) -> None:
        # A signal handler written in MicroPython could run in the middle of an allocation; a signalfd is only ever
        # read.
        try:
            import ffi  # pyright: ignore[reportMissingImports] -- the unix port only
        except ImportError:
            return  # then SIGTERM ends the process like a power cut, which the spool survives
        libc = ffi.open(None)
        mask = bytearray(128)
        libc.func("i", "sigemptyset", "p")(mask)
        libc.func("i", "sigaddset", "pi")(mask, _SIGTERM)
        libc.func("i", "sigprocmask", "ipp")(0, mask, None)
        descriptor = libc.func("i", "signalfd", "ipi")(-1, mask, 0o4000)
        read = libc.func("l", "read", "ipL")
        self._read = lambda: read(descriptor, bytearray(128), 128)

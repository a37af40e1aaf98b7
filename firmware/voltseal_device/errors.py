"""The one error root of the device package."""


class DeviceError(Exception):
    """Something the device cannot work with. `code` is stable; the text says what was wrong, where, and what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(code + ": " + text)
        self.code = code

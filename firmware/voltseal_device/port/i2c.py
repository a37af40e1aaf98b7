"""The I2C bus of a secure element: a board's, or a bridge to an emulated one on a system with processes."""

_HERTZ = 100_000  # not faster: the pulse that wakes an ATECC608 is a byte of zeros at this speed


def open_i2c(place: str):
    """`I2C,SCL,SDA` (numbers of peripheral and pins) or the path of a bridge's serial line. Raises OSError."""
    if place.startswith("/"):
        from .i2c_bridge import I2cBridge
        from .serial import open_serial

        return I2cBridge(open_serial(place, 115_200))
    import machine

    number, scl, sda = [int(part) for part in place.split(",")]
    return machine.I2C(number, scl=machine.Pin(scl), sda=machine.Pin(sda), freq=_HERTZ)

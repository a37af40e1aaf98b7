"""How `device.json` names a driver: its dialect, and after a colon the address on the bus where it has one."""

from voltseal_device.errors import DeviceError


def split(name: str) -> tuple:
    """(dialect, address or None) of `daly` or `daly:128`. Raises DeviceError('no-driver') for an address that is none.

    An address is decimal, 0 to 255.
    """
    dialect, colon, address = name.partition(":")
    if not colon:
        return dialect, None
    if not address.isdigit() or int(address) > 255:
        raise DeviceError("no-driver", repr(name) + ": the address after the colon must be a number from 0 to 255")
    return dialect, int(address)

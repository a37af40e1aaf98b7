"""How `device.json` names a driver: its dialect, and after a colon the address on the bus where it has one."""

from voltseal_device.errors import DeviceError

_DIALECT = "abcdefghijklmnopqrstuvwxyz0123456789-"


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


def added(name: str):
    """A driver put beside ours: `Driver` of `drivers/<dialect>.py`, made with the address if there is one.

    None if there is no such file. A dash in the dialect is an underscore in the file's name. Raises ImportError for
    what the file itself cannot import, and DeviceError as `split`.
    """
    dialect, address = split(name)
    for character in dialect:
        if character not in _DIALECT:
            return None
    module = "drivers." + dialect.replace("-", "_")
    try:
        found = __import__(module, None, None, ("Driver",))
    except ImportError as error:
        if module in str(error):
            return None
        raise
    if not hasattr(found, "Driver"):
        return None
    return found.Driver() if address is None else found.Driver(address)

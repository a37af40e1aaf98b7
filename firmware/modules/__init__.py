"""One file per device class: which driver it reads, which schema it fills. `module_for` picks by `device_class`."""

from voltseal_device.errors import DeviceError


def module_for(device_class: str, driver: str):
    """The module of a device class. Raises DeviceError('no-module') or DeviceError('no-driver')."""
    if device_class == "bms":
        from modules import bms

        return bms.Bms(driver)
    if device_class == "inverter":
        from modules import inverter

        return inverter.Inverter(driver)
    raise DeviceError("no-module", "this firmware measures no device of class " + repr(device_class))

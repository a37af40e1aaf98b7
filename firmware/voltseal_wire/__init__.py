"""The wire encoder, pure and in the MicroPython subset: the same bytes from a device, from the simulator and from tests."""

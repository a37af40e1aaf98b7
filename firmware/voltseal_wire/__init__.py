"""The Voltseal wire format, encoding side: pure functions, no I/O, no clock.

Written in the MicroPython subset and run unchanged by device firmware (MicroPython) and simulator (CPython); both give
identical bytes. Import the submodules one by one: on a device every module costs heap.
"""

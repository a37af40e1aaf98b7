"""The MicroPython toolchain: finds or provisions the real unix port, the interpreter that the firmware is written for.

`install()` is idempotent, needs no root and touches nothing outside its cache directory; `find_micropython()` never
downloads. Both judge an interpreter by running it (`probe`), never by its version string alone.
"""

from voltseal_sim.toolchain.errors import ToolchainError, UnsupportedPlatformError
from voltseal_sim.toolchain.probe import MicroPython, probe
from voltseal_sim.toolchain.provision import find_micropython, install, locate

__all__ = [
    "MicroPython",
    "ToolchainError",
    "UnsupportedPlatformError",
    "find_micropython",
    "install",
    "locate",
    "probe",
]

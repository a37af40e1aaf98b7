"""Picking a runtime by its name."""

from __future__ import annotations

from voltseal_sim.errors import SimulatorError
from voltseal_sim.runtimes.host import HostRuntime
from voltseal_sim.runtimes.interface import Runtime
from voltseal_sim.runtimes.unix import DEFAULT_HEAP_KB, UnixRuntime
from voltseal_sim.toolchain import locate

RUNTIME_NAMES = ("unix", "host")


class RuntimeUnavailableError(SimulatorError):
    """The runtime that was asked for cannot run on this machine as it is."""

    code = "runtime-unavailable"


def choose_runtime(name: str, *, heap_kb: int = DEFAULT_HEAP_KB) -> Runtime:
    """The runtime called `name`, one of `RUNTIME_NAMES`.

    Raises RuntimeUnavailableError, which says how to provide it.
    """
    if name == "host":
        return HostRuntime()
    if name == "unix":
        found = locate()
        if found is None:
            raise RuntimeUnavailableError(
                "runtime 'unix' needs MicroPython, and none is installed",
                hint="run `voltseal-sim toolchain install`, or choose `--runtime host`",
            )
        return UnixRuntime(found, heap_kb)
    raise RuntimeUnavailableError(f"no runtime is called {name!r}", hint=f"known: {', '.join(RUNTIME_NAMES)}")

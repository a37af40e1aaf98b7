"""Power-on to power-off: boot, forget what only the boot needed, run, stop."""

import gc
import sys

from .errors import DeviceError
from .journal import say
from .port.files import Files, keep_to_owner
from .port.stop import StopSignal

BOOT_ONLY = (
    "voltseal_device.boot",
    "voltseal_device.board",
    "voltseal_device.identity",
    "voltseal_device.manifest",
    "voltseal_device.recovery",
    "voltseal_device.port.tls",
    "voltseal_wire.boot",
    "voltseal_wire.enrolment",
    "json",
)
USAGE = "main.py [STATE_DIRECTORY [enrol]]"


def main(arguments: list, root: str) -> int:
    """Returns the exit code.

    Without arguments the state is in `/`; with `enrol` only the enrolment request is written.
    """
    directory = (arguments[0] if arguments else "/").rstrip("/")
    stop = StopSignal()
    keep_to_owner()
    try:
        if arguments[1:] not in ([], ["enrol"]):
            raise DeviceError("usage", USAGE)
        parts = _boot(directory, root.rstrip("/"), bool(arguments[1:]))
    except DeviceError as error:
        say("stopped", error=str(error))
        return 1
    except (OSError, ValueError) as error:  # a file system that refuses, or a state directory that is not ours
        say("stopped", error="%s: %s" % (error.__class__.__name__, error))
        return 1
    if parts is not None:
        _run(parts, stop)
    return 0


def _boot(directory: str, root: str, enrol_only: bool):
    from . import config

    files = Files()
    settings = config.load(files, directory)
    del config  # or this frame would keep it in memory
    forget("voltseal_device.config", "json")
    from . import boot

    state = boot.open_state(files, settings, root)
    boot.enrol(files, state)
    parts = None if enrol_only else boot.boot(files, state, root)
    del boot, state
    forget(*BOOT_ONLY)
    return parts


def _run(parts, stop: StopSignal) -> None:
    gc.collect()
    import asyncio

    from .device import Device

    device = Device(parts)
    if hasattr(gc, "threshold"):
        gc.threshold(-1)  # all code is loaded: from now on collect only when the heap is full
    try:
        asyncio.run(device.run(stop.requested))
    except KeyboardInterrupt:
        pass  # Ctrl-C is as good as SIGTERM
    device.close()
    say("stopped", pending=parts.spool.pending_count())


def forget(*names: str) -> None:
    """Unload modules: on a board their code lies in the heap, and a fifth of it is needed at boot only.

    Only modules of which nothing is referred to any more are really freed; a later import loads them again.
    """
    for name in names:
        package, _, last = name.rpartition(".")
        sys.modules.pop(name, None)
        if package in sys.modules and hasattr(sys.modules[package], last):
            delattr(sys.modules[package], last)
    gc.collect()

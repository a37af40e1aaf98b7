"""Finds MicroPython, or provisions it from the distribution's packages into the toolchain cache.

The cache is written by whoever holds its lock file, in a staging directory that is renamed into place at the end:
a crash leaves a staging directory, which the next run removes, and never half an interpreter.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from voltseal_sim.toolchain import distribution, locations, packages
from voltseal_sim.toolchain.errors import ToolchainError, UnusableInterpreterError
from voltseal_sim.toolchain.probe import MicroPython, probe

ENVIRONMENT_VARIABLE = "VOLTSEAL_MICROPYTHON"
_PACKAGE = "micropython"
_DIRECTORY = "micropython"

# The packages' own loader and C library are used, because the machine's may be older. `${0%/*}` and not an absolute
# path, so that a checkout can be moved; a symbolic link to the wrapper is resolved first.
_WRAPPER = """\
#!/bin/sh
self=$0
[ -L "$self" ] && self=$(readlink -f "$self")
root=${{self%/*}}/root
exec "$root/{loader}" --library-path "$root/{libraries}" "$root/usr/bin/{program}" "$@"
"""


def find_micropython() -> Path | None:
    """Return a usable MicroPython, or None. Downloads nothing.

    Looked for in this order: `$VOLTSEAL_MICROPYTHON`, PATH, the toolchain cache. One named by the environment
    variable must be usable: else UnusableInterpreterError is raised, because running another would hide the mistake.
    """
    found = locate()
    return found.path if found else None


def locate() -> MicroPython | None:
    """Like `find_micropython`, with the version."""
    named = os.environ.get(ENVIRONMENT_VARIABLE)
    if named:
        return probe(Path(named))
    on_path = shutil.which("micropython")
    candidates = [Path(on_path)] if on_path else []
    candidates.append(_wrapper_path(locations.toolchain_root()))
    for candidate in candidates:
        if not candidate.is_file():
            continue
        try:
            return probe(candidate)
        except UnusableInterpreterError:
            continue  # an old package on PATH is common, and the provisioned one comes after it
    return None


def install(progress: Callable[[str], None] = print, root: Path | None = None) -> MicroPython:
    """Return a usable MicroPython, provisioning it under `root` (default: the toolchain cache) when there is none.

    With an explicit `root` an interpreter elsewhere is not considered. `progress` receives one line per step.
    Raises UnsupportedPlatformError where there is nothing to provision from, ToolchainError when it failed.
    """
    if root is None:
        found = locate()
        if found is not None:
            progress(f"{found} is ready")
            return found
        root = locations.toolchain_root()
    packages.require_commands()
    system = distribution.current()
    with locked(root):
        wrapper = _wrapper_path(root)
        if not wrapper.is_file() or not _is_usable(wrapper):
            _provision(root, system, progress)
        ready = probe(wrapper)
    progress(f"{ready} is ready")
    return ready


def _provision(root: Path, system: distribution.Distribution, progress: Callable[[str], None]) -> None:
    """Download, unpack and verify in a staging directory, then rename it to its place. The caller holds the lock."""
    for leftover in root.glob("staging-*"):
        shutil.rmtree(leftover)
    staging = Path(tempfile.mkdtemp(prefix="staging-", dir=root))
    try:
        progress(f"downloading MicroPython from the {system.suite} suite of this machine's mirror (about 15 MB)")
        debs = packages.download_from_mirrors(staging / "apt", system, _PACKAGE)
        progress(f"unpacking {len(debs)} packages")
        unpacked = staging / _DIRECTORY
        packages.unpack(debs, unpacked / "root")
        write_wrapper(unpacked, _PACKAGE)
        probe(unpacked / "micropython")
        target = root / _DIRECTORY
        if target.exists():
            shutil.rmtree(target)
        unpacked.rename(target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_wrapper(directory: Path, program: str) -> Path:
    """Write `directory/<program>`, which runs `directory/root/usr/bin/<program>` through the loader beside it.

    Raises ToolchainError when the unpacked packages hold no loader for this machine.
    """
    root = directory / "root"
    # usr/lib/<triplet>/ld-linux-<architecture>.so.<n>: where libc6 puts it since Debian merged /usr
    loaders = sorted(root.glob("usr/lib/*-linux-gnu*/ld-linux-*.so.*"))
    if not loaders:
        raise ToolchainError("the downloaded C library holds no program loader", hint=f"put {program} on PATH instead")
    loader = loaders[0].relative_to(root)
    wrapper = directory / program
    text = _WRAPPER.format(loader=loader, libraries=loader.parent, program=program)
    wrapper.write_text(text, encoding="utf-8")
    wrapper.chmod(0o755)
    return wrapper


def _wrapper_path(root: Path) -> Path:
    return root / _DIRECTORY / "micropython"


def _is_usable(path: Path) -> bool:
    try:
        probe(path)
    except UnusableInterpreterError:
        return False
    return True


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the cache's lock: two test runs or a test beside a demo must not provision over each other."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield

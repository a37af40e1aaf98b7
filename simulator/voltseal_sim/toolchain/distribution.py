"""What this machine is, and which of its distribution's suites holds a MicroPython recent enough for the firmware."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voltseal_sim.toolchain.errors import UnsupportedPlatformError


@dataclass(frozen=True, slots=True)
class Distribution:
    """One apt-based distribution, as far as provisioning needs to know it."""

    suite: str
    """Suite that packages MicroPython >= 1.24: a release, since versions in rolling suites disappear."""
    components: str
    keyring: Path
    """Every release key of the distribution; the key a machine's own source names may be for its own release only."""
    archive_suites: frozenset[str]
    """Names under which a machine's own sources list the main archive."""


_DISTRIBUTIONS: Mapping[str, Distribution] = {
    "debian": Distribution(
        suite="trixie",
        components="main",
        keyring=Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
        archive_suites=frozenset({"oldstable", "stable", "testing", "unstable", "sid", "bookworm", "trixie", "forky"}),
    ),
    "ubuntu": Distribution(
        suite="resolute",
        components="main universe",
        keyring=Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg"),
        archive_suites=frozenset({"jammy", "noble", "questing", "resolute"}),
    ),
}

_FALLBACK_HINT = (
    "install MicroPython >= 1.24 (unix port) yourself and put it on PATH or in VOLTSEAL_MICROPYTHON; "
    "without it the simulator runs the same firmware on CPython (runtime 'host')"
)


def of_release(os_release: Mapping[str, str]) -> Distribution:
    """Return the distribution that an os-release(5) mapping describes, following ID_LIKE for derivatives.

    Raises UnsupportedPlatformError when it is none that we can provision from.
    """
    names = [os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()]
    for name in names:
        if name in _DISTRIBUTIONS:
            return _DISTRIBUTIONS[name]
    raise UnsupportedPlatformError(
        f"MicroPython is provisioned from Debian or Ubuntu packages, and this is {names[0] or 'another system'}",
        hint=_FALLBACK_HINT,
    )


def current() -> Distribution:
    """Return this machine's distribution; raises UnsupportedPlatformError when there is none to provision from."""
    try:
        return of_release(platform.freedesktop_os_release())
    except OSError as error:
        message = f"this is {platform.system()}, not a Linux distribution with packages to provision MicroPython from"
        raise UnsupportedPlatformError(message, hint=_FALLBACK_HINT) from error

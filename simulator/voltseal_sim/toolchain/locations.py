"""Where things stand: in a checkout beside the sources; installed from a wheel, in the package and the user's cache."""

from __future__ import annotations

import os
from pathlib import Path

import voltseal_sim

_PACKAGE_ROOT = Path(voltseal_sim.__file__).resolve().parent


def checkout_root() -> Path | None:
    """Return the repository's root when this package runs from one (editable install), else None."""
    candidate = _PACKAGE_ROOT.parent.parent
    is_checkout = (candidate / "pyproject.toml").is_file() and (candidate / "firmware").is_dir()
    return candidate if is_checkout else None


def firmware_root() -> Path:
    """Return the firmware tree (the directory that holds `main.py` and is a device's sys.path root)."""
    root = checkout_root()
    return root / "firmware" if root else _PACKAGE_ROOT / "_firmware"


def scenarios_root() -> Path:
    """Return the directory of the scenarios that come with the simulator."""
    root = checkout_root()
    return root / "simulator" / "scenarios" if root else _PACKAGE_ROOT / "_scenarios"


def toolchain_root() -> Path:
    """Return the cache directory for provisioned tools; it may not exist yet.

    In a checkout it is `build/toolchain`, so that `make clean` leaves nothing behind; otherwise
    `$XDG_CACHE_HOME/voltseal/toolchain` (XDG Base Directory Specification, default `~/.cache`).
    """
    root = checkout_root()
    if root is not None:
        return root / "build" / "toolchain"
    # The XDG specification: a relative path in the variable is invalid and must be ignored.
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".cache"
    return base / "voltseal" / "toolchain"

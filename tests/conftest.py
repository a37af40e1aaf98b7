"""Fixtures that every kind of test shares: where the tree stands, and the interpreter the firmware runs on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from voltseal_sim.toolchain import MicroPython, UnsupportedPlatformError, install
from voltseal_sim.toolchain.locations import firmware_root

# Shared machines stall for seconds: a deadline per example would fail for their sake. `make fuzz` picks the long one.
settings.register_profile("default", deadline=None, print_blob=True, derandomize="CI" in os.environ)
settings.register_profile("fuzz", deadline=None, print_blob=True, max_examples=100_000)
settings.load_profile("default")


@pytest.fixture(scope="session")
def repository_root() -> Path:
    """The checkout's root directory."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def firmware_tree() -> Path:
    """The firmware tree, as it is put on a device's sys.path."""
    return firmware_root()


@pytest.fixture(scope="session")
def micropython() -> MicroPython:
    """The real MicroPython unix port, provisioned when absent.

    Skips only where the platform has nothing to provision from; in CI that is an error.
    """
    try:
        return install(progress=lambda _line: None)
    except UnsupportedPlatformError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no MicroPython on this platform: {error} ({error.hint})")

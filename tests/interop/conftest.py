"""Fixtures of the tests in which other people's programs judge what we make."""

from __future__ import annotations

import os

import pytest
from tests.interop.checkers import Checkers, provide
from tests.published_log import PublishedLog, numbered_entries

from voltseal_sim.toolchain import UnsupportedPlatformError


@pytest.fixture(scope="session")
def checkers() -> Checkers:
    """The checkers, provided when absent. Skips only where there are no Debian packages; in CI that is an error."""
    try:
        return provide()
    except UnsupportedPlatformError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no independent checkers on this platform: {error}")


@pytest.fixture(scope="module")
def log() -> PublishedLog:
    """A log of a few hundred entries under one checkpoint, which no test changes."""
    return PublishedLog.of(numbered_entries(0, 420))

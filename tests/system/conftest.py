"""Fixtures of the system tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.system.chromium import chromium
from tests.system.verifier_page import Page


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The browser verifier in a real browser."""
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield Page(driver, tmp_path_factory.mktemp("page"))

"""One service for the tests that only read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.gateway_http import HttpSite
from tests.http_server import RunningServer


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> HttpSite:
    return HttpSite.make(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def server(site: HttpSite) -> Iterator[RunningServer]:
    with site.serving() as running:
        yield running

"""A real headless Chromium for the tests, driven through Debian's chromedriver. Nothing in it phones home."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


@contextmanager
def chromium(profile: Path) -> Iterator[Chrome]:
    """A browser with a new profile in the empty directory `profile`. Skips where there is none; in CI that fails."""
    browser, chromedriver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or chromedriver is None:
        message = "no chromium and chromedriver on this machine (Debian: chromium, chromium-driver)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    options = ChromeOptions()
    options.binary_location = browser
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    driver = Chrome(options=options, service=Service(chromedriver))  # named, so that selenium looks for none
    try:
        driver.set_script_timeout(100)
        yield driver
    finally:
        driver.quit()


def requests_since_last_asked(driver: Chrome) -> list[str]:
    """The addresses that the page has asked for, by the browser's own protocol, whether an answer came or not."""
    events = (json.loads(entry["message"])["message"] for entry in driver.get_log("performance"))
    kinds = {"Network.requestWillBeSent": "request", "Network.webSocketCreated": None}
    found = []
    for event in events:
        if event["method"] in kinds:
            member = kinds[event["method"]]
            params: dict[str, Any] = event["params"]
            found.append(str((params[member] if member else params)["url"]))
    return found


def complaints(driver: Chrome) -> list[str]:
    """What the browser has written on its console since last asked: errors, and violations of the page's policy."""
    return [entry["message"] for entry in driver.get_log("browser")]

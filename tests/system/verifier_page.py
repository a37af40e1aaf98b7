"""The browser verifier as a person uses it: open the page, give it files, read what it shows."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from voltseal.verifier_page import PAGE_NAME, page_bytes

_VERIFY_ALL = """
const [cases, done] = arguments;
const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
(async () => {
  const outcomes = [];
  for (const [bundle, trust] of cases) outcomes.push(await window.voltsealVerify(bytes(bundle), trust));
  return outcomes;
})().then(done, (error) => done(String(error)));
"""


class Page:
    """The page, opened from a file in `directory`, where files to be given to it are written as well."""

    def __init__(self, driver: Chrome, directory: Path) -> None:
        self.driver = driver
        self.directory = directory
        self.path = directory / PAGE_NAME
        self.path.write_bytes(page_bytes())

    def open(self, *, width: int = 1200, accept_language: str = "en-US") -> None:
        """Load it anew in a window of `width` pixels, by a reader of these languages."""
        agent = {"userAgent": "test", "acceptLanguage": accept_language}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setUserAgentOverride", agent)
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.get(self.path.as_uri())

    def verify_all(self, cases: Iterable[tuple[bytes, str | None]]) -> list[dict[str, Any]]:
        """The outcomes of many bundles, each with a trust file's text, through the page's own entry for batches."""
        given = [[b64encode(bundle).decode(), trust] for bundle, trust in cases]
        outcomes = self.driver.execute_async_script(_VERIFY_ALL, given)
        assert isinstance(outcomes, list), outcomes
        return outcomes

    def choose(self, kind: str, content: bytes, name: str | None = None) -> None:
        """Give a file (`bundle` or `trust`) by the button."""
        path = self.directory / (name or {"bundle": "evidence.json", "trust": "trust.toml"}[kind])
        path.write_bytes(content)
        self.driver.find_element(By.ID, f"{kind}-file").send_keys(str(path))

    def drop(self, *paths: Path, onto: str = "footer") -> None:
        """Drag files onto an element and let go, as the browser does it itself."""
        place = self.driver.find_element(By.CSS_SELECTOR, onto)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", place)
        box = self.driver.execute_script("return arguments[0].getBoundingClientRect().toJSON()", place)
        drag = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2, "data": drag}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.driver.execute_cdp_cmd("Input.dispatchDragEvent", {"type": kind, **at})

    def verdict(self) -> str:
        """The title of the result, once it stands there."""
        WebDriverWait(self.driver, 20).until(lambda driver: driver.find_elements(By.CSS_SELECTOR, "#verdict h2"))
        return self.text("#verdict h2")

    def show(self, bundle: bytes, trust: str | None) -> str:
        """Give both files and wait for the result's title."""
        if trust is not None:
            self.choose("trust", trust.encode())
        self.choose("bundle", bundle)
        return self.verdict()

    def find(self, selector: str) -> list[WebElement]:
        """All elements that match."""
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        """What the first match says, hidden parts included."""
        return str(self.find(selector)[0].get_property("textContent"))

    def labels(self, selector: str) -> list[str]:
        """What all matches say."""
        return [str(element.get_property("textContent")) for element in self.find(selector)]

    def names_of_controls(self) -> dict[str, list[str]]:
        """Every control's accessible name by role, as a screen reader gets them."""
        tree = self.driver.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
        names: dict[str, list[str]] = {}
        for node in tree:
            if not node.get("ignored"):
                names.setdefault(node["role"]["value"], []).append(node.get("name", {}).get("value", ""))
        return names


def strings(language: str) -> dict[str, str]:
    """The page's texts in one language."""
    source = Path(__file__).resolve().parents[2] / "gateway" / "voltseal" / "verifier_page" / "src"
    texts: dict[str, str] = json.loads((source / f"strings.{language}.json").read_text(encoding="utf-8"))
    return texts

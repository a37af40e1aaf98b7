"""The browser verifier as it is seen: files in, findings out, both languages, any width; and it calls nobody."""

from __future__ import annotations

import http.server
import json
import threading
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest
from tests.system.chromium import complaints, requests_since_last_asked
from tests.system.verifier_page import Page, strings
from tests.unit.gateway.verifier.conftest import BY_NAME, CONTENT, bundle_of

FULL = CONTENT["trust"]["full"]


def test_the_page_asks_for_nothing_but_itself(page: Page) -> None:
    requests_since_last_asked(page.driver)
    page.open()
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    page.driver.execute_cdp_cmd("Network.enable", {})
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    assert page.show(bundle_of("whole-life"), FULL) == strings("en")["verdict.gap-unexplained.title"]
    page.driver.execute_script("document.querySelector('[data-language=zh]').click()")
    assert page.verdict() == strings("zh")["verdict.gap-unexplained.title"]
    page.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline | {"offline": False})
    asked = requests_since_last_asked(page.driver)
    assert [address for address in asked if not address.startswith("data:")] == [page.path.as_uri()]
    assert complaints(page.driver) == []


class _Recorder(http.server.SimpleHTTPRequestHandler):
    seen: list[str]

    def do_GET(self) -> None:
        self.seen.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_the_policy_stops_connections_even_if_somebody_made_the_page_try(page: Page) -> None:
    seen: list[str] = []
    handler = type("Recorder", (_Recorder,), {"seen": seen})
    serve = lambda *given: handler(*given, directory=str(page.directory))  # noqa: E731
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), serve) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        page.driver.get(f"{address}/{page.path.name}")
        tried = page.driver.execute_async_script(
            """
            const [address, done] = arguments;
            const image = new Image();
            image.src = `${address}/image.png`;
            navigator.sendBeacon(`${address}/beacon`, "x");
            let markup = "allowed";
            try { document.body.innerHTML = "<b>x</b>"; } catch (error) { markup = error.name; }
            fetch(`${address}/fetch`).then(() => "sent", (error) => error.name).then((sent) => done([sent, markup]));
            """,
            address,
        )
        page.open()  # ends whatever was under way
        server.shutdown()
    assert tried == ["TypeError", "TypeError"]
    assert seen == [f"/{page.path.name}"]
    assert len(complaints(page.driver)) >= 3


def test_files_can_be_dropped_anywhere_in_any_order(page: Page, tmp_path: Path) -> None:
    evidence, trust = tmp_path / "evidence.json", tmp_path / "trust.toml"
    evidence.write_bytes(bundle_of("run-without-gap"))
    trust.write_text(FULL)
    page.open()
    page.drop(evidence, onto="#bundle-zone")
    assert page.verdict() == strings("en")["verdict.could-not-check.title"]
    assert strings("en")["verdict.no-trust"] in page.text("#verdict")
    page.drop(trust)
    assert page.verdict() == strings("en")["verdict.complete.title"]
    page.open()
    page.drop(trust, evidence, onto="h1")
    assert page.verdict() == strings("en")["verdict.complete.title"]
    assert "evidence.json" in page.text("#bundle-chosen")


def test_trust_can_be_pasted_and_is_forgotten(page: Page) -> None:
    page.open()
    page.choose("bundle", bundle_of("run-without-gap"))
    assert page.verdict() == strings("en")["verdict.could-not-check.title"]
    page.find("#trust-paste summary")[0].click()
    page.find("#trust-text")[0].send_keys(FULL.replace("\t", " "))
    page.find("#bundle-zone h2")[0].click()
    assert page.verdict() == strings("en")["verdict.complete.title"]
    kept = "return [localStorage.length, sessionStorage.length, document.cookie]"
    assert page.driver.execute_script(kept) == [0, 0, ""]
    page.open()
    assert page.find("#verdict") == []
    assert page.text("#trust-chosen") == ""


@pytest.mark.parametrize(
    ("accept_language", "language"), [("zh-CN", "zh"), ("zh", "zh"), ("en-GB", "en"), ("de", "en")]
)
def test_the_reader_s_language_is_the_first(page: Page, accept_language: str, language: str) -> None:
    page.open(accept_language=accept_language)
    assert page.text("h1") == strings(language)["title"]
    assert page.show(bundle_of("gap-hidden"), FULL) == strings(language)["verdict.invalid.title"]
    assert strings(language)["code.hidden-gap"] in page.text("#verdict")
    other = "en" if language == "zh" else "zh"
    page.driver.execute_script(f"document.querySelector('[data-language={other}]').click()")
    assert strings(other)["code.hidden-gap"] in page.text("#verdict")
    assert page.driver.execute_script("return document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[other]


def test_gaps_values_anchors_and_limits_are_shown(page: Page) -> None:
    texts = strings("en")
    page.open()
    page.show(bundle_of("whole-life"), FULL)
    assert page.labels("#timeline title") == [
        f"5–7: {texts['reason.power-cut']}",
        f"12: {texts['reason.unexplained']}",
        f"14–15: {texts['reason.spool-full']}",
    ]
    assert "18" in page.find("#timeline svg")[0].get_attribute("aria-label") + page.text("#completeness")
    assert len(page.find("#plot .band")) == 3
    assert [label.split(",")[0] for label in page.labels("#column option")][:2] == ["Pack voltage", "Pack current"]
    rows = page.labels("#values details.printed tbody tr")
    assert any("Pack voltage" in row and "V" in row and "52.962" in row for row in rows)
    assert texts["strength.weak"] in page.labels("#time .badge")
    assert texts["not-proven.sensor-truth"] in page.labels("#not-proven li")
    assert "Example Batteries" in page.text("#keys")
    page.open()
    page.show(bundle_of("some-shown"), FULL)
    hidden = page.labels("#hidden span")
    assert len(hidden) == 27
    assert "Pack voltage" in hidden
    page.open()
    page.show(bundle_of("equivocation"), FULL)
    assert texts["conflict.sequence"] in page.text("#completeness")


def test_text_of_a_bundle_stays_text(page: Page) -> None:
    markup = "<img src=x onerror=document.title=1><script>document.title=2</script>"
    lines = bundle_of("run-without-gap").split(b"\n")
    lines[2] = b'"made_by":' + json.dumps({"software": markup, "spec": "1"}, separators=(",", ":")).encode() + b","
    before = b"\n".join(lines[:-2]) + b"\n"
    digest = b64encode(sha256(before).digest())
    page.open()
    assert page.show(before + b'"digest":"' + digest + b'"}\n', FULL) == strings("en")["verdict.complete.title"]
    assert markup in page.text("#result")
    assert page.find("#result img, #result script") == []
    assert page.driver.title.startswith("Voltseal")
    assert complaints(page.driver) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
@pytest.mark.parametrize("name", ["whole-life", "set-of-statements", "equivocation", "value-changed", "trust-empty"])
def test_it_fits_the_window(page: Page, name: str, width: int) -> None:
    page.open(width=width)
    page.show(bundle_of(name), CONTENT["trust"][BY_NAME[name]["trust"]])
    assert page.driver.execute_script("return document.documentElement.scrollWidth") <= width
    figures = page.driver.execute_script("return [...document.querySelectorAll('svg')].map((one) => one.clientWidth)")
    assert max(figures) <= width


def test_every_control_has_a_name_and_the_result_is_announced(page: Page) -> None:
    page.open()
    page.show(bundle_of("whole-life"), FULL)
    names = page.names_of_controls()
    for role in ("button", "combobox", "image", "region"):
        assert names[role], role
        assert all(names[role]), role
    assert names["status"] is not None
    assert page.text("[role=status]") == strings("en")["verdict.gap-unexplained.title"]
    controls = "return [...document.querySelectorAll('button, input, select, textarea, summary')]"
    assert page.driver.execute_script(f"{controls}.every((control) => control.tabIndex === 0)")

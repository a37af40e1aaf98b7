"""The API: what each operation answers, who may ask, how mistakes are answered; and its description, fuzzed."""

from __future__ import annotations

import json
import socket
import time
from base64 import b64decode
from hashlib import sha256
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from tests.fuzzing import examples
from tests.gateway_http import TOKEN, HttpSite, ask, get
from tests.http_server import RunningServer

from voltseal.api.v1 import openapi
from voltseal.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from voltseal.wire import statement
from voltseal_sim.load import LoadDevice


def test_the_description_is_the_one_in_the_documentation(repository_root: Path, server: RunningServer) -> None:
    kept = (repository_root / "docs" / "reference" / "openapi.json").read_text(encoding="utf-8")
    answer = ask(server, "/api/v1/openapi.json", None)
    assert answer.body.decode() == kept == openapi.text()


@pytest.mark.parametrize("token", [None, "", "x", TOKEN[:-1], TOKEN + "x", "\xff" * 32])
def test_without_a_known_token_nothing_is_told(server: RunningServer, site: HttpSite, token: str | None) -> None:
    for path in ("/log", "/devices", f"/devices/{site.device}/evidence"):
        answer = ask(server, f"/api/v1{path}", token)
        assert answer.status == 401
        assert json.loads(answer.body)["error"]["code"] == "unauthorized"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_without_a_configured_token_the_api_is_off(site: HttpSite) -> None:
    with site.serving(token_file=None) as server:
        status, content = get(server, "/log", None)
        assert (status, content["error"]["code"]) == (503, "api-off")


def test_the_log_and_its_checkpoints(site: HttpSite, server: RunningServer) -> None:
    status, content = get(server, "/log")
    assert (status, content["origin"], content["entries"], content["tree_size"]) == (200, "example.org/test", 19, 19)
    assert get(server, "/checkpoints/newest") == (200, content["checkpoint"])
    assert get(server, "/checkpoints") == (200, {"checkpoints": [content["checkpoint"]], "next": None})
    assert get(server, "/checkpoints?min_size=20") == (200, {"checkpoints": [], "next": None})
    newest = site.ingest.store.latest_checkpoint()
    assert newest is not None
    assert content["checkpoint"]["note"] == newest.raw.decode()


def test_devices_and_one_device(site: HttpSite, server: RunningServer) -> None:
    _, content = get(server, "/devices")
    (device,) = content["devices"]
    assert (device["device"], device["statements"], content["next"]) == (site.device, 18, None)
    _, details = get(server, f"/devices/{site.device}")
    assert details.items() >= device.items()
    assert (details["class"], details["maker"], details["key_tier"]) == ("bms", "Example Batteries", "software")
    assert details["keys"] == [
        {"kid": site.ingest.device.kid.hex(), "leaf_index": 0, "not_before_ms": 0, "revoked_from_ms": None,
         "reason": None}
    ]  # fmt: skip


def test_statements_come_in_pages_and_as_received(site: HttpSite, server: RunningServer) -> None:
    path, after, sequences = f"/devices/{site.device}/statements?limit=7", "", []
    for _ in range(3):
        _, content = get(server, path + after)
        for one in content["statements"]:
            raw = b64decode(one["raw"])
            told = statement.parse(raw)
            assert (sha256(raw).hexdigest(), told.sequence) == (one["digest"], one["sequence"])
            sequences.append(one["sequence"])
        after = f"&after={content['next']}"
    assert content["next"] is None
    assert sequences == [*range(8), *range(10, 20)]
    _, few = get(server, f"/devices/{site.device}/statements?first=7&last=11")
    assert [one["sequence"] for one in few["statements"]] == [7, 10, 11]
    assert [one["kind"] for one in get(server, f"/devices/{site.device}/statements?last=1")[1]["statements"]] == [
        "boot", "telemetry"
    ]  # fmt: skip


def test_equivocating_statements_are_on_different_pages_once_each(tmp_path: Path) -> None:
    site = HttpSite.make(tmp_path)
    for _ in range(3):
        device = site.ingest.device
        device.next_sequence -= 1
        site.ingest.commit([device.telemetry_message()])
    with site.serving() as server:
        after, leaves = "", []
        for _ in range(4):
            _, content = get(server, f"/devices/{site.device}/statements?first=19&limit=1{after}")
            leaves += [one["leaf_index"] for one in content["statements"]]
            after = f"&after={content['next']}"
        assert (leaves, content["next"]) == ([18, 19, 20, 21], None)
        _, content = get(server, f"/devices/{site.device}/continuity")
        assert [alarm["kind"] for alarm in content["alarms"]] == ["equivocation"] * 3
        assert [alarm["leaf_index"] for alarm in content["alarms"]] == [19, 20, 21]


def test_continuity_names_the_gap(site: HttpSite, server: RunningServer) -> None:
    assert get(server, f"/devices/{site.device}/continuity") == (
        200,
        {
            "device": site.device, "stored": [{"first": 0, "last": 7}, {"first": 10, "last": 19}],
            "gaps": [{"first": 8, "last": 9, "reason": "unexplained"}], "alarms": [], "truncated": False,
        },
    )  # fmt: skip


def test_proofs_verify(tmp_path: Path) -> None:
    site = HttpSite.make(tmp_path)
    site.ingest.commit([site.ingest.device.telemetry_message() for _ in range(5)])
    site.publish()
    with site.serving() as server:
        _, content = get(server, "/entries/11/proof")
        entry, path = b64decode(content["entry"]), [bytes.fromhex(node) for node in content["inclusion"]]
        root = bytes.fromhex(content["checkpoint"]["root_hash"])
        verify_inclusion(leaf_hash(entry), 11, 24, path, root)  # type: ignore[arg-type]
        assert get(server, "/entries/24/proof")[1]["error"]["code"] == "not-covered"
        _, pages = get(server, "/checkpoints?limit=1")
        assert pages["next"] == 24
        old, path = pages["checkpoints"][0]["root_hash"], get(server, "/consistency/19/24")[1]["consistency"]
        nodes = [bytes.fromhex(node) for node in path]
        verify_consistency(19, 24, nodes, bytes.fromhex(old), root)  # type: ignore[arg-type]
        for sizes in ("24/19", "19/25"):
            assert get(server, f"/consistency/{sizes}")[1]["error"]["code"] == "not-covered"


def test_evidence_is_the_bundle_that_the_command_writes(site: HttpSite, server: RunningServer, tmp_path: Path) -> None:
    from voltseal.cli import main

    answer = ask(server, f"/api/v1/devices/{site.device}/evidence?first=3&last=12&fields=soc")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/vnd.voltseal.evidence+json")
    path = tmp_path / "bundle.json"
    words = ["--device", site.device, "--sequence", "3-12", "--fields", "soc", "-o", path]
    assert main(["evidence", *map(str, words), "--config", str(site.ingest.site.config_path)]) == 0
    assert answer.body == path.read_bytes()
    whole = ask(server, f"/api/v1/devices/{site.device}/evidence")
    assert len(whole.body) > len(answer.body)


def test_downloads_are_counted_down_again(site: HttpSite, server: RunningServer) -> None:
    for _ in range(30):
        assert ask(server, f"/api/v1/devices/{site.device}/evidence").status == 200
        assert get(server, f"/devices/{site.device}/evidence?first=500")[0] == 404


def test_clients_that_go_away_or_stall_do_not_keep_their_places(tmp_path: Path) -> None:
    site = HttpSite.make(tmp_path)
    for _ in range(30):  # many megabytes of evidence: more than all buffers on the way
        site.ingest.commit([site.ingest.device.telemetry_message() for _ in range(500)])
    site.publish()
    path = f"/api/v1/devices/{site.device}/evidence"
    request = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    with site.serving() as server:
        stalled = [socket.socket() for _ in range(2)]
        for one in stalled:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            one.sendall(request)
            assert one.recv(12) == b"HTTP/1.1 200"
        assert get(server, f"/devices/{site.device}/evidence")[1]["error"]["code"] == "busy"
        assert get(server, "/log")[0] == 200
        for one in stalled:
            one.close()
        deadline = time.monotonic() + 20
        while (answer := ask(server, path)).status == 503:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert answer.status == 200
        assert len(answer.body) > 6_000_000


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/nothing", 404, "not-found"),
        ("/log/", 404, "not-found"),
        ("/log%0a", 404, "not-found"),
        ("/log?x=1", 400, "bad-parameter"),
        ("/devices?limit=0", 400, "bad-parameter"),
        ("/devices?limit=1001", 400, "bad-parameter"),
        ("/devices?limit=1&limit=2", 400, "bad-parameter"),
        ("/devices?limit=%D9%A1", 400, "bad-parameter"),
        ("/devices?after=-1", 400, "bad-parameter"),
        ("/devices/pack", 400, "bad-parameter"),
        ("/devices/DEVICE/statements?after=1", 400, "bad-parameter"),
        ("/devices/01" + 32 * "0", 404, "unknown-device"),
        ("/devices/01" + 32 * "0" + "/evidence", 404, "no-evidence"),
        ("/devices/DEVICE/evidence?fields=nonsense", 404, "unknown-field"),
        ("/devices/DEVICE/evidence?first=9&last=3", 404, "no-evidence"),
        ("/entries/99999999999999999999/proof", 400, "bad-parameter"),
        ("/entries/x/proof", 400, "bad-parameter"),
    ],
)
def test_mistakes_are_answered_with_codes(
    server: RunningServer, site: HttpSite, path: str, status: int, code: str
) -> None:
    found, content = get(server, path.replace("DEVICE", site.device))
    assert (found, content["error"]["code"]) == (status, code)
    assert content["error"]["message"]


def test_only_reading_is_possible(server: RunningServer) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = server.request("/api/v1/devices", method, Authorization=f"Bearer {TOKEN}", Content_Length="0")
        assert (answer.status, json.loads(answer.body)["error"]["code"]) == (405, "method-not-allowed")
        assert "GET" in answer.headers["allow"]


def test_damage_is_told_without_details(tmp_path: Path) -> None:
    site = HttpSite.make(tmp_path)
    site.ingest.store.connection.execute("UPDATE entries SET raw = x'00' WHERE sequence = 5")
    with site.serving() as server:
        status, content = get(server, f"/devices/{site.device}/statements")
        assert (status, content["error"]["code"]) == (500, "store-damaged")
        assert get(server, "/log")[0] == 200


def test_a_device_that_was_enrolled_again_is_read_from_its_own_events(tmp_path: Path) -> None:
    site = HttpSite.make(tmp_path)
    other: LoadDevice = site.ingest.another()
    with site.serving() as server:
        _, details = get(server, f"/devices/{other.ueid.hex()}")
        assert (details["statements"], len(details["keys"])) == (0, 1)
        assert [one["device"] for one in get(server, "/devices?after=1")[1]["devices"]] == [other.ueid.hex()]


# Every request of these has a token; that nothing is told without one is tested above.
fuzzed = schemathesis.openapi.from_dict({name: part for name, part in openapi.document().items() if name != "security"})


@fuzzed.parametrize()
@settings(max_examples=examples(30), suppress_health_check=list(HealthCheck), deadline=None)
def test_the_service_keeps_to_its_description(case: schemathesis.Case, server: RunningServer, site: HttpSite) -> None:
    if "device" in case.path_parameters and len(str(case.path_parameters["device"])) == 34:
        case.path_parameters["device"] = site.device
    case.call_and_validate(base_url=f"{server.url}/api/v1", headers={"Authorization": f"Bearer {TOKEN}"})

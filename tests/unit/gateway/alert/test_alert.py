"""Alerts: what is told, that it arrives or waits within bounds, and that nothing secret is logged."""

from __future__ import annotations

import json
import logging
import threading
from base64 import b64decode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from tests.gateway_http import live
from tests.gateway_ingest import NOW_MS, Ingest
from tests.gateway_site import wait_until

from voltseal.alert.channel import MAX_WAITING, Channel, SinkUnavailable
from voltseal.alert.message import Alert, Kind, State
from voltseal.alert.service import AlertService, cursor_path, sinks_of
from voltseal.alert.sinks import Topic, Webhook
from voltseal.alert.watch import Troubles, new_alarms
from voltseal.config import AlertTable, Config, ConfigError
from voltseal.log_check.state import LastCheck
from voltseal.standing import Standing
from voltseal.store.interface import AlarmKind, StoredAlarm
from voltseal.wire import statement

SECRET = "a-secret-path-and-token"


class Receiver:
    """A webhook on this machine. `status` is what it answers; `got` are the bodies, `tokens` the headers."""

    def __init__(self) -> None:
        self.status = 200
        self.got: list[dict[str, Any]] = []
        self.tokens: list[str | None] = []
        receiver = self

        class Hook(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if receiver.status == 200:
                    receiver.got.append(json.loads(body))
                receiver.tokens.append(self.headers["Authorization"])
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:1/elsewhere")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Hook)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/{SECRET}"

    def alerts(self) -> list[dict[str, Any]]:
        return [alert for body in self.got for alert in body["alerts"]]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """Ten statements, nothing wrong."""
    made = Ingest(tmp_path)
    made.commit(made.device.messages(10, made.xy))
    return made


def equivocate(ingest: Ingest, count: int = 1) -> None:
    for _ in range(count):
        ingest.device.next_sequence -= 1
        ingest.commit([ingest.device.telemetry_message()])


def config_with(ingest: Ingest, **alert: Any) -> Config:
    return replace(ingest.site.config, alert=AlertTable(**alert))


def test_an_equivocation_is_told_with_both_statements(ingest: Ingest) -> None:
    equivocate(ingest)
    (alert,), seen = new_alarms(ingest.store, -1, NOW_MS)
    assert (alert.kind, alert.state, seen) == (Kind.EQUIVOCATION, State.FIRING, 11)
    about = alert.alarms
    assert about is not None
    assert (about.device, about.count, about.sequence) == (ingest.device.ueid.hex(), 1, 9)
    told = [statement.parse(b64decode(text)) for text in about.statements]
    assert [one.sequence for one in told] == [9, 9]
    assert told[0].digest != told[1].digest
    assert new_alarms(ingest.store, seen, NOW_MS) == ([], seen)


def test_a_flood_is_one_alert_with_a_count(ingest: Ingest) -> None:
    for leaf in range(20, 1520):
        alarm = StoredAlarm(leaf, AlarmKind.EQUIVOCATION if leaf % 2 else AlarmKind.BROKEN_CHAIN, 1, 4, 0, "why")
        ingest.store.add_alarm(alarm)
    alerts, seen = new_alarms(ingest.store, -1, NOW_MS)
    assert seen == 1519
    abouts = [alert.alarms for alert in alerts]
    assert [(one.count, one.first_leaf_index, one.last_leaf_index) for one in abouts if one] == [
        (750, 20, 1518), (750, 21, 1519)
    ]  # fmt: skip


STANDING = Standing(10, 10, 10, 0, 10, 0, None, {}, None)
UNSOUND = LastCheck(1, 10, 2, ("entry-altered: entry 3", "more"))
HOUR_MS = 3_600_000


def test_troubles_are_told_when_they_begin_again_while_they_last_and_when_they_end(ingest: Ingest) -> None:
    config = replace(config_with(ingest, anchor_age_h=2, repeat_h=1), anchors=(object(),))  # type: ignore[arg-type]
    troubles = Troubles(config)

    def told(standing: Standing, now_ms: int, **changes: Any) -> list[tuple[Kind, State]]:
        return [(one.kind, one.state) for one in troubles.look(standing, live(**changes), now_ms)]

    old = replace(STANDING, unanchored_ms=0)
    assert told(STANDING, 0) == []
    assert told(old, 2 * HOUR_MS) == []
    assert told(old, 2 * HOUR_MS + 1000) == [(Kind.ANCHOR_OLD, State.FIRING)]
    assert told(old, 3 * HOUR_MS) == []
    assert told(old, 3 * HOUR_MS + 1000) == [(Kind.ANCHOR_OLD, State.FIRING)]
    assert told(old, 3 * HOUR_MS + 1) == [(Kind.ANCHOR_OLD, State.FIRING)]  # the clock was set back
    both = replace(old, last_check=UNSOUND)
    assert told(both, 3 * HOUR_MS + 2, is_commit_failing=True) == [
        (Kind.LOG_ALTERED, State.FIRING), (Kind.COMMIT_FAILING, State.FIRING)
    ]  # fmt: skip
    assert sorted(told(STANDING, 3 * HOUR_MS + 3)) == [
        (Kind.ANCHOR_OLD, State.RESOLVED), (Kind.COMMIT_FAILING, State.RESOLVED), (Kind.LOG_ALTERED, State.RESOLVED)
    ]  # fmt: skip
    assert Troubles(replace(config, anchors=())).look(old, live(), 9 * HOUR_MS) == []


def test_an_altered_log_is_told_with_what_was_found(ingest: Ingest) -> None:
    (alert,) = Troubles(ingest.site.config).look(replace(STANDING, last_check=UNSOUND), live(), 0)
    assert alert.text == "the check of the log has 2 findings: entry-altered: entry 3"


@dataclass
class FakeSink:
    """Takes what comes, unless it is `down`."""

    name: str = "fake"
    is_down: bool = False
    got: list[tuple[list[str], int]] = field(default_factory=list)

    def send(self, alerts: Sequence[Alert], dropped: int) -> None:
        if self.is_down:
            raise SinkUnavailable("down")
        self.got.append(([alert.text for alert in alerts], dropped))


def numbered(first: int, end: int) -> list[Alert]:
    return [Alert(Kind.ANCHOR_OLD, State.FIRING, 0, str(number)) for number in range(first, end)]


def test_a_channel_keeps_its_order_and_its_bounds_and_tries_again_later() -> None:
    sink = FakeSink(is_down=True)
    channel = Channel(sink)
    channel.offer(numbered(0, MAX_WAITING + 7))
    tries = 0
    for second in range(1000):
        before, sink.is_down = channel._not_before_s, True
        channel.deliver(float(second))
        tries += channel._not_before_s != before
    assert tries == 11  # at once, after 1, 2, 4 ... 256, and then every 300 s
    sink.is_down = False
    channel.deliver(channel._not_before_s)
    texts = [text for batch, _ in sink.got for text in batch]
    assert texts == [str(number) for number in range(7, MAX_WAITING + 7)]
    assert [dropped for _, dropped in sink.got] == [7] + [0] * (len(sink.got) - 1)
    assert max(len(batch) for batch, _ in sink.got) == 50


def test_a_webhook_gets_json_and_its_token(ingest: Ingest, receiver: Receiver, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(SECRET + "\n")
    token.chmod(0o600)
    hook = Webhook(config_with(ingest, webhook_url=receiver.url, webhook_token_file=token))
    equivocate(ingest)
    alerts, _ = new_alarms(ingest.store, -1, NOW_MS)
    hook.send(alerts, 3)
    assert receiver.tokens == [f"Bearer {SECRET}"]
    (body,) = receiver.got
    assert (body["origin"], body["site"], body["dropped"]) == ("example.org/test", "test", 3)
    assert body["alerts"] == [json.loads(json.dumps(alerts[0].content()))]
    for status in (302, 401, 500):
        receiver.status = status
        with pytest.raises(SinkUnavailable, match=f"127.0.0.1 answered {status}") as error:
            hook.send(alerts, 0)
        assert SECRET not in str(error.value)
    nobody = Webhook(config_with(ingest, webhook_url=f"http://127.0.0.1:1/{SECRET}"))
    with pytest.raises(SinkUnavailable, match=r"127.0.0.1: ConnectionRefusedError") as refused:
        nobody.send(alerts, 0)
    assert SECRET not in str(refused.value)


def test_a_token_that_others_may_read_is_refused(ingest: Ingest, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text(SECRET)
    token.chmod(0o644)
    with pytest.raises(ConfigError, match="may be read by others"):
        sinks_of(config_with(ingest, webhook_url="http://x/", webhook_token_file=token), lambda *_: True)
    token.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        sinks_of(config_with(ingest, webhook_url="http://x/", webhook_token_file=token), lambda *_: True)


def test_a_topic_gets_one_message_for_each_alert_while_there_is_a_session(ingest: Ingest) -> None:
    sent: list[tuple[str, dict[str, Any]]] = []
    is_up = True

    def publish(topic: str, payload: bytes) -> bool:
        if is_up:
            sent.append((topic, json.loads(payload)))
        return is_up

    sink = Topic(config_with(ingest, mqtt_topic="voltseal/1/test/alert"), publish)
    sink.send(numbered(0, 2), 5)
    assert [topic for topic, _ in sent] == ["voltseal/1/test/alert"] * 2
    assert [(body["alerts"][0]["text"], body["dropped"]) for _, body in sent] == [("0", 5), ("1", 0)]
    is_up = False
    with pytest.raises(SinkUnavailable):
        sink.send(numbered(0, 1), 0)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltseal.alert.service._LOOK_S", 0.02)
    monkeypatch.setattr("voltseal.alert.channel._FIRST_RETRY_S", 0.05)


def service(ingest: Ingest, receiver: Receiver) -> AlertService:
    config = config_with(ingest, webhook_url=receiver.url)
    made = AlertService(config, live, sinks_of(config, lambda *_: True))
    made.start()
    return made


@pytest.mark.usefixtures("quick")
async def test_what_could_not_be_sent_is_sent_after_a_restart(
    ingest: Ingest, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    equivocate(ingest)  # long known when alerts are switched on
    first = service(ingest, receiver)
    path = cursor_path(ingest.site.config.store.path)
    await wait_until(path.exists)
    equivocate(ingest)
    await wait_until(lambda: len(receiver.alerts()) == 1)
    receiver.status = 503
    equivocate(ingest, 2)
    await wait_until(lambda: "alerts not sent sink=webhook" in caplog.text)
    first.stop()
    assert len(receiver.alerts()) == 1
    receiver.status = 200
    second = service(ingest, receiver)
    await wait_until(lambda: sum(alert["alarms"]["count"] for alert in receiver.alerts()) == 3)
    await wait_until(lambda: json.loads(path.read_text()) == {"alarms_up_to": 14})
    second.stop()
    third = service(ingest, receiver)
    await wait_until(third._thread.is_alive)
    third.stop()
    assert sum(alert["alarms"]["count"] for alert in receiver.alerts()) == 3
    assert SECRET not in caplog.text


@pytest.mark.usefixtures("quick")
async def test_a_position_that_cannot_be_read_tells_everything_again(ingest: Ingest, receiver: Receiver) -> None:
    equivocate(ingest)
    cursor_path(ingest.site.config.store.path).write_text("nonsense")
    running = service(ingest, receiver)
    await wait_until(lambda: len(receiver.alerts()) == 1)
    running.stop()

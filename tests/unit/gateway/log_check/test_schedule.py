"""The check in parts and on a schedule: the same findings as in one go, going on after a stop, and slow enough."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gateway_ingest import Ingest
from tests.gateway_site import wait_until

from voltseal.config import CheckTable, Config
from voltseal.ingest.integrate import LogWriter
from voltseal.keys import read_log_key
from voltseal.log.sequencer import BatchPolicy
from voltseal.log_check import check_log
from voltseal.log_check.schedule import ScheduledCheck, _Pace, _Stopped
from voltseal.log_check.state import CheckState, LastCheck, Position, read_state, state_path, write_state

STATEMENTS = 700  # more than two chunks


class Interrupted(Exception):
    """Ends a check."""


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """A log with a checkpoint every hundred statements."""
    made = Ingest(tmp_path)
    messages = made.device.messages(STATEMENTS, made.xy)
    writer = LogWriter(made.store, read_log_key(made.site.config), BatchPolicy(1, 0))
    for at in range(0, STATEMENTS, 100):
        made.commit(messages[at : at + 100])
        writer.step(at, tick=True, force=True)
    return made


def in_parts(ingest: Ingest, harm: str | None = None) -> Position:
    """Check until the first chunk is done, and then stop as a process does; `harm` is done to the store afterwards."""
    kept: list[Position] = []

    def stop(_done: int, _all: int) -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        check_log(ingest.store, ingest.site.log_key, stop, save=lambda position: kept.append(position()))
    write_state(ingest.site.config.store.path, CheckState("example.org/test", None, kept[-1]))
    if harm is not None:
        ingest.store.connection.execute(harm)
    position = read_state(ingest.site.config.store.path, "example.org/test").position
    assert position == kept[-1]
    return position


def test_the_rest_of_a_check_ends_as_the_whole(ingest: Ingest) -> None:
    position = in_parts(ingest)
    assert position.report.entries == 256
    rest = check_log(ingest.store, ingest.site.log_key, resume=position)
    assert rest == check_log(ingest.store, ingest.site.log_key)
    assert (rest.is_sound, rest.entries, rest.statements, rest.checkpoints) == (True, 701, 700, 7)
    assert position.report.entries == 256  # what was kept is not touched


def test_what_was_appended_meanwhile_is_checked_as_well(ingest: Ingest) -> None:
    position = in_parts(ingest)
    ingest.commit([ingest.device.telemetry_message() for _ in range(50)])
    LogWriter(ingest.store, read_log_key(ingest.site.config), BatchPolicy(1, 0)).step(0, tick=True, force=True)
    rest = check_log(ingest.store, ingest.site.log_key, resume=position)
    assert (rest.is_sound, rest.entries, rest.checkpoints) == (True, 751, 8)


@pytest.mark.parametrize("leaf_index", [256, 300, 700])
def test_an_entry_altered_behind_the_position_is_found(ingest: Ingest, leaf_index: int) -> None:
    position = in_parts(ingest, f"UPDATE entries SET received_ms = 1, raw = x'00' WHERE leaf_index = {leaf_index}")
    rest = check_log(ingest.store, ingest.site.log_key, resume=position)
    assert {one.leaf_index for one in rest.findings if one.code == "entry-altered"} == {leaf_index}
    assert any(one.code == "root-mismatch" for one in rest.findings)


def test_findings_of_the_first_part_stay(ingest: Ingest) -> None:
    ingest.store.connection.execute("UPDATE entries SET raw = x'00' WHERE leaf_index = 9")
    position = in_parts(ingest)
    assert check_log(ingest.store, ingest.site.log_key, resume=position) == check_log(ingest.store, ingest.site.log_key)


def test_after_a_hole_there_is_nothing_to_go_on_from(ingest: Ingest) -> None:
    ingest.store.connection.execute("DELETE FROM entries WHERE leaf_index = 9")
    kept: list[Position] = []
    report = check_log(ingest.store, ingest.site.log_key, save=lambda position: kept.append(position()))
    assert (kept, any(one.code == "entry-missing" for one in report.findings)) == ([], True)


def test_a_position_of_a_longer_store_is_not_believed(ingest: Ingest, tmp_path: Path) -> None:
    other = Ingest(tmp_path / "other")
    report = check_log(other.store, other.site.log_key, resume=in_parts(ingest))
    assert (report.is_sound, report.entries) == (True, 1)


def test_a_state_that_claims_other_hashes_is_noticed_at_the_next_checkpoint(ingest: Ingest) -> None:
    position = in_parts(ingest)
    (width, root), *more = position.roots.subtrees
    forged = replace(position.roots, subtrees=((width, bytes(32)), *more))  # type: ignore[arg-type]
    assert root != bytes(32)
    rest = check_log(ingest.store, ingest.site.log_key, resume=replace(position, roots=forged))
    assert [one.code for one in rest.findings] == ["root-mismatch"]


@pytest.mark.parametrize("change", [{"format": "other"}, {"origin": "other"}, {"position": {}}, {"last": 7}, None])
def test_a_state_that_cannot_be_read_is_none(ingest: Ingest, change: dict[str, object] | None) -> None:
    in_parts(ingest)
    path = state_path(ingest.site.config.store.path)
    path.write_text("nonsense" if change is None else json.dumps(json.loads(path.read_text()) | change))
    assert read_state(ingest.site.config.store.path, "example.org/test") == CheckState("example.org/test")


def with_check(ingest: Ingest, **check: float) -> Config:
    return replace(ingest.site.config, check=CheckTable(**check))


async def test_the_scheduled_check_ends_and_is_kept(ingest: Ingest, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    config = with_check(ingest, share=1.0)
    running = ScheduledCheck(config, first_after_s=0)
    running.start()
    await wait_until(lambda: read_state(config.store.path, "example.org/test").last is not None)
    running.stop()
    last = read_state(config.store.path, "example.org/test").last
    assert last is not None
    assert (last.is_sound, last.entries) == (True, 701)
    assert "log check ended sound=true entries=701" in caplog.text
    assert 23 * 3_600_000 < running._due_in_ms() <= 24 * 3_600_000


async def test_the_scheduled_check_finds_what_was_altered(ingest: Ingest, caplog: pytest.LogCaptureFixture) -> None:
    ingest.store.connection.execute("UPDATE entries SET raw = x'00' WHERE leaf_index = 500")
    config = with_check(ingest, share=1.0)
    running = ScheduledCheck(config, first_after_s=0)
    running.start()
    await wait_until(lambda: read_state(config.store.path, "example.org/test").last is not None)
    running.stop()
    last = read_state(config.store.path, "example.org/test").last
    assert last is not None
    assert not last.is_sound
    assert any(text.startswith("entry-altered: entry 500") for text in last.findings)
    assert "log check ended sound=false" in caplog.text


async def test_a_stop_keeps_the_position_and_the_next_start_goes_on(
    ingest: Ingest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    config = with_check(ingest, share=0.001)
    before = LastCheck(1, 5, 0)
    write_state(config.store.path, CheckState("example.org/test", before))
    running = ScheduledCheck(config, first_after_s=0, save_s=0)
    running.start()
    await wait_until(lambda: read_state(config.store.path, "example.org/test").position is not None)
    begin = time.monotonic()
    running.stop()
    assert time.monotonic() - begin < 5
    state = read_state(config.store.path, "example.org/test")
    assert state.last == before
    again = ScheduledCheck(with_check(ingest, share=1.0), first_after_s=0)
    assert again._due_in_ms() == 0
    again.start()
    await wait_until(lambda: read_state(config.store.path, "example.org/test").last != before)
    again.stop()
    assert "log check begins entry=256" in caplog.text
    assert "log check ended sound=true entries=701" in caplog.text


def test_the_pace_rests_in_proportion() -> None:
    pace = _Pace(0.25, threading.Event())
    time.sleep(0.02)
    begin = time.monotonic()
    pace.rest()
    assert 0.05 < time.monotonic() - begin < 2
    stop = threading.Event()
    stop.set()
    with pytest.raises(_Stopped):
        _Pace(0.5, stop).rest()

"""Check and commit: outcomes, what is stored with them, what a failure leaves, and the receipts."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from tests.gateway_ingest import NOW_MS, Ingest

from voltseal.ingest.arrival import Arrival
from voltseal.ingest.check import Genuine, Refused
from voltseal.ingest.registrar import revoke_request
from voltseal.log.merkle import leaf_hash
from voltseal.store.interface import EntryKind, Run, StoreError
from voltseal.wire.errors import WireError
from voltseal.wire.ids import Kid
from voltseal.wire.message import parse_up
from voltseal.wire.outcome import Outcome
from voltseal.wire.receipt import decode
from voltseal_sim.load import LoadDevice, LoadMessage


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    return Ingest(tmp_path)


def stored_raw(ingest: Ingest, device: LoadDevice) -> list[bytes]:
    return [entry.raw for entry in ingest.store.statements_of(device.ueid, 0, 1 << 48)]


def receipted(device: LoadDevice, payload: bytes) -> tuple[tuple[int, int], ...]:
    receipt = decode(device.receipt_key, payload)
    assert receipt.boot_count == device.boot_count
    return receipt.ranges


def fork(device: LoadDevice, at: int) -> LoadMessage:
    """Another statement with the number `at`; the device goes on as if nothing had happened."""
    kept = (device.next_sequence, device.prev)
    device.next_sequence = at
    message = device.telemetry_message()
    device.next_sequence, device.prev = kept
    return message


def test_a_group_is_stored_whole_with_its_disclosures(ingest: Ingest) -> None:
    messages = ingest.device.messages(4, ingest.xy)
    committed = ingest.commit(messages)
    assert committed.outcomes == {Outcome.ACCEPTED: 4}
    assert stored_raw(ingest, ingest.device) == [parse_up(m.payload).statement.raw for m in messages]
    for message in messages[1:]:
        entry = next(ingest.store.statements_of(ingest.device.ueid, message.sequence, message.sequence))
        disclosure, up = ingest.store.disclosure(entry.leaf_index), parse_up(message.payload)
        assert disclosure is not None
        assert (disclosure.seed, disclosure.columns) == (up.seed, up.columns_raw)
    assert [entry.kind for entry in ingest.store.declarations_of(ingest.device.ueid)] == [EntryKind.BOOT]


def test_receipts_are_cumulative_and_one_a_device(ingest: Ingest) -> None:
    one, two = ingest.device, ingest.another()
    first = [*one.messages(3, ingest.xy), *two.messages(2, ingest.xy)]
    committed = ingest.commit(first)
    topics = [topic for topic, _ in committed.receipts]
    assert topics == [f"voltseal/1/test/{device.ueid.hex()}/down" for device in (one, two)]
    assert receipted(one, committed.receipts[0][1]) == ((0, 2),)
    committed = ingest.commit([one.telemetry_message()])
    assert receipted(one, committed.receipts[0][1]) == ((0, 3),)


def test_a_receipt_names_the_runs_of_what_it_is_for(ingest: Ingest) -> None:
    messages = ingest.device.messages(60, ingest.xy)
    ((_, payload),) = ingest.commit(messages[:1] + messages[4:6] + messages[8:9]).receipts
    assert receipted(ingest.device, payload) == ((0, 0), (4, 5), (8, 8))
    ((_, payload),) = ingest.commit(messages[6:8]).receipts
    assert receipted(ingest.device, payload) == ((4, 8),)
    payloads = [payload for _, payload in ingest.commit(messages[10::2]).receipts]
    assert [len(receipted(ingest.device, payload)) for payload in payloads] == [16, 9]


def test_without_a_boot_statement_there_is_no_key_and_no_receipt(ingest: Ingest) -> None:
    boot, *rest = ingest.device.messages(3, ingest.xy)
    assert ingest.commit(rest).receipts == ()
    ((_, payload),) = ingest.commit([boot]).receipts
    assert receipted(ingest.device, payload) == ((0, 2),)


def test_receipts_go_on_under_the_same_key_after_a_restart(ingest: Ingest) -> None:
    ingest.commit(ingest.device.messages(3, ingest.xy))
    ingest.reopen()
    ((_, payload),) = ingest.commit([ingest.device.telemetry_message()]).receipts
    assert receipted(ingest.device, payload) == ((0, 3),)


def test_a_new_boot_brings_a_new_key_and_an_old_one_sent_again_does_not(ingest: Ingest) -> None:
    device = ingest.device
    first = device.messages(2, ingest.xy)
    ingest.commit(first)
    ingest.commit([device.boot_message(ingest.xy)])
    ((_, payload),) = ingest.commit(first).receipts
    assert receipted(device, payload) == ((0, 2),)


def test_a_second_boot_statement_of_one_boot_count_does_not_take_over_the_receipts(ingest: Ingest) -> None:
    device = ingest.device
    ingest.commit(device.messages(2, ingest.xy))
    key = device.receipt_key
    device.boot_count -= 1
    assert ingest.outcomes([device.boot_message(ingest.xy)]) == [Outcome.ACCEPTED]
    device.receipt_key = key
    ((_, payload),) = ingest.commit([device.telemetry_message()]).receipts
    assert receipted(device, payload) == ((0, 3),)


def test_the_same_bytes_are_a_duplicate_in_a_later_group_and_in_the_same(ingest: Ingest) -> None:
    messages = ingest.device.messages(3, ingest.xy)
    assert ingest.commit(messages + messages).outcomes == {Outcome.ACCEPTED: 3, Outcome.DUPLICATE: 3}
    assert ingest.outcomes(messages) == [Outcome.DUPLICATE] * 3
    assert len(stored_raw(ingest, ingest.device)) == 3


def test_an_equivocation_is_stored_beside_the_first_with_an_alarm(ingest: Ingest) -> None:
    device = ingest.device
    messages = device.messages(3, ingest.xy)
    other = fork(device, 1)
    committed = ingest.commit([*messages, other])
    assert committed.outcomes == {Outcome.ACCEPTED: 3, Outcome.EQUIVOCATION: 1}
    assert ingest.outcomes([other, messages[1]]) == [Outcome.DUPLICATE] * 2
    assert [entry.sequence for entry in ingest.store.statements_of(device.ueid, 1, 1)] == [1, 1]
    (alarm,) = ingest.store.alarms()
    assert (alarm.kind.name, alarm.sequence) == ("EQUIVOCATION", 1)
    assert ingest.store.entry(alarm.leaf_index) is not None


def test_a_successor_of_either_equivocating_statement_is_accepted(ingest: Ingest) -> None:
    device = ingest.device
    ingest.commit(device.messages(3, ingest.xy))
    other = fork(device, 2)
    ingest.commit([other])
    device.prev = parse_up(other.payload).statement.digest
    assert ingest.outcomes([device.telemetry_message()]) == [Outcome.ACCEPTED]


def test_prev_must_fit_the_neighbour_below_and_the_one_above(ingest: Ingest) -> None:
    device = ingest.device
    messages = device.messages(6, ingest.xy)
    wrong = device.telemetry_message()
    ingest.commit([*messages[:2], *messages[4:]])
    assert ingest.outcomes([fork(device, 3)]) == [Outcome.BROKEN_CHAIN]
    assert ingest.outcomes([fork(device, 2)]) == [Outcome.BROKEN_CHAIN]
    ingest.commit([wrong])
    device.prev = bytes(32)
    assert ingest.outcomes([device.telemetry_message()]) == [Outcome.BROKEN_CHAIN]
    assert [alarm.kind.name for alarm in ingest.store.alarms()] == ["BROKEN_CHAIN"] * 3


def test_boot_counts_must_not_fall_with_growing_numbers(ingest: Ingest) -> None:
    device = ingest.device
    ingest.commit(device.messages(2, ingest.xy))
    device.boot_count = 4
    ingest.commit([device.boot_message(ingest.xy)])  # boot 5, number 2
    device.boot_count = 4
    assert ingest.outcomes([device.telemetry_message()]) == [Outcome.BOOT_REGRESSION]
    device.next_sequence, device.boot_count = 9, 6
    ingest.commit([device.telemetry_message()])
    device.next_sequence, device.boot_count = 7, 7
    assert ingest.outcomes([device.telemetry_message()]) == [Outcome.BOOT_REGRESSION]
    device.next_sequence, device.boot_count = 5, 5
    assert ingest.outcomes([device.telemetry_message()]) == [Outcome.ACCEPTED]


@pytest.mark.parametrize("order", [range(8), reversed(range(8)), (3, 1, 0, 2, 7, 5, 6, 4)], ids=["up", "down", "mixed"])
def test_any_order_of_arrival_gives_the_same_chain(ingest: Ingest, order: range) -> None:
    messages = ingest.device.messages(8, ingest.xy)
    assert ingest.outcomes([messages[number] for number in order]) == [Outcome.ACCEPTED] * 8
    assert ingest.store.runs_of(ingest.device.ueid) == [Run(0, 7)]
    assert ingest.store.alarms() == []


def test_memory_after_a_restart_is_memory_before_it(ingest: Ingest) -> None:
    device = ingest.device
    messages = device.messages(9, ingest.xy)
    ingest.commit([*messages[:3], *messages[5:7]])
    ingest.reopen()
    assert ingest.outcomes([*messages[:7], *messages[7:], fork(device, 3)]) == [
        *[Outcome.DUPLICATE] * 3, *[Outcome.ACCEPTED] * 2, *[Outcome.DUPLICATE] * 2, *[Outcome.ACCEPTED] * 2,
        Outcome.EQUIVOCATION,
    ]  # fmt: skip


def test_a_topic_does_not_fill_the_quarantine(ingest: Ingest) -> None:
    refused = Refused(Arrival("voltseal/1/test/" + "x" * 60_000 + "/up", b"", NOW_MS, 1, 1, 1), Outcome.MALFORMED, "r")
    ingest.committer.commit([refused])
    (kept,) = ingest.store.quarantined(9)
    assert (kept.topic[:18], len(kept.topic)) == ("voltseal/1/test/xx", 256)


def test_a_refused_message_is_quarantined_whole_and_not_logged(ingest: Ingest) -> None:
    message = ingest.device.boot_message(ingest.xy)
    broken = LoadMessage(message.topic, message.ueid, 0, message.payload[:-1])
    before = ingest.store.entry_count()
    committed = ingest.commit([broken])
    assert (committed.outcomes, committed.receipts) == ({Outcome.MALFORMED: 1}, ())
    assert ingest.store.entry_count() == before
    (kept,) = ingest.store.quarantined(9)
    assert (kept.payload, kept.topic, kept.outcome) == (broken.payload, broken.topic, "malformed")
    assert kept.reason


@pytest.mark.parametrize(
    "topic", ["voltseal/1/other/{}/up", "voltseal/1/test/{}/down", "voltseal/2/test/{}/up", "", "x"]
)
def test_only_the_devices_own_topic_is_right(ingest: Ingest, topic: str) -> None:
    message = ingest.device.boot_message(ingest.xy)
    wrong = LoadMessage(topic.format(ingest.device.ueid.hex()), message.ueid, 0, message.payload)
    assert ingest.outcomes([wrong]) == [Outcome.WRONG_TOPIC]


def test_a_boot_statement_that_names_another_device_is_refused(ingest: Ingest) -> None:
    device = ingest.device
    own = device.ueid
    device.ueid = ingest.another().ueid
    message = device.boot_message(ingest.xy)
    wrong = LoadMessage(f"voltseal/1/test/{own.hex()}/up", own, 0, message.payload)
    assert ingest.outcomes([wrong]) == [Outcome.WRONG_TOPIC]


def test_a_revocation_between_check_and_commit_still_counts(ingest: Ingest) -> None:
    device = ingest.device
    judged = ingest.judge(device.messages(2, ingest.xy))
    ingest.registrar.carry_out("revoke", revoke_request(Kid(device.kid), 0, "stolen"), NOW_MS)
    assert ingest.committer.commit(judged).outcomes == {Outcome.REVOKED_KEY: 2}
    assert stored_raw(ingest, device) == []


def test_an_untimed_statement_after_a_revocation_is_late_whatever_the_clock_says(ingest: Ingest) -> None:
    """It would stand behind the revocation in the log, where no verifier counts it; clocks may be set back."""
    (judged,) = ingest.judge(ingest.device.messages(1, ingest.xy), received_ms=NOW_MS - 60_000)
    assert isinstance(judged, Genuine)
    untimed = replace(judged.message.statement, time_quality=0, time_ms=5)
    ingest.registrar.carry_out("revoke", revoke_request(Kid(ingest.device.kid), NOW_MS, "stolen"), NOW_MS)
    late = replace(judged, message=replace(judged.message, statement=untimed))
    assert ingest.committer.commit([late]).outcomes == {Outcome.REVOKED_KEY: 1}


def test_a_failed_commit_changes_nothing_and_can_be_repeated(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    messages = ingest.device.messages(3, ingest.xy)
    ingest.commit(messages[:1])
    before = ingest.store.entry_count()

    def full(_counts: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(type(ingest.store), "count_outcomes", lambda _store, counts: full(counts))
        with pytest.raises(sqlite3.OperationalError, match="full"):
            ingest.commit(messages)
    assert ingest.store.entry_count() == before
    assert ingest.commit(messages).outcomes == {Outcome.DUPLICATE: 1, Outcome.ACCEPTED: 2}
    assert ingest.store.runs_of(ingest.device.ueid) == [Run(0, 2)]


def test_a_defect_in_a_check_costs_one_message_only(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    messages = ingest.device.messages(2, ingest.xy)
    monkeypatch.setattr("voltseal.ingest.check.message.check_commitment", lambda _up: 1 // 0)
    judged = ingest.judge(messages)
    assert all(isinstance(one, Refused) and one.outcome is Outcome.MALFORMED for one in judged)
    assert "check failed" in caplog.text


def test_a_missing_boot_entry_is_an_error_that_says_what_to_do(ingest: Ingest) -> None:
    ingest.commit(ingest.device.messages(1, ingest.xy))
    ingest.reopen()
    ingest.store.connection.execute("DELETE FROM entries WHERE kind = 2")
    with pytest.raises(StoreError, match="is missing") as caught:
        ingest.commit([ingest.device.telemetry_message()])
    assert caught.value.hint == "voltseal log check"


def test_registry_events_are_entries_and_refusals_change_nothing(ingest: Ingest) -> None:
    before = ingest.store.entry_count()
    with pytest.raises(WireError, match="cannot be read"):
        ingest.registrar.carry_out("enrol", {"endorsement": "?"}, NOW_MS)
    with pytest.raises(WireError, match="cannot be read"):
        ingest.registrar.carry_out("dance", {}, NOW_MS)
    assert ingest.store.entry_count() == before
    raw = next(ingest.store.key_events_of(ingest.device.ueid)).raw
    assert ingest.registry.history(ingest.device.ueid) is not None  # type: ignore[arg-type]
    assert leaf_hash(raw)

"""voltseal log check finds what was changed behind the gateway's back, and says which entry."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.gateway_ingest import NOW_MS, Ingest

from voltseal.ingest.integrate import LogWriter
from voltseal.ingest.registrar import revoke_request
from voltseal.keys import read_log_key
from voltseal.log.merkle import leaf_hash
from voltseal.log.sequencer import BatchPolicy
from voltseal.log_check import LogReport, check_log
from voltseal.wire.ids import Kid

STATEMENTS = 600


@pytest.fixture
def ingest(tmp_path: Path) -> Ingest:
    """A log of three tiles with a checkpoint every 100 entries."""
    ingest = Ingest(tmp_path)
    writer = LogWriter(ingest.store, read_log_key(ingest.site.config), BatchPolicy(1, 0))
    messages = ingest.device.messages(STATEMENTS, ingest.xy)
    for at in range(0, STATEMENTS, 100):
        ingest.commit(messages[at : at + 100])
        assert writer.step(NOW_MS + at, tick=True) is not None
    return ingest


def check(ingest: Ingest) -> LogReport:
    return check_log(ingest.store, ingest.site.log_key)


def execute(ingest: Ingest, sql: str, *values: object) -> None:
    assert ingest.store.connection.execute(sql, values).rowcount > 0


def found(report: LogReport) -> set[tuple[str, int | None]]:
    return {(finding.code, finding.leaf_index) for finding in report.findings}


def raw_of(ingest: Ingest, leaf_index: int) -> bytes:
    entry = ingest.store.entry(leaf_index)
    assert entry is not None
    return entry.raw


def flip(raw: bytes) -> bytes:
    """With the last bit changed: of a statement, that of its signature."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


def test_an_untouched_log_is_sound(ingest: Ingest) -> None:
    steps: list[tuple[int, int]] = []
    report = check_log(ingest.store, ingest.site.log_key, lambda done, total: steps.append((done, total)))
    assert report.is_sound
    assert (report.entries, report.statements, report.checkpoints) == (STATEMENTS + 1, STATEMENTS, 6)
    assert steps[-1] == (STATEMENTS + 1, STATEMENTS + 1)


def test_an_entry_that_is_not_integrated_yet_is_checked_too(ingest: Ingest) -> None:
    ingest.commit([ingest.device.telemetry_message()])
    assert check(ingest).is_sound
    last = ingest.store.next_leaf - 1
    execute(ingest, "UPDATE entries SET raw = ? WHERE leaf_index = ?", flip(raw_of(ingest, last)), last)
    assert found(check(ingest)) == {("bad-signature", last)}


def test_a_log_after_a_revocation_is_sound(ingest: Ingest) -> None:
    ingest.registrar.carry_out("revoke", revoke_request(Kid(ingest.device.kid), NOW_MS, "sold"), NOW_MS)
    assert check(ingest).is_sound


@pytest.mark.parametrize("leaf_index", [1, 255, 256, 600])
def test_an_altered_row_is_named(ingest: Ingest, leaf_index: int) -> None:
    execute(ingest, "UPDATE entries SET raw = ? WHERE leaf_index = ?", flip(raw_of(ingest, leaf_index)), leaf_index)
    report = check(ingest)
    assert {("entry-altered", leaf_index), ("bad-signature", leaf_index), ("root-mismatch", None)} <= found(report)


def test_an_altered_registry_event_is_named(ingest: Ingest) -> None:
    execute(ingest, "UPDATE entries SET raw = ? WHERE leaf_index = 0", flip(raw_of(ingest, 0)))
    assert {("root-mismatch", None), ("entry-altered", 0)} <= found(check(ingest))


def test_a_registry_event_that_cannot_be_read_is_found_with_the_statements_it_let_in(ingest: Ingest) -> None:
    execute(ingest, "UPDATE entries SET raw = ? WHERE leaf_index = 0", raw_of(ingest, 0)[:-1])
    assert {("registry-damaged", None), ("malformed", 0), ("unknown-device", 1)} <= found(check(ingest))


def test_a_row_and_its_tile_altered_together_still_contradict_the_checkpoint(ingest: Ingest) -> None:
    other = flip(raw_of(ingest, 150))
    execute(ingest, "UPDATE entries SET raw = ? WHERE leaf_index = 150", other)
    tile = bytearray(ingest.store.read_tile(0, 0) or b"")
    tile[150 * 32 : 151 * 32] = leaf_hash(other)
    execute(ingest, "UPDATE tiles SET hashes = ? WHERE tile_key = 0", bytes(tile))
    report = check(ingest)
    assert ("entry-altered", 150) not in found(report)
    (mismatch,) = [finding for finding in report.findings if finding.code == "root-mismatch"]
    assert "an entry from 101 to 200 was altered" in mismatch.message


def test_a_deleted_row_is_named(ingest: Ingest) -> None:
    execute(ingest, "DELETE FROM entries WHERE leaf_index = 300")
    assert {("entry-missing", 300), ("root-mismatch", None), ("index-altered", None)} <= found(check(ingest))


def test_entries_cut_off_at_the_end_are_missed(ingest: Ingest) -> None:
    execute(ingest, "DELETE FROM entries WHERE leaf_index > 550")
    assert ("entries-lost", None) in found(check(ingest))


def test_a_statement_filed_under_another_number_is_found(ingest: Ingest) -> None:
    execute(ingest, "UPDATE entries SET sequence = 7000 WHERE leaf_index = 20")
    assert {("index-altered", 20), ("index-altered", None)} <= found(check(ingest))


def test_readings_that_do_not_fit_their_commitment_are_found(ingest: Ingest) -> None:
    execute(ingest, "UPDATE disclosures SET seed = ? WHERE leaf_index = 30", bytes(16))
    assert found(check(ingest)) == {("bad-commitment", 30)}


def test_erased_readings_are_no_finding(ingest: Ingest) -> None:
    execute(ingest, "DELETE FROM disclosures")
    assert check(ingest).is_sound


def test_a_forged_checkpoint_is_found(ingest: Ingest) -> None:
    execute(ingest, "UPDATE checkpoints SET raw = CAST(replace(raw, '401', '400') AS BLOB) WHERE number = 3")
    assert ("checkpoint-altered", None) in found(check(ingest))


def test_a_checkpoint_that_is_no_note_at_all_is_found(ingest: Ingest) -> None:
    execute(ingest, "UPDATE checkpoints SET raw = 'text' WHERE number = 2")
    assert found(check(ingest)) == {("checkpoint-altered", None)}


def test_only_the_first_findings_are_listed_but_all_are_counted(ingest: Ingest) -> None:
    execute(ingest, "UPDATE disclosures SET seed = ?", bytes(16))
    report = check(ingest)
    assert (len(report.findings), report.findings_total) == (100, STATEMENTS - 1)

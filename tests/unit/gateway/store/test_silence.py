"""Silence is measured against what the device itself said is normal."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from tests.gateway_ingest import NOW_MS, Ingest

from voltseal.store.interface import StoredDevice
from voltseal.store.reader import SqliteReader
from voltseal.store.silence import cadence_ms_of, is_silent

CADENCE_MS = 10_000  # what the load generator's devices declare


def device_of(reader: SqliteReader) -> StoredDevice:
    (device,) = reader.devices()
    return device


def test_the_cadence_is_that_of_the_newest_boot_statement(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest = Ingest(tmp_path)
    ingest.commit([ingest.device.boot_message(ingest.xy), ingest.device.telemetry_message()])
    with closing(SqliteReader.open(ingest.site.config.store.path)) as reader:
        assert cadence_ms_of(reader, ingest.device.ueid) == CADENCE_MS
    monkeypatch.setattr("voltseal_sim.load._CADENCE_MS", 77)
    ingest.commit([ingest.device.boot_message(ingest.xy)])
    with closing(SqliteReader.open(ingest.site.config.store.path)) as reader:
        assert cadence_ms_of(reader, ingest.device.ueid) == 77


def test_more_than_the_cadence_is_silence_and_never_having_spoken_is_not(tmp_path: Path) -> None:
    ingest = Ingest(tmp_path)
    with closing(SqliteReader.open(ingest.site.config.store.path)) as reader:
        assert cadence_ms_of(reader, ingest.device.ueid) is None
        assert not is_silent(device_of(reader), None, NOW_MS * 2)
        assert not is_silent(device_of(reader), CADENCE_MS, NOW_MS * 2)
    ingest.commit([ingest.device.boot_message(ingest.xy)])
    with closing(SqliteReader.open(ingest.site.config.store.path)) as reader:
        device = device_of(reader)
        assert not is_silent(device, CADENCE_MS, NOW_MS + CADENCE_MS)
        assert is_silent(device, CADENCE_MS, NOW_MS + CADENCE_MS + 1)

"""The size of a reading on the wire stays within its bars; the readings are those of the bench."""

from __future__ import annotations

import runpy
from pathlib import Path

import cbor2
import pytest

BENCH = Path(__file__).resolve().parents[1] / "bench" / "wire.py"


@pytest.mark.parametrize(("count", "bytes_per_reading"), [(1, 280), (10, 52), (60, 32)])
def test_bytes_per_reading(count: int, bytes_per_reading: int) -> None:
    bench = runpy.run_path(str(BENCH))
    assert all(sum(value is not None for value in reading) == 21 for reading in bench["readings"](count))
    message = bench["message"](count)
    statement, _seed, columns = cbor2.loads(message)
    assert cbor2.loads(cbor2.loads(statement).value[2])[8] == count
    assert len(columns) == 30
    assert len(message) <= bytes_per_reading * count
    assert bench["figures"]()[f"wire.bytes_per_reading.{count}"]["value"] == round(len(message) / count, 1)

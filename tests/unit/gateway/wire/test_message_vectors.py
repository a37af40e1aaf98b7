"""Every message of the vectors ends with its outcome, through the gateway's own checks in their order."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from tests.unit.gateway.wire.judging import fleet_checker, outcome_after
from tests.vectors.load import load, vectors

from voltseal.ingest.check import Checker
from voltseal.wire.outcome import Outcome


@pytest.fixture(scope="module")
def checker() -> Checker:
    return fleet_checker()


@pytest.mark.parametrize("vector", vectors("message"))
def test_message_ends_with_its_outcome(checker: Checker, vector: dict[str, Any]) -> None:
    given = vector["input"]
    before = [bytes.fromhex(earlier) for earlier in given["before"]]
    outcome, reason = outcome_after(
        checker, bytes.fromhex(given["payload"]), given["topic"], given["received_ms"], before
    )
    assert outcome == vector["expect"], reason
    assert bool(reason) == (outcome not in ("accepted", "duplicate"))


def test_every_outcome_has_vectors() -> None:
    counted = Counter(vector["expect"] for vector in load("message")["vectors"])
    assert set(counted) == {outcome.value for outcome in Outcome}
    assert counted["accepted"] >= 15
    assert counted.total() - counted["accepted"] >= 150

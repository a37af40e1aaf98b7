"""Every single bit of a valid message matters: each flip is refused, through decode, verification and commitment."""

from __future__ import annotations

import pytest
from tests.unit.gateway.wire.judging import fleet_checker, outcome_after
from tests.vectors.load import load


@pytest.mark.parametrize("name", ["telemetry-one-reading", "telemetry-ten-readings", "boot-plain", "loss-one-range"])
def test_no_flipped_bit_is_accepted(name: str) -> None:
    checker = fleet_checker()
    vector = next(vector for vector in load("message")["vectors"] if vector["name"] == name)
    given = vector["input"]
    valid = bytes.fromhex(given["payload"])
    assert outcome_after(checker, valid, given["topic"], given["received_ms"])[0] == "accepted"
    seen = set()
    for bit in range(len(valid) * 8):
        flipped = bytearray(valid)
        flipped[bit // 8] ^= 1 << bit % 8
        # The original is stored already, so that a flip that were to pass as the same statement would be a duplicate.
        outcome, _ = outcome_after(checker, bytes(flipped), given["topic"], given["received_ms"], [valid])
        assert outcome not in ("accepted", "duplicate", "equivocation"), f"bit {bit}"
        seen.add(outcome)
    expected = {"malformed", "unsupported", "unknown-device", "bad-signature"}
    assert expected <= seen
    assert ("bad-commitment" in seen) == name.startswith("telemetry")

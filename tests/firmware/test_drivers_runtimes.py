"""Every driver reads and refuses the same on CPython and on MicroPython, in a heap of 128 KB."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = pytest.mark.micropython


def counts(lines: list[str]) -> dict[str, int]:
    """How the damaged frames ended: refused with a reason, or read."""
    return {words[0]: int(words[1]) for words in map(str.split, lines) if len(words) == 2 and words[1].isdecimal()}


@pytest.mark.parametrize(
    ("script", "telling"),
    [
        ("driver_daly.py", "remaining_capacity_mah=253240"),
        ("driver_seplos_v3.py", "pack_voltage_mv=52810"),
        ("driver_pylontech.py", "remaining_capacity_mah=48100"),
        ("driver_sunspec.py", "ac_energy_wh=1235891"),
    ],
)
def test_same_report_on_both_runtimes(run_on_both: Callable[..., list[str]], script: str, telling: str) -> None:
    """Whole frames, noise in pieces, and 100,000 damaged frames, each refused with a reason or read."""
    lines = run_on_both(script)
    assert any(telling in line for line in lines)
    ended = counts(lines)
    assert sum(ended.values()) == 100_000
    assert ended["checksum"] > 10_000

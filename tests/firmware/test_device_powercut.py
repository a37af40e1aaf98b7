"""Power cuts at every step of spool, counters and losses, on both Pythons; see mp/device_powercut.py."""

from __future__ import annotations

from collections.abc import Callable

import pytest

pytestmark = [pytest.mark.micropython, pytest.mark.slow]


def test_no_promise_is_broken_by_a_power_cut(run_on_both: Callable[..., list[str]]) -> None:
    # The test keeps the whole world in memory, hence the large heap: this is not a test of memory.
    lines = run_on_both("device_powercut.py", heap="8M")
    facts = dict(line.split(" ", 1) for line in lines if not line.startswith("broken cut"))
    life = dict(word.split("=") for word in facts["uncut"].split())
    assert int(life["full"]) > 20, "the spool overflowed"
    assert int(life["unused"]) > 0, "numbers were left unused"
    assert int(facts["points"]) > 3000
    assert lines[-1] == "broken promises 0", "\n".join(lines)

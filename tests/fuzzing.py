"""How often a property is tried: some hundred times in the tests, a thousand times as often under `make fuzz`."""

from __future__ import annotations

from hypothesis import settings

_USUAL = 100  # Hypothesis's own default


def examples(count: int) -> int:
    """`count`, or as much more as the chosen Hypothesis profile asks for."""
    return count * settings().max_examples // _USUAL

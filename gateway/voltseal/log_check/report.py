"""What a check of the log has read and found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Progress: TypeAlias = Callable[[int, int], None]
"""Called with entries done and entries in all."""

MAX_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was written. `leaf_index` is None where no single entry is to blame."""

    code: str
    leaf_index: int | None
    message: str


@dataclass(slots=True)
class LogReport:
    """What was read, and what was found wrong (the first hundred findings, and how many there were in all)."""

    entries: int = 0
    statements: int = 0
    checkpoints: int = 0
    findings: list[Finding] = field(default_factory=list)
    findings_total: int = 0

    @property
    def is_sound(self) -> bool:
        """Whether nothing was found wrong."""
        return not self.findings_total

    def add(self, code: str, leaf_index: int | None, text: str) -> None:
        """Take note of a finding."""
        self.findings_total += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(code, leaf_index, text))

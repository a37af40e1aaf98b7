"""How the demo is told: a report as data, and a teller that prints it for a person while it happens."""

from __future__ import annotations

import sys
from dataclasses import asdict, dataclass, field
from typing import Any, TextIO

_BAR_WIDTH = 30


@dataclass(frozen=True, slots=True)
class AttackReport:
    """One attack. `expected` and `observed` are outcome codes, or a verifier's `result: code`; `where` saw it."""

    name: str
    deed: str
    where: str
    expected: str
    observed: str

    @property
    def caught(self) -> bool:
        """Whether it was seen for what it was."""
        return self.expected == self.observed


@dataclass(slots=True)
class DemoReport:
    """All that the demo did and saw. `packs` counts each pack's statements in the log."""

    runtime: str = ""
    runtime_note: str = ""
    broker: str = ""
    packs: dict[str, int] = field(default_factory=dict)
    entries: int = 0
    checkpoint_size: int = 0
    anchor: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, Any] = field(default_factory=dict)
    attacks: list[AttackReport] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether everything that was expected happened."""
        return not self.failures and bool(self.attacks) and all(attack.caught for attack in self.attacks)


def to_json(report: DemoReport) -> dict[str, Any]:
    """The report for a program."""
    content = asdict(report)
    content["attacks"] = [asdict(attack) | {"caught": attack.caught} for attack in report.attacks]
    return {"ok": report.ok} | content


class Teller:
    """Prints what happens. Silent when `quiet`, so that a program's JSON stands alone."""

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        """`stream` is standard output by default."""
        self._quiet = quiet
        self._stream = stream or sys.stdout
        self._live = not quiet and self._stream.isatty()
        self._shown = -1

    def line(self, text: str = "") -> None:
        """One line."""
        if not self._quiet:
            print(text, file=self._stream, flush=True)

    def act(self, title: str) -> None:
        """A new part of the story."""
        self.line(f"\n{title}")

    def fact(self, name: str, text: str) -> None:
        """A name and what is true of it."""
        self.line(f"  {name:<11} {text}")

    def progress(self, done: int, total: int, what: str) -> None:
        """A bar on a terminal; elsewhere nothing but the end."""
        done = min(done, total)
        if not self._live or done == self._shown:
            return
        self._shown = done
        filled = _BAR_WIDTH * done // total
        end = "\n" if done == total else ""
        print(f"\r  [{'#' * filled:<{_BAR_WIDTH}}] {done}/{total} {what}", end=end, file=self._stream, flush=True)

    def attack(self, attack: AttackReport) -> None:
        """One attack and what became of it."""
        mark = "✓ caught" if attack.caught else "✗ NOT CAUGHT"
        self.line(f"  {mark}  {attack.name}: {attack.deed}")
        self.line(f"            {attack.where}: {attack.observed}")
        if not attack.caught:
            self.line(f"            expected: {attack.expected}")

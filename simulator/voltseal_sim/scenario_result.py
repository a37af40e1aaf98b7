"""What a scenario gave: findings, and their forms for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as Xml


@dataclass(frozen=True, slots=True)
class Finding:
    """One expectation and what came."""

    subject: str
    expected: str
    observed: str
    met: bool


@dataclass(slots=True)
class ScenarioResult:
    """What a run gave. `bundles`: the evidence of each device's whole record, by label."""

    name: str
    runtime: str
    seed: int
    findings: list[Finding] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    outcomes: dict[str, int] = field(default_factory=dict)
    bundles: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every expectation was met."""
        return bool(self.findings) and all(finding.met for finding in self.findings)

    def expect(self, subject: str, expected: str, observed: str) -> None:
        """Note an expectation that is met by equality."""
        self.findings.append(Finding(subject, expected, observed, expected == observed))

    def expect_count(self, subject: str, bounds: tuple[int, int | None], count: int) -> None:
        """Note an expectation that is met by a count within bounds."""
        least, most = bounds
        expected = f"{least} or more" if most is None else str(least) if least == most else f"{least} to {most}"
        self.findings.append(Finding(subject, expected, str(count), count >= least and (most is None or count <= most)))

    def to_json(self) -> dict[str, Any]:
        """The result for a program."""
        return {"passed": self.passed} | asdict(self)


def write_junit(results: Iterable[ScenarioResult], path: Path) -> None:
    """A JUnit XML file: a suite for each scenario, a case for each finding. Raises `OSError`."""
    root = Xml.Element("testsuites", name="voltseal-sim")
    for result in results:
        failures = sum(not finding.met for finding in result.findings)
        suite = Xml.SubElement(
            root,
            "testsuite",
            name=result.name,
            tests=str(len(result.findings)),
            failures=str(failures),
            errors="0",
            skipped="0",
            time=f"{result.seconds:.1f}",
        )
        properties = Xml.SubElement(suite, "properties")
        for name, value in (("runtime", result.runtime), ("seed", str(result.seed))):
            Xml.SubElement(properties, "property", name=name, value=value)
        for finding in result.findings:
            case = Xml.SubElement(suite, "testcase", classname=f"voltseal-sim.{result.name}", name=finding.subject)
            if not finding.met:
                message = f"expected {finding.expected}, came {finding.observed}"
                Xml.SubElement(case, "failure", message=message, type="unmet").text = "\n".join(result.faults)
    Xml.indent(root)
    Xml.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)

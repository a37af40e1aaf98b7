"""`pytest-voltseal`: fixtures with which somebody tests their own driver and configuration in their own CI.

    def test_my_pack_is_sealed(voltseal_device):
        device = voltseal_device(firmware="firmware", driver="acme", answers="acme.jsonl")
        assert device.readings(3)[0]["pack_voltage_mv"] == 13_310
        assert device.evidence()["completeness"]["result"] == "complete"

Nothing of Voltseal is imported before one of the fixtures is used: the plugin is loaded by every pytest that runs in an
environment where Voltseal is installed. docs/how-to/test-your-driver-in-ci.md shows how to use it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from voltseal_sim.bench import Bench
    from voltseal_sim.scenario_result import ScenarioResult

_RUNTIMES = ("auto", "unix", "host")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--voltseal-runtime`."""
    group = parser.getgroup("voltseal", "Voltseal's emulated devices")
    group.addoption(
        "--voltseal-runtime",
        choices=_RUNTIMES,
        default="auto",
        help="what runs the firmware: unix (MicroPython), host (CPython), or auto: unix where it is installed",
    )


@pytest.fixture
def voltseal_site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """A broker and a gateway of this test's own, started, and stopped afterwards with every device added to them."""
    from voltseal_sim.bench import Bench

    with Bench(tmp_path / "voltseal", request.config.getoption("--voltseal-runtime"), request.path.parent) as bench:
        yield bench


@pytest.fixture
def voltseal_device(voltseal_site: Bench) -> Callable[..., object]:
    """Makes devices on the site: `voltseal_device(firmware=..., driver=..., answers=...)`, see `Bench.add_device`."""
    return voltseal_site.add_device


@pytest.fixture
def voltseal_scenario(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str | Path], ScenarioResult]:
    """Plays a scenario file (relative to the test's directory) or one that comes along, and fails the test if it fails.

    The test gets the result, for more questions.
    """

    def play(scenario: str | Path) -> ScenarioResult:
        import asyncio

        from voltseal_sim.bench import runtime_name
        from voltseal_sim.scenario import load
        from voltseal_sim.scenario_commands import scenario_path
        from voltseal_sim.scenario_run import run_scenario

        found = load(scenario_path(str(scenario), request.path.parent))
        wanted = request.config.getoption("--voltseal-runtime")
        name = found.fleet.runtime if wanted == "auto" and found.fleet.runtime == "host" else runtime_name(wanted)
        result = asyncio.run(run_scenario(found, tmp_path / found.name, runtime_name=name))
        unmet = [
            f"{one.subject}: expected {one.expected}, came {one.observed}" for one in result.findings if not one.met
        ]
        if unmet:
            pytest.fail(f"scenario {result.name}: " + "; ".join(unmet), pytrace=False)
        return result

    return play

"""A site for synchronous code, such as a test: broker, gateway and devices run in a thread of their own.

    with Bench(directory) as bench:
        device = bench.add_device(driver="jbd", answers="recording.jsonl")
        device.readings(3)

A file in `firmware` replaces or joins the one of the same path in Voltseal's firmware: a driver is
`firmware/drivers/acme.py`, and the device measures and runs the tree put together.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeAlias, TypeVar

from voltseal.store.interface import EntryKind, StoredEntry
from voltseal.store.reader import SqliteReader
from voltseal.wire import columns as column_codec
from voltseal.wire import statement
from voltseal.wire.schemas import SCHEMAS
from voltseal.wire.statement import Telemetry
from voltseal_sim.buses.faults import FaultyLine, LineFaults, Responder
from voltseal_sim.device import EmulatedDevice, Reporting
from voltseal_sim.errors import SimulatorError
from voltseal_sim.gateway_process import voltseal, voltseal_json
from voltseal_sim.packs import PackChoice, jbd_line
from voltseal_sim.runtimes import Runtime, choose_runtime
from voltseal_sim.serial_commands import load as load_recording
from voltseal_sim.serial_conversation import ReplayedDevice
from voltseal_sim.site import Site, SiteSettings
from voltseal_sim.toolchain import locate

Reading: TypeAlias = dict[str, int | None]
"""One reading: the schema's field names and their values, None where the device did not report one."""

_Value = TypeVar("_Value")
_LAST_SEQUENCE = 2**48 - 1
_REPORTING = Reporting(period_ms=100, readings_per_statement=2, receipt_timeout_ms=1000)


class BenchError(SimulatorError):
    """What a test asked of a device did not come, or its evidence is not valid."""

    code: ClassVar[str] = "bench"


def runtime_name(wanted: str) -> str:
    """`auto` is `unix` where MicroPython is installed, else `host`."""
    if wanted != "auto":
        return wanted
    return "host" if locate() is None else "unix"


class Bench:
    """Owns the thread, and through it everything that runs. `directory` is made; relative paths start at `base`."""

    def __init__(self, directory: Path, runtime: str = "auto", base: Path | None = None) -> None:
        """Nothing starts yet. Raises RuntimeUnavailableError."""
        self.directory = directory
        self._base = base or Path.cwd()
        self._runtime: Runtime = choose_runtime(runtime_name(runtime))
        self.site = Site(directory, self._runtime, SiteSettings(reporting=_REPORTING))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="voltseal-bench", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.call(self.site.start())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def call(self, work: Coroutine[Any, Any, _Value]) -> _Value:
        """Run `work` beside the site, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def add_device(
        self,
        *,
        driver: str = "jbd",
        answers: Responder | str | Path | None = None,
        firmware: str | Path | None = None,
        device_class: str = "bms",
        label: str | None = None,
    ) -> BenchDevice:
        """A new board, enrolled and switched on.

        `answers`: what is at the other end of its serial line: an object with `respond(received) -> bytes`, a file of
        `voltseal-sim record`, or None for a modelled pack, which speaks `jbd`. `firmware`: a directory laid over ours.
        Raises `VoltsealError`, with the end of the firmware's log where it died.
        """
        number = len(self.site.devices) + 1
        name = label or f"device-{number}"
        runtime = self._runtime if firmware is None else self._with_firmware(self._base / firmware, name)
        adding = self.site.add_device(
            name, self._line(driver, answers, number), driver=driver, device_class=device_class, runtime=runtime
        )
        return BenchDevice(self, self.call(adding))

    def _line(self, driver: str, answers: Responder | str | Path | None, seed: int) -> FaultyLine:
        if isinstance(answers, str | Path):
            return FaultyLine(ReplayedDevice(load_recording(self._base / answers)), LineFaults(), seed)
        if answers is not None:
            return FaultyLine(answers, LineFaults(), seed)
        if driver != "jbd":
            raise BenchError(f"the modelled pack does not speak {driver!r}", hint="give `answers`")
        return jbd_line(PackChoice(cells=4), seed)

    def _with_firmware(self, overlay: Path, name: str) -> Runtime:
        if not overlay.is_dir():
            raise BenchError(f"{overlay}: is no directory", hint="`firmware` holds drivers/, relative to the test file")
        tree = self.directory / "firmware" / name
        unwanted = shutil.ignore_patterns("__pycache__", "build", "*.pyc")
        shutil.copytree(self._runtime.tree, tree, ignore=unwanted)
        shutil.copytree(overlay, tree, ignore=unwanted, dirs_exist_ok=True)
        return self._runtime.with_tree(tree)

    def _end(self) -> None:
        try:
            self.call(self.site.stop())
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()


class BenchDevice:
    """A device on a bench, as a test sees it. Made by `Bench.add_device`."""

    def __init__(self, bench: Bench, device: EmulatedDevice) -> None:
        self._bench = bench
        self._device = device

    @property
    def label(self) -> str:
        """Its name at the gateway."""
        return self._device.label

    @property
    def log(self) -> str:
        """The firmware's log."""
        return self._device.firmware.log_tail(10_000)

    @property
    def line(self) -> FaultyLine:
        """Its serial line; set `line.faults` to disturb it."""
        return self._device.line

    def readings(self, count: int = 1, timeout_s: float = 30.0) -> list[Reading]:
        """The first `count` readings that the gateway has accepted and stored; waits for them. Raises BenchError."""
        found: list[Reading] = []

        def enough(reader: SqliteReader) -> bool:
            found[:] = self._stored(reader)
            return len(found) >= count

        try:
            self._bench.call(self._bench.site.wait_for(f"{count} readings of {self.label}", enough, timeout_s))
        except SimulatorError as error:
            raise BenchError(f"{error}\n{self.log}") from error
        return found[:count]

    def evidence(self) -> dict[str, Any]:
        """Export and verify the record so far: the verdict that `voltseal verify --json` gives.

        Raises BenchError if the evidence is not valid.
        """
        return self._bench.call(self._evidence())

    def power_cut(self) -> None:
        """SIGKILL, and on again."""
        self._bench.call(self._device.firmware.power_cut())
        self._bench.call(self._device.switch_on())

    def _stored(self, reader: SqliteReader) -> list[Reading]:
        device = next(device for device in reader.devices() if device.label == self.label)
        entries = reader.statements_of(device.ueid, 0, _LAST_SEQUENCE)
        telemetry = [entry for entry in entries if entry.kind is EntryKind.TELEMETRY]
        return [reading for entry in telemetry for reading in _readings(reader, entry)]

    async def _evidence(self) -> dict[str, Any]:
        site = self._bench.site
        reader = site.gateway.reader()
        try:
            entries = reader.entry_count()
        finally:
            reader.close()
        await site.wait_for_anchor(entries, 30)
        if not site.trust_path.exists():
            await site.write_trust_file()
        path = site.directory / f"{self.label}.evidence.json"
        config = ("--config", site.gateway.config_path)
        await voltseal("evidence", "--device", self.label, "-o", path, *config)
        said = await voltseal_json("verify", path, "--trust", site.trust_path, expect=None)
        if said["result"] != "valid":
            raise BenchError(f"the evidence of {self.label} is not valid: {json.dumps(said)}")
        verdict: dict[str, Any] = said["verdict"]
        return verdict


def _readings(reader: SqliteReader, entry: StoredEntry) -> list[Reading]:
    told, disclosure = statement.parse(entry.raw), reader.disclosure(entry.leaf_index)
    assert isinstance(told.body, Telemetry)
    if disclosure is None:
        return []  # erased
    count = told.body.reading_count
    values = [column_codec.decode_column(column, count) for column in column_codec.split(disclosure.columns, count)]
    names = [field.name for field in SCHEMAS[told.schema].fields]
    return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]

"""The device's parts alone: MQTT packets, serial transport, schedule, supervisor, uplink's window."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.firmware.device_process import CELLS, PACK

from drivers import jbd
from drivers.frame import FrameError
from modules.bms import FIELDS, Bms
from voltseal_device import VERSION, packets, supervisor
from voltseal_device.clock import Clock
from voltseal_device.journal import say
from voltseal_device.measure import Measurement
from voltseal_device.packets import MqttError
from voltseal_device.supervisor import Supervisor
from voltseal_device.transport import Transport
from voltseal_wire.errors import WireError


def fed(stream: bytes) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    reader.feed_data(stream)
    reader.feed_eof()
    return reader


async def read(stream: bytes, max_bytes: int = 100) -> tuple[int, bytes]:
    return await packets.read_packet(fed(stream), max_bytes)


def test_packets_are_those_of_the_standard() -> None:
    """Bytes written out by hand from MQTT 3.1.1, sections 3.1, 3.3, 3.4 and 3.8."""
    assert packets.connect_packet("ab", 60) == bytes.fromhex("100e00044d5154540402003c00026162")
    assert packets.subscribe_packet(10, "a/b") == bytes.fromhex("8208000a0003612f6201")
    assert packets.puback_packet(0x1234) == bytes.fromhex("40021234")
    assert packets.publish_head(10, "a/b", 3) == bytes.fromhex("320a0003612f62000a")
    assert packets.publish_head(1, "t", 16_384)[:4] == bytes.fromhex("32858001")


async def test_reading_is_bounded() -> None:
    assert await read(b"\x40\x02\x00\x07") == (0x40, b"\x00\x07")
    assert await read(b"\xd0\x00") == (0xD0, b"")
    assert len((await read(b"\x30\x80\x01" + bytes(128), 128))[1]) == 128
    with pytest.raises(MqttError, match="packet of 129 bytes"):
        await read(b"\x30\x81\x01", 128)
    with pytest.raises(MqttError, match="remaining length"):
        await read(b"\x30\xff\xff\xff\xff\x01")
    for cut in (b"", b"\x40", b"\x40\x02\x00"):
        with pytest.raises(EOFError, match="closed by the broker"):
            await read(cut)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\x00\x05", "refused, code 5"),
        (b"\x02\x00", "no CONNACK"),
        (b"\x00", "no CONNACK"),
    ],
)
def test_connack_refusals(body: bytes, text: str) -> None:
    packets.parse_connack(0x20, b"\x01\x00")
    with pytest.raises(MqttError, match=text):
        packets.parse_connack(0x20, body)
    with pytest.raises(MqttError):
        packets.parse_connack(0x30, b"\x00\x00")


def test_incoming_messages() -> None:
    assert packets.parse_publish(0x32, b"\x00\x01t\x00\x09hello") == ("t", 9, b"hello")
    assert packets.parse_publish(0x31, b"\x00\x01thello") == ("t", 0, b"hello")
    for first, body in (
        (0x34, b"\x00\x01t\x00\x09x"),
        (0x32, b"\x00\x01t\x00"),
        (0x32, b"\x00\x00\x00\x01"),
        (0x32, b"\x00\x01t\x00\x00x"),
        (0x30, b"\x00\x09t"),
        (0x30, b"\x00"),
        (0x30, b"\x00\x01\xff"),
    ):
        with pytest.raises(MqttError):
            packets.parse_publish(first, body)
    with pytest.raises(MqttError, match="subscription refused"):
        packets.parse_suback(b"\x00\x01\x80")


@given(st.binary(max_size=64))
def test_garbage_raises_nothing_else(stream: bytes) -> None:
    async def take() -> None:
        try:
            first, body = await packets.read_packet(fed(stream), 32)
            packets.parse_publish(first, body)
            packets.parse_packet_id(body)
            packets.parse_suback(body)
        except (MqttError, EOFError):
            pass

    asyncio.run(take())


class Line:
    """A serial line whose answers are scripted: what each write makes readable."""

    def __init__(self, *answers: bytes | OSError) -> None:
        self.answers = list(answers)
        self.readable = b""
        self.written: list[bytes] = []
        self.closed = False

    def read(self, count: int) -> bytes | None:
        taken, self.readable = self.readable[:count], self.readable[count:]
        return taken or None

    def write(self, request: bytes) -> None:
        self.written.append(request)
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, OSError):
            raise answer
        self.readable += answer

    def close(self) -> None:
        self.closed = True


REQUEST = jbd.request(jbd.CELL_VOLTAGES)


async def exchange(line: Line, retries: int = 1) -> dict[str, Any]:
    return await Transport(lambda: line, 30, retries).exchange(jbd.Driver(), jbd.CELL_VOLTAGES, REQUEST)


async def test_a_good_answer_and_a_late_one() -> None:
    line = Line(CELLS)
    line.readable = b"what a late answer left"
    assert (await exchange(line))["cell_01_mv"] == 3430
    assert line.written == [REQUEST]


async def test_repeats_and_their_end() -> None:
    line = Line(b"", CELLS[:-2] + b"\x00\x77", CELLS)
    assert (await exchange(line, retries=2))["cell_04_mv"] == 3417
    assert len(line.written) == 3
    line = Line()
    with pytest.raises(FrameError) as caught:
        await exchange(line, retries=2)
    assert caught.value.reason == "truncated"
    assert len(line.written) == 3
    line = Line(bytes.fromhex("DD048000FF8077"), CELLS)
    with pytest.raises(FrameError) as caught:
        await exchange(line)
    assert caught.value.reason == "status"
    assert len(line.written) == 1, "a device that says no in good form is not asked again"


async def test_a_broken_line_is_opened_again() -> None:
    lines = [Line(OSError(5, "gone")), Line(CELLS)]
    broken = lines[0]
    transport = Transport(lambda: lines.pop(0), 30, 0)
    with pytest.raises(OSError, match="gone"):
        await transport.exchange(jbd.Driver(), jbd.CELL_VOLTAGES, REQUEST)
    assert broken.closed
    assert (await transport.exchange(jbd.Driver(), jbd.CELL_VOLTAGES, REQUEST))["cell_02_mv"] == 3425


async def test_absent_stays_absent(capsys: pytest.CaptureFixture[str]) -> None:
    """A register that fails takes its own fields along, a silent pack all; never a zero, and one line a change."""
    module = Bms("jbd")

    async def values(*answers: bytes) -> dict[str, Any]:
        line = Line(*answers)
        reading = await module.read(Transport(lambda: line, 20, 0))
        return dict(zip(FIELDS, reading, strict=True))

    found = await values(PACK, CELLS)
    assert (found["pack_voltage_mv"], found["cell_01_mv"], found["cell_05_mv"]) == (26_400, 3430, None)
    found = await values(PACK, b"")
    assert (found["pack_current_ma"], found["cell_01_mv"]) == (-6040, None)
    assert set((await values()).values()) == {None}
    assert set((await values()).values()) == {None}
    await values(PACK, CELLS)
    lines = [line.split(" ", 1)[1] for line in capsys.readouterr().out.splitlines()]
    assert [line.split("register=")[1] for line in lines] == ["4", "3", "3", "4"]
    assert "fault=over" in lines[2]


class Sealing:
    """Stands in for the sealer; refuses what it is told to."""

    def __init__(self, *failures: Exception | None) -> None:
        self.failures = list(failures)
        self.sealed: list[tuple[int, int, tuple[int, int, int], list[tuple[int | None, ...]]]] = []

    def telemetry(self, schema: int, field_count: int, time: Any, readings: list[Any]) -> int:
        failure = self.failures.pop(0) if self.failures else None
        if failure:
            raise failure
        self.sealed.append((schema, field_count, time, readings))
        return len(self.sealed)


class Settings:
    period_ms = 20
    readings_per_statement = 3


class SlowModule(Bms):
    """Answers at once, except where it is told to take its time."""

    def __init__(self, *delays_s: float) -> None:
        super().__init__("jbd")
        self.delays = list(delays_s)

    async def read(self, transport: object) -> tuple[int | None, ...]:
        await asyncio.sleep(self.delays.pop(0) if self.delays else 0)
        return (None,) * len(FIELDS)


async def measured(module: Bms, sealer: Sealing) -> Measurement:
    """Measure until a statement is sealed."""
    measurement = Measurement(module, None, sealer, Clock("rtc", 500), Settings())
    task = asyncio.create_task(measurement.run(lambda: None, lambda: None))
    async with asyncio.timeout(20):
        while not sealer.sealed:
            await asyncio.sleep(0.005)
    task.cancel()
    return measurement


async def test_readings_become_statements() -> None:
    sealer = Sealing()
    measurement = await measured(SlowModule(), sealer)
    assert sealer.sealed
    schema, field_count, time, readings = sealer.sealed[0]
    assert (schema, field_count, time[1:]) == (1, 30, (1, 500))
    assert readings[0][0] == 0
    assert readings[2][0] >= 35, "two periods of 20 ms lie between them"
    already = len(sealer.sealed)
    measurement.seal()
    measurement.seal()
    assert len(sealer.sealed) <= already + 1, "an orderly stop seals what is left, once"


async def test_missed_periods_are_not_made_up_for() -> None:
    sealer = Sealing()
    await measured(SlowModule(0, 0.1), sealer)
    offsets = [reading[0] for reading in sealer.sealed[0][3]]
    assert offsets[2] >= 135, "the second reading ended at 120 ms or later; the third waits for the next full period"


async def test_what_cannot_be_sealed_does_not_stop_the_device(capsys: pytest.CaptureFixture[str]) -> None:
    sealer = Sealing(WireError("columns too long"), OSError(28, "no space"))
    await measured(SlowModule(), sealer)
    assert sealer.sealed
    text = capsys.readouterr().out
    assert "event=not-sealed" in text
    assert "event=spool-refused" in text


def test_a_clock_that_was_never_set_is_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("voltseal_device.port.epoch_ms", lambda: 946_684_800_000)
    time_ms, quality, uncertainty_ms = Clock("rtc", 500).now()
    assert (quality, uncertainty_ms) == (0, 0)
    assert time_ms < 1000
    monkeypatch.setattr("voltseal_device.port.epoch_ms", lambda: 1_800_000_000_000)
    assert Clock("rtc", 500).now() == (1_800_000_000_000, 1, 500)
    assert Clock("none", 500).now()[1:] == (0, 0)


async def test_a_task_that_fails_is_started_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "BACK_OFF_MS", (10, 40))
    starts = 0
    fed_times = 0

    async def failing(progress: Any) -> None:
        nonlocal starts
        starts += 1
        progress()
        raise RuntimeError("on purpose")

    async def steady(progress: Any) -> None:
        while True:
            progress()
            await asyncio.sleep(0.01)

    def feed() -> None:
        nonlocal fed_times
        fed_times += 1

    polls = iter([False] * 3)
    await Supervisor([("bad", failing), ("good", steady)], lambda: next(polls, True), feed).run()
    assert starts >= 3
    assert fed_times == 3
    assert 'event=task-failed error="RuntimeError: on purpose" task=bad' in capsys.readouterr().out


async def test_a_task_that_hangs_starves_the_watchdog(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "STALL_MS", 100)
    fed_times = 0

    async def hanging(_progress: Any) -> None:
        await asyncio.sleep(60)

    def feed() -> None:
        nonlocal fed_times
        fed_times += 1

    polls = iter([False] * 4)
    await Supervisor([("stuck", hanging)], lambda: next(polls, True), feed).run()
    assert fed_times == 1
    assert "event=task-hangs task=stuck" in capsys.readouterr().out


def test_a_log_line_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    say("x", b="two words", a=1, c='quo"te\nline', d="")
    line = capsys.readouterr().out
    assert line.count("\n") == 1
    assert line.split(" ", 1)[1] == 'event=x a=1 b="two words" c="quo\'te line" d=""\n'


def test_the_firmwares_version_is_the_distributions() -> None:
    import voltseal

    assert voltseal.__version__ == VERSION

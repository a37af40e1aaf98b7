"""SunSpec: driver, emulated inverter and the Alliance's own reader (pysunspec2) against each other."""

from __future__ import annotations

import random
import struct
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sunspec2.modbus.client import SunSpecModbusClientModel
from tests.firmware.board_line import BoardLine

from drivers import sunspec
from drivers.frame import FrameError, Response
from modules import module_for
from modules.inverter import Inverter, counter_fault
from voltseal_device.errors import DeviceError
from voltseal_device.transport import Transport
from voltseal_sim.buses import sunspec as bus
from voltseal_sim.buses.clock import fixed_step
from voltseal_sim.buses.faults import FaultyLine, LineFaults
from voltseal_sim.buses.modbus import ModbusUnit, frame
from voltseal_sim.plants.photovoltaic import Event, PvParameters, PvPlant

NOON = PvParameters(start_s=43_200.0, initial_energy_wh=1_234_567.0)


def emulated(
    parameters: PvParameters = NOON, base: int = 40000, unit: int = 1, step_s: float = 120.0
) -> tuple[PvPlant, ModbusUnit]:
    plant = PvPlant(parameters, seed=11)
    return plant, ModbusUnit(unit, bus.SunSpecInverter(plant, fixed_step(step_s), base))


async def read(module: Inverter, line: Any) -> dict[str, int | None]:
    values = await module.read(Transport(lambda: BoardLine(line), 50, 0))
    return dict(zip(module.fields, values, strict=True))


def points(model: int, body: bytes) -> dict[str, Any]:
    """What pysunspec2 makes of a model's registers: scaled values by point name, its groups under theirs."""
    header = struct.pack(">HH", model, len(body) // 2)
    read_by_judge = SunSpecModbusClientModel(model, model_len=len(body) // 2, data=header + body)
    found = {name: point.cvalue for name, point in read_by_judge.points.items()}
    found["groups"] = {
        name: [{key: point.cvalue for key, point in group.points.items()} for group in groups]
        for name, groups in read_by_judge.groups.items()
    }
    return found


JUDGED = {
    "ac_power_mw": ("W", 1000), "ac_apparent_mva": ("VA", 1000), "ac_reactive_mvar": ("VAr", 1000),
    "power_factor_permille": ("PF", 10), "ac_frequency_mhz": ("Hz", 1000), "ac_voltage_1_mv": ("PhVphA", 1000),
    "ac_voltage_2_mv": ("PhVphB", 1000), "ac_voltage_3_mv": ("PhVphC", 1000), "ac_current_ma": ("A", 1000),
    "ac_current_1_ma": ("AphA", 1000), "ac_current_2_ma": ("AphB", 1000), "ac_current_3_ma": ("AphC", 1000),
    "ac_energy_wh": ("WH", 1), "dc_voltage_mv": ("DCV", 1000), "dc_current_ma": ("DCA", 1000),
    "dc_power_mw": ("DCW", 1000), "cabinet_temp_dc": ("TmpCab", 10), "heat_sink_temp_dc": ("TmpSnk", 10),
    "state_code": ("St", 1), "vendor_state_code": ("StVnd", 1), "event_flags": ("Evt1", 1),
    "vendor_event_flags": ("EvtVnd1", 1),
}  # fmt: skip


def as_judged(model: int, body: bytes) -> dict[str, int | None]:
    found = points(model, body)
    return {
        name: None if found[point] is None else round(found[point] * scale) for name, (point, scale) in JUDGED.items()
    }


@pytest.mark.parametrize("parameters", [NOON, replace(NOON, phases=1, panel_w=(4000.0,)), PvParameters()])
async def test_module_reads_what_the_alliance_s_own_reader_reads(parameters: PvParameters) -> None:
    plant, line = emulated(parameters)
    values = await read(Inverter("sunspec"), line)
    reading = plant.reading()
    expected = as_judged(101 if parameters.phases == 1 else 103, bus.inverter(reading))
    assert {name: values[name] for name in JUDGED} == expected
    assert values["rated_power_mw"] == points(120, bus.nameplate(parameters.rated_w))["WRtg"] * 1000 == 10_000_000
    trackers = points(160, bus.trackers(reading))["groups"]["module"]
    assert len(trackers) == len(parameters.panel_w)
    for index in range(4):
        for name, point, scale in [
            ("mppt_voltage_%d_mv", "DCV", 1000),
            ("mppt_current_%d_ma", "DCA", 1000),
            ("mppt_power_%d_mw", "DCW", 1000),
            ("mppt_energy_%d_wh", "DCWH", 1),
        ]:
            value = trackers[index][point] if index < len(trackers) else None
            expected_value = None if value is None else round(value * scale)
            assert values[name % (index + 1)] == expected_value, (name, index)


async def test_values_are_the_plant_s() -> None:
    plant, line = emulated()
    values, reading = await read(Inverter("sunspec"), line), plant.reading()
    assert values["ac_power_mw"] == round(reading.ac_power_w) * 1000 > 1_000_000
    assert values["ac_energy_wh"] == round(reading.ac_energy_wh)
    assert values["ac_frequency_mhz"] == round(reading.frequency_hz * 100) * 10
    assert values["cabinet_temp_dc"] == round(reading.cabinet_c * 10)
    assert (values["state_code"], values["event_flags"]) == (int(reading.state), 0)


async def test_not_implemented_is_absent_and_never_zero() -> None:
    _, line = emulated(replace(NOON, phases=1))
    values = await read(Inverter("sunspec"), line)
    absent = {name for name, value in values.items() if value is None}
    assert {"ac_voltage_2_mv", "ac_current_3_ma", "heat_sink_temp_dc", "vendor_state_code", "dc_voltage_mv"} <= absent
    assert {"mppt_voltage_3_mv", "mppt_energy_4_wh", "vendor_event_flags"} <= absent
    assert values["ac_reactive_mvar"] == 0, "a zero that was said stays"


@pytest.mark.parametrize("base", sunspec.BASES)
async def test_chain_is_found_at_each_of_the_three_addresses(base: int) -> None:
    _, line = emulated(base=base, unit=7)
    module = module_for("inverter", "sunspec:7")
    assert (await read(module, line))["ac_power_mw"] is not None


async def test_noise_costs_no_value_and_silence_gives_none(capsys: pytest.CaptureFixture[str]) -> None:
    _, line = emulated()
    module, noisy = Inverter("sunspec"), FaultyLine(line, LineFaults(drop=1.0), seed=2)
    for _ in range(2):
        assert set((await read(module, noisy)).values()) == {None}
    noisy.faults = LineFaults(noise=1.0)
    for _ in range(3):
        assert (await read(module, noisy))["ac_power_mw"] is not None
    lines = [line.split("event=")[1] for line in capsys.readouterr().out.splitlines()]
    assert [line.split()[0] for line in lines] == ["sensor", "sensor", "inverter"]
    assert "not found" in lines[0]


async def test_another_inverter_in_its_place_is_found_again() -> None:
    _, line = emulated()
    module = Inverter("sunspec")
    assert (await read(module, line))["ac_power_mw"] is not None
    _, other = emulated(base=50000)
    assert (await read(module, other))["ac_power_mw"] is None
    assert (await read(module, other))["ac_power_mw"] is not None


async def test_a_device_that_is_no_sunspec_inverter_is_not_found() -> None:
    class Other(bus.SunSpecInverter):
        def image(self) -> bytes:
            return b"None" + bytes(400)

    module = Inverter("sunspec")
    line = ModbusUnit(1, Other(PvPlant(NOON, 1), fixed_step(1.0)))
    assert set((await read(module, line)).values()) == {None}


def chain(*models: tuple[int, bytes]) -> bytes:
    body = b"".join(struct.pack(">HH", model, len(content) // 2) + content for model, content in models)
    return b"SunS" + body + struct.pack(">HH", 0xFFFF, 0)


def walked(image: bytes, base: int = 40000) -> sunspec.Driver:
    driver = sunspec.Driver()
    while (register := driver.next_header()) is not None:
        begin = 2 * (register - 0x10000 - base)
        count = driver.request_for(register)[5]
        driver.parse(register, frame(1, 3, bytes((2 * count,)) + image[begin : begin + 2 * count]))
    return driver


def test_chain_without_end_is_given_up() -> None:
    with pytest.raises(FrameError, match="without end"):
        walked(chain(*[(64000 + number, b"") for number in range(70)]))
    with pytest.raises(FrameError, match="without end"):
        walked(b"SunS" + struct.pack(">HH", 1, 0xFFFE) + bytes(8))


def test_model_160_with_more_trackers_than_the_schema_has() -> None:
    reading = PvPlant(replace(NOON, panel_w=(3000.0,) * 4), 1).advance(300)
    more = bytearray(bus.trackers(reading)) + bus.trackers(reading)[16:56]
    struct.pack_into(">H", more, 12, 5)
    driver = walked(chain((160, bytes(more))))
    assert driver.registers == (160,)
    count = driver.requests()[0][5]
    assert count == 88
    fields = driver.parse(160, frame(1, 3, bytes((176,)) + more[:176]))
    assert fields["tracker_count"] == 5
    assert fields["mppt_voltage_4_mv"] is not None


@pytest.mark.parametrize(
    ("raw", "factor", "exponent", "expected"),
    [
        (2301, -1, -3, 230_100),
        (50, 0, -3, 50_000),
        (12, 2, -3, 1_200_000),
        (12345, -4, -3, 1235),
        (-12345, -4, -3, -1234),
        (-15, -4, -3, -1),
        (1, -10, -3, 0),
        (1, 11, -3, None),
        (1, -11, -3, None),
        (1, -0x8000, -3, None),
        (-0x8000, 0, -3, None),
        (32767, 10, -3, None),
    ],
)
def test_scale_factors(raw: int, factor: int, exponent: int, expected: int | None) -> None:
    assert sunspec.scaled(struct.pack(">hh", raw, factor), 0, sunspec.S16, 1, exponent) == expected


def test_model_shorter_than_its_table_is_refused() -> None:
    driver = walked(chain((103, bytes(40))))
    with pytest.raises(FrameError, match="length"):
        driver.parse(103, frame(1, 3, b"\x28" + bytes(40)))


def test_common_model_names_the_maker() -> None:
    assert sunspec.common(bus.common("Voltseal", "PV-SIM", "1.0", "SIM-7")) == {
        "manufacturer": "Voltseal", "model": "PV-SIM", "version": "1.0", "serial": "SIM-7",
    }  # fmt: skip
    assert sunspec.common(b"A\xffB".ljust(132, b"\x00"))["manufacturer"] == "A?B"


@pytest.mark.parametrize(
    ("before", "now", "fault"),
    [
        (None, 5, ""),
        (5, None, ""),
        (5, 5, ""),
        (5, 4, "reset"),
        (4_294_967_290, 12, "rolled over"),
        (42_949_672_900, 120, "rolled over"),
        (4_000_000_000, 12, "reset"),
        (4_294_967_290, 2_000_000_000, "reset"),
    ],
)
def test_energy_counter_that_falls(before: int | None, now: int | None, fault: str) -> None:
    assert counter_fault(before, now) == fault


async def test_roll_over_and_fault_of_the_modelled_plant(capsys: pytest.CaptureFixture[str]) -> None:
    plant, line = emulated(replace(NOON, initial_energy_wh=4_294_966_900.0, cloudiness=0.0))
    module = Inverter("sunspec")
    before = (await read(module, line))["ac_energy_wh"]
    after = (await read(module, line))["ac_energy_wh"]
    assert before is not None
    assert after is not None
    assert before > 4_294_966_900
    assert after < 1000
    plant.events = Event.GROUND_FAULT
    values = await read(module, line)
    assert (values["event_flags"], values["state_code"], values["ac_power_mw"]) == (1, 7, 0)
    assert 'event=energy-counter fault="rolled over"' in capsys.readouterr().out


def test_driver_names_that_are_none() -> None:
    for name in ("solis", "sunspec:300"):
        with pytest.raises(DeviceError):
            Inverter(name)


def inverter_frame() -> tuple[sunspec.Driver, bytes]:
    plant, line = emulated()
    plant.advance(600)
    driver = walked(bus.SunSpecInverter(plant, fixed_step(0.0)).image())
    return driver, line.respond(driver.request_for(103))


def test_ten_thousand_mutations_give_an_error_or_the_value_that_is_there() -> None:
    driver, whole = inverter_frame()
    rng, read_count = random.Random(2026), 0
    for _ in range(10_000):
        damaged = bytearray(whole)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        if rng.random() < 0.3:  # mend the CRC, so that damage reaches the model
            damaged = bytearray(frame(damaged[0], damaged[1], bytes(damaged[2:-2])))
        try:
            fields = driver.parse(103, bytes(damaged))
        except FrameError:
            assert damaged[:3] != whole[:3] or damaged != frame(1, 3, bytes(damaged[2:-2]))
            continue
        read_count += 1
        power, factor = struct.unpack_from(">hh", damaged, 3 + 24)
        known = power != -0x8000 and -10 <= factor <= 10
        assert (fields["ac_power_mw"] is not None) <= known
        if factor == 0 and known:
            assert fields["ac_power_mw"] == power * 1000
    assert read_count > 1000


@given(noise=st.binary(max_size=40), cut=st.integers(0, 150))
def test_frame_is_found_behind_noise_in_pieces(noise: bytes, cut: int) -> None:
    driver, whole = inverter_frame()
    found, stream = Response(driver, 103), noise + whole
    fields = found.feed(stream[:cut]) or found.feed(stream[cut:]) or found.close()
    assert fields == driver.parse(103, whole)

"""What the fields of the schemas mean: for gateway, simulator and documentation; never loaded by a device.

The names in other standards are those of SunSpec information models (model.point), of GB/T 32960.3-2016 (the Chinese
name in its tables of vehicle and battery reports) and of DIN DKE SPEC 99100 (battery passport attributes). None where a
standard has no equal: a near miss is not an equal. The numbers need scaling to those standards' own resolution.
"""

from collections import namedtuple

Unit = namedtuple("Unit", ("suffix", "symbol", "scale_exponent", "meaning"))
"""A value v of a field whose name ends in `suffix` is v * 10 ** scale_exponent in `symbol` (empty: a bare number)."""

UNITS = (
    Unit("_mv", "V", -3, "millivolt"),
    Unit("_ma", "A", -3, "milliampere"),
    Unit("_mah", "Ah", -3, "milliampere-hour"),
    Unit("_mw", "W", -3, "milliwatt"),
    Unit("_mva", "VA", -3, "millivolt-ampere"),
    Unit("_mvar", "var", -3, "millivolt-ampere reactive"),
    Unit("_mhz", "Hz", -3, "millihertz"),
    Unit("_wh", "Wh", 0, "watt-hour"),
    Unit("_dc", "°C", -1, "0.1 °C"),
    Unit("_permille", "%", -1, "1/1000"),
    Unit("_ms", "s", -3, "millisecond"),
    Unit("_s", "s", 0, "second"),
    Unit("_flags", "", 0, "bits"),
    Unit("_count", "", 0, "a count"),
    Unit("_code", "", 0, "a number that stands for a state"),
)

Note = namedtuple("Note", ("meaning", "sunspec", "gbt32960", "passport"))


def _temperature(number: int) -> Note:
    return Note("temperature sensor " + str(number), None, "可充电储能子系统各温度探针检测到的温度值", None)


def _cell(number: int) -> Note:
    return Note("voltage of cell " + str(number), "805.CellV", "单体电池电压", None)


_BMS_PACK = {
    "time_offset_ms": Note("reading's time minus the statement's time_ms", None, None, None),
    "pack_voltage_mv": Note("terminal voltage", "802.V", "总电压", None),
    "pack_current_ma": Note("current, charging positive", "802.A", "总电流", None),
    "remaining_capacity_mah": Note("charge left", None, None, "remainingCapacity"),
    "full_capacity_mah": Note("capacity the BMS counts as full", None, None, None),
    "soc_permille": Note("state of charge", "802.SoC", "SOC", "stateOfCharge"),
    "cycle_count": Note("full cycles", "802.NCyc", None, "numberOfFullCycles"),
    "balance_flags": Note("bit i: cell i+1 is being balanced", None, None, None),
    "protection_flags": Note("protections that are active, as the BMS numbers them", "802.EvtVnd1", None, None),
    "fet_flags": Note("bit 0 charge switch closed, bit 1 discharge switch closed", None, None, None),
}
for _number in range(1, 5):
    _BMS_PACK["temp_%d_dc" % _number] = _temperature(_number)
for _number in range(1, 17):
    _BMS_PACK["cell_%02d_mv" % _number] = _cell(_number)

_INVERTER_PV = {
    "time_offset_ms": Note("reading's time minus the statement's time_ms", None, None, None),
    "ac_power_mw": Note("active power, feeding in is positive", "103.W", None, None),
    "ac_apparent_mva": Note("apparent power", "103.VA", None, None),
    "ac_reactive_mvar": Note("reactive power, signed as the inverter does", "103.VAr", None, None),
    "power_factor_permille": Note("power factor, signed as the inverter does", "103.PF", None, None),
    "ac_frequency_mhz": Note("grid frequency", "103.Hz", None, None),
    "ac_voltage_1_mv": Note("phase 1 to neutral", "103.PhVphA", None, None),
    "ac_voltage_2_mv": Note("phase 2 to neutral", "103.PhVphB", None, None),
    "ac_voltage_3_mv": Note("phase 3 to neutral", "103.PhVphC", None, None),
    "ac_current_ma": Note("sum of the phases' currents", "103.A", None, None),
    "ac_current_1_ma": Note("current of phase 1", "103.AphA", None, None),
    "ac_current_2_ma": Note("current of phase 2", "103.AphB", None, None),
    "ac_current_3_ma": Note("current of phase 3", "103.AphC", None, None),
    "ac_energy_wh": Note("energy fed in, as the inverter's counter stands", "103.WH", None, None),
    "dc_voltage_mv": Note("voltage at the DC input", "103.DCV", None, None),
    "dc_current_ma": Note("current at the DC input", "103.DCA", None, None),
    "dc_power_mw": Note("power at the DC input", "103.DCW", None, None),
    "cabinet_temp_dc": Note("temperature in the cabinet", "103.TmpCab", None, None),
    "heat_sink_temp_dc": Note("temperature of the heat sink", "103.TmpSnk", None, None),
    "state_code": Note(
        "1 off, 2 sleeping, 3 starting, 4 maximum power, 5 throttled, 6 shutting down, 7 fault, 8 standby",
        "103.St",
        None,
        None,
    ),
    "vendor_state_code": Note("state, as the maker numbers it", "103.StVnd", None, None),
    "event_flags": Note("events that are active, as SunSpec numbers them", "103.Evt1", None, None),
    "vendor_event_flags": Note("events that are active, as the maker numbers them", "103.EvtVnd1", None, None),
    "rated_power_mw": Note("active power that the inverter is built for", "120.WRtg", None, None),
}
for _number in range(1, 5):
    _INVERTER_PV["mppt_voltage_%d_mv" % _number] = Note("voltage of tracker %d" % _number, "160.DCV", None, None)
for _number in range(1, 5):
    _INVERTER_PV["mppt_current_%d_ma" % _number] = Note("current of tracker %d" % _number, "160.DCA", None, None)
for _number in range(1, 5):
    _INVERTER_PV["mppt_power_%d_mw" % _number] = Note("power of tracker %d" % _number, "160.DCW", None, None)
for _number in range(1, 5):
    _INVERTER_PV["mppt_energy_%d_wh" % _number] = Note("energy of tracker %d" % _number, "160.DCWH", None, None)

NOTES = {1: _BMS_PACK, 3: _INVERTER_PV}
"""Schema number -> field name -> Note."""


def unit_of(field: str) -> Unit:
    """The unit that ends `field`. Raises KeyError if none does."""
    suffix = "_" + field.rsplit("_", 1)[1]
    for unit in UNITS:
        if unit.suffix == suffix:
            return unit
    raise KeyError(field)

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
    Unit("_wh", "Wh", 0, "watt-hour"),
    Unit("_dc", "°C", -1, "0.1 °C"),
    Unit("_permille", "%", -1, "1/1000"),
    Unit("_ms", "s", -3, "millisecond"),
    Unit("_s", "s", 0, "second"),
    Unit("_flags", "", 0, "bits"),
    Unit("_count", "", 0, "a count"),
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

NOTES = {1: _BMS_PACK}
"""Schema number -> field name -> Note."""


def unit_of(field: str) -> Unit:
    """The unit that ends `field`. Raises KeyError if none does."""
    suffix = "_" + field.rsplit("_", 1)[1]
    for unit in UNITS:
        if unit.suffix == suffix:
            return unit
    raise KeyError(field)

"""The one table of schemas, read by firmware, gateway, simulator and documentation (specification, "Schemas").

A number is fixed for good: a changed list of fields is a new version under a new number. Here stands only what a device
needs; units, meanings and names in other standards are in `voltseal_wire.schemas.notes`, which no device loads.
"""

from collections import namedtuple

Schema = namedtuple("Schema", ("number", "name", "version", "fields"))
"""`number` is what telemetry carries; `fields` names the columns in their order, each with its unit at the end."""

BMS_PACK = Schema(
    1,
    "bms.pack",
    1,
    (
        "time_offset_ms",
        "pack_voltage_mv",
        "pack_current_ma",
        "remaining_capacity_mah",
        "full_capacity_mah",
        "soc_permille",
        "cycle_count",
        "balance_flags",
        "protection_flags",
        "fet_flags",
        "temp_1_dc",
        "temp_2_dc",
        "temp_3_dc",
        "temp_4_dc",
        "cell_01_mv",
        "cell_02_mv",
        "cell_03_mv",
        "cell_04_mv",
        "cell_05_mv",
        "cell_06_mv",
        "cell_07_mv",
        "cell_08_mv",
        "cell_09_mv",
        "cell_10_mv",
        "cell_11_mv",
        "cell_12_mv",
        "cell_13_mv",
        "cell_14_mv",
        "cell_15_mv",
        "cell_16_mv",
    ),
)

# 2 is left out: published test vectors use it as a number that nobody knows.
INVERTER_PV = Schema(
    3,
    "inverter.pv",
    1,
    (
        "time_offset_ms",
        "ac_power_mw",
        "ac_apparent_mva",
        "ac_reactive_mvar",
        "power_factor_permille",
        "ac_frequency_mhz",
        "ac_voltage_1_mv",
        "ac_voltage_2_mv",
        "ac_voltage_3_mv",
        "ac_current_ma",
        "ac_current_1_ma",
        "ac_current_2_ma",
        "ac_current_3_ma",
        "ac_energy_wh",
        "dc_voltage_mv",
        "dc_current_ma",
        "dc_power_mw",
        "cabinet_temp_dc",
        "heat_sink_temp_dc",
        "state_code",
        "vendor_state_code",
        "event_flags",
        "vendor_event_flags",
        "rated_power_mw",
        "mppt_voltage_1_mv",
        "mppt_voltage_2_mv",
        "mppt_voltage_3_mv",
        "mppt_voltage_4_mv",
        "mppt_current_1_ma",
        "mppt_current_2_ma",
        "mppt_current_3_ma",
        "mppt_current_4_ma",
        "mppt_power_1_mw",
        "mppt_power_2_mw",
        "mppt_power_3_mw",
        "mppt_power_4_mw",
        "mppt_energy_1_wh",
        "mppt_energy_2_wh",
        "mppt_energy_3_wh",
        "mppt_energy_4_wh",
    ),
)

SCHEMAS = (BMS_PACK, INVERTER_PV)


def by_number(number: int) -> Schema | None:
    """The schema that telemetry names by `number`, or None if it is not known here."""
    for schema in SCHEMAS:
        if schema.number == number:
            return schema
    return None

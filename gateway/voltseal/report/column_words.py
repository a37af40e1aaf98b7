"""What columns of the schemas are called, and their units, in both languages. A test finds what a new schema lacks.

The key is the field's name without its unit; numbered fields (`cell_07_mv`) share one with `#` and a `{number}`.
"""

from __future__ import annotations

from typing import Final

COLUMNS: Final[dict[str, tuple[str, str]]] = {
    "column.time_offset": ("Time within the statement", "声明内的时间偏移"),
    "column.pack_voltage": ("Pack voltage", "电池组电压"),
    "column.pack_current": ("Pack current (charging is positive)", "电池组电流（充电为正）"),
    "column.remaining_capacity": ("Remaining capacity", "剩余容量"),
    "column.full_capacity": ("Full capacity", "满充容量"),
    "column.soc": ("State of charge", "荷电状态（SOC）"),
    "column.cycle": ("Full cycles", "循环次数"),
    "column.balance": ("Cells being balanced (bits)", "均衡中的电芯（位）"),
    "column.protection": ("Active protections (bits)", "已触发的保护（位）"),
    "column.fet": ("Switches closed (bits)", "充放电开关状态（位）"),
    "column.temp_#": ("Temperature {number}", "温度 {number}"),
    "column.cell_#": ("Cell {number} voltage", "电芯 {number} 电压"),
    "column.ac_power": ("AC power", "交流有功功率"),
    "column.ac_apparent": ("AC apparent power", "交流视在功率"),
    "column.ac_reactive": ("AC reactive power", "交流无功功率"),
    "column.power_factor": ("Power factor", "功率因数"),
    "column.ac_frequency": ("Grid frequency", "电网频率"),
    "column.ac_voltage_#": ("Phase {number} voltage", "第 {number} 相电压"),
    "column.ac_current": ("AC current", "交流总电流"),
    "column.ac_current_#": ("Phase {number} current", "第 {number} 相电流"),
    "column.ac_energy": ("Energy fed in (counter)", "累计发电量"),
    "column.dc_voltage": ("DC voltage", "直流电压"),
    "column.dc_current": ("DC current", "直流电流"),
    "column.dc_power": ("DC power", "直流功率"),
    "column.cabinet_temp": ("Cabinet temperature", "机箱温度"),
    "column.heat_sink_temp": ("Heat sink temperature", "散热器温度"),
    "column.state": ("State (SunSpec number)", "运行状态（SunSpec 编号）"),
    "column.vendor_state": ("State (maker's number)", "运行状态（厂商编号）"),
    "column.event": ("Active events (bits)", "当前事件（位）"),
    "column.vendor_event": ("Active events of the maker (bits)", "当前厂商事件（位）"),
    "column.rated_power": ("Rated power", "额定功率"),
    "column.mppt_voltage_#": ("Tracker {number} voltage", "第 {number} 路 MPPT 电压"),
    "column.mppt_current_#": ("Tracker {number} current", "第 {number} 路 MPPT 电流"),
    "column.mppt_power_#": ("Tracker {number} power", "第 {number} 路 MPPT 功率"),
    "column.mppt_energy_#": ("Tracker {number} energy (counter)", "第 {number} 路 MPPT 累计电量"),
    "columns.ac_voltage_#": ("Phase voltages", "各相电压"),
    "columns.ac_current_#": ("Phase currents", "各相电流"),
    "columns.mppt_voltage_#": ("Tracker voltages", "各路 MPPT 电压"),
    "columns.mppt_current_#": ("Tracker currents", "各路 MPPT 电流"),
    "columns.mppt_power_#": ("Tracker powers", "各路 MPPT 功率"),
    "columns.mppt_energy_#": ("Tracker energies (counters)", "各路 MPPT 累计电量"),
    "columns.temp_#": ("Temperatures", "温度"),
    "columns.cell_#": ("Cell voltages", "电芯电压"),
    "unit.mv": ("V", "V"),
    "unit.ma": ("A", "A"),
    "unit.mah": ("Ah", "Ah"),
    "unit.mw": ("W", "W"),
    "unit.mva": ("VA", "VA"),
    "unit.mvar": ("var", "var"),
    "unit.mhz": ("Hz", "Hz"),
    "unit.wh": ("Wh", "Wh"),
    "unit.dc": ("°C", "°C"),
    "unit.permille": ("%", "%"),
    "unit.ms": ("s", "秒"),
    "unit.s": ("s", "秒"),
    "unit.flags": ("bits", "位"),
    "unit.count": ("", "次"),
    "unit.code": ("", ""),
}

DECIMALS: Final[dict[str, int]] = {
    "mv": 3, "ma": 3, "mah": 3, "mw": 3, "mva": 3, "mvar": 3, "mhz": 3, "dc": 1, "permille": 1, "ms": 3,
}  # fmt: skip
"""By how many digits the decimal point moves from the schema's unit to the one a reader knows; 0 where not listed."""

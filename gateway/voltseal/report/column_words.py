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
    "columns.temp_#": ("Temperatures", "温度"),
    "columns.cell_#": ("Cell voltages", "电芯电压"),
    "unit.mv": ("V", "V"),
    "unit.ma": ("A", "A"),
    "unit.mah": ("Ah", "Ah"),
    "unit.mw": ("W", "W"),
    "unit.wh": ("Wh", "Wh"),
    "unit.dc": ("°C", "°C"),
    "unit.permille": ("%", "%"),
    "unit.ms": ("s", "秒"),
    "unit.s": ("s", "秒"),
    "unit.flags": ("bits", "位"),
    "unit.count": ("", "次"),
}

DECIMALS: Final[dict[str, int]] = {"mv": 3, "ma": 3, "mah": 3, "mw": 3, "dc": 1, "permille": 1, "ms": 3}
"""By how many digits the decimal point moves from the schema's unit to the one a reader knows; 0 where not listed."""

"""Readings of a 16-cell pack: one value per field of schema 1."""

from __future__ import annotations

from .parts import FIELD_COUNT, Value


def pack_reading(index: int, *, step_ms: int = 1000, cells: int = 16) -> list[Value]:
    """Reading `index` of a pack that slowly discharges; cells and sensors that it does not have are absent."""
    current_ma = -1500 - 7 * index
    temperatures: list[Value] = [251 + index // 5, 248, None, None]
    voltages: list[Value] = [3_312 - (index * (cell + 3)) // 9 if cell < cells else None for cell in range(16)]
    total_mv = sum(value for value in voltages if value is not None)
    flags: list[Value] = [0, 0, 3]
    return [
        index * step_ms, total_mv, current_ma, 98_000 - 2 * index, 100_000, 980 - index // 8, 112,
        *flags, *temperatures, *voltages,
    ]  # fmt: skip


def pack_readings(count: int) -> list[list[Value]]:
    return [pack_reading(index) for index in range(count)]


def only(field: int, values: list[Value]) -> list[list[Value]]:
    """Readings in which all fields but time and `field` are absent."""
    rows: list[list[Value]] = []
    for index, value in enumerate(values):
        row: list[Value] = [None] * FIELD_COUNT
        row[0] = index * 1000
        row[field] = value
        rows.append(row)
    return rows
